"""Looking for notifications among all: a stretch per call, newest first."""

from collections.abc import Sequence

from notify_server.domain.notification import Notification
from notify_server.domain.operators import Found, Search, SearchPage, Standing
from notify_server.kit.clock import Clock, to_ms
from notify_server.kit.ids import last_uuid7
from notify_server.policy.filters import is_searched, standing_of
from notify_server.ports.store import Store

SCAN_LIMIT = 4_000
"""How many notifications one call looks at: what is rarer takes more calls, none takes long."""

_PAGE = 200
_FIRST_PAGE = 50
_AHEAD_MS = 60_000
"""How far an id may run ahead of, or behind, the moment of acceptance beside it."""


class Searches:
    """Answers an operator's "where is it"."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def search(self, wanted: Search) -> SearchPage:
        """Find what matches, newest first, in a bounded stretch of all."""
        found: list[Found] = []
        before, scanned = _start(wanted), 0
        size = max(_FIRST_PAGE, wanted.limit)
        while scanned < SCAN_LIMIT:
            page = await self._store.latest(before, size, wanted.user)
            for match in await self._matches(page, wanted):
                found.append(match)
                if len(found) == wanted.limit:
                    end = match.notification.id
                    return SearchPage(tuple(found), end, scanned + len(page))
            scanned += len(page)
            if len(page) < size or _is_past(page[-1], wanted):
                return SearchPage(tuple(found), None, scanned)
            before, size = page[-1].id, _PAGE
        return SearchPage(tuple(found), before, scanned)

    async def _matches(self, page: Sequence[Notification], wanted: Search) -> list[Found]:
        now = self._clock.now()
        found = [
            Found(notification, standing_of(notification, now))
            for notification in page
            if is_searched(notification, wanted, now)
        ]
        if wanted.standing is Standing.UNDELIVERED and found:
            ids = await self._store.undelivered([f.notification.id for f in found])
            found = [f for f in found if f.notification.id in ids]
        return found


def _start(wanted: Search) -> str | None:
    """The id below which everything that is asked for lies."""
    if wanted.until is None:
        return wanted.before
    # A writer whose clock went back makes ids that run ahead of it.
    newest = last_uuid7(to_ms(wanted.until) + _AHEAD_MS)
    return newest if wanted.before is None else min(newest, wanted.before)


def _is_past(oldest: Notification, wanted: Search) -> bool:
    """Whether nothing older can match."""
    if wanted.since is None:
        return False
    return to_ms(oldest.created_at) < to_ms(wanted.since) - _AHEAD_MS
