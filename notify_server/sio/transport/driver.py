"""How the engine stands on aiohttp: the request's environment and the websocket."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web
from engineio.async_drivers import aiohttp as stock

from notify_server.sio.transport.packets import PacketError


def translate_request(request: web.Request) -> dict[str, Any]:
    """The stock environment, with the address of the real peer (stock says 127.0.0.1)."""
    environ: dict[str, Any] = stock.translate_request(request)
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if isinstance(peer, tuple):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = str(peer[0]), str(peer[1])
    else:
        environ["REMOTE_ADDR"] = request.remote or ""
    return environ


class WebSocket:
    """One websocket of text frames, never compressed, that can be dropped without a word."""

    def __init__(self, handler: Callable[["WebSocket"], Awaitable[None]], server: Any) -> None:
        self._handler = handler
        self._request: web.Request | None = None
        self._response = web.WebSocketResponse(
            max_msg_size=server.max_http_buffer_size, compress=False
        )

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        """Shake hands and run the handler until the connection ends."""
        self._request = environ["aiohttp.request"]
        await self._response.prepare(self._request)
        await self._handler(self)
        return self._response

    async def wait(self) -> str | None:
        """The next frame, None when the connection has ended.

        Raises:
            PacketError: If it is a binary one.
        """
        message = await self._response.receive()
        if message.type is WSMsgType.TEXT:
            return str(message.data)
        if message.type is WSMsgType.BINARY:
            raise PacketError("binary")
        return None

    async def send(self, text: str) -> None:
        """Write a frame; waits while the peer does not read.

        Raises:
            OSError: If the connection has ended.
        """
        await self._response.send_str(text)

    async def close(self) -> None:
        """Close with the websocket's own handshake."""
        await self._response.close()

    def abort(self) -> None:
        """Drop the connection: no close frame, nothing more is sent or read."""
        transport = self._request.transport if self._request is not None else None
        if transport is not None:
            transport.abort()


DRIVER = {**stock._async, "translate_request": translate_request, "websocket": WebSocket}  # noqa: SLF001 - the driver's only name
