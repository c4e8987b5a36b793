"""HTTP calls over keep-alive connections, as cheap for the load as they can be."""

import asyncio
import re
import time
from collections import deque

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


class Post:
    """Makes POST requests of one path."""

    def __init__(self, server, path):
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            f"Authorization: Bearer {server.api_key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def of(self, body):
        """The bytes of one request."""
        return b"%b%d%b%b" % (self._head, len(body), _HEAD_END, body)


class _Connection(asyncio.Protocol):
    """One request at a time; ``on_answer(connection, status)`` is called for each answer."""

    def __init__(self, on_answer):
        self._on_answer = on_answer
        self._transport = None
        self._buffer = b""
        self.is_lost = False
        self.sent_at = 0.0

    def connection_made(self, transport):
        self._transport = transport

    def connection_lost(self, _error):
        self.is_lost = True

    def send(self, request):
        self.sent_at = time.perf_counter()
        self._transport.write(request)

    def close(self):
        self._transport.close()

    def data_received(self, data):
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, end)
        whole = end + len(_HEAD_END) + (int(length[1]) if length else 0)
        if len(self._buffer) >= whole:
            status, self._buffer = int(self._buffer[9:12]), b""
            self._on_answer(self, status)


async def _connect(port, count, on_answer):
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(lambda: _Connection(on_answer), "127.0.0.1", port))[1]
        for _ in range(count)
    ]


def _check(connections, refused):
    if refused or any(connection.is_lost for connection in connections):
        raise SystemExit(f"The server refused calls (status: count): {refused or 'closed'}")


class Closed:
    """A closed loop: each connection sends its next request when the last one is answered.

    Args:
        next_request: Called for each request; None: no more are wanted.
    """

    def __init__(self, server, next_request, in_flight):
        self._server = server
        self._next = next_request
        self._in_flight = in_flight
        self._connections = []
        self._refused = {}
        self._busy = 0
        self._idle = asyncio.Event()
        self.answered = 0

    async def __aenter__(self):
        self._connections = await _connect(self._server.port, self._in_flight, self._answer)
        return self

    async def __aexit__(self, *_):
        self._next = lambda: None
        async with asyncio.timeout(30):
            if self._busy:
                await self._idle.wait()
        for connection in self._connections:
            connection.close()
        _check([], self._refused)

    def start(self):
        """Let every connection send."""
        self._idle.clear()
        for connection in self._connections:
            self._send(connection, is_new=True)

    async def finished(self):
        """Wait until ``next_request`` gave None and all is answered."""
        await self._idle.wait()
        _check(self._connections, self._refused)

    def _send(self, connection, *, is_new):
        request = self._next()
        if request is not None:
            self._busy += is_new
            connection.send(request)
        elif not is_new:
            self._busy -= 1
        if not self._busy:
            self._idle.set()

    def _answer(self, connection, status):
        if status == 202:
            self.answered += 1
        else:
            self._refused[status] = self._refused.get(status, 0) + 1
        self._send(connection, is_new=False)


class Paced:
    """An open loop: requests leave when their time comes, however slow the answers are."""

    def __init__(self, server, connections):
        self._server = server
        self._count = connections
        self._connections = []
        self._free = deque()
        self._waiting = deque()
        self._refused = {}

    async def __aenter__(self):
        self._connections = await _connect(self._server.port, self._count, self._answer)
        self._free.extend(self._connections)
        return self

    async def __aexit__(self, *_):
        for connection in self._connections:
            connection.close()

    def send(self, request):
        """Send on a free connection, or on the first that becomes free."""
        if self._free:
            self._free.popleft().send(request)
        else:
            self._waiting.append(request)

    def check(self):
        """End the run if a call was refused."""
        _check(self._connections, self._refused)

    def _answer(self, connection, status):
        if status != 202:
            self._refused[status] = self._refused.get(status, 0) + 1
        if self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._free.append(connection)
