"""Thousands of stock clients in one process: websockets that speak just enough, and come back."""

import asyncio
import random
from collections import Counter
from urllib.parse import urlsplit

import orjson

_UPGRADE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n"
)
_TEXT, _PING, _PONG = 1, 9, 10
_NO_MASK = b"\0\0\0\0"
_BACK_S = (1.0, 2.0, 4.0, 5.0)
"""The stock delays; each is a random share of 0.5 to 1.5 of it."""


class Member:
    """One page: acknowledges everything, keeps its cursor, and tries again until it is in.

    Attributes:
        shown: Ids of notifications, once for each frame.
        connections: How often a transport was opened.
        is_live: ``replay_done`` has come on the newest connection.
    """

    def __init__(self, crowd, user, token):
        self.user = user
        self.shown = Counter()
        self.connections = 0
        self.is_live = False
        self._crowd = crowd
        self._token = token
        self._cursor = None
        self._wire = None
        self._tries = 0

    async def connect(self, delay=0.0):
        """Come after ``delay`` seconds, and again whenever the connection ends."""
        await asyncio.sleep(delay)
        address = urlsplit(self._crowd.url_for(self))
        self.connections += 1
        self._wire = _Wire(self, address.netloc)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self._wire, address.hostname, address.port)
        except OSError:
            self.ended(self._wire, "no connection")

    def drop(self):
        """Lose the network."""
        self.is_live = False
        wire, self._wire = self._wire, None
        wire.abort()

    def greeting(self):
        return orjson.dumps({"token": self._token, "ack": True, "cursor": self._cursor})

    def took(self, name, payload):
        if name == "notification":
            self.shown[payload["notification"]["id"]] += 1
        elif "cursor" in payload:
            self._cursor = payload["cursor"]
        if name == "replay_done":
            self.is_live, self._tries = True, 0
        self._crowd.changed.set()

    def ended(self, wire, why):
        """The server or the network ended a connection: what a stock client does then."""
        if wire is not self._wire:
            return
        self.is_live = False
        self._crowd.ends[why] += 1
        delay = _BACK_S[min(self._tries, len(_BACK_S) - 1)] * random.uniform(0.5, 1.5)
        self._tries += 1
        self._crowd.spawn(self.connect(delay))


class Crowd:
    """Members over the addresses of nodes; use as ``async with``.

    Attributes:
        ends: Why connections ended that nobody dropped.
        changed: Set when somebody was told something.
    """

    def __init__(self, urls):
        self._urls = urls
        self._turn = 0
        self._tasks = set()
        self.members = []
        self.ends = Counter()
        self.changed = asyncio.Event()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for member in self.members:
            if member._wire is not None:
                member.drop()
        await asyncio.sleep(0)

    def url_for(self, _member):
        """One node after the other, as a load balancer would."""
        self._turn += 1
        return self._urls[self._turn % len(self._urls)]

    def spawn(self, work):
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def join(self, tokens, per_s):
        """Users by their tokens come one after the other, so many in a second."""
        for place, (user, token) in enumerate(tokens.items()):
            self.members.append(Member(self, user, token))
            self.spawn(self.members[-1].connect(place / per_s))

    def drop_all(self):
        for member in self.members:
            member.drop()

    def all_come_back(self):
        """With the delay of a stock client's first try."""
        for member in self.members:
            self.spawn(member.connect(random.uniform(0.5, 1.5)))

    async def until(self, condition, timeout):
        """Wait until it is true of every member."""
        left = set(self.members)
        try:
            async with asyncio.timeout(timeout):
                while left := {member for member in left if not condition(member)}:
                    self.changed.clear()
                    await self.changed.wait()
                    await asyncio.sleep(0.1)  # so many report that each look is for many of them
        except TimeoutError:
            told = f"{len(left)} of {len(self.members)} not within {timeout} s; {self.ends}"
            raise AssertionError(told) from None


class _Wire(asyncio.Protocol):
    """One connection of a member."""

    def __init__(self, member, host):
        self._member = member
        self._host = host
        self._transport = None
        self._buffer = b""
        self._is_upgraded = False
        self._reason = "closed"

    def connection_made(self, transport):
        self._transport = transport
        transport.write(_UPGRADE.format(host=self._host).encode())

    def connection_lost(self, _error):
        self._member.ended(self, self._reason)

    def abort(self):
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data):
        self._buffer += data
        if not self._is_upgraded and not self._upgraded():
            return
        while (frame := self._next_frame()) is not None:
            self._take(*frame)

    def _upgraded(self):
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self._reason = head[9:12].decode()
            self._transport.abort()
            return False
        self._is_upgraded, self._buffer = True, rest
        return True

    def _next_frame(self):
        """Opcode and payload, or None while it is not whole."""
        if len(self._buffer) < 2:
            return None
        size, at = self._buffer[1] & 0x7F, 2
        if size >= 126:
            at += 2 if size == 126 else 8
            if len(self._buffer) < at:
                return None
            size = int.from_bytes(self._buffer[2:at], "big")
        if len(self._buffer) < at + size:
            return None
        opcode, payload = self._buffer[0] & 0x0F, self._buffer[at : at + size]
        self._buffer = self._buffer[at + size :]
        return opcode, payload

    def _take(self, opcode, payload):
        if opcode == _PING:
            self._send(payload, _PONG)
        elif payload == b"2":
            self._send(b"3")
        elif payload.startswith(b"0"):
            self._send(b"40" + self._member.greeting())
        elif payload.startswith(b"42"):
            start = payload.index(b"[")
            if start > 2:
                self._send(b"43" + payload[2:start] + b"[]")
            name, *arguments = orjson.loads(payload[start:])
            self._member.took(name, arguments[0] if arguments else {})
        elif payload.startswith((b"41", b"44")):
            self._reason = payload.decode()
            self._transport.abort()

    def _send(self, payload, opcode=_TEXT):
        """One frame under a mask of zeros, which changes nothing."""
        size = len(payload)
        head = bytes((0x80 | opcode, 0x80 | min(size, 126)))
        if size >= 126:
            head += size.to_bytes(2, "big")
        self._transport.write(head + _NO_MASK + payload)
