"""F37, X21: SIGTERM under load: nothing accepted is lost, and clients come back by themselves."""

import asyncio
import time

from support.world import World

ROUNDS = 3
MANY = 1_000


async def test_three_restarts_under_load_lose_nothing_and_clients_return(make_server):
    """Each exit 0 within 10 s; every submit is accepted in the end; nobody sees one twice."""
    server = make_server().start()
    async with World(server) as world:
        devices = [await world.online() for _ in range(6)]
        stock = [await _stock(world, way) for way in ("websocket", "polling") * 2]
        done = asyncio.Event()
        users = [device.user for device in devices] + [user for user, _ in stock]
        sender = asyncio.create_task(_send(world.api, users, done))
        keepers = [asyncio.create_task(_keep(device)) for device in devices]
        for number in range(1, ROUNDS + 1):
            await asyncio.sleep(0.4)
            assert await _stop_s(server) < 10 + 5, "five for a busy machine"
            await asyncio.to_thread(server.start)
            for _, client in stock:
                await client.until(lambda c=client, n=number: c.connects > n, 30)
        done.set()
        accepted = await sender
        for device in devices:
            mine = {i for i, user, _ in accepted if user == device.user}
            await device.until(lambda d=device, m=mine: m <= set(d.items), 30)
        doubles = 0
        for user, client in stock:
            mine = {i for i, name, _ in accepted if name == user}
            await client.until(lambda c=client, m=mine: m <= set(c.ids), 30)
            assert not any(isinstance(refusal, dict) for refusal in client.refusals), (
                "CONNECT_ERROR"
            )
            doubles += len(client.ids) - len(mine)
        assert doubles <= len(accepted) // 10, "next to none are sent twice: 2 % without load"
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        assert all(len(device.events("reconnect")) == ROUNDS for device in devices)
        for sent, user, body in accepted:
            if any(device.user == user for device in devices):
                world.journal.submitted(sent, body, [user], {"id": sent})
        verdict = await world.judge(*devices)
        assert verdict.clean, verdict
        assert not any(device.socket.disconnected for device in devices)


async def test_server_with_a_thousand_sessions_stops_within_ten_seconds(make_server):
    server = make_server().start()
    async with World(server) as world:
        sockets = []
        for start in range(0, MANY, 50):
            sockets += await asyncio.gather(
                *(_bare(world, f"u{n}") for n in range(start, start + 50))
            )
        sent = await world.api.submit({"all": True})
        assert await _stop_s(server) < 10 + 5, "five for a busy machine"
        for socket in sockets:
            await socket.closed.wait()
        assert not any(socket.disconnected for socket in sockets)
        assert all(_told(socket, "reconnect") for socket in sockets)
        assert all(sent in text for text in (" ".join(s.frames) for s in sockets))


async def _stock(world, transport):
    user = world.user()
    client = await world.stock(transports=[transport]).start(world.server.token(user))
    return user, client


async def _bare(world, user):
    socket = world.raw()
    await socket.open()
    return await socket.connect({"token": world.server.token(user)})


def _told(socket, event):
    return any(frame.startswith(f'["{event}"') for frame in socket.event_frames)


async def _stop_s(server):
    """SIGTERM; how long it took."""
    began = time.monotonic()
    assert await asyncio.to_thread(server.stop) == 0
    return time.monotonic() - began


async def _keep(device):
    while True:
        await device.socket.closed.wait()
        await device.stay_connected()


async def _holds(device, ids):
    return set(ids) <= set(device.items)


async def _send(api, users, done):
    """Submit until told to stop; 503 and a refused connection are asked again, with the key."""
    accepted, number = [], 0
    while not done.is_set():
        user = users[number % len(users)]
        number += 1
        op = f"stop-{number}"
        body = {"to": user, "title": op, "message": "m", "data": {"op": op}}
        while (sent := await _accepted(api, body, op)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        accepted.append((sent, user, body))
        await asyncio.sleep(0.01)
    return accepted


async def _accepted(api, body, key):
    try:
        answer = await api.post(body, key=key)
    except OSError:  # refused, or cut off before the answer
        return None
    assert answer.status in (202, 409, 503), answer
    return answer.body["id"] if answer.status == 202 else None
