"""Engine.IO 4 as a client sees it: text in order both ways, on a websocket or on long-polling.

Not the stock client: of that one, five hundred would cost more than the server they try.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import aiohttp
from typing_extensions import override

_SEPARATOR = "\x1e"
_HANDSHAKE = aiohttp.ClientTimeout(total=15)
_POLL = aiohttp.ClientTimeout(total=120)
_CLOSE_S = 2.0

BROKEN = (aiohttp.ClientError, ConnectionError, TimeoutError)
"""What a wire's end looks like from the library."""


class HandshakeError(Exception):
    """The server, or something before it, does not open a transport.

    Attributes:
        status: Of HTTP; 0: the answer was no answer of Socket.IO.
        text: The start of what came with it.
        wait_s: How long it asks to stay away.
    """

    def __init__(self, status: int, text: str, wait_s: float = 0) -> None:
        super().__init__(f"{status} {text}".strip())
        self.status = status
        self.text = text
        self.wait_s = wait_s


class Wire(Protocol):
    """One open transport."""

    async def send(self, text: str) -> None:
        """Send one packet; one that the other end never reads is no error."""

    def packets(self) -> AsyncIterator[str]:
        """Everything that comes, until the transport has ended."""

    async def close(self) -> None:
        """End it as a page does that is left."""


class WebsocketWire(Wire):
    """Packets as text messages."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._ws = ws

    @override
    async def send(self, text: str) -> None:
        if not self._ws.closed:
            await self._ws.send_str(text)

    @override
    async def packets(self) -> AsyncIterator[str]:
        async for message in self._ws:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            yield message.data

    @override
    async def close(self) -> None:
        await self._ws.close()


class PollingWire(Wire):
    """Packets in long polls and posts; what is sent during a post goes with the next one."""

    def __init__(
        self, http: aiohttp.ClientSession, address: str, headers: Mapping[str, str]
    ) -> None:
        self._http = http
        self._address = address
        self._headers = headers
        self._waiting: list[str] = []
        self._posting: asyncio.Task[None] | None = None
        self._is_over = False

    @override
    async def send(self, text: str) -> None:
        self._waiting.append(text)
        if not self._is_over and (self._posting is None or self._posting.done()):
            self._posting = asyncio.create_task(self._post())

    @override
    async def packets(self) -> AsyncIterator[str]:
        try:
            while not self._is_over:
                for text in await self._get():
                    if text == "1":
                        return
                    yield text
        except HandshakeError:
            return  # the server knows this session no more
        finally:
            self._is_over = True

    @override
    async def close(self) -> None:
        if not self._is_over:
            await self.send("1")
            if self._posting is not None:
                await asyncio.wait([self._posting], timeout=_CLOSE_S)
        self._is_over = True
        if self._posting is not None:
            self._posting.cancel()

    async def _post(self) -> None:
        try:
            while self._waiting:
                texts, self._waiting = self._waiting, []
                await _request(
                    self._http, "POST", self._address, self._headers, _SEPARATOR.join(texts)
                )
        except (HandshakeError, *BROKEN):
            self._is_over = True  # the poll under way hears of it too

    async def _get(self) -> list[str]:
        text = await _request(self._http, "GET", self._address, self._headers)
        return text.split(_SEPARATOR)


async def open_wire(
    http: aiohttp.ClientSession, url: str, transport: str, origin: str | None = None
) -> Wire:
    """Make the handshake.

    Args:
        http: Where the connections come from.
        url: Of the server, with its base path.
        transport: ``websocket`` or ``polling``.
        origin: Sent as a page of that origin would.

    Raises:
        HandshakeError: No transport was opened, though somebody answered.
        aiohttp.ClientError: Nobody answered.
        TimeoutError: Nobody answered in time.
    """
    headers = {"Origin": origin} if origin else {}
    address = f"{url}/socket.io/?EIO=4&transport={transport}"
    if transport == "polling":
        return await _open_polling(http, address, headers)
    return await _open_websocket(http, address, headers)


async def _open_websocket(
    http: aiohttp.ClientSession, address: str, headers: Mapping[str, str]
) -> Wire:
    try:
        async with asyncio.timeout(_HANDSHAKE.total):
            ws = await http.ws_connect(address, headers=headers, max_msg_size=0)
            first = await ws.receive()
    except aiohttp.WSServerHandshakeError as exc:
        raise HandshakeError(exc.status, exc.message, _wait_s(exc.headers or {})) from None
    if first.type is not aiohttp.WSMsgType.TEXT or not first.data.startswith("0{"):
        await ws.close()
        raise HandshakeError(0, "the websocket opened, but no Socket.IO server speaks there")
    return WebsocketWire(ws)


async def _open_polling(
    http: aiohttp.ClientSession, address: str, headers: Mapping[str, str]
) -> Wire:
    async with asyncio.timeout(_HANDSHAKE.total):
        first = await _request(http, "GET", address, headers)
    _, mark, rest = first.partition('"sid":"')
    sid = rest.partition('"')[0]
    if not first.startswith("0{") or not mark:
        raise HandshakeError(0, "what answers there is no Socket.IO server")
    return PollingWire(http, f"{address}&sid={sid}", headers)


async def _request(
    http: aiohttp.ClientSession,
    method: str,
    address: str,
    headers: Mapping[str, str],
    body: str | None = None,
) -> str:
    async with http.request(method, address, data=body, headers=headers, timeout=_POLL) as response:
        text = await response.text(errors="replace")
        if response.status != 200:
            raise HandshakeError(response.status, text[:200], _wait_s(response.headers))
        return text


def _wait_s(headers: Mapping[str, str]) -> float:
    asked = headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else 0.0
