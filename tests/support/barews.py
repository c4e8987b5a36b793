"""A websocket on a bare TCP connection: reads only when it is told to, with a small window."""

import asyncio
import contextlib
import json
import os
import socket
from urllib.parse import urlsplit


class BareWebsocket:
    """What arrived is in ``received``, frame headers included; that is enough to look for ids.

    Attributes:
        ended: The server closed or reset the connection.
    """

    def __init__(self, sock):
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self.received = bytearray()
        self.ended = False

    @classmethod
    async def open(cls, url, window=4096):
        """The upgrade; ``window``: bytes of the receive buffer."""
        address = urlsplit(url)
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.setblocking(False)
        one = cls(sock)
        await one._loop.sock_connect(sock, (address.hostname, address.port))
        await one._loop.sock_sendall(
            sock,
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: "
            + address.netloc.encode()
            + b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        await one.read_until(b'0{"sid"')
        return one

    async def enter(self, token):
        """CONNECT, and wait until it is answered."""
        await self.send("40" + json.dumps({"token": token}))
        await self.read_until(b'40{"sid"')
        return self

    async def send(self, text):
        """One masked text frame; nothing happens once the connection is over."""
        data, mask = text.encode(), os.urandom(4)
        size = len(data)
        head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + size.to_bytes(2)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))
        with contextlib.suppress(OSError):
            await self._loop.sock_sendall(self._sock, head + mask + masked)

    async def read(self, most=65536):
        """What is there, up to ``most`` bytes; False once it has ended."""
        try:
            data = await self._loop.sock_recv(self._sock, most)
        except OSError:
            data = b""
        self.received += data
        self.ended = not data
        return not self.ended

    async def read_until(self, what):
        """Read until these bytes have come."""
        while what not in self.received:
            assert await self.read(), f"ended before {what}: {bytes(self.received[-300:])}"

    async def read_to_end(self):
        """Read until the server ends it; answers no ping."""
        while await self.read():
            pass

    def close(self):
        """Close the file."""
        self._sock.close()
