"""The control connection of a peer: what to send to whom, one line for a whole fan-out.

The lines are described in ``benchmarks/load/main.c``. Shared by the peers in Python.
"""

import asyncio
from collections import deque


class Acks:
    """Counts acknowledgements and answers ``done`` when all of a fan-out have come."""

    def __init__(self):
        self._came = 0
        self._expected = 0
        self._waiting = deque()

    def expect(self, count, reply):
        """So many more will come; ``reply`` is called with bytes when they have."""
        self._expected += count
        self._waiting.append((self._expected, reply))

    def came(self, *_):
        """One has come."""
        self._came += 1
        while self._waiting and self._came >= self._waiting[0][0]:
            self._waiting.popleft()[1](b"done\n")


class _Connection(asyncio.Protocol):
    def __init__(self, take):
        self._take = take
        self._transport = None
        self._buffer = b""

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._take(line, self._transport.write)


async def serve(port, take):
    """Call ``take(line, reply)`` for each line, in the loop turn in which it came, for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(take), "127.0.0.1", port)
    await server.serve_forever()


async def serve_in_order(port, take):
    """Await ``take(line, reply)`` for each line, one after the other, for ever."""
    loop = asyncio.get_running_loop()
    lines = asyncio.Queue()

    def keep(line, reply):
        lines.put_nowait((line, reply))

    async with await loop.create_server(lambda: _Connection(keep), "127.0.0.1", port):
        while True:
            await take(*await lines.get())


def parse(line):
    """``("b", count, is_acked, json)`` or ``("u", index, None, json)``."""
    verb, number, rest = line.split(b" ", 2)
    if verb == b"u":
        return "u", int(number), None, rest
    is_acked, payload = rest.split(b" ", 1)
    return "b", int(number), is_acked == b"1", payload
