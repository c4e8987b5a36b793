"""The echo applications that the conformance tests talk to, each on an own port of loopback."""

import asyncio

from aiohttp import web
from conformance_client import Frames, Poller, RawHttp, opened_poller, opened_socket

from notify_server.sio.transport import create_engine, create_server

CALM = {"ping_interval": 25, "ping_timeout": 20, "max_http_buffer_size": 1e6}
OFFICIAL = {"ping_interval": 0.3, "ping_timeout": 0.2, "max_http_buffer_size": 1e6}


class Rig:
    """A server on a free port.

    Attributes:
        url: Of the endpoint.
        port: Where it listens.
        told: What the application was told, in order: ``(event, sid, …)``.
    """

    path = ""

    def __init__(self, http):
        self.http = http
        self.told = []
        self.url = ""
        self.port = 0
        self._runner = None
        self._websockets = []
        self._changed = asyncio.Event()

    async def start(self):
        app = web.Application()
        self.attach(app)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}{self.path}"

    def attach(self, app):
        raise NotImplementedError

    async def shut(self):
        raise NotImplementedError

    async def stop(self):
        for websocket in self._websockets:  # first, or the server waits for their close frames
            await websocket.drop()
        await self.shut()
        await self._runner.cleanup()

    def tell(self, *what):
        self.told.append(what)
        self._changed.set()

    def of(self, event, sid=None):
        """What was told of that event, of one client or of all."""
        return [what for what in self.told if what[0] == event and sid in (None, what[1])]

    async def until(self, condition, timeout=30.0):
        """Wait until the application was told what ``condition`` looks for; returns its value."""
        async with asyncio.timeout(timeout):
            while not (value := condition()):
                self._changed.clear()
                await self._changed.wait()
            return value

    async def poller(self) -> Poller:
        """A client that has opened a session by long-polling."""
        return await opened_poller(self.http, self.url)

    async def socket(self, **options) -> Frames:
        """A client that has opened a session by websocket."""
        client = await opened_socket(self.http, self.url, **options)
        self._websockets.append(client)
        return client

    async def upgrade(self, poller) -> Frames:
        """A websocket on the session of a poller; nothing is sent on it yet."""
        client = Frames(await self.connect(poller.sid), poller.sid)
        self._websockets.append(client)
        return client

    async def connect(self, sid=None, **query):
        """A bare websocket at the endpoint."""
        query = {"EIO": "4", "transport": "websocket"} | query | ({"sid": sid} if sid else {})
        return await self.http.ws_connect(self.url, params=query, max_msg_size=0)

    async def status(self, method="GET", headers=None, **query):
        """The status of one bare request."""
        async with self.http.request(method, self.url, params=query, headers=headers) as answer:
            return answer.status

    async def wire(self) -> RawHttp:
        """A TCP connection on which requests are written byte by byte."""
        return RawHttp(*await asyncio.open_connection("127.0.0.1", self.port), self.path)


class EngineRig(Rig):
    """Engine.IO: sends back each message."""

    path = "/engine.io/"

    def __init__(self, http, **options):
        super().__init__(http)
        self.engine = create_engine(**CALM | options)
        self.engine.on("connect", self._connect)
        self.engine.on("message", self._message)
        self.engine.on("disconnect", self._disconnect)

    def attach(self, app):
        self.engine.attach(app, engineio_path="engine.io")

    async def shut(self):
        await self.engine.shutdown()

    async def _connect(self, sid, environ):
        self.tell("connect", sid)

    async def _message(self, sid, data):
        self.tell("message", sid, data)
        await self.engine.send(sid, data)

    async def _disconnect(self, sid, reason):
        self.tell("disconnect", sid, reason)


class SocketIORig(Rig):
    """Socket.IO: ``message`` comes back as ``message-back``, ``message-with-ack`` as its ack.

    A client is told its own auth by ``auth``; by ``cut`` it asks for its connection to break.
    """

    path = "/socket.io/"
    namespaces = ("/", "/custom")

    def __init__(self, http, **options):
        super().__init__(http)
        self.server = create_server(**CALM | options)
        for namespace in self.namespaces:
            self._serve(namespace)

    def attach(self, app):
        self.server.attach(app)

    async def shut(self):
        await self.server.shutdown()

    def _serve(self, namespace):
        server = self.server

        async def connect(sid, environ, auth):
            self.tell("connect", sid, namespace)
            data = {"to": sid, "namespace": namespace}
            server.start_background_task(server.emit, "auth", auth or {}, **data)

        async def disconnect(sid, reason):
            self.tell("disconnect", sid, namespace, reason)

        async def message(sid, *args):
            self.tell("message", sid, namespace, args)
            await server.emit("message-back", args, to=sid, namespace=namespace)

        async def message_with_ack(sid, *args):
            self.tell("message", sid, namespace, args)
            return args

        async def cut(sid):
            server.cut(sid)

        server.on("connect", connect, namespace=namespace)
        server.on("disconnect", disconnect, namespace=namespace)
        server.on("message", message, namespace=namespace)
        server.on("message-with-ack", message_with_ack, namespace=namespace)
        server.on("cut", cut, namespace=namespace)

    async def joined(self, namespace="/", auth=None, **options) -> Frames:
        """A websocket client that is in a namespace and has read the ``auth`` event."""
        client = await self.socket(**options)
        await client.join(namespace, auth)
        return client

    async def joined_poller(self, namespace="/", auth=None) -> Poller:
        """The same by long-polling."""
        client = await self.poller()
        await client.join(namespace, auth)
        return client
