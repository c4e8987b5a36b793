"""Telling sessions of a user that state changed, and whose counts to look at again."""

from collections.abc import Callable

from notify_server.domain.signals import AllUpdatedSignal, RemovedSignal, Signal, UpdatedSignal
from notify_server.kit.clock import Clock
from notify_server.pipeline.heard import Touched
from notify_server.pipeline.sessions import Phase, Registry, Session
from notify_server.ports.bus import StateNews, StateSignal, Tell, tell_nobody
from notify_server.ports.emitter import Emitter

_DEFERRED_LIMIT = 1_000

CountCall = Callable[[str, str], None]
"""Called with the user and the line whose counts may have changed."""


class Signalling:
    """Sends signals to whom they concern, and says whose counts to look at again."""

    def __init__(self, registry: Registry, emitter: Emitter, clock: Clock) -> None:
        self._registry = registry
        self._emitter = emitter
        self._clock = clock
        self._on_touched: CountCall = lambda _user, _line: None
        self._tell: Tell = tell_nobody
        self._touched = Touched(clock)

    def on_touched(self, call: CountCall) -> None:
        """Who counts again when state changed."""
        self._on_touched = call

    def on_news(self, tell: Tell) -> None:
        """Who tells the other nodes."""
        self._tell = tell

    def changed(
        self,
        user: str,
        line: str | None,
        signal: StateSignal | None = None,
        origin: str | None = None,
    ) -> None:
        """A user's state changed: tell all their sessions but the one that did it, and count.

        Args:
            signal: What they are told; None: only the counts changed.
        """
        self.changed_here(user, line, signal, origin)
        self._tell(StateNews(user, line, signal, origin))

    def changed_here(
        self, user: str, line: str | None, signal: StateSignal | None, origin: str | None
    ) -> None:
        """The part of it that is done on every node."""
        if isinstance(signal, UpdatedSignal | RemovedSignal):
            self._touched.note(signal.ids)
        if signal is not None:
            sessions = [s for s in self._registry.of_user(user, line) if s.id != origin]
            self.to_sessions(sessions, signal)
        self.touch_counts(user, line)

    def was_touched(self, notification_id: str) -> bool:
        """Whether somebody may have done something with it in the last seconds."""
        return notification_id in self._touched

    def to_sessions(self, sessions: list[Session], signal: Signal) -> None:
        """Tell live sessions now, the others as soon as they are live."""
        # Only what speaks of notifications could be followed by an older frame of them.
        may_wait = isinstance(signal, UpdatedSignal | AllUpdatedSignal | RemovedSignal)
        now = [s.id for s in sessions if s.phase is Phase.LIVE or not may_wait]
        if now:
            self._emitter.emit(now, signal)
        for session in sessions:
            if may_wait and session.phase is Phase.CATCHING_UP:
                self._defer(session, signal)

    def disconnect(self, session: Session) -> None:
        """End a session for good."""
        self._emitter.disconnect(session.id)

    def touch_counts(self, user: str, line: str | None = None) -> None:
        """Have the counts of a connected user read again and sent."""
        for session in self._registry.of_user(user, line):
            self._on_touched(session.user, session.line)

    def _defer(self, session: Session, signal: Signal) -> None:
        if len(session.deferred) < _DEFERRED_LIMIT:
            session.deferred.append(signal)
        elif session.missed_since is None:
            session.missed_since = self._clock.now()
