"""Removing what nobody has had new for longer than it is kept: by the ticker, or when asked to."""

from datetime import datetime, timedelta

from notify_server.kit.clock import Clock
from notify_server.pipeline.audit import Audit
from notify_server.ports.store import Store

_PAGE = 500
_STEP = 100


class Retention:
    """Counts and removes old notifications; see ``NotificationStore.purge`` for what is kept."""

    def __init__(self, store: Store, keep: timedelta, clock: Clock) -> None:
        """``keep``: how long a notification stays, unless a call says otherwise."""
        self._store = store
        self._keep = keep
        self._clock = clock

    async def clean_up(self) -> int:
        """Remove all that is past its retention; returns how many notifications."""
        removed = 0
        before = self._clock.now() - self._keep
        while count := await self._store.purge(before, _PAGE):
            removed += count
        return removed

    async def count(self, keep: timedelta | None, limit: int) -> int:
        """How many would be removed, ``limit`` at most; ``keep`` None: as configured."""
        return await self._store.purgeable(self._before(keep), limit)

    async def remove_some(self, keep: timedelta | None, within_s: float) -> tuple[int, bool]:
        """Remove the oldest for about ``within_s`` seconds.

        Returns:
            How many were removed, and whether more are left.
        """
        end = self._clock.monotonic() + within_s
        removed = 0
        while True:
            count = await self._store.purge(self._before(keep), _STEP)
            removed += count
            if count < _STEP:
                return removed, False
            if self._clock.monotonic() >= end:
                return removed, True

    def _before(self, keep: timedelta | None) -> datetime:
        return self._clock.now() - (self._keep if keep is None else keep)


async def record_cleanup(audit: Audit, who: str, keep: timedelta | None, removed: int) -> None:
    """Note in the audit that somebody had old notifications removed."""
    days = None if keep is None else keep.days
    await audit.record(who, "notification.cleanup", "store", {"days": days, "removed": removed})
