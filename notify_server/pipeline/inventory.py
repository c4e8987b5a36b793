"""Reading what a person has: receipts, and audience notifications that have none yet."""

from collections.abc import AsyncIterator, Sequence

from notify_server.domain.person import Person
from notify_server.domain.receipt import Entry
from notify_server.domain.target import Position
from notify_server.domain.view import Counts
from notify_server.kit.clock import Clock
from notify_server.pipeline.feeds import Feeds
from notify_server.policy.filters import COUNT_LIMIT, SCAN_LIMIT
from notify_server.policy.visible import Rules, is_unread, is_unseen
from notify_server.ports.store import ReceiptStore

PAGE = 500
_SCAN_PAGE = 200


class Inventory:
    """What a person has on a line, brought together from receipts and feeds."""

    def __init__(self, store: ReceiptStore, feeds: Feeds, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._feeds = feeds
        self._rules = rules
        self._clock = clock

    async def entries(self, user: str, ids: Sequence[str]) -> list[Entry]:
        """Each of ``ids`` that exists, in pages."""
        found: list[Entry] = []
        for start in range(0, len(ids), PAGE):
            found += await self._store.entries(user, ids[start : start + PAGE])
        return found

    async def active(self, person: Person, line: str) -> list[Entry]:
        """Everything that may be undelivered or unread; two reads where feeds are loaded."""
        entries = await self._active_receipts(person, line)
        return entries + await self.of_audiences(person, line, {e.id for e in entries})

    async def _active_receipts(self, person: Person, line: str) -> list[Entry]:
        """Read on where what is over, or of a type switched off, would hide what matters."""
        limit = COUNT_LIMIT + 1
        while True:
            entries = await self._store.active(person.id, line, limit)
            if len(entries) < limit or limit >= SCAN_LIMIT:
                return entries
            now = self._clock.now()
            unread = sum(is_unread(person, entry, self._rules, now) for entry in entries)
            if unread > COUNT_LIMIT:
                return entries
            limit = min(limit * 4, SCAN_LIMIT)

    async def of_audiences(self, person: Person, line: str, known: set[str]) -> list[Entry]:
        """What came by audiences and may be new to the person; ``known`` ids are left out.

        What lies under the watermark of "mark all read" is left out as well: it is read.
        """
        mark = person.read_mark(line)
        fresh = [
            n.id
            for n in await self._feeds.newest(person, line, self._rules.newcomers_see)
            if n.id not in known and (mark is None or Position(n.revised_at, n.id) > mark.position)
        ]
        return await self.entries(person.id, fresh)

    def count(self, person: Person, entries: Sequence[Entry]) -> Counts:
        """Count what is unread and unseen among all that may be."""
        now = self._clock.now()
        unread = sum(is_unread(person, entry, self._rules, now) for entry in entries)
        unseen = sum(is_unseen(person, entry, self._rules, now) for entry in entries)
        more = unread > COUNT_LIMIT
        return Counts(min(unread, COUNT_LIMIT), min(unseen, COUNT_LIMIT), more)

    async def scan(self, person: Person, line: str) -> AsyncIterator[Entry]:
        """All that a person has on a line, newest (sort_at, id) first, at most 10,000."""
        before: Position | None = None
        seen = 0
        while seen < SCAN_LIMIT:
            stretch, before = await self._stretch(person, line, before)
            for entry in stretch:
                yield entry
            seen += len(stretch)
            if before is None:
                return

    async def _stretch(
        self, person: Person, line: str, before: Position | None
    ) -> tuple[list[Entry], Position | None]:
        """One stretch of the list, and the place where the next begins (None: the end)."""
        receipts = await self._store.inbox(person.id, line, before, _SCAN_PAGE)
        shared, shared_to = await self._feeds.page(person, line, before, _SCAN_PAGE)
        ends = [shared_to] if shared_to is not None else []
        if len(receipts) >= _SCAN_PAGE:
            ends.append(receipts[-1].position)
        complete_to = max(ends, default=None)
        known = {entry.id for entry in receipts}
        others = await self.entries(person.id, [n.id for n in shared if n.id not in known])
        # Those with a receipt have their own place; one that was made just now is not read above.
        here = [entry for entry in others if before is None or entry.position < before]
        stretch = sorted([*receipts, *here], key=lambda e: e.position, reverse=True)
        if complete_to is None:
            return stretch, None
        return [entry for entry in stretch if entry.position >= complete_to], complete_to
