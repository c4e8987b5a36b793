"""F6, F36, F39, S6, X13, X14: what clients that misbehave may cost, on a real server process.

Always on websockets, whatever transport the run is about: TCP as such is what misbehaves here.
"""

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGSTOP

import pytest
from support.barews import BareWebsocket
from support.proxy import Proxy
from support.world import World

POLLING = "/socket.io/?EIO=4&transport=polling"
SLOW_RATE, ALONE_S, SLOW_S = 50, 2, 6
GONE_S = 20.0

STOPPABLE = """
import asyncio, sys, aiohttp
async def main(url, token):
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(url + "/socket.io/?EIO=4&transport=websocket") as ws:
            await ws.send_str('40{"token":"' + token + '"}')
            async for message in ws:
                if message.data == "2":
                    await ws.send_str("3")
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def bounded(make_server):
    """Starts a server with other limits than the rig's."""

    def start(server_lines="", **limits):
        server = make_server()
        text = server.config.read_text("utf-8")
        lines = "".join(f"{name} = {value}\n" for name, value in limits.items())
        text = text.replace("connections_per_ip = 2000\n", lines)
        server.config.write_text(text.replace("[server]\n", f"[server]\n{server_lines}\n"), "utf-8")
        return server.start()

    return start


def resident_mb(server):
    status = Path(f"/proc/{server.pid}/status").read_text("utf-8")
    return next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmRSS")) / 1024


def files(server):
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


async def users(world):
    return {session["user"] for session in await world.api.sessions()}


# --- slow and silent readers ---


async def _pong(socket, stop):
    while not stop.is_set() and not socket.ended:
        await socket.send("3")
        await asyncio.sleep(0.5)


async def _sip(socket, stop):
    while await socket.read(250):
        await asyncio.sleep(0.25)
        if stop.is_set():
            return


def _p99(ordered):
    return ordered[int(len(ordered) * 0.99)]


async def _broadcast(world, reader, seconds):
    """50 a second; returns ids and how long each took to be shown, in seconds."""
    loop = asyncio.get_running_loop()
    ids, took = [], []
    started = loop.time()
    for number in range(SLOW_RATE * seconds):
        await asyncio.sleep(started + number / SLOW_RATE - loop.time())
        before = loop.time()
        ids.append(await world.api.submit({"all": True}, data={"x": "a" * 10_000}))
        await reader.sees(ids[-1])
        took.append(loop.time() - before)
    return ids, sorted(took)


async def test_slow_and_silent_readers_stay_small_and_hold_up_nobody(bounded):
    """X13: 10 at 1 kB/s and 10 that only pong; each is caught up or cut, none costs 1.5 MiB."""
    server = bounded(connections_per_ip=100)
    async with World(server) as world:
        reader = await world.device(transport="websocket").connect()
        _, alone = await _broadcast(world, reader, ALONE_S)
        sockets, stop = [], asyncio.Event()
        for _ in range(20):
            socket = await BareWebsocket.open(server.url)
            sockets.append(await socket.enter(server.token(world.user("slow"))))
        before = resident_mb(server)
        tasks = [asyncio.create_task(_pong(socket, stop)) for socket in sockets]
        tasks += [asyncio.create_task(_sip(socket, stop)) for socket in sockets[:10]]
        ids, took = await _broadcast(world, reader, SLOW_S)
        grown = resident_mb(server) - before
        stop.set()
        await asyncio.gather(*tasks)
        assert grown <= 20 * 1.5 + 10, "ten for the store's caches of the notifications"
        assert _p99(took) <= 2 * _p99(alone) + 1, "the rest is for a busy machine"
        await asyncio.gather(*(_reads_now(socket, ids) for socket in sockets))
        for socket in sockets:
            socket.close()


async def _reads_now(socket, ids):
    """It gets what it missed, or finds itself cut off."""
    async with asyncio.timeout(20):
        while not socket.ended and not all(i.encode() in socket.received for i in ids[-20:]):
            await socket.read()
            await socket.send("3")
    missed = [i for i in ids if i.encode() not in socket.received]
    assert socket.ended or not missed, f"neither cut off nor caught up: {len(missed)} missed"


