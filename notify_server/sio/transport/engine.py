"""The Engine.IO server: requests in, connections kept, events out."""

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import engineio
from aiohttp import web
from engineio import packet
from engineio.exceptions import EngineIOError

from notify_server.kit.aio import pause
from notify_server.sio.transport.driver import DRIVER
from notify_server.sio.transport.lane import Lane
from notify_server.sio.transport.packets import EnginePacket, PacketError
from notify_server.sio.transport.socket import EngineSocket

AliveHook = Callable[[EngineSocket, int], None]
_LOGGER = logging.getLogger(__name__)
_Query = dict[str, list[str]]


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """The stock server on our sockets.

    Attributes:
        stats: How often what happened to connections: ``malformed``, ``binary``, ``too_large``,
            ``overflows`` (too many events waiting), ``slow`` (too much to send waiting),
            ``ping_timeouts``.
    """

    def __init__(
        self, *, events_queued: int = 128, outbox_bytes: int = 4 << 20, **options: Any
    ) -> None:
        if options.setdefault("http_compression", False):
            raise ValueError("http_compression is not supported")
        options.setdefault("logger", _LOGGER)
        if options.setdefault("async_mode", "aiohttp") != "aiohttp":
            raise ValueError("only aiohttp is supported")
        super().__init__(**options)
        self._async = DRIVER
        self.start_service_task = False  # each socket keeps its own time
        self.events_queued = events_queued
        self.outbox_bytes = outbox_bytes
        self.stats: Counter[str] = Counter()
        self._lanes: dict[str, Lane] = {}
        self._alive_hook: AliveHook | None = None

    def set_alive_hook(self, hook: AliveHook) -> None:
        """Have ``hook(socket, mark)`` called when everything up to ``mark`` has arrived."""
        self._alive_hook = hook

    def socket(self, sid: str) -> EngineSocket | None:
        """The connection of that id, unless it has ended."""
        socket: EngineSocket | None = self.sockets.get(sid)
        return socket

    async def send(self, sid: str, data: Any) -> None:
        """Send a message: text, or what JSON can say."""
        await self.send_packet(sid, EnginePacket(packet.MESSAGE, data))

    async def shutdown(self) -> None:
        """Drop every connection and let its disconnect handlers finish."""
        sockets = list(self.sockets.values())
        for socket in sockets:
            socket.sever()
        for socket in sockets:
            await socket.gone()
        await super().shutdown()

    # -- what sockets tell ---------------------------------------------------------------------

    async def received(self, socket: EngineSocket, data: Any) -> None:
        """A message came; with ``async_handlers`` the handlers of one client run in order."""
        if not self.async_handlers:
            await self._trigger_event("message", socket.sid, data, run_async=False)
            return
        lane = self._lanes.get(socket.sid)
        if lane is None:
            lane = self._lanes[socket.sid] = Lane(self.events_queued, self.logger)
        job = partial(self._trigger_event, "message", socket.sid, data, run_async=False)
        if not lane.put(job):
            self.stats["overflows"] += 1
            lane.drop()
            socket.sever()
        await pause(0)  # let handlers keep up with a burst that came in one read

    async def ended(self, socket: EngineSocket, reason: str) -> None:
        """The connection is over: the disconnect event."""
        await self._trigger_event("disconnect", socket.sid, reason, run_async=False)

    def forget(self, socket: EngineSocket) -> None:
        """The disconnect event has been handled."""
        self.sockets.pop(socket.sid, None)
        self._lanes.pop(socket.sid, None)

    def alive(self, socket: EngineSocket, mark: int) -> None:
        """Everything up to ``mark`` has arrived."""
        if self._alive_hook is not None:
            self._alive_hook(socket, mark)

    # -- requests ------------------------------------------------------------------------------

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Answer one request at the endpoint."""
        environ = self._async["translate_request"](request)
        query = parse_qs(environ["QUERY_STRING"])
        refusal = self._refusal(environ, query)
        if refusal is not None:
            answer: Any = self._bad_request(refusal)
        elif "sid" in query:
            answer = await self._continue(environ, query["sid"][0], query)
        else:
            answer = await self._begin(environ, query)
        if isinstance(answer, dict):
            answer = await self._make_response(answer, environ)
        return answer  # type: ignore[no-any-return]

    def _refusal(self, environ: dict[str, Any], query: _Query) -> str | None:
        origin = environ.get("HTTP_ORIGIN")
        if origin and self.cors_allowed_origins != []:
            allowed = self._cors_allowed_origins(environ)
            if allowed is not None and origin not in allowed:
                return "Not an accepted origin"
        if "j" in query:
            return "JSONP is not supported"
        if _transport(query) not in self.transports:
            return "Invalid transport"
        if "sid" not in query and query.get("EIO") != ["4"] and not _is_options(environ):
            return "Unsupported protocol version"
        return None

    async def _begin(self, environ: dict[str, Any], query: _Query) -> Any:
        if _is_options(environ):
            return self._ok()
        if environ["REQUEST_METHOD"] != "GET":
            return self._bad_request("Invalid session")
        transport = _transport(query)
        if transport == "websocket" and not _asks_websocket(environ):
            return self._bad_request("Invalid websocket upgrade")
        return await self._handle_connect(environ, transport)

    async def _continue(self, environ: dict[str, Any], sid: str, query: _Query) -> Any:
        if _is_options(environ):
            return self._ok()
        if environ["REQUEST_METHOD"] not in {"GET", "POST"}:
            return self._method_not_found()
        socket = self.socket(sid)
        if socket is None or not socket.open or not socket.connected or socket.upgraded:
            return self._bad_request("Invalid session")
        if environ["REQUEST_METHOD"] == "POST":
            return await self._post(environ, socket)
        if _transport(query) == "websocket" and not _asks_websocket(environ):
            return self._bad_request("Invalid websocket upgrade")
        try:
            packets = await socket.handle_get_request(environ)
        except EngineIOError:
            return self._bad_request()
        return self._ok(packets) if isinstance(packets, list) else packets

    async def _post(self, environ: dict[str, Any], socket: EngineSocket) -> Any:
        try:
            await socket.handle_post_request(environ)
        except PacketError as error:
            self.stats[error.fault] += 1
            socket.sever(self.reason.TRANSPORT_ERROR)
            return self._bad_request()
        return self._ok()

    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: None = None
    ) -> Any:
        sid = self.generate_id()
        socket = EngineSocket(self, sid)
        self.sockets[sid] = socket
        socket.push(EnginePacket(packet.OPEN, self._greeting(sid, transport)))
        verdict = await self._trigger_event("connect", sid, environ, run_async=False)
        if verdict is not None and verdict is not True:
            self.sockets.pop(sid, None)
            return self._unauthorized(verdict or None)
        socket.schedule_ping()
        if transport == "websocket":
            try:
                return await socket.handle_get_request(environ)
            finally:  # also when the handshake of the websocket failed
                await socket.close(wait=False, abort=True, reason=self.reason.TRANSPORT_ERROR)
        socket.connected = True
        return self._ok(await socket.poll(), headers=self._cookie_headers(sid))

    def _greeting(self, sid: str, transport: str) -> dict[str, Any]:
        interval = self.ping_interval + self.ping_interval_grace_period
        return {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }

    def _cookie_headers(self, sid: str) -> list[tuple[str, str]] | None:
        if not self.cookie:
            return None
        attributes = self.cookie
        if not isinstance(attributes, dict):
            attributes = {"name": attributes, "path": "/", "SameSite": "Lax"}
        return [("Set-Cookie", self._generate_sid_cookie(sid, attributes))]


def _transport(query: _Query) -> str:
    return query.get("transport", ["polling"])[0]


def _is_options(environ: dict[str, Any]) -> bool:
    return bool(environ["REQUEST_METHOD"] == "OPTIONS")


def _asks_websocket(environ: dict[str, Any]) -> bool:
    return bool(environ.get("HTTP_UPGRADE", "").lower() == "websocket")
