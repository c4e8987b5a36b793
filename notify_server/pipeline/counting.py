"""Counts of connected users: kept in memory, sent at most four times a second, the last always."""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from notify_server.domain.errors import UnavailableError
from notify_server.domain.signals import CountSignal, Cursor
from notify_server.domain.view import Counts
from notify_server.kit.aio import Background, Later
from notify_server.kit.clock import Clock
from notify_server.pipeline.inventory import Inventory
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Phase, Registry
from notify_server.policy.filters import COUNT_LIMIT
from notify_server.ports.emitter import Emitter

_INTERVAL_S = 0.25
_FLUSH_S = 0.02

Key = tuple[str, str]
_NONE = Counts(0, 0)
_NEVER = datetime.min.replace(tzinfo=UTC)

_log = structlog.get_logger("notify.counting")


@dataclass(slots=True)
class _Tally:
    """Counts of one user on one line.

    Attributes:
        is_stale: The store must be asked again.
        read_at: What was accepted until then may be counted already, though not dispatched yet.
        changes: How often they have changed; compared around a read.
    """

    counts: Counts = _NONE
    is_stale: bool = False
    is_reading: bool = False
    read_at: datetime = _NEVER
    changes: int = 0
    sent_at: float = float("-inf")


class Counting:
    """The server alone counts; clients show what it says."""

    def __init__(
        self,
        inventory: Inventory,
        people: People,
        registry: Registry,
        emitter: Emitter,
        background: Background,
        clock: Clock,
    ) -> None:
        self._inventory = inventory
        self._people = people
        self._registry = registry
        self._emitter = emitter
        self._background = background
        self._clock = clock
        self._tallies: dict[Key, _Tally] = {}
        self._waiting: dict[Key, None] = {}
        self._flush = Later(_FLUSH_S, self.flush)

    def open(self, user: str, line: str) -> None:
        """A session comes; what changes from now on must not be missed by its first count."""
        self._tallies.setdefault((user, line), _Tally(is_reading=True))

    def changes(self, user: str, line: str) -> int:
        """How often the counts have changed; compared around a read that counts them."""
        tally = self._tallies.get((user, line))
        return tally.changes if tally is not None else 0

    def start(self, user: str, line: str, counts: Counts, changes: int) -> None:
        """Take over what a connect has counted; what changed meanwhile is counted again."""
        tally = self._tallies.get((user, line))
        if tally is None:
            return
        tally.is_reading = False
        self._take(tally, counts, changes)
        if tally.is_stale:
            self._ask((user, line))

    def _take(self, tally: _Tally, counts: Counts, changes: int) -> None:
        """Hold what the store said; ``changes`` as they were before it was asked."""
        tally.counts, tally.read_at = counts, self._clock.now()
        tally.is_stale = tally.changes != changes

    def drop(self, user: str, line: str) -> None:
        """The user has no session on the line any more."""
        if not self._registry.is_online(user, line):
            self._tallies.pop((user, line), None)
            self._waiting.pop((user, line), None)

    def bump(self, user: str, line: str, accepted_at: datetime) -> None:
        """One more that is neither read nor seen."""
        tally = self._tallies.get((user, line))
        if tally is None:
            return
        unread, unseen = tally.counts.unread + 1, tally.counts.unseen + 1
        more = tally.counts.more or unread > COUNT_LIMIT
        tally.is_stale |= tally.is_reading or accepted_at <= tally.read_at
        tally.changes += 1
        tally.counts = Counts(min(unread, COUNT_LIMIT), min(unseen, COUNT_LIMIT), more)
        self._ask((user, line))

    def touch(self, user: str, line: str) -> None:
        """Something changed that only the store can count."""
        tally = self._tallies.get((user, line))
        if tally is not None:
            tally.is_stale = True
            tally.changes += 1
            self._ask((user, line))

    async def counts(self, user: str, line: str) -> Counts:
        """Counts of any user, from the store."""
        person = await self._people.person(user)
        return self._inventory.count(person, await self._inventory.active(person, line))

    def flush(self) -> None:
        """Send what is due to be sent, read again what is stale."""
        now = self._clock.monotonic()
        for key in list(self._waiting):
            tally = self._tallies.get(key)
            if tally is None:
                del self._waiting[key]
            elif now - tally.sent_at >= _INTERVAL_S and not tally.is_reading:
                del self._waiting[key]
                self._send_or_read(key, tally, now)
        if self._waiting:
            self._flush.ask()

    def _send_or_read(self, key: Key, tally: _Tally, now: float) -> None:
        if tally.is_stale:
            tally.is_reading = True
            self._background.spawn(self._read(key, tally), "read counts")
            return
        tally.sent_at = now
        self.send(*key)

    def send(self, user: str, line: str) -> None:
        """Send a user's counts to their sessions on a line."""
        tally = self._tallies.get((user, line))
        if tally is None:
            return
        for session in self._registry.of_user(user, line):
            stamp = self._clock.now()
            if session.phase is not Phase.LIVE:
                stamp = session.cursor or session.opened_at
            cursor = Cursor(user, line, stamp)
            self._emitter.emit([session.id], CountSignal(tally.counts, cursor))

    async def _read(self, key: Key, tally: _Tally) -> None:
        changes = tally.changes
        try:
            self._take(tally, await self.counts(*key), changes)
        except UnavailableError:
            tally.sent_at = self._clock.monotonic()
            _log.warning("counts_not_read")
        finally:
            tally.is_reading = False
            self._ask(key)

    def _ask(self, key: Key) -> None:
        self._waiting[key] = None
        self._flush.ask()
