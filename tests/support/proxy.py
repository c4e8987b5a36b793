"""A TCP proxy between a client and the server, for faults that only a network has."""

import asyncio
import contextlib


class Proxy:
    """Forwards to ``port``; can cut every connection or swallow what passes.

    Attributes:
        url: Where clients connect instead of at the server.
        swallow_up: True: what clients send is read and thrown away.
        swallow_down: True: what the server sends is read and thrown away.
        hold_down: Cleared: nothing that the server sends is read, so that its buffers fill.
    """

    def __init__(self, port, listens=0):
        """``listens``: on this port, so that one proxy follows another; 0: a free one."""
        self._port = port
        self._listens = listens
        self._server = None
        self._links = set()
        self._ended = asyncio.Event()
        self.url = ""
        self.swallow_up = False
        self.swallow_down = False
        self.hold_down = asyncio.Event()
        self.hold_down.set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._link, "127.0.0.1", self._listens)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.cut()
        await self._server.wait_closed()
        while self._links:
            self._ended.clear()
            await self._ended.wait()

    def cut(self):
        """Reset every connection."""
        for _, *writers in self._links:
            for writer in writers:
                writer.transport.abort()

    async def _link(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        link = (object(), writer, up_writer)
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(reader, up_writer, lambda: self.swallow_up, None),
                self._pump(up_reader, writer, lambda: self.swallow_down, self.hold_down),
            )
        finally:
            for end in (writer, up_writer):
                end.transport.abort()
            self._links.discard(link)
            self._ended.set()

    async def _pump(self, reader, writer, swallows, gate):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if gate is not None:
                    await gate.wait()
                if not swallows():
                    writer.write(data)
                    await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
