"""Ordinary applications and stock clients on the transport."""

import asyncio

import engineio
import pytest
import socketio
from aiohttp import web

from notify_server.sio.transport import create_engine

TRANSPORTS = pytest.mark.parametrize("transports", [["websocket"], ["polling"], None])


@TRANSPORTS
async def test_stock_client_talks_both_ways(serve, http, until, transports):
    rig = await serve(ping_interval=0.3, ping_timeout=5)
    client, got = socketio.AsyncClient(http_session=http), []

    def notice(data):
        got.append(data)
        return "thanks"

    client.on("notice", notice)
    await client.connect(rig.base, transports=transports, auth={"token": "x"})
    sid = client.get_sid()
    assert await client.call("echo", {"a": "é"}) == {"a": "é"}
    assert await rig.server.call("notice", 1, to=sid) == "thanks"
    rig.server.write([sid], "/", "notice", b'{"b":[2]}', 2**50)
    await until(lambda: rig.acks == [(sid, "/", 2**50)])
    assert got == [1, {"b": [2]}]
    await until(lambda: len(rig.alive) >= 3)
    await client.disconnect()
    await rig.gone()
    assert len(rig.of("disconnect")) == 1


@pytest.mark.parametrize("transports", [["websocket"], ["polling"]])
async def test_stock_client_comes_back_after_a_cut(rig, http, until, transports):
    client = socketio.AsyncClient(
        http_session=http, reconnection_delay=0.01, reconnection_delay_max=0.01
    )
    await client.connect(rig.base, transports=transports)
    rig.server.cut(client.get_sid())
    await until(lambda: len(rig.accepted) == 2)
    await client.disconnect()


async def test_stock_client_comes_back_after_a_passing_refusal(serve, http, until):
    """F2: without CONNECT_ERROR, which would end it for good."""
    rig = await serve(refusal_delay=(0, 0.05))
    first = await rig.joined()
    calls = []

    async def connect(sid, environ, auth):
        calls.append(sid)
        if len(calls) == 2:
            raise LookupError("the store is away")

    rig.server.on("connect", connect)
    client = socketio.AsyncClient(
        http_session=http, reconnection_delay=0.01, reconnection_delay_max=0.01
    )
    await client.connect(rig.base, transports=["websocket"])
    rig.server.cut(client.get_sid())
    await until(lambda: len(rig.accepted) == 3)
    await client.disconnect()
    await first.ws.close()


async def test_class_based_namespace_works(rig, http):
    seen = []

    class Chat(socketio.AsyncNamespace):
        async def on_connect(self, sid, environ, auth):
            seen.append("connect")

        async def on_disconnect(self, sid, reason):
            seen.append("disconnect")

        async def on_say(self, sid, text):
            return text.upper()

    rig.server.register_namespace(Chat("/chat"))
    client = socketio.AsyncClient(http_session=http)
    await client.connect(rig.base, namespaces=["/chat"], transports=["websocket"])
    assert await client.call("say", "hi", namespace="/chat") == "HI"
    await client.disconnect()
    await rig.gone()
    assert seen == ["connect", "disconnect"]


async def test_rooms_and_broadcast_reach_their_members(rig):
    one, two = await rig.joined(), await rig.joined()
    await rig.server.enter_room(one.sid, "r")
    await rig.server.emit("room", 1, room="r")
    await rig.server.emit("all", (1, 2), skip_sid=one.sid)
    await rig.server.emit("both", to=[one.sid, two.sid])
    assert [await one.read(), await one.read()] == ['42["room",1]', '42["both"]']
    assert [await two.read(), await two.read()] == ['42["all",1,2]', '42["both"]']
    await rig.server.close_room("r")
    assert rig.server.rooms(one.sid) == [one.sid]


@pytest.fixture
async def echo_engine():
    """An ordinary python-engineio application; yields (engine, address, what its handlers saw)."""
    engine, seen, app = create_engine(ping_interval=0.2, ping_timeout=1), [], web.Application()
    engine.attach(app)
    engine.on("connect", lambda sid, environ: seen.append("connect"))

    async def message(sid, data):
        await engine.send(sid, data)

    engine.on("message", message)
    engine.on("disconnect", lambda sid, reason: seen.append(reason))
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield engine, f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    await engine.shutdown()
    await runner.cleanup()


@TRANSPORTS
async def test_stock_engine_client_is_echoed_in_order(echo_engine, http, until, transports):
    engine, url, seen = echo_engine
    client, got = engineio.AsyncClient(http_session=http), []
    client.on("message", got.append)
    await client.connect(url, transports=transports)
    messages = ["hello", {"a": [1, "é"]}, *(f"m{n}" for n in range(10))]
    for message in messages:
        await client.send(message)
    await until(lambda: got == messages)
    await asyncio.sleep(1.3)  # longer than a heartbeat may be missed
    assert client.state == "connected"
    await client.disconnect()
    await until(lambda: not engine.sockets)
    assert len(seen) == 2


async def test_engine_connect_handler_refuses(echo_engine, http):
    engine, url, _ = echo_engine
    engine.on("connect", lambda sid, environ: "no")
    async with http.get(f"{url}/engine.io/", params={"EIO": "4", "transport": "polling"}) as answer:
        assert (answer.status, await answer.text()) == (401, '"no"')
    assert engine.sockets == {}


async def test_engine_disconnect_sends_close_and_waits_for_it(echo_engine, http):
    engine, url, seen = echo_engine
    async with http.ws_connect(f"{url}/engine.io/?EIO=4&transport=websocket") as ws:
        await ws.receive_str()
        (sid,) = engine.sockets
        await engine.disconnect(sid)
        assert await ws.receive_str() == "1"
        assert (await ws.receive()).data == 1000
    assert engine.sockets == {}
    assert seen == ["connect", "server disconnect"]


async def test_engine_flood_closes_the_offender(echo_engine, http, until):
    """F9 for ordinary Engine.IO applications."""
    engine, url, _ = echo_engine
    go = asyncio.Event()

    async def message(sid, data):
        await go.wait()

    engine.on("message", message)
    async with http.ws_connect(f"{url}/engine.io/?EIO=4&transport=websocket") as ws:
        try:
            for _ in range(500):
                await ws.send_str("4x")
        except ConnectionError:
            pass
        await until(lambda: not engine.sockets)
    assert engine.stats == {"overflows": 1}
    go.set()
