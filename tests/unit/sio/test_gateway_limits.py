"""F9, F39: what floods and refused handshakes leave in the process: next to nothing."""

import asyncio
import contextlib
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from support.rawsocket import RawSocket

from notify_server.app.build import build
from notify_server.auth.signing import issue_token
from notify_server.domain.settings import (
    AuthSettings,
    LimitSettings,
    RateLimitSettings,
    ServerSettings,
    Settings,
)
from notify_server.kit.clock import SystemClock
from notify_server.stores.sqlite.store import SqliteStore

SECRET = "s" * 32


class Node:
    """The whole product in this process, so that its tasks can be counted."""

    def __init__(self, product, http, url):
        self.product = product
        self.http = http
        self.url = url
        self.transports = product.transport.eio.sockets
        self.admission = product.gateway._admission

    async def join(self, user="u"):
        now = SystemClock().now()
        token = issue_token(SECRET, user, [], [], timedelta(hours=1), now)
        socket = await RawSocket(self.url, self.http).open()
        return await socket.connect({"token": token})

    async def handshake(self):
        address = f"{self.url}/socket.io/?EIO=4&transport=polling"
        async with self.http.get(address) as answer:
            return answer.status, answer.headers.get("Retry-After")

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.005)


@pytest.fixture
async def make_node(tmp_path):
    async with contextlib.AsyncExitStack() as ends:

        async def make(**changes):
            settings = Settings(
                server=ServerSettings(data_dir=tmp_path),
                auth=AuthSettings(jwt_secret=SECRET),
                **changes,
            )
            clock = SystemClock()
            store = SqliteStore(tmp_path / "notify.db", clock)
            await store.open()
            ends.push_async_callback(store.close)
            product = build(settings, store, clock, None)
            ends.push_async_callback(product.background.close)
            runner = web.AppRunner(product.app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            ends.push_async_callback(runner.cleanup)
            ends.push_async_callback(product.transport.shutdown)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            http = await ends.enter_async_context(aiohttp.ClientSession())
            return Node(product, http, f"http://127.0.0.1:{runner.addresses[0][1]}")

        yield make


async def test_flood_of_events_starts_no_tasks_and_leaves_no_counts(make_node):
    node = await make_node()
    socket = await node.join()
    before, most = len(asyncio.all_tasks()), 0
    with contextlib.suppress(ConnectionError):
        for number in range(20_000):
            await socket.send(f'42{number}["mark_read",{{"notification_id":"n{number}"}}]')
            if number % 100 == 0:
                await asyncio.sleep(0)
                most = max(most, len(asyncio.all_tasks()))
    await node.until(socket.closed.is_set)
    assert most - before < 10
    await node.until(lambda: not node.transports and not len(node.admission))
    flood = node.product.gateway._flood
    assert not flood._stubborn
    assert [len(b) for b in (flood._events, flood._acks, flood._refusals)] == [0, 0, 0]
    await socket.close()


@pytest.mark.parametrize(
    ("changes", "wait_s"),
    [
        ({"rate_limits": RateLimitSettings(connect="2/minute")}, "30"),
        ({"limits": LimitSettings(connections_per_ip=2)}, "2"),
        ({"limits": LimitSettings(connections=2)}, "2"),
    ],
)
async def test_refused_handshake_allocates_nothing(make_node, changes, wait_s):
    node = await make_node(**changes)
    sockets = [await node.join("a"), await node.join("b")]
    held = set(node.transports)
    assert len(held) == 2
    for _ in range(50):
        assert await node.handshake() == (503, wait_s)
    assert set(node.transports) == held
    assert len(node.admission) == 2
    for socket in sockets:
        await socket.close()


async def test_failed_handshakes_and_preflights_take_no_place(make_node):
    node = await make_node(limits=LimitSettings(connections_per_ip=1))
    path = f"{node.url}/socket.io/"
    for method, query in [
        ("POST", "EIO=4&transport=polling"),
        ("GET", "EIO=3&transport=polling"),
        ("GET", "EIO=4&transport=websocket"),
        ("OPTIONS", "EIO=4&transport=polling"),
    ]:
        async with node.http.request(method, f"{path}?{query}") as answer:
            assert answer.status != 503, (method, query)
    assert len(node.admission) == 0
    assert (await node.handshake())[0] == 200
    assert len(node.admission) == 1
    async with node.http.options(f"{path}?EIO=4&transport=polling") as answer:
        assert answer.status == 200


async def test_place_is_given_back_once_however_the_end_is_told(make_node):
    node = await make_node(limits=LimitSettings(connections_per_ip=3))
    sockets = [await node.join(f"u{n}") for n in range(3)]
    transport = next(iter(node.transports))
    ended = node.product.transport.eio.socket(transport)
    for _ in range(3):
        ended.sever()
    await ended.close(wait=False, abort=True)
    await node.until(lambda: transport not in node.transports)
    assert len(node.admission) == 2
    assert (await node.handshake())[0] == 200
    assert (await node.handshake())[0] == 503
    for socket in sockets:
        await socket.close()
