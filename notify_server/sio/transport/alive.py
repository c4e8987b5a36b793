"""Whether one connection's peer is there still: heartbeat, deadlines and signs of life.

The middle of a connection: ``outbox`` sends, ``socket`` receives. One place on the wheel serves
every deadline.
"""

from abc import abstractmethod
from typing import Any

import engineio
from typing_extensions import override

from notify_server.sio.transport import outgoing
from notify_server.sio.transport.marks import Marks
from notify_server.sio.transport.outbox import Outbox

ABSENT_S = 2.0  # how long after a poll was lost the next one may come
_REASON = engineio.AsyncServer.reason


class Alive(Outbox):
    """A connection that ends at the first deadline that it misses.

    Attributes:
        tick: The wheel's.
    """

    __slots__ = (
        "_absent_at",
        "_awaited",
        "_beat_at",
        "_handshake_at",
        "_marks",
        "_sever_at",
        "tick",
    )

    def __init__(self, engine: Any) -> None:
        super().__init__(engine)
        self.tick = 0
        self._marks = Marks()
        self._awaited = 0  # the mark of the heartbeat that is not answered yet
        self._beat_at = self._handshake_at = self._sever_at = self._absent_at = 0.0

    @abstractmethod
    @override
    def sever(self, reason: str = _REASON.SERVER_DISCONNECT) -> None:
        """Drop the connection now."""

    def ping(self) -> int:
        """Send a ping now; returns its mark, 0 if the connection is ending."""
        return self._marks.ping() if self.push(outgoing.PING) else 0

    def mark(self) -> int:
        """The mark of a frame that is written just now (see ``marks``)."""
        return self._marks.next()

    def schedule_ping(self) -> None:
        """Start the heartbeat; it goes on by itself until the connection ends."""
        self._beat_at = self._engine.wheel.now() + self._engine.ping_interval
        self._set_wheel()

    def expect_handshake(self, seconds: float) -> None:
        """Drop the connection then, unless somebody is let in before."""
        self._handshake_at = self._engine.wheel.now() + seconds
        self._set_wheel()

    def let_in(self) -> None:
        """Somebody was let in."""
        self._handshake_at = 0.0

    def sever_after(self, seconds: float) -> None:
        """Drop the connection then."""
        when = self._engine.wheel.now() + seconds
        self._sever_at = min(self._sever_at or when, when)
        self._set_wheel()

    def wake(self, now: float) -> float:
        """Do what is due; the wheel calls, and who must know it to the instant."""
        if not self.open:
            return 0
        if 0 < self._sever_at <= now:
            self.sever()
            return 0
        if 0 < self._handshake_at <= now:
            self._engine.stats["handshake_timeouts"] += 1
            self.sever()
            return 0
        if 0 < self._absent_at <= now:
            self.sever(_REASON.TRANSPORT_CLOSE)
            return 0
        if 0 < self._beat_at <= now:
            if self._awaited:
                self._engine.stats["ping_timeouts"] += 1
                self.sever(_REASON.PING_TIMEOUT)
                return 0
            self._awaited = self.ping()
            timeout = self._engine.ping_timeout  # from when it was due, unless that is long ago
            self._beat_at = max(self._beat_at, now - timeout / 2) + timeout
        return self._next(now)

    def _next(self, now: float) -> float:
        # A pong brings the next beat forward without a word to the wheel: look in time for that.
        beat = min(self._beat_at, now + self._engine.ping_interval) if self._beat_at else 0.0
        deadlines = (beat, self._handshake_at, self._sever_at, self._absent_at)
        return min((when for when in deadlines if when), default=0)

    def _set_wheel(self) -> None:
        if self.open:
            wheel = self._engine.wheel
            wheel.set(self, self._next(wheel.now()))

    def _pong(self) -> None:
        mark = self._marks.pong()
        if self._awaited and mark >= self._awaited:
            self._awaited = 0
            self._beat_at = self._engine.wheel.now() + self._engine.ping_interval
        self._confirm(mark)

    def _confirm(self, mark: int) -> None:
        if self._marks.confirm(mark):
            self._engine.alive(self, mark)

    def _poll_lost(self) -> None:
        # What waits stays: a client that only lost this one request comes back at once.
        self._absent_at = self._engine.wheel.now() + ABSENT_S
        self._set_wheel()
