"""The log of a real server that is told secrets in every place where a caller can put one (S19)."""

import asyncio
import json

import aiohttp
import pytest
from socketio.exceptions import ConnectionError as Refused
from support.world import World

MARK = "hushhush"
LONG = f"{MARK}\n2026-01-01T00:00:00Z [info] forged"


async def raw(server, data):
    """Bytes that are no HTTP; whatever is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    await writer.drain()
    writer.write_eof()
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def tell_secrets(world):
    """Titles, keys, tokens, e-mail, headers, ids, paths, queries, frames."""
    server, http, token = world.server, world.http, world.server.token("7", email=f"{MARK}@x.y")
    device = await world.online(email=f"{MARK}@example.org", name=MARK)
    body = {"title": LONG, "message": LONG, "data": {"secret": LONG}, "sender": {"name": MARK}}
    sent = await world.api.submit(device.user, **body)
    await device.sees(sent)
    await device.ask("mark_read", {"notification_id": LONG})
    await device.ask(MARK, {"x": MARK})
    await device.ask("refresh_token", {"token": MARK})
    for path in (
        f"/api/v1/notifications?token={token}&q={MARK}", f"/api/v1/notifications/%0a{MARK}",
        f"/socket.io/?EIO=4&transport=polling&sid=%0a{MARK}", f"/{MARK}%0aforged",
        f"/socket.io/?EIO=4&transport=websocket&token={token}", f"/metrics?token={token}",
    ):  # fmt: skip
        for bearer in (token, MARK, f"nk_0123456789abcdef_{MARK}", f"eyJ{MARK}.eyJ{MARK}.{MARK}"):
            headers = {"Authorization": f"Bearer {bearer}", "User-Agent": f"a {MARK}"}
            async with http.get(f"{server.url}{path}", headers=headers) as answer:
                await answer.read()
    for given in (b"{" + MARK.encode(), json.dumps({"to": LONG, MARK: 1}).encode()):
        await world.api.call("POST", "/notifications", raw=given)
        await world.api.call("POST", "/notifications", raw=given, headers={"Idempotency-Key": MARK})
    await raw(server, f"GET /{MARK}\x01 HTTP/9.9\r\nX: {MARK}\r\n\r\n".encode())
    await raw(server, f"{MARK} {token}\r\n\r\n".encode())
    await raw(server, f"GET / HTTP/1.1\r\nHost: x\r\n{MARK}\x00: {token}\r\n\r\n".encode())
    with pytest.raises(Refused):
        await world.stock().start(f"eyJ{MARK}.eyJ{MARK}.{MARK}")
    socket = world.raw()
    await socket.open()
    await socket.send(f'42["{MARK}"')
    return [MARK, token, server.secret, server.api_key, device.token]


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_logs_of_a_server_that_was_told_secrets_hold_none(make_server, level):
    server = make_server(f'\n[log]\nlevel = "{level}"\n')
    await asyncio.to_thread(server.start)
    async with World(server) as world:
        secrets = await tell_secrets(world)
    assert await asyncio.to_thread(server.stop) == 0
    text = server.log.read_text("utf-8")
    for secret in secrets:
        assert secret not in text, next(line for line in text.splitlines() if secret in line)
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"serving", "stopping"} <= {line["event"] for line in lines}
    assert all({"event", "level", "timestamp", "logger"} <= line.keys() for line in lines)
    assert not [line for line in lines if line["level"] in {"error", "critical"}]


async def test_logs_hold_no_access_log(make_server):
    """Paths name people and notifications; figures of calls are at /metrics, by route."""
    server = make_server('\n[log]\nlevel = "debug"\n')
    await asyncio.to_thread(server.start)
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}/health/live") as answer:
        assert answer.status == 200
    await asyncio.to_thread(server.stop)
    assert "/health/live" not in server.log.read_text("utf-8")
