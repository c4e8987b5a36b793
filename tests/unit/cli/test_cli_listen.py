"""listen against a real, tiny Socket.IO server: what it shows, acknowledges and survives."""

import asyncio
import json
import sys
from typing import NamedTuple

import pytest
import pytest_asyncio
import socketio
from aiohttp import web


class Peer:
    """A Socket.IO server that does as the test says on each connect."""

    def __init__(self):
        self.sio = socketio.AsyncServer(async_mode="aiohttp", ping_interval=5)
        self.auths = []
        self.acks = asyncio.Queue()
        self.calls = asyncio.Queue()
        self.on_connect = None
        self.url = ""

    def serve(self, namespace):
        async def connect(sid, environ, auth):
            self.auths.append(auth)
            task = self.on_connect(sid, len(self.auths))
            if task is not None:
                self.sio.start_background_task(lambda: task)

        async def refresh(sid, data):
            self.calls.put_nowait(("refresh_token", data))
            return {"ok": True}

        self.sio.on("connect", connect, namespace=namespace)
        self.sio.on("refresh_token", refresh, namespace=namespace)
        self.namespace = namespace

    async def emit(self, event, data, sid, ack=False):
        callback = (lambda *args: self.acks.put_nowait(args)) if ack else None
        await self.sio.emit(event, data, to=sid, namespace=self.namespace, callback=callback)


@pytest_asyncio.fixture
async def peer():
    made = Peer()
    app = web.Application()
    made.sio.attach(app, socketio_path="/socket.io")
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    made.serve("/")
    yield made
    await made.sio.shutdown()
    await runner.cleanup()


def frame(number, revision=1, title=None, **flags):
    notification = {
        "id": f"n{number}",
        "revision": revision,
        "sort_at": "2030-01-01T00:00:00.000Z",
        "created_at": "2030-01-01T00:00:00.000Z",
        "title": title or f"title {number}",
        "message": f"message {number}",
        "priority": "high",
    }
    return {"notification": notification, **flags}


TOKEN = ("--token", "t")


class Ended(NamedTuple):
    """How a listen command ended, and what it printed."""

    code: int
    out: str
    err: str


