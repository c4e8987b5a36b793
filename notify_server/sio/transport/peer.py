"""What the Socket.IO server knows of one engine connection and of the sessions on it."""

from contextvars import ContextVar
from typing import Any

from notify_server.sio.transport.driver import pack, unpack
from notify_server.sio.transport.lane import Lane
from notify_server.sio.transport.outgoing import Message
from notify_server.sio.transport.socket import EngineSocket


class Peer:
    """One engine connection.

    Attributes:
        socket: The connection.
        lanes: By namespace, the handlers that run or wait.
        sessions: Its sessions, those that are still to be decided on too.
        doomed: It was refused for a passing reason: nothing more is taken from it.
        binary: The packet whose attachments are still to come.
    """

    __slots__ = ("_environ", "_packed", "binary", "doomed", "lanes", "sessions", "socket")

    def __init__(self, socket: EngineSocket, environ: dict[str, Any]) -> None:
        self.socket = socket
        self.lanes: dict[str, Lane] = _NO_LANES
        self.sessions: tuple[Session, ...] = ()
        self.doomed = False
        self.binary: Any = None
        self._environ: dict[str, Any] | None = environ
        self._packed = ""

    @property
    def settled(self) -> bool:
        """Whether a session was ever accepted."""
        return self._environ is None

    @property
    def environ(self) -> dict[str, Any]:
        """The environment of the request that opened it; its texts only, once it has settled."""
        return unpack(self._packed) if self._environ is None else self._environ

    def settle(self) -> None:
        """Let the request go: a session was accepted."""
        if self._environ is not None:
            self._packed, self._environ = pack(self._environ), None

    def session(self, namespace: str) -> "Session | None":
        """The session in that namespace, decided on or not."""
        for session in self.sessions:
            if session.namespace == namespace:
                return session
        return None

    def lane(self, namespace: str, limit: int, logger: Any) -> Lane:
        """The lane of that namespace."""
        lane = self.lanes.get(namespace)
        if lane is None:
            if self.lanes is _NO_LANES:
                self.lanes = {}
            lane = self.lanes[namespace] = Lane(limit, logger, self.lanes, namespace)
        return lane


class Session:
    """One client in one namespace.

    Attributes:
        live: The namespace while writes reach it; None before it is accepted and when it ends.
        pending: Its connect handler is still to decide.
        early: What its connect handler sent to it; goes out behind CONNECT.
        rooms: Those that it entered, its own not among them.
    """

    __slots__ = ("early", "live", "namespace", "peer", "pending", "rooms", "sid", "socket")

    def __init__(self, sid: str, namespace: str, peer: Peer) -> None:
        self.sid = sid
        self.namespace = namespace
        self.peer = peer
        self.socket = peer.socket
        self.live: str | None = None
        self.pending = True
        self.early: list[Message] | None = None
        self.rooms: set[str] | None = None


_NO_LANES: dict[str, Lane] = {}

JOINING: ContextVar[str] = ContextVar("joining", default="")
"""Id of the session whose connect handler this is; a timer set there keeps no more than that."""
