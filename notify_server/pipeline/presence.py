"""Who is here: the open sessions of this node, for operators only (a stranger is told nothing).

``pipeline/cluster.py`` asks it, and its like on the other nodes.
"""

from collections import Counter

from notify_server.domain.errors import NotFoundError
from notify_server.domain.operators import Attendance, SessionInfo
from notify_server.pipeline.sessions import Phase, Registry, Session
from notify_server.pipeline.signalling import Signalling
from notify_server.ports.emitter import Emitter


class Presences:
    """Lists sessions and ends them."""

    def __init__(self, registry: Registry, signalling: Signalling, emitter: Emitter) -> None:
        self._emitter = emitter
        self._registry = registry
        self._signalling = signalling

    def sessions(self, user: str | None = None, line: str | None = None) -> list[SessionInfo]:
        """Open ones, oldest first; of a user and of a line if given."""
        chosen = self._registry if user is None else self._registry.of_user(user)
        return [self._info(session) for session in chosen if line is None or session.line == line]

    def attendance(self) -> Attendance:
        """Who is connected here, in numbers."""
        sessions = list(self._registry)
        return Attendance(
            frozenset(self._registry.users()),
            Counter(session.line for session in sessions),
            Counter(self._emitter.transport(session.id) for session in sessions),
            sum(session.phase is not Phase.LIVE for session in sessions),
            sum(len(session.frames) for session in sessions),
        )

    def find(self, session_id: str) -> SessionInfo | None:
        """An open session of this node."""
        session = self._registry.get(session_id)
        return None if session is None else self._info(session)

    def kick_here(self, session_id: str) -> None:
        """End a session if it is here."""
        session = self._registry.get(session_id)
        if session is not None:
            self._signalling.disconnect(session)

    def kick(self, session_id: str) -> SessionInfo:
        """End a session for good: a stock client does not come back by itself.

        Returns:
            Whose it was.

        Raises:
            NotFoundError: There is no such session here.
        """
        session = self._registry.get(session_id)
        if session is None:
            raise NotFoundError("There is no such session.")
        self._signalling.disconnect(session)
        return self._info(session)

    def _info(self, session: Session) -> SessionInfo:
        return SessionInfo(
            id=session.id,
            user=session.user,
            line=session.line,
            transport=self._emitter.transport(session.id),
            acks=session.acks,
            device_id=session.device_id,
            rooms=tuple(sorted(session.rooms)),
            live=session.phase is Phase.LIVE,
            unconfirmed=len(session.frames),
            opened_at=session.opened_at,
            expires_at=session.expires_at,
        )
