"""Engine.IO 4 / Socket.IO 5 in the open: every frame can be seen, sent or withheld.

On a websocket, or with NOTIFY_TEST_TRANSPORT=polling on long-polling that never upgrades.
Deliberately not python-socketio: tests must be able to misbehave, and must not share its mistakes.
"""

import asyncio
import contextlib
import itertools
import json
import os

import aiohttp
from support.rawpolling import PollingWire

TRANSPORT = os.environ.get("NOTIFY_TEST_TRANSPORT", "websocket")
"""What a raw socket uses that is not told: ``websocket`` or ``polling``."""

NOTICED_S = {"websocket": 15, "polling": 30}[TRANSPORT]
"""Within this the server has noticed that a client dropped: a poll that ends is only missed."""


class RefusedError(Exception):
    """CONNECT_ERROR; ``data`` is its payload."""

    def __init__(self, data):
        super().__init__(data)
        self.data = data

    @property
    def code(self):
        return (self.data.get("data") or {}).get("code")


class ClosedError(Exception):
    """The transport ended."""


class WebsocketWire:
    """Text in order both ways on a websocket."""

    def __init__(self, ws):
        self._ws = ws

    @classmethod
    async def open(cls, url, http, query):
        """The websocket and the Engine.IO handshake; returns the wire and the open packet."""
        address = f"{url}/socket.io/?EIO=4&transport=websocket{query}"
        ws = await http.ws_connect(address, max_msg_size=0)
        first = await ws.receive(timeout=30)
        if first.type is not aiohttp.WSMsgType.TEXT:
            raise ClosedError(first)
        return cls(ws), first.data

    async def send(self, text):
        """Any text frame."""
        await self._ws.send_str(text)

    async def packets(self):
        """Everything that comes, until the websocket ends."""
        async for message in self._ws:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            yield message.data

    async def close(self):
        """The websocket's close."""
        await self._ws.close()

    async def abort(self):
        """TCP reset, no close frame."""
        connection = self._ws._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()


_WIRES = {"websocket": WebsocketWire, "polling": PollingWire}


class RawSocket:
    """One connection. ``frames`` keeps all that arrived, as text; subclasses override ``on_event``.

    Attributes:
        closed: Set when the transport has ended.
        disconnected: The server sent DISCONNECT for our namespace.
        answer_pings: False: stay silent.
    """

    def __init__(self, url, http, line="/", transport=None):
        self.transport = transport or TRANSPORT
        self.url = url
        self.http = http
        self.line = line
        self.frames = []
        self.opened = None
        self.sid = None
        self.closed = asyncio.Event()
        self.disconnected = False
        self.answer_pings = True
        self._wire = None
        self._reader = None
        self._answers = {}
        self._ids = itertools.count(1)
        self._connecting = None
        self._changed = asyncio.Event()

    # --- opening and ending ---

    async def open(self, query=""):
        """The connection and the Engine.IO handshake; no namespace yet."""
        self._wire, first = await _WIRES[self.transport].open(self.url, self.http, query)
        self.frames.append(first)
        self.opened = json.loads(first[1:])
        self._reader = asyncio.create_task(self._read())
        return self

    async def connect(self, auth=None, timeout=30):
        """CONNECT to the namespace; raises RefusedError or ClosedError."""
        self._connecting = asyncio.get_running_loop().create_future()
        await self.send("40" + self._prefix + ("" if auth is None else json.dumps(auth)))
        async with asyncio.timeout(timeout):
            self.sid = (await self._connecting)["sid"]
        return self

    async def close(self):
        """As a page that is left: DISCONNECT, then the connection's close."""
        if self._wire is None:
            return
        with contextlib.suppress(ConnectionError, RuntimeError):
            if not self.closed.is_set():
                await self._wire.send("41" + self._prefix.rstrip(","))
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(3):
                await self._wire.close()
        await self._end()

    async def drop(self):
        """As a network that is gone: TCP reset, no close frame."""
        if self._wire is None:
            return
        await self._wire.abort()
        await self._end()

    async def _end(self):
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):
            async with asyncio.timeout(1):
                await self._wire.close()
        self._over()

    # --- sending ---

    @property
    def _prefix(self):
        return "" if self.line == "/" else self.line + ","

    async def send(self, text):
        """Any text frame."""
        await self._wire.send(text)

    async def emit(self, event, *payload):
        """An event without ack."""
        await self.send(f"42{self._prefix}{json.dumps([event, *payload])}")

    async def ask(self, event, *payload, timeout=30):
        """An event with ack; returns the answer."""
        number = next(self._ids)
        future = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        await self.send(f"42{self._prefix}{number}{json.dumps([event, *payload])}")
        async with asyncio.timeout(timeout):
            arguments = await future
        return arguments[0] if arguments else None

    async def ack(self, number, *arguments):
        """An ACK packet with any id."""
        await self.send(f"43{self._prefix}{number}{json.dumps(list(arguments))}")

    # --- receiving ---

    async def on_event(self, ack_id, name, arguments):
        """Called for each event in order."""

    async def _read(self):
        try:
            async for text in self._wire.packets():
                self.frames.append(text)
                await self._take(text)
                self.touch()
        except (ConnectionError, ClosedError):
            pass
        finally:
            self._over()

    def _over(self):
        self.closed.set()
        for future in [self._connecting, *self._answers.values()]:
            if future is not None and not future.done():
                future.set_exception(ClosedError())
                future.exception()
        self.touch()

    async def _take(self, text):
        if text == "2":
            if self.answer_pings:
                await self.send("3")
            return
        if not text.startswith("4"):
            return
        kind, rest = text[1], text[2:]
        line = rest.partition(",")[0] if rest.startswith("/") else "/"
        if line != self.line:
            return
        rest = rest.removeprefix(line).removeprefix(",")
        if kind in "04":
            self._connected(kind, json.loads(rest) if rest else {})
        elif kind == "1":
            self.disconnected = True
        elif kind in "23":
            digits = "".join(itertools.takewhile(str.isdigit, rest))
            arguments = json.loads(rest[len(digits) :])
            number = int(digits) if digits else None
            if kind == "2":
                await self.on_event(number, arguments[0], arguments[1:])
            elif number in self._answers and not self._answers[number].done():
                self._answers.pop(number).set_result(arguments)

    def _connected(self, kind, payload):
        if self._connecting is None or self._connecting.done():
            return
        if kind == "0":
            self._connecting.set_result(payload)
        else:
            self._connecting.set_exception(RefusedError(payload))

    # --- waiting ---

    def touch(self):
        """Something changed: those who wait look again."""
        self._changed.set()

    async def until(self, condition, timeout=30.0, what=""):
        """Wait until ``condition()`` is true; returns its value."""
        try:
            async with asyncio.timeout(timeout):
                while not (value := condition()):
                    self._changed.clear()
                    await self._changed.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"not within {timeout} s: {what or condition}\n{self}") from None

    @property
    def event_frames(self):
        """Frames that carry an event, without the Engine.IO and Socket.IO digits."""
        return [frame[2:] for frame in self.frames if frame.startswith("42")]

    def __str__(self):
        shown = [frame[:160] for frame in self.frames[-12:]]
        return f"{type(self).__name__} closed={self.closed.is_set()} last frames: {shown}"
