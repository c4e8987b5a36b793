"""A proxy before a MongoDB that knows its messages: it cuts, stalls, and answers by itself."""

import asyncio
import struct
from urllib.parse import urlsplit, urlunsplit

import bson

_HEADER = struct.Struct("<iiii")
_MESSAGE = 2013
NOT_PRIMARY = (10107, "NotWritablePrimary")
STEPPED_DOWN = (189, "PrimarySteppedDown")


class MongoProxy:
    """Forwards whole messages to the server of ``url``, unless a fault is planned for a command.

    Use as ``async with``; ``self.url`` is the same with the proxy in the server's place.

    Attributes:
        seen: ``(command, collection)`` of everything that was asked.
        faults: How many planned faults have happened.
        links: Open connections.
        flowing: Cleared: nothing is passed on, either way.
    """

    def __init__(self, url):
        self._behind = urlsplit(url)
        self._server = None
        self._links = {}
        self._planned = {}
        self._held = {}
        self.seen = []
        self.faults = 0
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.url = ""

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._link, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        user, at, _ = self._behind.netloc.rpartition("@")
        query = f"{self._behind.query}&directConnection=true".lstrip("&")
        there = self._behind._replace(netloc=f"{user}{at}127.0.0.1:{port}", query=query)
        self.url = urlunsplit(there._replace(path=there.path or "/"))
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.flowing.set()
        while self._links:
            self.cut()
            await asyncio.sleep(0.01)
        await self._server.wait_closed()

    @property
    def links(self):
        return len(self._links)

    def cut(self):
        """Reset every connection."""
        for ends in self._links.values():
            for end in ends:
                end.transport.abort()

    def refuse(self, command, collection, error, times=1):
        """Answer it with an error, the next few times; the server never hears of it."""
        self._plan(command, collection, times, error)

    def lose_answer(self, command, collection, times=1):
        """Let the server do it, and cut the connection before its answer comes through."""
        self._plan(command, collection, times, None)

    def hold(self, command, collection):
        """Keep it back from the server until the event that is answered is set."""
        self._held[command, collection] = asyncio.Event()
        return self._held[command, collection]

    def _plan(self, command, collection, times, error):
        self._planned.setdefault((command, collection), []).extend([error] * times)

    async def _link(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection(
                self._behind.hostname, self._behind.port or 27017
            )
        except OSError:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        self._links[task] = (writer, up_writer)
        lost = set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._up(reader, up_writer, writer, lost))
                group.create_task(self._down(up_reader, writer, lost))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for end in (writer, up_writer):
                end.transport.abort()
            del self._links[task]

    async def _up(self, reader, up, down, lost):
        while True:
            head, body = await _read(reader)
            _, request, _, kind = _HEADER.unpack(head)
            asked = _command(body) if kind == _MESSAGE else None
            await self.flowing.wait()
            self.seen.append(asked)
            if asked in self._held:
                await self._held[asked].wait()
            planned = self._planned.get(asked)
            if planned:
                self.faults += 1
                error = planned.pop(0)
                if error is not None:
                    down.write(_refusal(request, *error))
                    continue
                lost.add(request)
            up.write(head + body)
            await up.drain()

    async def _down(self, reader, down, lost):
        while True:
            head, body = await _read(reader)
            await self.flowing.wait()
            if _HEADER.unpack(head)[2] in lost:
                raise ConnectionResetError
            down.write(head + body)
            await down.drain()


async def _read(reader):
    head = await reader.readexactly(_HEADER.size)
    return head, await reader.readexactly(_HEADER.unpack(head)[0] - _HEADER.size)


def _command(body):
    """Name and collection of a message's command: the first field of its first section."""
    assert body[4] == 0, "PyMongo sends the command's document first"
    size = struct.unpack_from("<i", body, 5)[0]
    name, collection = next(iter(bson.decode(body[5 : 5 + size]).items()))
    return name, collection if isinstance(collection, str) else None


def _refusal(request, code, name):
    labels = ["RetryableWriteError"]
    answer = {"ok": 0.0, "errmsg": "by the test", "code": code, "codeName": name}
    body = struct.pack("<i", 0) + b"\0" + bson.encode({**answer, "errorLabels": labels})
    return _HEADER.pack(_HEADER.size + len(body), 0, request, _MESSAGE) + body