# --- half-open peers ---


@asynccontextmanager
async def _stopped_client(world, user):
    command = [sys.executable, "-c", STOPPABLE, world.server.url, world.server.token(user)]
    client = await asyncio.create_subprocess_exec(*command)
    try:

        async def there():
            return user in await users(world)

        await world.api.until(there)
        client.send_signal(SIGSTOP)
        yield
    finally:
        client.kill()
        await client.wait()


async def test_half_open_peers_are_gone_in_time(bounded):
    """F36, X14: a stopped process, and black holes idle and with much on the way to them."""
    server = bounded(connections_per_ip=100)
    async with World(server) as world, Proxy(server.port) as hole:
        before = files(server)
        silent = [
            await world.device(url=hole.url, transport="websocket").connect() for _ in range(2)
        ]
        stopped = world.user("stopped")
        async with _stopped_client(world, stopped):
            hole.swallow_up = True
            hole.hold_down.clear()
            for _ in range(60):
                await world.api.submit([silent[0].user, stopped], data={"x": "a" * 30_000})

            async def nobody():
                return not await users(world)

            await world.api.until(nobody, GONE_S)

            async def freed():  # one more for the client's kept-alive HTTP connection
                return files(server) <= before + 2

            await world.api.until(freed)
        hole.hold_down.set()


# --- who never says who it is ---


async def test_silent_websockets_are_closed_at_the_handshake_deadline(bounded):
    """F6: 1,000 that never send CONNECT."""
    server = bounded(connections_per_ip=2000, handshake_s=2)
    before = files(server)
    sockets = []
    for _ in range(20):
        sockets += await asyncio.gather(*(BareWebsocket.open(server.url) for _ in range(50)))
    started = time.monotonic()
    async with asyncio.timeout(30):
        await asyncio.gather(*(socket.read_to_end() for socket in sockets))
    assert time.monotonic() - started < 2 + 6, "six for a busy machine"
    for socket in sockets:
        socket.close()
    async with World(server) as world:

        async def freed():
            return files(server) <= before + 3

        await world.api.until(freed)


async def test_handshake_flood_of_one_address_leaves_room_for_others(bounded):
    """F39, S6: 5,000 at once; what is above its cap is refused, others connect meanwhile."""
    server = bounded('trusted_proxies = ["127.0.0.1"]', connections_per_ip=200, handshake_s=60)
    async with World(server) as world:
        before = resident_mb(server)
        gate = asyncio.Semaphore(200)
        statuses = []

        async def shake():
            headers = {"X-Forwarded-For": "198.51.100.1"}
            async with gate, world.http.get(server.url + POLLING, headers=headers) as answer:
                statuses.append(answer.status)

        flood = asyncio.gather(*(shake() for _ in range(5000)))
        for _ in range(20):
            await world.device(transport="websocket").connect()
        await flood
        assert (statuses.count(200), statuses.count(503)) == (200, 4800)
        assert resident_mb(server) - before < 25


# --- coming and going ---


async def _visits(world, count):
    """Connect and go ``count`` times, 50 at once; every second one is rude."""
    gate = asyncio.Semaphore(50)

    async def visit(number):
        async with gate:
            device = await world.device(f"visitor-{number % 200}", transport="websocket").connect()
            await (device.drop() if number % 2 else device.close())

    await asyncio.gather(*(visit(number) for number in range(count)))

    async def nobody():
        return not await world.api.sessions()

    await world.api.until(nobody)


async def test_visits_leave_memory_and_files_where_they_were(bounded):
    server = bounded(connections_per_ip=2000, sessions_per_user=2000)
    async with World(server) as world:
        await _visits(world, 600)
        memory, descriptors = resident_mb(server), files(server)
        await _visits(world, 2000)

        async def freed():
            return files(server) <= descriptors + 2

        await world.api.until(freed)
        assert resident_mb(server) - memory < 10
