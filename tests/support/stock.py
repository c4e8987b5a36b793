"""The stock python-socketio client, as an internal service or script would use it."""

import asyncio

import socketio


class StockClient:
    """Connects with a token, acks by returning from its handler, reconnects by itself.

    Attributes:
        frames: ``(name, payload)`` of everything received.
        connects: How often CONNECT succeeded.
        refusals: Payloads of ``connect_error``.
    """

    def __init__(self, server, http, *, line="/", transports=("websocket",), reconnection=True):
        self.server = server
        self.line = line
        self.transports = list(transports)
        self.frames = []
        self.connects = 0
        self.refusals = []
        self._changed = asyncio.Event()
        self.sio = socketio.AsyncClient(
            reconnection=reconnection,
            reconnection_delay=0.2,
            reconnection_delay_max=1,
            http_session=http,  # of its own it would leave one open at every reconnect
        )
        self.sio.on("*", self._event, namespace=line)
        self.sio.on("connect", self._connect, namespace=line)
        self.sio.on("connect_error", self._refused, namespace=line)

    async def start(self, token, **auth):
        """Connect; raises ``socketio.exceptions.ConnectionError`` when refused."""
        await self.sio.connect(
            self.server.url,
            auth={"token": token, "ack": True, **auth},
            namespaces=[self.line],
            transports=self.transports,
            wait_timeout=30,
        )
        return self

    async def stop(self):
        await self.sio.shutdown()

    async def until(self, condition, timeout=30.0):
        """Wait until ``condition()`` is true."""
        async with asyncio.timeout(timeout):
            while not (value := condition()):
                self._changed.clear()
                await self._changed.wait()
            return value

    @property
    def ids(self):
        """Ids of the notifications received, in order, doubles included."""
        return [p["notification"]["id"] for name, p in self.frames if name == "notification"]

    async def _event(self, name, payload=None):
        self.frames.append((name, payload))
        self._changed.set()

    async def _connect(self):
        self.connects += 1
        self._changed.set()

    async def _refused(self, data=None):
        self.refusals.append(data)
        self._changed.set()
