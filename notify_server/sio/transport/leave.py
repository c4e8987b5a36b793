"""How a request for a websocket leaves aiohttp with its connection.

aiohttp keeps the handler of a connection, its parser, the request with all headers and a task for
as long as a websocket lasts: most of what an idle client costs. What is used here beyond aiohttp's
public interface is ``RequestHandler._task_handler`` and ``RequestHandler._message_tail``; a test
holds a connection that left to what is promised here and fails when aiohttp changes.
"""

import asyncio
import base64
import binascii
import hashlib
import socket
from typing import Any, Final

from aiohttp import hdrs, web
from typing_extensions import override

from notify_server.sio.transport.channel import Channel

_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES: Final = 16
_UNTAKEN_MS: Final = 15_000  # how long what was sent may stay without a sign from the peer
_UNTAKEN: Final[int | None] = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux only


class Left(web.StreamResponse):
    """What a handler returns when the connection is not aiohttp's any more: nothing is sent."""

    def __init__(self) -> None:
        super().__init__(status=101)

    @override
    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing: the answer went out when the connection left."""

    @override
    async def write_eof(self, data: Any = b"") -> None:
        """Nothing either."""


def asks_websocket(request: web.BaseRequest) -> bool:
    """Whether it is a whole and sound request for a websocket."""
    headers = request.headers
    connection = [part.strip().lower() for part in headers.get(hdrs.CONNECTION, "").split(",")]
    try:
        key = base64.b64decode(headers.get(hdrs.SEC_WEBSOCKET_KEY, ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return (
        request.method == hdrs.METH_GET
        and headers.get(hdrs.UPGRADE, "").lower().strip() == "websocket"
        and "upgrade" in connection
        and headers.get(hdrs.SEC_WEBSOCKET_VERSION) == "13"
        and len(key) == _KEY_BYTES
    )


def is_live(request: web.BaseRequest) -> bool:
    """Whether its client is still there, as far as is known."""
    transport = request.transport
    return transport is not None and not transport.is_closing()


def leave(request: web.BaseRequest, channel: Channel, opening: bytes) -> bool:
    """Answer 101 and hand the connection over; False if there is none any more.

    Args:
        request: Which :func:`asks_websocket`.
        channel: Who has the connection from now on.
        opening: Written with the answer.
    """
    handler, transport = request.protocol, request.transport
    if transport is None or transport.is_closing():
        return False
    key = request.headers[hdrs.SEC_WEBSOCKET_KEY].encode()
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())  # noqa: S324 - RFC 6455
    channel.transport = transport
    transport.set_protocol(channel)
    behind = bytes(handler._message_tail)  # noqa: SLF001 - see above
    handler._message_tail = b""  # noqa: SLF001
    handler._task_handler = None  # noqa: SLF001 - who waits for it waits for nothing
    handler.transport = None  # it must neither write to it nor close it
    handler.connection_lost(None)
    transport.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + opening
    )
    _limit_untaken(transport)
    if not transport.is_reading():
        transport.resume_reading()
    if behind:
        asyncio.get_running_loop().call_soon(channel.data_received, behind)
    return True


def _limit_untaken(transport: asyncio.Transport) -> None:
    """Have the kernel drop a peer that is gone without a word; it sees that before we can."""
    sock = transport.get_extra_info("socket")
    if _UNTAKEN is not None and sock is not None and sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, _UNTAKEN, _UNTAKEN_MS)
