"""An emitter that remembers: what was written to which session, in which order."""

from collections import defaultdict
from typing import NamedTuple

from notify_server.domain.signals import NotificationFrame
from notify_server.ports.emitter import Emitter


class Written(NamedTuple):
    """One signal to one session."""

    session: str
    signal: object
    ack_id: int | None


class RecordingEmitter(Emitter):
    """Takes everything at once, unless a test says that a session is slow.

    Attributes:
        written: All that was written, in order.
        emits: How many sessions each call of ``emit`` was for.
        slow: Sessions that take no notification; ``emit`` says that they are behind.
        backlogs: Session to what waits for it; absent: nothing.
    """

    def __init__(self):
        self.written = []
        self.emits = []
        self.slow = set()
        self.backlogs = {}
        self.probed = []
        self.disconnected = []
        self.was_cut = []
        self._marks = defaultdict(int)

    def emit(self, sessions, signal, ack_id=None):
        asked = list(sessions)
        self.emits.append((signal, len(asked)))
        behind = [s for s in asked if s in self.slow and isinstance(signal, NotificationFrame)]
        self.written += [Written(s, signal, ack_id) for s in asked if s not in behind]
        return behind

    def mark(self, session):
        self._marks[session] += 1
        return self._marks[session]

    def probe(self, session):
        self.probed.append(session)
        return self.mark(session)

    def backlog(self, session):
        return self.backlogs.get(session, (0, 0))

    def disconnect(self, session):
        self.disconnected.append(session)

    def cut(self, session, after_s=0):
        self.was_cut.append(session)

    def to(self, session, kind=object):
        """Signals of a kind that were written to a session, oldest first."""
        return [
            w.signal for w in self.written if w.session == session and isinstance(w.signal, kind)
        ]
