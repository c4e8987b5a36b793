"""Clients that understand just enough of RFC 6455, Engine.IO 4 and Socket.IO 5 to be many."""

import asyncio
import time

import orjson

_HANDSHAKE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_TEXT, _CLOSE, _PING = 1, 8, 9
_NO_MASK = b"\0\0\0\0"
"""A mask of zeros changes nothing, so nothing needs to be computed."""


def _frame(payload, opcode=_TEXT):
    size = len(payload)
    head = (
        bytes((0x80 | opcode, 0x80 | size))
        if size < 126
        else (bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big"))
    )
    return head + _NO_MASK + payload


class Client(asyncio.Protocol):
    """One session on the line ``/`` that acknowledges every notification.

    Args:
        token: JWT.
        cursor: As a page that comes back has one, or None.
        on_notification: Called with this client and the payload's ``notification``.
        on_closed: Called with this client and why the connection ended.
    """

    def __init__(self, token, cursor, on_notification, on_closed=None):
        self._greeting = b"40" + orjson.dumps({"token": token, "ack": True, "cursor": cursor})
        self._on_notification = on_notification
        self._on_live = None
        self._on_closed = on_closed
        self._transport = None
        self._buffer = b""
        self._is_upgraded = False
        self._reason = "closed"
        self.closing = False

    def when_live(self, call):
        """Call this with the client when ``replay_done`` has come."""
        self._on_live = call

    def connection_made(self, transport):
        self._transport = transport
        transport.write(_HANDSHAKE)

    def connection_lost(self, _error):
        if not self.closing and self._on_closed is not None:
            self._on_closed(self, self._reason)

    def close(self):
        """Leave without a word."""
        self.closing = True
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data):
        buffer = self._buffer + data if self._buffer else data
        start = 0
        if not self._is_upgraded:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = buffer
                return
            if buffer[9:12] != b"101":
                self._reason = buffer[9:12].decode()
                self._transport.close()
                return
            self._is_upgraded = True
            start = end + 4
        out = []
        while (found := _next_frame(buffer, start)) is not None:
            opcode, payload, start = found
            self._take(opcode, payload, out)
        self._buffer = buffer[start:]
        if out:
            self._transport.write(b"".join(out))

    def _take(self, opcode, payload, out):
        if opcode == _PING:
            out.append(_frame(payload, 10))
        elif opcode == _CLOSE:
            self._transport.close()
        elif payload.startswith(b"42"):
            self._event(payload, out)
        elif payload == b"2":
            out.append(_frame(b"3"))
        elif payload.startswith(b"0"):
            out.append(_frame(self._greeting))
        elif payload.startswith((b"44", b"41")):
            self._reason = payload.decode()
            self._transport.close()

    def _event(self, payload, out):
        start = payload.index(b"[")
        if payload.startswith(b'["notification",', start):
            if start > 2:
                out.append(_frame(b"43" + payload[2:start] + b"[]"))
            self._on_notification(self, orjson.loads(payload[start:])[1]["notification"])
        elif self._on_live is not None and payload.startswith(b'["replay_done"', start):
            self._on_live(self)


def _next_frame(buffer, start):
    """(opcode, payload, where the next begins), or None while it is not whole."""
    have = len(buffer) - start
    if have < 2:
        return None
    size, at = buffer[start + 1] & 0x7F, start + 2
    if size >= 126:
        width = 2 if size == 126 else 8
        if have < 2 + width:
            return None
        size, at = int.from_bytes(buffer[at : at + width], "big"), at + width
    end = at + size
    if len(buffer) < end:
        return None
    return buffer[start] & 0x0F, buffer[at:end], end


async def open_all(server, clients):
    """Connect clients one after the other and wait until each is live."""
    loop = asyncio.get_running_loop()
    for client in clients:
        live = loop.create_future()

        def answered(_client, live=live):
            if not live.done():
                live.set_result(None)

        client.when_live(answered)
        await loop.create_connection(lambda client=client: client, "127.0.0.1", server.port)
        async with asyncio.timeout(20):
            await live


def now():
    """The clock of every latency."""
    return time.perf_counter()
