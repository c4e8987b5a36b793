"""What time alone ends: notifications past their ``expires_at``."""

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
_NOTE_EVERY = timedelta(minutes=1)

_log = structlog.get_logger("notify.expiry")


class Expiry:
    """Tells sessions of expired notifications and closes their receipts."""

    def __init__(self, store: Store, dispatcher: Dispatcher, clock: Clock) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._done_to: datetime | None = None
        self._noted_to: datetime | None = None

    async def run(self) -> None:
        """End what has expired since the last look; called by the ticker."""
        now = self._clock.now()
        limit = _PAGE
        try:
            after = await self._begin(now)
            while page := await self._store.expired(after, now, limit):
                is_full = len(page) == limit
                page = _whole_moments(page) if is_full else page
                limit = _PAGE if page else limit * 2
                await self._end(page, now)
                after = (page[-1].content.expires_at or now) if page else after
            await self._note(now)
        except UnavailableError:
            _log.warning("expiry_waits_for_store")
            return
        self._done_to = now

    async def _begin(self, now: datetime) -> datetime:
        """Where the last look ended; at the start that of the last process, however long ago."""
        if self._done_to is not None:
            return self._done_to
        self._noted_to = await self._store.expired_until()
        return min(self._noted_to or now, now) - OVERLAP

    async def _note(self, now: datetime) -> None:
        """Remember now and then how far it is done; what is ended twice is changed once."""
        if self._noted_to is None or now - self._noted_to >= _NOTE_EVERY:
            await self._store.note_expired_until(now)
            self._noted_to = now

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


def _whole_moments(page: Sequence[Notification]) -> list[Notification]:
    """A full page without its last moment: more of that may lie beyond; empty: it is all one."""
    last = page[-1].content.expires_at
    return [notification for notification in page if notification.content.expires_at != last]


def _matters(receipt: Receipt, notification: Notification) -> bool:
    """Whether anything is open, or the receipt must tell a cursor that comes back of the end.

    A member's need not: the audience's feed does. Nor what was changed after the end already.
    """
    is_undelivered = receipt.delivered_revision < notification.revision
    is_open = receipt.due_at is not None or (
        is_undelivered and receipt.closed is not Reason.EXPIRED
    )
    expires_at = notification.content.expires_at
    is_told = expires_at is not None and receipt.changed_at >= expires_at
    return is_open or (receipt.named and not is_told)


def _expired(receipt: Receipt, notification: Notification, now: datetime) -> Receipt:
    is_undelivered = receipt.delivered_revision < notification.revision
    return replace(
        receipt,
        closed=Reason.EXPIRED if is_undelivered else receipt.closed,
        step=Step.IDLE,
        due_at=None,
        changed_at=now,
    )
