"""Time as a value that is passed in, so that a test can hold it still.

Wall time is for what is stored or shown, monotonic time for intervals. Nothing outside
``kit`` reads a clock by itself (ruff bans it), so a day of retries runs in milliseconds in a test.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from typing_extensions import override

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DRIFT = 1e-4
"""By how much two monotonic clocks may run apart, by far: seconds per second."""
_OFFSET_CHARS = len("+00:00")


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Wall time: aware, UTC, whole milliseconds (what the wire and the stores keep)."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""


class SystemClock(Clock):
    """The machine's clocks."""

    @override
    def now(self) -> datetime:
        return from_ms(time.time_ns() // 1_000_000)

    @override
    def monotonic(self) -> float:
        return time.monotonic()


class AdjustedClock(Clock):
    """Another clock's monotonic time plus an offset that is measured: nodes that share one agree.

    A step of the machine's wall time changes nothing (X15). How well they agree is how well it is
    measured, so a measurement is believed only if it is likely to be better than what is held:
    nobody who joins on one node may be taken for a newcomer to what another accepts after that.
    """

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._offset_s = to_ms(base.now()) / 1000 - base.monotonic()
        self._within_s = float("inf")
        self._measured_at = base.monotonic()

    @override
    def now(self) -> datetime:
        return from_ms(int((self._base.monotonic() + self._offset_s) * 1000))

    @override
    def monotonic(self) -> float:
        return self._base.monotonic()

    def adjust(self, now: datetime, at: float, within_s: float = 0.0) -> bool:
        """Go by what somebody else's clock said when ``monotonic`` was ``at``.

        Args:
            within_s: By how much that may be wrong, either way.

        Returns:
            False: what is held is likely to be better, and does not contradict it.
        """
        offset_s = now.timestamp() - at
        held_s = self._within_s + max(0.0, at - self._measured_at) * _DRIFT
        if within_s > held_s and abs(offset_s - self._offset_s) <= within_s + held_s:
            return False
        self._offset_s, self._within_s, self._measured_at = offset_s, within_s, at
        return True


class ManualClock(Clock):
    """A clock that moves only when it is told to; for tests."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic = 1000.0

    @override
    def now(self) -> datetime:
        return self._now

    @override
    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Let both clocks run on by ``by``."""
        self._now += by
        self._monotonic += by.total_seconds()


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware moment, cut down to whole ones."""
    return (moment - _EPOCH) // _MS


def from_ms(milliseconds: int) -> datetime:
    """The aware UTC moment of ``milliseconds`` since 1970, exact."""
    return _EPOCH + timedelta(0, 0, milliseconds * 1000)


def to_rfc3339(moment: datetime) -> str:
    """``2026-01-31T12:00:00.000Z``: UTC, milliseconds, ``Z``."""
    return moment.isoformat(timespec="milliseconds")[:-_OFFSET_CHARS] + "Z"