async def listen(url, *arguments):
    """Run the command as people do; one that hangs is killed, not waited for."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notify_server", "listen", "--url", url, *map(str, arguments)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode, out.decode(), err.decode())


def events(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("transport", ["websocket", "polling", "both"])
async def test_listen_over_each_transport_shows_and_acknowledges(peer, transport):
    async def script(sid):
        await peer.emit("notification_count", {"count": 1, "unseen": 1, "cursor": "c1"}, sid)
        await peer.emit("notification", frame(1, replayed=True, attempt=2), sid, ack=True)

    peer.on_connect = lambda sid, n: script(sid)
    ended = await listen(peer.url, *TOKEN, "--count", 1, "--transport", transport)
    assert ended.code == 0, ended.err
    await asyncio.wait_for(peer.acks.get(), 30)
    out = ended.out
    assert "unread 1, unseen 1" in out
    assert "high      title 1  message 1  [replayed, attempt 2]" in out
    assert peer.auths[0]["token"] == "t"
    assert peer.auths[0]["ack"] is True


async def test_listen_shows_each_revision_once_and_reminders_always(peer):
    async def script(sid):
        for data in (
            frame(1),
            frame(1, attempt=2),
            frame(1, revision=2),
            frame(1, revision=2, reminder=1),
            frame(2),
        ):
            await peer.emit("notification", data, sid, ack=True)

    peer.on_connect = lambda sid, n: script(sid)
    ended = await listen(peer.url, *TOKEN, "--count", 4, "--json")
    assert ended.code == 0, ended.err
    shown = events(ended.out)
    assert [
        (one["data"]["notification"]["id"], one["data"]["notification"]["revision"])
        for one in shown
    ] == [("n1", 1), ("n1", 2), ("n1", 2), ("n2", 1)]
    for _ in range(5):
        await asyncio.wait_for(peer.acks.get(), 30)


async def test_listen_after_a_break_comes_back_with_its_cursor(peer):
    async def first(sid):
        await peer.emit("notification", frame(1), sid, ack=True)
        await peer.emit("replay_done", {"recovered": True, "count": 0, "cursor": "c9"}, sid)
        await peer.acks.get()
        peer.sio.get_environ(sid)["aiohttp.request"].transport.abort()

    async def second(sid):
        await peer.emit("notification", frame(1, replayed=True), sid)
        await peer.emit("notification", frame(2), sid)

    peer.on_connect = lambda sid, n: first(sid) if n == 1 else second(sid)
    ended = await listen(peer.url, *TOKEN, "--count", 2, "--json")
    assert ended.code == 0, ended.err
    ids = [
        one["data"]["notification"]["id"]
        for one in events(ended.out)
        if one["event"] == "notification"
    ]
    assert ids == ["n1", "n2"]
    assert [auth["cursor"] for auth in peer.auths] == [None, "c9"]
    assert "coming back" in ended.err


async def test_listen_when_asked_to_reconnect_leaves_and_comes_back(peer):
    async def first(sid):
        await peer.emit("reconnect", {"reason": "drain", "after_ms": 10}, sid)

    async def second(sid):
        await peer.emit("notification", frame(1), sid)

    peer.on_connect = lambda sid, n: first(sid) if n == 1 else second(sid)
    ended = await listen(peer.url, *TOKEN, "--count", 1)
    assert ended.code == 0, ended.err
    assert len(peer.auths) == 2


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("TOKEN_MISSING", "wants a token"),
        ("TOKEN_INVALID", "does not accept"),
        ("TOKEN_EXPIRED", "expired"),
        ("FORBIDDEN_NAMESPACE", "not open"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ],
)
async def test_listen_refused_for_good_is_a_sentence_and_exit_1(peer, code, words):
    def refuse(sid, n):
        raise socketio.exceptions.ConnectionRefusedError("no", {"code": code})

    peer.on_connect = refuse
    ended = await listen(peer.url, *TOKEN)
    assert ended.code == 1, ended.err
    assert words in ended.err
    assert ended.out == ""
    assert len(ended.err.strip().splitlines()) == 1


async def test_listen_ended_by_the_server_is_exit_1(peer):
    async def script(sid):
        await peer.emit("notification", frame(1), sid, ack=True)
        await peer.acks.get()
        await peer.sio.disconnect(sid)

    peer.on_connect = lambda sid, n: script(sid)
    ended = await listen(peer.url, *TOKEN)
    assert ended.code == 1, ended.err
    assert "ended this session" in ended.err


async def test_listen_without_ack_says_so_at_connect(peer):
    async def script(sid):
        await peer.emit("notification", frame(1), sid)

    peer.on_connect = lambda sid, n: script(sid)
    ended = await listen(peer.url, *TOKEN, "--count", 1, "--no-ack")
    assert ended.code == 0, ended.err
    assert peer.auths[0]["ack"] is False


async def test_listen_on_another_namespace_connects_there(peer):
    async def script(sid):
        await peer.emit("notification", frame(1), sid, ack=True)

    peer.serve("/admin")
    peer.on_connect = lambda sid, n: script(sid)
    ended = await listen(peer.url, *TOKEN, "--count", 1, "--namespace", "/admin")
    assert ended.code == 0, ended.err
    assert "title 1" in ended.out


async def test_listen_with_a_user_hands_over_a_fresh_token(peer, tmp_path):
    (tmp_path / "jwt_secret").write_text("0123456789abcdef0123456789abcdef-not-a-real-one")

    async def script(sid):
        await peer.emit("token_expiring", {"expires_in_s": 60}, sid)
        event, data = await peer.calls.get()
        assert event == "refresh_token"
        assert data["token"] != peer.auths[0]["token"]
        await peer.emit("notification", frame(1), sid)

    peer.on_connect = lambda sid, n: script(sid)
    ended = await listen(peer.url, "--user", "u", "--data-dir", tmp_path, "--count", 1)
    assert ended.code == 0, ended.err


async def test_listen_to_a_hostile_title_sends_no_control_to_the_terminal(peer):
    async def script(sid):
        await peer.emit("notification", frame(1, title="\x1b[31mred\x07\r\n[bold]x\x9b"), sid)

    peer.on_connect = lambda sid, n: script(sid)
    ended = await listen(peer.url, *TOKEN, "--count", 1)
    assert ended.code == 0, ended.err
    out = ended.out
    assert not set(out) & {"\x1b", "\x07", "\r", "\x9b"}
    assert "[bold]x" in out


async def test_listen_where_nothing_listens_is_exit_3():
    ended = await listen("http://127.0.0.1:1", *TOKEN)
    assert ended.code == 3
    assert "No server answers" in ended.err


async def test_listen_at_a_draining_server_waits_for_its_return():
    """503 at the handshake passes: the client comes back by itself."""
    statuses = iter([503, 503])
    done = asyncio.Event()
    sio = socketio.AsyncServer(async_mode="aiohttp")

    async def connect(sid, environ, auth):
        sio.start_background_task(sio.emit, "notification", frame(1), to=sid)
        done.set()

    sio.on("connect", connect)

    @web.middleware
    async def drain(request, handler):
        if (status := next(statuses, None)) is not None:
            return web.json_response({"code": "UNAVAILABLE"}, status=status)
        return await handler(request)

    app = web.Application(middlewares=[drain])
    sio.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    ended = await listen(url, *TOKEN, "--count", 1, "--transport", "both")
    assert ended.code == 0, ended.err
    assert done.is_set()
    await sio.shutdown()
    await runner.cleanup()


async def test_namespace_without_its_slash_is_misuse():
    ended = await listen("http://127.0.0.1:1", *TOKEN, "--namespace", "admin")
    assert ended.code == 2
    assert "--namespace begins with a slash: /admin." in ended.err
