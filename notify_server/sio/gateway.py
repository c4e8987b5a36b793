"""Sessions on the line: handshake, events, acknowledgements, the end.

Authenticate first, take in last: a session is in the registry, and is written to, only from the
moment when its CONNECT has been queued.
"""

import asyncio
from dataclasses import dataclass
from math import ceil
from random import SystemRandom
from typing import Any

import structlog
from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refusal

from notify_server.domain.errors import (
    Code,
    InternalError,
    LimitedError,
    NotifyError,
    RejectedError,
    UnavailableError,
)
from notify_server.domain.person import Person
from notify_server.domain.settings import Settings
from notify_server.domain.signals import ReconnectSignal, TokenExpiringSignal
from notify_server.kit.aio import Background
from notify_server.kit.clock import Clock
from notify_server.kit.metrics import Counter
from notify_server.pipeline.catch_up import CatchUp
from notify_server.pipeline.counting import Counting
from notify_server.pipeline.delivery import DeliveryDesk
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Registry, Session
from notify_server.ports.tokens import TokenReader
from notify_server.sio.admission import FULL_WAIT_S, Admission
from notify_server.sio.calls import Calls
from notify_server.sio.emitter import SocketEmitter
from notify_server.sio.flood import FloodGate
from notify_server.sio.handshake import all_namespaces, cursor_of, line_of, parse_greeting
from notify_server.sio.transport import Server
from notify_server.wire.errors import to_ack_error, to_error

WARN_BEFORE_S = 60
"""How long before its token ends a session is told."""

RECONNECT_MS = (500, 5_000)
"""Within this time clients come back after a stop, each after its own pause."""

PENDING_CONNECTS = 400
"""Handshakes that may wait for their CONNECT: about what is answered within a second."""

ADMITTED_AT_ONCE = 8
"""Handshakes that ask the store together; the others wait here, where no deadline runs."""

