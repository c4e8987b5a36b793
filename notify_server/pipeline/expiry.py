"""What time alone ends: notifications past their ``expires_at``, and what is past its retention."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from notify_server.domain.errors import UnavailableError
from notify_server.domain.notification import Notification
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Receipt, Step
from notify_server.domain.signals import Removal
from notify_server.kit.clock import Clock
from notify_server.pipeline.dispatch import Dispatcher
from notify_server.policy.replay import OVERLAP
from notify_server.ports.store import Store

_PAGE = 500

_log = structlog.get_logger("notify.expiry")


class Expiry:
    """Tells sessions of expired notifications, closes their receipts, removes what is old."""

    def __init__(
        self, store: Store, dispatcher: Dispatcher, retention: timedelta, clock: Clock
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._retention = retention
        self._clock = clock
        self._done_to: datetime | None = None

    async def run(self) -> None:
        """End what has expired since the last look; called by the ticker."""
        now = self._clock.now()
        after, limit = self._done_to or now - OVERLAP, _PAGE
        try:
            while page := await self._store.expired(after, now, limit):
                is_full = len(page) == limit
                page = _whole_moments(page) if is_full else page
                limit = _PAGE if page else limit * 2
                await self._end(page, now)
                after = (page[-1].content.expires_at or now) if page else after
        except UnavailableError:
            _log.warning("expiry_waits_for_store")
            return
        self._done_to = now

    async def _end(self, notifications: Sequence[Notification], now: datetime) -> None:
        """Tell of each, and close receipts of many together: often each has one person's."""
        closed: list[Receipt] = []
        for notification in notifications:
            after_user = ""
            reached: set[str] = set()
            while page := await self._store.recipients(notification.id, after_user, _PAGE):
                reached.update(r.user for r in page if r.delivered_at is not None)
                closed += [
                    _expired(r, notification, now) for r in page if _matters(r, notification)
                ]
                if len(closed) >= _PAGE:
                    await self._store.save(closed)
                    closed = []
                if len(page) < _PAGE:
                    break
                after_user = page[-1].user
            self._dispatcher.remove(notification, Removal.EXPIRED, reached)
        if closed:
            await self._store.save(closed)

    async def clean_up(self) -> int:
        """Remove what is past its retention; returns how many notifications."""
        removed = 0
        before = self._clock.now() - self._retention
        while count := await self._store.purge(before, _PAGE):
            removed += count
        return removed


def _whole_moments(page: Sequence[Notification]) -> list[Notification]:
    """A full page without its last moment: more of that may lie beyond; empty: it is all one."""
    last = page[-1].content.expires_at
    return [notification for notification in page if notification.content.expires_at != last]


def _matters(receipt: Receipt, notification: Notification) -> bool:
    """A member's receipt with nothing open is left alone: the audience's feed tells of the end."""
    is_undelivered = receipt.delivered_revision < notification.revision
    return receipt.named or is_undelivered or receipt.due_at is not None


def _expired(receipt: Receipt, notification: Notification, now: datetime) -> Receipt:
    is_undelivered = receipt.delivered_revision < notification.revision
    return replace(
        receipt,
        closed=Reason.EXPIRED if is_undelivered else receipt.closed,
        step=Step.IDLE,
        due_at=None,
        changed_at=now,
    )
