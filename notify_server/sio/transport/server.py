"""The Socket.IO server: the stock one, plus what notifications need and minus its traps."""

import asyncio
import inspect
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import engineio
import socketio
from socketio import packet

from notify_server.kit.aio import pause
from notify_server.sio.transport import codec
from notify_server.sio.transport.engine import Engine
from notify_server.sio.transport.lane import Job, Lane
from notify_server.sio.transport.manager import Manager
from notify_server.sio.transport.packets import EnginePacket, PacketError, SocketPacket
from notify_server.sio.transport.peer import Peer, Session
from notify_server.sio.transport.socket import EngineSocket

AckHook = Callable[[str, str, int], None]
AliveHook = Callable[[str, int], None]
AcceptHook = Callable[[str, str], None]
OpenHook = Callable[[str, dict[str, Any]], None]
EndHook = Callable[[str], None]
_LOGGER = logging.getLogger(__name__)


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """An ``AsyncServer`` with a write path, acks and signs of life that cost nothing extra.

    Handlers of one session run one after the other; its disconnect handler runs last, once. A
    connect handler that raises anything but ``ConnectionRefusedError`` refuses for the moment: no
    trace is kept, and the transport is closed a little later, so that a stock client comes back.

    Attributes:
        stats: How often what happened; those of the engine and ``event_name``,
            ``stray_acks``, ``stray_events``, ``unknown_namespaces``, ``duplicate_connects``,
            ``failed_connects``, ``handshake_timeouts``.
    """

    def __init__(
        self,
        *,
        handshake_timeout: float = 10.0,
        refusal_delay: tuple[float, float] = (5.0, 10.0),
        **options: Any,
    ) -> None:
        _refuse_unsafe(options)
        options.setdefault("logger", _LOGGER)
        options.setdefault("engineio_logger", _LOGGER)
        self._handshake_timeout = handshake_timeout
        self._refusal_delay = refusal_delay
        self._random = secrets.SystemRandom()
        self._peers: dict[str, Peer] = {}
        self._sessions: dict[str, Session] = {}
        self._callbacks: set[asyncio.Task[Any]] = set()
        self._ack_hook: AckHook | None = None
        self._alive_hook: AliveHook | None = None
        self._accept_hook: AcceptHook | None = None
        self._open_hook: OpenHook | None = None
        self._end_hook: EndHook | None = None
        super().__init__(client_manager=Manager(), serializer=SocketPacket, **options)
        self.eio.set_alive_hook(self._alive)
        self.stats: Counter[str] = self.eio.stats

    # -- hooks ---------------------------------------------------------------------------------

    def set_ack_hook(self, hook: AckHook) -> None:
        """Have ``hook(session, namespace, ack_id)`` called for each ack of an id not the library's.

        It is called synchronously, for any id that a client makes up, and as often as it comes.
        """
        self._ack_hook = hook

    def set_alive_hook(self, hook: AliveHook) -> None:
        """Have ``hook(session, mark)`` called when all frames up to ``mark`` have arrived."""
        self._alive_hook = hook

    def set_accept_hook(self, hook: AcceptHook) -> None:
        """Have ``hook(session, namespace)`` called right behind the CONNECT packet.

        From then on, and no sooner, :meth:`write` reaches the session.
        """
        self._accept_hook = hook

    def set_transport_hooks(self, opened: OpenHook, ended: EndHook) -> None:
        """Have ``opened(transport, environ)`` called for each engine connection.

        ``ended(transport)`` follows exactly once, after the last disconnect handler.
        """
        self._open_hook, self._end_hook = opened, ended

    # -- writing -------------------------------------------------------------------------------

    def write(
        self,
        sessions: Iterable[str],
        namespace: str,
        event: str,
        payload_json: bytes,
        ack_id: int | None = None,
    ) -> None:
        """Queue one event for many sessions, encoded once.

        Args:
            sessions: Ids of sessions; those that are unknown, not accepted yet, ending or in
                another namespace are passed over. None at all addresses nobody.
            namespace: Their namespace.
            event: The event's name.
            payload_json: Its one argument, as JSON.
            ack_id: Asks for an acknowledgement by this id, which comes to the ack hook.

        Raises:
            TypeError: If ``sessions`` is one text instead of a series of ids.
        """
        if isinstance(sessions, str):
            raise TypeError("sessions is a series of ids")
        prefix = "" if namespace == "/" else f"{namespace},"
        ack = "" if ack_id is None else ack_id
        text = f"{packet.EVENT}{prefix}{ack}[{codec.dumps(event)},{payload_json.decode()}]"
        pkt = EnginePacket(engineio.packet.MESSAGE, text)
        for sid in sessions:
            session = self._sessions.get(sid)
            if session is not None and session.accepted and session.namespace == namespace:
                session.peer.socket.push(pkt)

    async def emit(
        self, event: str, data: Any = None, to: Any = None, room: Any = None, **options: Any
    ) -> None:
        """The stock emit, except that an empty target is an error and not everybody.

        Raises:
            ValueError: If ``to`` or ``room`` is given and empty.
        """
        if any(target is not None and not target for target in (to, room)):
            raise ValueError("an empty target addresses nobody")
        await super().emit(event, data, to=to, room=room, **options)

    def backlog(self, sid: str) -> tuple[int, int]:
        """(packets, bytes) queued for the session's connection; (0, 0) if it is unknown."""
        session = self._sessions.get(sid)
        if session is None:
            return (0, 0)
        queue = session.peer.socket.queue
        return (queue.messages, queue.bytes)

    def probe(self, sid: str) -> int:
        """Send a ping now; returns the mark that its pong confirms, 0 for an unknown session."""
        session = self._sessions.get(sid)
        return session.peer.socket.ping() if session is not None else 0

    def mark(self, sid: str) -> int:
        """The mark that confirms a frame written just now, 0 for an unknown session."""
        session = self._sessions.get(sid)
        return session.peer.socket.mark() if session is not None else 0

    def cut(self, sid: str, after_s: float = 0) -> None:
        """Drop the session's connection abruptly, now or later; a stock client comes back."""
        session = self._sessions.get(sid)
        if session is None:
            return
        if after_s > 0:
            session.peer.sever_after(after_s, "cut")
        else:
            session.peer.socket.sever()

    # -- what the manager tells ----------------------------------------------------------------

    def session_begun(self, sid: str, eio_sid: str, namespace: str) -> None:
        """A connect handler is about to decide."""
        self._sessions[sid] = Session(sid, namespace, self._peers[eio_sid])

    def session_accepted(self, sid: str) -> None:
        """Its CONNECT packet has been queued in this turn of the loop."""
        session = self._sessions[sid]
        if not session.peer.socket.open:
            return
        session.accepted = True
        session.peer.sessions[session.namespace] = sid
        session.peer.spare("handshake")
        self._call(self._accept_hook, sid, session.namespace)

    def session_ending(self, sid: str) -> None:
        """Its disconnect handler is about to run: writes pass it over."""
        session = self._sessions.get(sid)
        if session is not None:
            session.accepted = False

    def session_ended(self, sid: str) -> None:
        """It is in no room any more."""
        session = self._sessions.pop(sid, None)
        if session is None:
            return
        session.peer.sessions.pop(session.namespace, None)
        if not session.peer.sessions:
            session.peer.sever_after(self._handshake_timeout, "handshake")

    # -- what the engine tells -----------------------------------------------------------------

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        peer = self._peers[eio_sid] = Peer(self.eio.socket(eio_sid))
        peer.sever_after(self._handshake_timeout, "handshake")
        self._call(self._open_hook, eio_sid, environ)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        peer = self._peers.get(eio_sid)
        if peer is None or peer.doomed:
            return
        try:
            pkt = self._decode(data)
        except PacketError as error:
            self._break(peer, error.fault)
            return
        namespace = pkt.namespace or "/"
        match pkt.packet_type:
            case packet.CONNECT:
                self._take_connect(peer, namespace, pkt.data)
            case packet.DISCONNECT:
                job = partial(self._handle_disconnect, eio_sid, namespace)
                self._queue(peer, namespace, job)
            case packet.EVENT:
                job = partial(self._run_event, eio_sid, namespace, pkt.id, pkt.data)
                self._queue(peer, namespace, job)
                await pause(0)  # let handlers keep up with a burst that came in one read
            case _:
                self._take_ack(peer, namespace, pkt.id, pkt.data)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        peer = self._peers.get(eio_sid)
        if peer is None:
            return
        peer.spare_all()
        for namespace in set(peer.sessions) | set(peer.lanes):
            job = partial(self._handle_disconnect, eio_sid, namespace, reason)
            self._lane(peer, namespace).put_last(job)
        for lane in list(peer.lanes.values()):
            await lane.idle()
        self.environ.pop(eio_sid, None)
        if self._peers.pop(eio_sid, None) is not None:
            self._call(self._end_hook, eio_sid)

    def _alive(self, socket: EngineSocket, mark: int) -> None:
        peer = self._peers.get(socket.sid)
        for sid in list(peer.sessions.values()) if peer is not None else ():
            self._call(self._alive_hook, sid, mark)

    # -- packets -------------------------------------------------------------------------------

    def _decode(self, data: Any) -> SocketPacket:
        if not data:  # the stock constructor takes "" for "nothing to decode"
            raise PacketError("malformed")
        return SocketPacket(encoded_packet=data)

    def _take_connect(self, peer: Peer, namespace: str, auth: Any) -> None:
        if not self._is_known(namespace):
            self.stats["unknown_namespaces"] += 1
            refusal = SocketPacket(
                packet.CONNECT_ERROR, data={"message": "Invalid namespace"}, namespace=namespace
            )
            peer.socket.push(EnginePacket(engineio.packet.MESSAGE, refusal.encode()))
            return
        job = partial(self._handle_connect, peer.socket.sid, namespace, auth)
        self._queue(peer, namespace, job, opens=True)

    def _take_ack(self, peer: Peer, namespace: str, ack_id: int, data: list[Any]) -> None:
        sid = peer.sessions.get(namespace)
        if sid is None:  # a stock client does that after reconnecting
            self.stats["stray_acks"] += 1
            return
        callback = self.manager.claim_callback(sid, ack_id)
        if callback is None:
            self._call(self._ack_hook, sid, namespace, ack_id)
        else:  # not in the lane, where the handler may run that waits for it
            task = asyncio.ensure_future(self._run_callback(callback, data))
            self._callbacks.add(task)
            task.add_done_callback(self._callbacks.discard)

    async def _run_callback(self, callback: Callable[..., Any], data: list[Any]) -> None:
        try:
            result = callback(*data)
            if inspect.isawaitable(result):
                await result
        except Exception:
            self.logger.exception("an ack callback failed")

    async def _run_event(
        self, eio_sid: str, namespace: str, ack_id: int | None, data: list[Any]
    ) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if sid is None or not self.manager.is_connected(sid, namespace):
            self.stats["stray_events"] += 1
            return
        await self._handle_event_internal(self, sid, eio_sid, data, namespace, ack_id)

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        peer = self._peers.get(eio_sid)
        if peer is None or peer.doomed or not peer.socket.open:
            return
        if self.manager.sid_from_eio_sid(eio_sid, namespace) is not None:
            self.stats["duplicate_connects"] += 1
            return
        try:
            await super()._handle_connect(eio_sid, namespace, data)
        except (Exception, asyncio.CancelledError) as error:
            self.stats["failed_connects"] += 1
            self.logger.warning("a connect handler failed", exc_info=error)
            sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
            if sid is not None:
                await self.manager.disconnect(sid, namespace, ignore_queue=True)
            peer.doomed = True
            peer.sever_after(self._random.uniform(*self._refusal_delay), "refusal")

    async def _trigger_event(self, event: str, namespace: str, *args: Any) -> Any:
        """Run a handler; that of a disconnect may fail without leaving the session behind."""
        if event == "connect":
            return await self._run_handler(event, namespace, args)
        if event != "disconnect":
            return await super()._trigger_event(event, namespace, *args)
        try:
            return await self._run_handler(event, namespace, args)
        except Exception:
            self.logger.exception("a disconnect handler failed")
            return None

    async def _run_handler(self, event: str, namespace: str, args: tuple[Any, ...]) -> Any:
        """Stock lets a client in whose handler was cancelled, and repeats one after a TypeError."""
        handler, given = self._get_event_handler(event, namespace, args)
        if handler is None:
            return await super()._trigger_event(event, namespace, *args)
        try:
            result = handler(*_fit(handler, given))
            return await result if inspect.isawaitable(result) else result
        except TypeError as error:
            raise RuntimeError(f"the {event} handler failed") from error

    # -- small parts ---------------------------------------------------------------------------

    def _is_known(self, namespace: str) -> bool:
        return (
            self.namespaces == "*"
            or namespace in self.namespaces
            or namespace in self.handlers
            or namespace in self.namespace_handlers
        )

    def _lane(self, peer: Peer, namespace: str) -> Lane:
        lane = peer.lanes.get(namespace)
        if lane is None:
            lane = peer.lanes[namespace] = Lane(self.eio.events_queued, self.logger)
        return lane

    def _queue(self, peer: Peer, namespace: str, job: Job, *, opens: bool = False) -> None:
        if not opens and namespace not in peer.lanes:  # nobody ever connected there
            self.stats["stray_events"] += 1
        elif not self._lane(peer, namespace).put(job):
            for lane in peer.lanes.values():
                lane.drop()
            self._break(peer, "overflows")

    def _break(self, peer: Peer, fault: str) -> None:
        self.stats[fault] += 1
        peer.socket.sever(self.reason.TRANSPORT_ERROR)

    def _call(self, hook: Callable[..., None] | None, *args: Any) -> None:
        if hook is None:
            return
        try:
            hook(*args)
        except Exception:
            self.logger.exception("a hook failed")


def _refuse_unsafe(options: dict[str, Any]) -> None:
    if options.get("always_connect"):
        raise ValueError("always_connect would serve clients before they are let in")
    for name in ("client_manager", "json"):
        if options.pop(name, None) is not None:
            raise ValueError(f"{name} is the transport's own")
    if options.pop("serializer", "default") != "default":
        raise ValueError("serializer is the transport's own")


def _fit(handler: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Connect handlers may do without auth, disconnect handlers without a reason."""
    try:
        inspect.signature(handler).bind(*args)
    except TypeError:
        return args[:-1]
    return args