_log = structlog.get_logger("notify.sio")


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What of the line the gateway hands sessions to."""

    registry: Registry
    people: People
    desk: DeliveryDesk
    counting: Counting
    catch_up: CatchUp


class Gateway:
    """Binds the transport's events to the line."""

    def __init__(
        self,
        server: Server,
        emitter: SocketEmitter,
        line: SessionParts,
        calls: Calls,
        tokens: TokenReader,
        admission: Admission,
        flood: FloodGate,
        settings: Settings,
        background: Background,
        clock: Clock,
    ) -> None:
        self._server = server
        self._emitter = emitter
        self._line = line
        self._calls = calls
        self._tokens = tokens
        self._admission = admission
        self._flood = flood
        self._settings = settings
        self._background = background
        self._clock = clock
        self._admitted: dict[str, tuple[Session, Person]] = {}
        self._pending = 0
        self._admitting = asyncio.Semaphore(ADMITTED_AT_ONCE)
        self.refusals = Counter(
            "notify_handshakes_refused_total", "Clients that were not let in, and why.", "reason"
        )
        self._chance = SystemRandom()
        self.is_draining = False
        self.is_stopping = False
        server.set_ack_hook(self._acknowledged)
        server.set_alive_hook(line.desk.alive)
        server.set_accept_hook(self._accepted)
        server.set_transport_hooks(self._opened, admission.closed)
        for namespace in all_namespaces(settings.namespaces):
            self._bind(namespace)

    def attach(self, app: web.Application) -> None:
        """Answer at ``<base_path>/socket.io/``."""
        path = f"{self._settings.server.base_path}/socket.io/"
        app.router.add_route("*", path, self._handle_request)

    def tick(self) -> None:
        """Warn sessions whose token ends soon; close those whose token has ended."""
        now = self._clock.now()
        for session in self._line.registry:
            left_s = (session.expires_at - now).total_seconds()
            if left_s <= 0:
                self._emitter.cut(session.id)
            elif left_s <= WARN_BEFORE_S and not session.is_warned:
                session.is_warned = True
                self._emitter.emit([session.id], TokenExpiringSignal(int(left_s)))

    def announce_stop(self) -> None:
        """Admit nobody any more, and ask each session to come back after a pause of its own."""
        self.is_draining = True
        for session in self._line.registry:
            after_ms = self._chance.randint(*RECONNECT_MS)
            self._emitter.emit([session.id], ReconnectSignal("drain", after_ms))

    def send_away(self, within_s: float) -> None:
        """Drop each session's connection at a moment of its own, so that its client comes back."""
        self.is_stopping = True
        for session in self._line.registry:
            self._emitter.cut(session.id, self._chance.uniform(0, within_s))

    # The way in

    async def _handle_request(self, request: web.Request) -> web.StreamResponse:
        if "sid" not in request.query and (wait_s := await self._wait_s(request)):
            headers = {"Retry-After": str(ceil(wait_s))}
            return web.Response(status=503, headers=headers, text="Come back soon.")
        response: web.StreamResponse = await self._server.handle_request(request)
        return response

    async def _wait_s(self, request: web.Request) -> float:
        """Seconds until a newcomer may try again; 0: it may come in."""
        if reason := self._full():
            self.refusals.add(reason)
            return FULL_WAIT_S
        if request.method == "OPTIONS":  # a browser asks before the handshake
            return 0
        wait_s = await self._admission.wait_s(request)
        if wait_s:
            self.refusals.add("address")
        return wait_s

    def _opened(self, transport: str, environ: dict[str, Any]) -> None:
        self._admission.opened(transport, environ["aiohttp.request"])

    @property
    def pending(self) -> int:
        """Handshakes that wait for their CONNECT."""
        return self._pending

    def _full(self) -> str:
        """Why nobody is let in at the moment; empty: there is room."""
        if self.is_draining:
            return "draining"
        if self._pending >= PENDING_CONNECTS:
            return "busy"
        return "full" if len(self._admission) >= self._settings.limits.connections else ""

    def _bind(self, namespace: str) -> None:
        async def connect(sid: str, environ: dict[str, Any], auth: object = None) -> None:
            await self._connect(sid, namespace, environ, auth)

        async def disconnect(sid: str, _reason: str) -> None:
            self._closed(sid)

        async def event(name: str, sid: str, *payload: Any) -> dict[str, Any]:
            return await self._answer(name, sid, payload)

        self._server.on("connect", connect, namespace=namespace)
        self._server.on("disconnect", disconnect, namespace=namespace)
        self._server.on("*", event, namespace=namespace)

    async def _connect(
        self, sid: str, namespace: str, environ: dict[str, Any], auth: object
    ) -> None:
        """Refuse for good, let in, or fail for the moment (the transport is closed then)."""
        self._pending += 1
        try:
            session, person = await self._admit(sid, namespace, environ, auth)
        except RejectedError as error:
            self.refusals.add(error.code)
            raise Refusal(str(error), to_error(error)) from error
        finally:
            self._pending -= 1
        self._admitted[sid] = (session, person)

    async def _admit(
        self, sid: str, namespace: str, environ: dict[str, Any], auth: object
    ) -> tuple[Session, Person]:
        greeting = parse_greeting(auth, environ.get("HTTP_AUTHORIZATION", ""))
        claims = await self._tokens.verify(greeting.token)
        async with self._admitting:
            person = await self._line.people.admit(claims)
        line = line_of(namespace, self._settings.namespaces)
        if not self._line.people.is_in_line(person, line):
            raise RejectedError(Code.FORBIDDEN_NAMESPACE, "This namespace is not open to you.")
        stamp, is_bad = cursor_of(greeting, claims, line)
        session = Session(
            id=sid,
            user=claims.user,
            line=line,
            acks=greeting.acks,
            opened_at=self._clock.now(),
            issued_at=claims.issued_at,
            expires_at=claims.expires_at,
            room_patterns=claims.rooms,
            cursor=stamp,
            cursor_is_bad=is_bad,
            device_id=greeting.device_id,
        )
        return session, person

    def _accepted(self, sid: str, namespace: str) -> None:
        """CONNECT is queued: from this turn of the loop on the session hears everything."""
        admitted = self._admitted.pop(sid, None)
        if admitted is None:
            return
        session, person = admitted
        self._emitter.opened(sid, namespace)
        self._line.registry.add(session, person)
        self._line.counting.open(session.user, session.line)
        self._line.catch_up.start(session)
        sessions = self._line.registry.of_user(session.user)
        for oldest in sessions[: -self._settings.limits.sessions_per_user]:
            self._emitter.disconnect(oldest.id)

    async def _refresh(self, user: str) -> None:
        await self._line.people.refresh(user)

    # While it is open

    async def _answer(self, name: str, sid: str, payload: tuple[Any, ...]) -> dict[str, Any]:
        session = self._line.registry.get(sid)
        if session is None:
            return to_ack_error(UnavailableError("The session is closing."))
        try:
            await self._hold_to_rate(session, name)
            if len(payload) > 1:
                raise RejectedError(Code.BAD_REQUEST, "An event has one payload.")
            return await self._calls.answer(session, name, payload[0] if payload else None)
        except NotifyError as error:
            return to_ack_error(error)
        except Exception:
            _log.exception("event_failed", event_name=name)
            return to_ack_error(InternalError())

    async def _hold_to_rate(self, session: Session, event: str) -> None:
        """Refuse what is too fast; who keeps on is cut off, and comes back as anybody does.

        Raises:
            LimitedError: Nothing was done.
        """
        wait_s = await self._flood.wait_s(session, event)
        if not wait_s:
            return
        if await self._flood.is_enough(session.id):
            _log.warning("session_cut_for_flooding", user=session.user, session=session.id)
            self._emitter.cut(session.id)
        raise LimitedError("Too many events at once.", ceil(wait_s))

    def _acknowledged(self, sid: str, _namespace: str, ack_id: int) -> None:
        self._line.desk.acknowledged(sid, ack_id)

    # The end

    def _closed(self, sid: str) -> None:
        self._admitted.pop(sid, None)
        self._emitter.closed(sid)
        self._flood.forget(sid)
        self._calls.closed(sid)
        session = self._line.registry.remove(sid)
        if session is None:
            return
        self._line.desk.closed(session)
        self._line.counting.drop(session.user, session.line)
        if session.rooms:
            self._background.spawn(self._refresh(session.user), "refresh person")
