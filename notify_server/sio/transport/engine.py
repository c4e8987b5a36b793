"""The Engine.IO server: requests in, connections kept, events out."""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import engineio
from aiohttp import web
from engineio import packet
from engineio.exceptions import EngineIOError

from notify_server.kit.aio import end
from notify_server.sio.transport import frames
from notify_server.sio.transport.channel import Channel
from notify_server.sio.transport.driver import DRIVER
from notify_server.sio.transport.lane import Job, Lane
from notify_server.sio.transport.leave import Left, asks_websocket, leave
from notify_server.sio.transport.outgoing import Message, Outgoing
from notify_server.sio.transport.packets import EnginePacket, PacketError, message_of
from notify_server.sio.transport.posts import read_post
from notify_server.sio.transport.socket import EngineSocket
from notify_server.sio.transport.wheel import Wheel

AliveHook = Callable[[EngineSocket, int], None]
Receiver = Callable[[EngineSocket, bytes], Lane | None]
_LOGGER = logging.getLogger(__name__)
_Query = dict[str, list[str]]
_TEXT = [("Content-Type", "text/plain; charset=UTF-8")]

FINISH_S = 3.0
"""How long handlers may still run when the server stops."""
FAREWELLS = 256
"""Sessions closed between two polls whose last packets are kept for the next one."""


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """The stock server on our connections.

    Attributes:
        stats: How often what happened to connections: ``malformed``, ``binary``, ``too_large``,
            ``overflows`` (too many events waiting), ``slow`` (too much to send waiting),
            ``ping_timeouts``, ``handshake_timeouts``.
        wheel: Their deadlines.
        outgoing: What they have to send.
        receiver: Takes each message of text, with its type in front, in the turn in which it
            came; a lane: not taken, there is no room in that.
        binary_receiver: Takes each binary message.
    """

    def __init__(
        self,
        *,
        events_queued: int = 128,
        outbox_bytes: int = 4 << 20,
        binary: bool = False,
        **options: Any,
    ) -> None:
        options.setdefault("logger", _LOGGER)
        if options.pop("async_mode", None) not in (None, "aiohttp"):
            raise ValueError("async_mode: connections are taken over from aiohttp, nothing else")
        if options.pop("json", None) is not None:
            raise ValueError("json: what may come in is bounded by the transport's own reader")
        options["http_compression"] = False  # secrets beside what a stranger wrote
        super().__init__(async_mode="aiohttp", **options)
        self._async = DRIVER
        self.start_service_task = False  # the wheel keeps the time
        self.events_queued = events_queued
        self.outbox_bytes = outbox_bytes
        self.binary = binary
        self.stats: Counter[str] = Counter()
        self.wheel = Wheel(_step(self.ping_interval, self.ping_timeout), self.logger)
        self.outgoing = Outgoing(self.logger)
        self.receiver: Receiver = self._receive
        self.binary_receiver: Receiver = self._receive_binary
        self.message_of = message_of
        self._lanes: dict[str, Lane] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._farewells: OrderedDict[str, bytes] = OrderedDict()
        self._alive_hook: AliveHook | None = None

    def set_alive_hook(self, hook: AliveHook) -> None:
        """Have ``hook(socket, mark)`` called when everything up to ``mark`` has arrived."""
        self._alive_hook = hook

    def socket(self, sid: str) -> EngineSocket | None:
        """The connection of that id, unless it has ended."""
        socket: EngineSocket | None = self.sockets.get(sid)
        return socket

    async def send(self, sid: str, data: Any) -> None:
        """Send a message: text, what JSON can say, or bytes if ``binary`` is on."""
        await self.send_packet(sid, EnginePacket(packet.MESSAGE, data, binary=self.binary))

    async def shutdown(self) -> None:
        """Drop every connection; its handlers may finish for a while, then they are cancelled."""
        for socket in list(self.sockets.values()):
            socket.sever()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                while self._endings:
                    await asyncio.wait(self._endings)
        if late := list(self._endings):
            self.logger.error("%d connections have handlers that do not return", len(late))
            await end(late)
        self.wheel.stop()
        await super().shutdown()

    # -- what connections tell -----------------------------------------------------------------

    def _receive(self, socket: EngineSocket, payload: bytes) -> Lane | None:
        data = EnginePacket(encoded_packet=payload.decode()).data
        return self._queue(socket, data)

    def _receive_binary(self, socket: EngineSocket, payload: bytes) -> Lane | None:
        if not self.binary:
            raise PacketError("binary")
        return self._queue(socket, payload)

    def _queue(self, socket: EngineSocket, data: Any) -> Lane | None:
        """Handlers of one client run in order."""
        lane = self._lanes.get(socket.sid)
        if lane is None:
            lane = Lane(self.events_queued, self.logger, self._lanes, socket.sid)
            self._lanes[socket.sid] = lane
        job: Job = partial(self._trigger_event, "message", socket.sid, data, run_async=False)
        return None if lane.put(job) else lane

    def end(self, socket: EngineSocket, reason: str) -> None:
        """The connection is over: :meth:`finish` it."""
        task = asyncio.ensure_future(self.finish(socket, reason))
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def finish(self, socket: EngineSocket, reason: str) -> None:
        """The disconnect event of a connection that is over; nothing is left of it then."""
        try:
            await self._trigger_event("disconnect", socket.sid, reason, run_async=False)
        finally:
            socket.closed = True
            socket.owner = None
            self.sockets.pop(socket.sid, None)

    def leave_farewell(self, sid: str, body: bytes) -> None:
        """Keep what a session that was closed in order had left, for the poll that is to come."""
        self._farewells[sid] = body
        if len(self._farewells) > FAREWELLS:
            self._farewells.popitem(last=False)

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
        elif request.method == "OPTIONS":
            answer = self._ok()
        elif "sid" in query:
            answer = await self._continue(request, query["sid"][0], query)
        else:
            answer = await self._begin(request, environ, query)
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
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return None
        if _transport(query) not in self.transports:
            return "Invalid transport"
        if query.get("EIO") != ["4"]:
            return "Unsupported protocol version"
        return None

    async def _begin(self, request: web.Request, environ: dict[str, Any], query: _Query) -> Any:
        if request.method != "GET":
            return self._bad_request("Invalid session")
        transport = _transport(query)
        if transport == "websocket" and not asks_websocket(request):
            return self._bad_request("Invalid websocket upgrade")
        return await self._handle_connect(environ, transport)

    async def _continue(self, request: web.Request, sid: str, query: _Query) -> Any:
        if request.method not in {"GET", "POST"}:
            return self._method_not_found()
        socket = self.socket(sid)
        if _is_poll(request, query) and sid in self._farewells:
            return _body(self._farewells.pop(sid))
        if socket is not None:
            socket.wake(self.wheel.now())  # the wheel may be one step late
        if socket is None or not socket.open or not socket.connected:
            return self._bad_request("Invalid session")
        if request.method == "GET" and _transport(query) == "websocket":
            return self._upgrade(request, socket)
        if socket.upgraded:
            return self._bad_request("Invalid session")
        if request.method == "POST":
            return await self._post(request, socket)
        try:
            return _body(await socket.poll(request))
        except EngineIOError:
            return self._bad_request()

    def _upgrade(self, request: web.Request, socket: EngineSocket) -> Any:
        if not self.allow_upgrades or not asks_websocket(request):
            return self._bad_request("Invalid websocket upgrade")
        channel = Channel(socket, self.wheel, self.max_http_buffer_size)
        if leave(request, channel, b""):
            if socket.upgraded or socket.probed:  # closed, as the official suite wants it, not 400
                channel.detach()
                channel.close(frames.encode_close(frames.NORMAL))
            else:
                socket.probe_on(channel)
        return Left()

    async def _post(self, request: web.Request, socket: EngineSocket) -> Any:
        if socket.posting:  # the protocol knows no two at once: their order would be lost
            self.stats["malformed"] += 1
            socket.sever(self.reason.TRANSPORT_ERROR)
            return self._bad_request()
        socket.posting = True
        try:
            async with asyncio.timeout(self.ping_interval + self.ping_timeout):
                body = await read_post(request, self.max_http_buffer_size)
            if not socket.open:
                return self._bad_request()
            await self._take_post(socket, body)
        except (PacketError, UnicodeDecodeError, TimeoutError) as error:
            self.stats[error.fault if isinstance(error, PacketError) else "malformed"] += 1
            socket.sever(self.reason.TRANSPORT_ERROR)
            return self._bad_request()
        finally:
            socket.posting = False
        return {"status": "200 OK", "headers": _TEXT, "response": b"ok"}

    async def _take_post(self, socket: EngineSocket, body: bytes) -> None:
        for part in body.split(b"\x1e") if body else ():
            while (lane := socket.receive_posted(part)) is not None:
                if not await lane.room():
                    lane.drop()
                    raise PacketError("overflows")

    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: None = None
    ) -> Any:
        sid = self.generate_id()
        socket = EngineSocket(self, sid)
        self.sockets[sid] = socket
        opening = message_of(EnginePacket(packet.OPEN, self._greeting(sid, transport)))
        verdict = await self._trigger_event("connect", sid, environ, run_async=False)
        if verdict is not None and verdict is not True:
            socket.open = False
            self.wheel.clear(socket)
            self.sockets.pop(sid, None)
            return self._unauthorized(verdict or None)
        socket.schedule_ping()
        request = environ["aiohttp.request"]
        if transport == "websocket":
            return self._connect_websocket(request, socket, opening)
        socket.connected = True
        headers = [*_TEXT, *self._cookie_headers(sid)]
        return {"status": "200 OK", "headers": headers, "response": opening.data}

    def _connect_websocket(
        self, request: web.Request, socket: EngineSocket, opening: Message
    ) -> Any:
        channel = Channel(socket, self.wheel, self.max_http_buffer_size)
        if socket.open and leave(request, channel, opening.frame):
            socket.carry(channel)
            socket.flush()
        else:
            socket.sever(self.reason.TRANSPORT_ERROR)
        return Left()

    def _greeting(self, sid: str, transport: str) -> dict[str, Any]:
        interval = self.ping_interval + self.ping_interval_grace_period
        return {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": round(self.ping_timeout * 1000),
            "pingInterval": round(interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }

    def _cookie_headers(self, sid: str) -> list[tuple[str, str]]:
        if not self.cookie:
            return []
        attributes = self.cookie
        if not isinstance(attributes, dict):
            attributes = {"name": attributes, "path": "/", "SameSite": "Lax"}
        return [("Set-Cookie", self._generate_sid_cookie(sid, attributes))]


def _transport(query: _Query) -> str:
    return query.get("transport", [""])[0]


def _is_poll(request: web.Request, query: _Query) -> bool:
    return request.method == "GET" and _transport(query) == "polling"


def _body(body: bytes) -> dict[str, Any]:
    return {"status": "200 OK", "headers": _TEXT, "response": body}


def _step(*intervals: float) -> float:
    """How finely time is to be told for these intervals."""
    return min(max(min(intervals) / 20, 0.005), 0.1)
