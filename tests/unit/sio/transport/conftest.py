"""A real server on loopback with a tiny application, and clients that speak the raw protocol."""

import asyncio
import contextlib
import gc
import json
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from notify_server.sio.transport import create_server


async def until(condition, timeout=30.0):
    """Wait until a condition of the server holds; it has no event that a test could await."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


def alive(kinds):
    """By id, the objects of these classes that something still holds."""
    gc.collect()
    return {id(held): held for held in gc.get_objects() if type(held) in kinds}


@dataclass
class Raw:
    """A websocket client that sends and reads Engine.IO frames as they are."""

    ws: aiohttp.ClientWebSocketResponse
    eio_sid: str = ""
    sid: str = ""
    pongs: bool = True
    seen: list = field(default_factory=list)

    async def send(self, text):
        await self.ws.send_str(text)

    async def read(self, timeout=30.0):
        """The next frame, with pings answered; None when the connection has ended."""
        while True:
            message = await self.ws.receive(timeout)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return None
            self.seen.append(message.data)
            if message.data == "2" and self.pongs:
                await self._pong()
                continue
            return message.data

    async def _pong(self):
        with contextlib.suppress(ConnectionError):  # the next read says that the server has gone
            await self.send("3")

    async def ended(self, timeout=30.0):
        """Read to the end; returns the frames that came before."""
        frames = []
        while (frame := await self.read(timeout)) is not None:
            frames.append(frame)
        return frames

    async def join(self, namespace="/", auth=None):
        """Send CONNECT and return the answer."""
        prefix = "" if namespace == "/" else namespace + ","
        await self.send(f"40{prefix}{json.dumps(auth) if auth is not None else ''}")
        answer = await self.read()
        if answer is not None and answer.startswith("40"):
            self.sid = json.loads(answer[answer.index("{") :])["sid"]
        return answer


@dataclass
class Poller:
    """A long-polling client of plain requests."""

    session: aiohttp.ClientSession
    url: str
    eio_sid: str = ""
    sid: str = ""

    async def get(self):
        async with self.session.get(self.url, params=self._params()) as answer:
            return answer.status, await answer.text()

    async def post(self, text):
        async with self.session.post(self.url, params=self._params(), data=text) as answer:
            return answer.status, await answer.text()

    def _params(self):
        return {"EIO": "4", "transport": "polling"} | (
            {"sid": self.eio_sid} if self.eio_sid else {}
        )


class Rig:
    """A server, what its handlers and hooks saw, and clients for it."""

    def __init__(self, server, http):
        self.server = server
        self.http = http
        self.events = []
        self.acks = []
        self.alive = []
        self.accepted = []
        self.url = ""
        server.set_ack_hook(lambda *seen: self.acks.append(seen))
        server.set_alive_hook(lambda *seen: self.alive.append(seen))
        server.set_accept_hook(lambda *seen: self.accepted.append(seen))
        server.on("connect", self._connect)
        server.on("disconnect", self._disconnect)
        server.on("echo", self._echo)

    async def _connect(self, sid, environ, auth):
        self.events.append(("connect", sid))

    async def _disconnect(self, sid, reason):
        self.events.append(("disconnect", sid))

    async def _echo(self, sid, *args):
        self.events.append(("echo", args))
        return args

    def of(self, name):
        return [event for event in self.events if event[0] == name]

    async def start(self):
        app = web.Application()
        self.server.attach(app)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base = f"http://127.0.0.1:{port}"
        self.url = f"{self.base}/socket.io/"

    async def stop(self):
        await self.server.shutdown()
        await self._runner.cleanup()

    async def raw(self, **options):
        ws = await self.http.ws_connect(
            self.url + "?EIO=4&transport=websocket", max_msg_size=0, **options
        )
        client = Raw(ws)
        opening = await client.read()
        client.eio_sid = json.loads(opening[1:])["sid"]
        return client

    async def joined(self, namespace="/", auth=None):
        client = await self.raw()
        answer = await client.join(namespace, auth)
        assert client.sid, answer
        return client

    async def settled(self, *clients):
        """Wait for the end of the pause behind the answers to their CONNECT."""
        start = self.server.eio.outgoing.start
        sockets = [self.server.sessions[client.sid].socket for client in clients]
        await until(lambda: all(socket.pending is start for socket in sockets))
        return sockets

    async def poller(self):
        client = Poller(self.http, self.url)
        _, text = await client.get()
        client.eio_sid = json.loads(text[1:])["sid"]
        return client

    async def joined_poller(self):
        client = await self.poller()
        assert (await client.post("40"))[0] == 200
        _, text = await client.get()
        client.sid = json.loads(text[2:])["sid"]
        return client

    def traces(self):
        """Everything that the server holds of clients."""
        server, manager = self.server, self.server.manager
        return {
            name: len(held)
            for name, held in {
                "sockets": server.eio.sockets,
                "lanes": server.eio._lanes,
                "rooms": manager.rooms,
                "callbacks": manager.callbacks,
                "joining": manager.pending_connect,
                "leaving": manager.pending_disconnect,
                "environ": server.environ,
                "peers": server.peers,
                "sessions": server.sessions,
                "binary": server._binary_packet,
            }.items()
            if held
        }

    async def gone(self):
        """Wait until no trace of a client is left."""
        await until(lambda: not self.traces())


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session


@pytest.fixture
async def serve(http):
    """Start servers: ``await serve(ping_interval=0.1, …)``."""
    rigs = []

    async def start(**options):
        rig = Rig(create_server(**{"ping_interval": 25, "ping_timeout": 20} | options), http)
        await rig.start()
        rigs.append(rig)
        return rig

    yield start
    for rig in rigs:
        await rig.stop()


@pytest.fixture
async def rig(serve):
    return await serve()


@pytest.fixture(name="until")
def until_fixture():
    return until


@pytest.fixture
def leftovers():
    """``leftovers(*classes)``: what is left of them that was not there before the test."""
    gc.collect()
    before = {id(held) for held in gc.get_objects()}

    def left(*kinds):
        return [held for key, held in alive(set(kinds)).items() if key not in before]

    return left
