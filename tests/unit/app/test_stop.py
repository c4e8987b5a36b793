"""F37, X21: what happens between SIGTERM and the end, step by step, over real sockets."""

import asyncio
import contextlib
import json
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from support.rawsocket import ClosedError, RawSocket

from notify_server.app import stop as stopping
from notify_server.app.build import build
from notify_server.auth.keys import make_key
from notify_server.auth.signing import issue_token
from notify_server.domain.claims import Scope
from notify_server.domain.settings import AuthSettings, ServerSettings, Settings
from notify_server.kit.clock import SystemClock
from notify_server.sio.transport import engine
from notify_server.stores.sqlite.store import SqliteStore

SECRET = "s" * 32
BODY = {"to": "ann", "title": "T", "message": "M"}
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


class Node:
    """The whole product in this process, stopped when a test says so."""

    def __init__(self, product, runner, http, key):
        self.product = product
        self.runner = runner
        self.http = http
        self.key = key
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def join(self, user="ann", *, ack=True):
        now = SystemClock().now()
        token = issue_token(SECRET, user, [], [], timedelta(hours=1), now)
        socket = await RawSocket(self.url, self.http, transport="websocket").open()
        await socket.connect({"token": token, "ack": ack})
        await socket.until(lambda: events(socket, "replay_done"))
        return socket

    async def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.key}"}
        async with self.http.request(method, self.url + path, headers=headers, json=body) as answer:
            await answer.read()
            return answer

    async def submit(self):
        return await self.call("POST", "/api/v1/notifications", BODY)

    def stop(self):
        return asyncio.create_task(stopping.stop(self.product, self.runner))


def events(socket, name):
    """``(ack id, payload)`` of what came."""
    found = []
    for frame in socket.event_frames:
        digits = frame.partition("[")[0]
        event, payload = json.loads(frame[len(digits) :])
        if event == name:
            found.append((int(digits) if digits else None, payload))
    return found


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


@pytest.fixture
async def node(tmp_path):
    async with contextlib.AsyncExitStack() as ends:
        settings = Settings(
            server=ServerSettings(data_dir=tmp_path), auth=AuthSettings(jwt_secret=SECRET)
        )
        clock = SystemClock()
        store = SqliteStore(tmp_path / "notify.db", clock)
        await store.open()
        ends.push_async_callback(store.close)
        stored, key = make_key("test", [Scope.ADMIN], clock.now())
        await store.add_key(stored)
        product = build(settings, store, clock, None)
        product.background.spawn(product.line.dispatcher.run(), "dispatch")
        product.ticker.start()
        runner = web.AppRunner(product.app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        http = await ends.enter_async_context(aiohttp.ClientSession())
        made = Node(product, runner, http, key)
        yield made
        await made.stop()


async def test_draining_server_is_not_ready_admits_nobody_and_still_takes_submits(
    node, monkeypatch
):
    monkeypatch.setattr(stopping, "_CONFIRM_S", 60)
    monkeypatch.setattr(stopping, "_STOP_S", 60)
    socket = await node.join()
    first = json.loads(await (await node.submit()).text())["id"]
    await socket.until(lambda: events(socket, "notification"))
    stop = node.stop()
    (_, told), *_ = await socket.until(lambda: events(socket, "reconnect"))
    assert told["reason"] == "drain"
    assert 500 <= told["after_ms"] <= 5_000
    ready = await node.call("GET", "/health/ready")
    assert (ready.status, ready.headers["Retry-After"]) == (503, "1")
    assert ready.headers["Connection"] == "close"
    assert (await node.call("GET", "/health/live")).status == 200
    refused = await node.call("GET", HANDSHAKE)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
    late = await node.submit()
    assert late.status == 202
    await socket.until(lambda: len(events(socket, "notification")) == 2)
    assert not stop.done(), "two are not acknowledged yet"
    for ack_id, _ in events(socket, "notification"):
        await socket.ack(ack_id)
    async with asyncio.timeout(20):
        await socket.closed.wait()
        await stop
    assert not socket.disconnected, "a stock client would never come back after that"
    assert "41" not in socket.frames
    assert "1" not in socket.frames, "nor after the close packet of Engine.IO"
    (entry,) = await node.product.store.entries("ann", [first])
    assert entry.receipt.delivered_at is not None


async def test_stopping_server_refuses_submits_with_retry_after(node, monkeypatch):
    monkeypatch.setattr(stopping, "_FAREWELL_S", 0)
    monkeypatch.setattr(stopping, "_LEAVE_S", 5)
    sockets = [await node.join(f"u{n}") for n in range(20)]
    stop = node.stop()
    await until(lambda: node.product.gateway.is_stopping)
    for path, body in [("", BODY), ("/bulk", {"items": [BODY]})]:
        refused = await node.call("POST", f"/api/v1/notifications{path}", body)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert refused.headers["Connection"] == "close"
    await stop
    await until(lambda: all(socket.closed.is_set() for socket in sockets))


async def test_sessions_leave_one_after_the_other(node, monkeypatch):
    """A thousand that come back in the same moment would be a storm."""
    monkeypatch.setattr(stopping, "_LEAVE_S", 2)
    sockets = [await node.join(f"u{n}") for n in range(30)]
    left = set()
    stop = node.stop()
    while not stop.done():
        left.add(sum(socket.closed.is_set() for socket in sockets))
        await asyncio.sleep(0.01)
    await until(lambda: all(socket.closed.is_set() for socket in sockets))
    assert len(left) > 3, left
    waits = {events(socket, "reconnect")[0][1]["after_ms"] for socket in sockets}
    assert len(waits) > 20


async def test_session_without_acks_is_pinged_before_the_stop(node, monkeypatch):
    monkeypatch.setattr(stopping, "_CONFIRM_S", 60)
    monkeypatch.setattr(stopping, "_STOP_S", 60)
    socket = await node.join(ack=False)
    sent = json.loads(await (await node.submit()).text())["id"]
    await socket.until(lambda: events(socket, "notification"))
    await node.stop()
    (entry,) = await node.product.store.entries("ann", [sent])
    assert entry.receipt.delivered_at is not None


async def test_connect_that_is_never_decided_does_not_keep_acks_from_being_stored(
    node, monkeypatch
):
    """What comes after the connections in a stop is still done."""
    monkeypatch.setattr(engine, "FINISH_S", 0.2)
    monkeypatch.setattr(stopping, "_STOP_S", 60)
    socket = await node.join()
    sent = json.loads(await (await node.submit()).text())["id"]
    ((ack_id, _),) = await socket.until(lambda: events(socket, "notification"))
    gateway = node.product.gateway
    monkeypatch.setattr(gateway, "_admitting", asyncio.Semaphore(0))
    late = asyncio.create_task(node.join("bob"))
    await until(lambda: gateway.pending)
    await socket.ack(ack_id)
    async with asyncio.timeout(20):
        await node.stop()
    (entry,) = await node.product.store.entries("ann", [sent])
    assert entry.receipt.delivered_at is not None
    with pytest.raises(ClosedError):
        await late


async def test_client_that_never_acknowledges_does_not_hold_up_the_stop(node, monkeypatch):
    monkeypatch.setattr(stopping, "_CONFIRM_S", 0.2)
    socket = await node.join()
    await node.submit()
    await socket.until(lambda: events(socket, "notification"))
    async with asyncio.timeout(20):
        await node.stop()
    await until(socket.closed.is_set)
