"""Who is on the server and what goes to them: the sending half of the Socket.IO server.

The receiving half, ``server``, stands on it; the manager asks it who is where.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

import engineio
import socketio
from socketio import packet

from notify_server.sio.transport import codec
from notify_server.sio.transport.attachments import BinaryPacket
from notify_server.sio.transport.engine import Engine
from notify_server.sio.transport.hooks import (
    AcceptHook,
    AckHook,
    AliveHook,
    EndHook,
    Hooks,
    OpenHook,
    call,
)
from notify_server.sio.transport.manager import Manager
from notify_server.sio.transport.outgoing import Message
from notify_server.sio.transport.packets import SocketPacket, binary_message
from notify_server.sio.transport.peer import JOINING, Peer, Session

_LOGGER = logging.getLogger(__name__)
_FOREIGN = {
    "client_manager": "who is where stands in the server's own table, shared with no other process",
    "json": "what may come in is bounded by the transport's own reader",
    "serializer": "packets are written once for all their recipients, in the default format",
}


class SessionServer(socketio.AsyncServer):  # type: ignore[misc]
    """An ``AsyncServer`` that keeps its own table of sessions and writes to them.

    Attributes:
        sessions: By id, those that are there, also while their connect handler decides.
        stats: How often what happened.
    """

    def __init__(self, *, handshake_timeout: float = 10.0, **options: Any) -> None:
        _refuse_foreign(options)
        options.setdefault("logger", _LOGGER)
        options.setdefault("engineio_logger", _LOGGER)
        self._handshake_timeout = handshake_timeout
        self.sessions: dict[str, Session] = {}
        self._hooks = Hooks()
        packets = BinaryPacket if options.get("binary") else SocketPacket
        super().__init__(client_manager=Manager(), serializer=packets, **options)
        self.stats: Counter[str] = self.eio.stats

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    # -- hooks ---------------------------------------------------------------------------------

    def set_ack_hook(self, hook: AckHook) -> None:
        """Have ``hook(session, namespace, ack_id)`` called for each ack of an id not the library's.

        It is called synchronously, for any id that a client makes up, and as often as it comes.
        """
        self._hooks.ack = hook

    def set_alive_hook(self, hook: AliveHook) -> None:
        """Have ``hook(session, mark)`` called when all frames up to ``mark`` have arrived."""
        self._hooks.alive = hook

    def set_accept_hook(self, hook: AcceptHook) -> None:
        """Have ``hook(session, namespace)`` called right behind the CONNECT packet.

        From then on, and no sooner, :meth:`write` reaches the session.
        """
        self._hooks.accept = hook

    def set_transport_hooks(self, opened: OpenHook, ended: EndHook) -> None:
        """Have ``opened(transport, environ)`` called for each engine connection.

        ``ended(transport)`` follows exactly once, after the last disconnect handler.
        """
        self._hooks.opened, self._hooks.ended = opened, ended

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
        head = f"{engineio.packet.MESSAGE}{packet.EVENT}{prefix}{ack}[{codec.dumps(event)},"
        message = Message(b"%b%b]" % (head.encode(), payload_json))
        find = self.sessions.get
        for sid in sessions:
            session = find(sid)
            if session is not None and session.live == namespace:
                session.socket.push(message)

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
        session = self.sessions.get(sid)
        if session is None:
            return (0, 0)
        return session.socket.backlog

    def probe(self, sid: str) -> int:
        """Send a ping now; returns the mark that its pong confirms, 0 for an unknown session."""
        session = self.sessions.get(sid)
        return session.socket.ping() if session is not None else 0

    def mark(self, sid: str) -> int:
        """The mark that confirms a frame written just now, 0 for an unknown session."""
        session = self.sessions.get(sid)
        return session.socket.mark() if session is not None else 0

    def transport(self, sid: str) -> str:
        """What the session is on at the moment: ``websocket``, ``polling``, or ``none``."""
        session = self.sessions.get(sid)
        if session is None:
            return "none"
        return "websocket" if session.socket.upgraded else "polling"

    def cut(self, sid: str, after_s: float = 0) -> None:
        """Drop the session's connection abruptly, now or later; a stock client comes back."""
        session = self.sessions.get(sid)
        if session is None:
            return
        if after_s > 0:
            session.socket.sever_after(after_s)
        else:
            session.socket.sever()

    def messages_of(self, pkt: SocketPacket) -> list[Message]:
        """What carries a packet: more than one message if it has attachments."""
        encoded = pkt.encode()
        if isinstance(encoded, str):
            return [Message(b"4" + encoded.encode())]
        text, *attachments = encoded
        return [Message(b"4" + text.encode()), *map(binary_message, attachments)]

    async def _send_packet(self, eio_sid: str, pkt: SocketPacket) -> None:
        socket = self.eio.socket(eio_sid)
        if socket is None:
            return
        if pkt.packet_type == packet.CONNECT:
            socket.push_alone(self.messages_of(pkt)[0])
            return
        for message in self.messages_of(pkt):
            socket.push(message)

    # -- what the manager tells ----------------------------------------------------------------

    def peer(self, eio_sid: str) -> Peer | None:
        """What is kept for an engine connection."""
        socket = self.eio.socket(eio_sid)
        return socket.owner if socket is not None else None

    @property
    def peers(self) -> list[Peer]:
        """What is kept for the engine connections that there are."""
        return [socket.owner for socket in self.eio.sockets.values() if socket.owner is not None]

    def session_begun(self, eio_sid: str, namespace: str) -> str | None:
        """A connect handler is about to decide; None if there is a session already."""
        peer = self.peer(eio_sid)
        if peer is None or peer.session(namespace) is not None:
            return None
        sid: str = self.eio.generate_id()
        session = self.sessions[sid] = Session(sid, namespace, peer)
        peer.sessions += (session,)
        JOINING.set(sid)
        return sid

    def session_accepted(self, sid: str) -> None:
        """Its CONNECT packet has been queued in this turn of the loop."""
        session = self.sessions[sid]
        session.pending = False
        session.live = session.namespace
        if not session.socket.open:
            return
        session.socket.let_in()
        session.peer.settle()
        for message in session.early or ():
            session.socket.push(message)
        session.early = None
        call(self._hooks.accept, self.logger, sid, session.namespace)

    def session_ended(self, sid: str) -> None:
        """It is in no room any more."""
        session = self.sessions.pop(sid, None)
        if session is None:
            return
        peer = session.peer
        peer.sessions = tuple(other for other in peer.sessions if other is not session)
        if not peer.sessions:
            peer.socket.expect_handshake(self._handshake_timeout)

    def get_environ(self, sid: str, namespace: str | None = None) -> dict[str, Any] | None:
        """The environment of a session's connection: its texts."""
        session = self.sessions.get(sid)
        return session.peer.environ if session is not None else None


def _refuse_foreign(options: dict[str, Any]) -> None:
    for name, reason in _FOREIGN.items():
        if options.pop(name, None) not in (None, "default"):
            raise ValueError(f"{name}: {reason}")
