"""The Socket.IO server: the stock one, plus what notifications need and minus its traps."""

import asyncio
import inspect
import secrets
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from socketio import packet

from notify_server.sio.transport.hooks import call
from notify_server.sio.transport.lane import Job, Lane
from notify_server.sio.transport.packets import PacketError, SocketPacket
from notify_server.sio.transport.peer import JOINING, Peer
from notify_server.sio.transport.sessions import SessionServer
from notify_server.sio.transport.socket import EngineSocket

_PLAIN_ACK = 24  # bytes of an ack that needs no parsing: "43", a number of some length, "[]"


class Server(SessionServer):
    """An ``AsyncServer`` with a write path, acks and signs of life that cost nothing extra.

    Handlers of one session run one after the other; its disconnect handler runs last, once. A
    connect handler that raises anything but ``ConnectionRefusedError`` refuses for the moment: no
    trace is kept, and the transport is closed a little later, so that a stock client comes back.

    Attributes:
        stats: How often what happened; those of the engine and ``event_name``,
            ``stray_acks``, ``stray_events``, ``unknown_namespaces``, ``duplicate_connects``,
            ``failed_connects``, ``handshake_timeouts``.
    """

    def __init__(self, *, refusal_delay: tuple[float, float] = (5.0, 10.0), **options: Any) -> None:
        super().__init__(**options)
        self._refusal_delay = refusal_delay
        self._random = secrets.SystemRandom()
        self._callbacks: set[asyncio.Task[Any]] = set()
        self._takes = lru_cache(64)(_takes)
        self.eio.set_alive_hook(self._alive)
        self.eio.receiver = self._receive
        self.eio.binary_receiver = self._receive_binary

    # -- what the engine tells -----------------------------------------------------------------

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        socket = self.eio.socket(eio_sid)
        if socket is None:
            return
        socket.owner = Peer(socket, environ)
        socket.expect_handshake(self._handshake_timeout)
        call(self._hooks.opened, self.logger, eio_sid, environ)

    def _receive(self, socket: EngineSocket, payload: bytes) -> Lane | None:
        """Take a message in the turn in which it came; ``payload`` begins with its type."""
        peer = socket.owner
        if peer is None or peer.doomed:
            return None
        if peer.binary is not None:  # an attachment is due
            raise PacketError("malformed")
        if payload[1:2] == b"3" and payload[-2:] == b"[]" and len(payload) <= _PLAIN_ACK:
            digits = payload[2:-2]
            if digits.isdigit():
                self._take_ack(peer, "/", int(digits), [])
                return None
        if len(payload) == 1:  # the stock constructor takes "" for "nothing to decode"
            raise PacketError("malformed")
        pkt = self.packet_class(encoded_packet=payload[1:].decode())
        return self._dispatch(peer, pkt)

    def _receive_binary(self, socket: EngineSocket, payload: bytes) -> Lane | None:
        """Take an attachment, if one is due."""
        peer = socket.owner
        if peer is None or peer.binary is None:
            raise PacketError("binary")
        whole = peer.binary.take(payload)
        if whole is None:
            return None
        lane = self._dispatch(peer, whole)
        if lane is None:
            peer.binary = None
        else:
            peer.binary.give_back()
        return lane

    def _dispatch(self, peer: Peer, pkt: SocketPacket) -> Lane | None:
        namespace = pkt.namespace or "/"
        match pkt.packet_type:
            case packet.CONNECT:
                return self._take_connect(peer, namespace, pkt.data)
            case packet.DISCONNECT:
                job = partial(self._leave, peer, namespace, self.reason.CLIENT_DISCONNECT)
                return self._queue(peer, namespace, job)
            case packet.EVENT:
                job = partial(self._run_event, peer, namespace, pkt.id, pkt.data)
                return self._queue(peer, namespace, job)
            case packet.ACK:
                self._take_ack(peer, namespace, pkt.id, pkt.data)
            case _:
                self._expect_attachments(peer, namespace, pkt)
        return None

    def _expect_attachments(self, peer: Peer, namespace: str, pkt: SocketPacket) -> None:
        session = peer.session(namespace)
        if session is None or session.live is None:  # nothing is kept before it is let in
            raise PacketError("binary")
        peer.binary = pkt

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        peer = self.peer(eio_sid)
        if peer is None:
            return
        for namespace in {session.namespace for session in peer.sessions} | set(peer.lanes):
            job = partial(self._leave, peer, namespace, reason)
            self._lane(peer, namespace).put_last(job)
        lanes = list(peer.lanes.values())
        try:
            for lane in lanes:
                await lane.idle()
        except asyncio.CancelledError:
            for lane in lanes:
                lane.cancel()
            raise
        call(self._hooks.ended, self.logger, eio_sid)

    def _alive(self, socket: EngineSocket, mark: int) -> None:
        if self._hooks.alive is None or socket.owner is None:
            return
        for session in socket.owner.sessions:
            if session.live is not None:
                call(self._hooks.alive, self.logger, session.sid, mark)

    # -- packets -------------------------------------------------------------------------------

    def _take_connect(self, peer: Peer, namespace: str, auth: Any) -> Lane | None:
        if not self._is_known(namespace):
            self.stats["unknown_namespaces"] += 1
            refusal = SocketPacket(
                packet.CONNECT_ERROR, data={"message": "Invalid namespace"}, namespace=namespace
            )
            peer.socket.push(self.messages_of(refusal)[0])
            return None
        job = partial(self._handle_connect, peer.socket.sid, namespace, auth)
        return self._queue(peer, namespace, job, opens=True)

    def _take_ack(self, peer: Peer, namespace: str, ack_id: int, data: list[Any]) -> None:
        session = peer.session(namespace)
        if session is None or session.live is None:  # a stock client does that after reconnecting
            self.stats["stray_acks"] += 1
            return
        callback = self.manager.claim_callback(session.sid, ack_id)
        if callback is None:
            call(self._hooks.ack, self.logger, session.sid, namespace, ack_id)
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
        self, peer: Peer, namespace: str, ack_id: int | None, data: list[Any]
    ) -> None:
        session = peer.session(namespace)
        if session is None or session.live is None:
            self.stats["stray_events"] += 1
            return
        eio_sid = peer.socket.sid
        await self._handle_event_internal(self, session.sid, eio_sid, data, namespace, ack_id)

    async def _leave(self, peer: Peer, namespace: str, reason: str) -> None:
        session = peer.session(namespace)
        if session is None or session.live is None:
            return
        self.manager.pre_disconnect(session.sid, namespace)
        await self._trigger_event("disconnect", namespace, session.sid, reason)
        await self.manager.disconnect(session.sid, namespace)

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        peer = self.peer(eio_sid)
        if peer is None or peer.doomed or not peer.socket.open:
            return
        if peer.session(namespace) is not None:
            self.stats["duplicate_connects"] += 1
            return
        self.environ[eio_sid] = peer.environ
        try:
            await super()._handle_connect(eio_sid, namespace, data)
        except (Exception, asyncio.CancelledError) as error:
            self.stats["failed_connects"] += 1
            self.logger.warning("a connect handler failed", exc_info=error)
            session = peer.session(namespace)
            if session is not None:
                await self.manager.disconnect(session.sid, namespace, ignore_queue=True)
            peer.doomed = True
            peer.socket.let_in()
            peer.socket.sever_after(self._random.uniform(*self._refusal_delay))
        finally:
            self.environ.pop(eio_sid, None)
            JOINING.set("")

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
            result = handler(*(given if self._takes(handler, len(given)) else given[:-1]))
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
        return peer.lane(namespace, self.eio.events_queued, self.logger)

    def _queue(self, peer: Peer, namespace: str, job: Job, *, opens: bool = False) -> Lane | None:
        if not opens and namespace not in peer.lanes and peer.session(namespace) is None:
            if not peer.settled and not peer.lanes:  # nobody ever joined: this is no handshake
                raise PacketError("malformed")
            self.stats["stray_events"] += 1
            return None
        lane = self._lane(peer, namespace)
        return None if lane.put(job) else lane


def _takes(handler: Callable[..., Any], count: int) -> bool:
    """Connect handlers may do without auth, disconnect handlers without a reason."""
    try:
        inspect.signature(handler).bind(*[None] * count)
    except TypeError:
        return False
    return True
