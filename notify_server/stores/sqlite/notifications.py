"""The notification part of the port."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from typing_extensions import override

from notify_server.domain.errors import NotifyError
from notify_server.domain.notification import Accepted, Notification, Submission
from notify_server.domain.target import Audience, Position, Targets
from notify_server.kit.clock import from_ms, to_ms
from notify_server.ports.store import Change, Expired, NotificationStore
from notify_server.stores.sqlite import acceptance, reads, writes
from notify_server.stores.sqlite.database import Database
from notify_server.stores.sqlite.reads import Read
from notify_server.stores.sqlite.rows import Value, notification_from_row, targets_from_json
from notify_server.stores.texts import moment_or_none, to_json

_TOP = (2**63 - 1, "")
"""Above every position."""
_TOP_ID = "~"
"""Above every id."""
_PURGE_STEP = 20
"""Notifications removed in one operation: each may have many receipts, and others want to write."""
_KEYS_STEP = 1000


def position_values(before: Position | None) -> tuple[int, str]:
    """A position as the two values that a list is compared with."""
    return _TOP if before is None else (to_ms(before.at), before.id)


class SqliteNotifications(NotificationStore):
    """Notifications: accepted, replaced, cancelled, found."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def accept(self, submissions: Sequence[Submission]) -> list[Accepted | NotifyError]:
        return await self._database.write_each(
            [partial(acceptance.accept, submission=submission) for submission in submissions]
        )

    @override
    async def replace(self, notification_id: str, submission: Submission) -> Accepted:
        return await self._database.write(
            lambda desk: acceptance.replace(desk, notification_id, submission)
        )

    @override
    async def cancel(self, notification_id: str) -> Notification:
        return await self._database.write(lambda desk: acceptance.cancel(desk, notification_id))

    @override
    async def notifications(self, ids: Sequence[str]) -> dict[str, Notification]:
        found = await self._found(reads.NOTIFICATIONS, to_json(list(dict.fromkeys(ids))))
        return {notification.id: notification for notification in found}

    @override
    async def targets(self, ids: Sequence[str]) -> dict[str, Targets]:
        values = (to_json(list(dict.fromkeys(ids))),)
        return await self._database.read(
            lambda window: {
                id_: targets_from_json(text) for id_, text in window.rows(reads.TARGETS, values)
            }
        )

    @override
    async def feed(
        self, audience: Audience, line: str, before: Position | None, limit: int
    ) -> list[Notification]:
        return await self._found(reads.FEED, audience.key, line, *position_values(before), limit)

    @override
    async def feed_changed(
        self, audience: Audience, line: str, since: datetime, limit: int
    ) -> list[Notification]:
        return await self._found(reads.FEED_CHANGED, audience.key, line, to_ms(since), limit)

    @override
    async def latest(
        self, before: str | None, limit: int, user: str | None = None
    ) -> list[Notification]:
        start = _TOP_ID if before is None else before
        if user is None:
            return await self._found(reads.LATEST, start, limit)
        return await self._found(reads.LATEST_OF_USER, user, start, limit)

    @override
    async def changed(self, since: datetime, limit: int) -> list[Change]:
        values = (to_ms(since), limit)
        return await self._database.read(
            lambda window: [_change(*row) for row in window.rows(reads.CHANGED, values)]
        )

    @override
    async def expired(self, after: datetime, until: datetime, limit: int) -> list[Expired]:
        return await self._found(reads.EXPIRED, to_ms(after), to_ms(until), limit)

    @override
    async def expired_until(self) -> datetime | None:
        row = await self._database.read(lambda window: window.row(reads.EXPIRED_UNTIL))
        return None if row is None else moment_or_none(row[0])

    @override
    async def note_expired_until(self, until: datetime) -> None:
        values = (to_ms(until),)
        await self._database.write(lambda desk: desk.write(writes.NOTE_EXPIRED_UNTIL, values))

    @override
    async def purge(self, before: datetime, limit: int) -> int:
        while await self._database.write(_remove_old_keys) == _KEYS_STEP:
            pass
        removed = 0
        while removed < limit:
            step = min(_PURGE_STEP, limit - removed)
            count = await self._database.write(
                partial(acceptance.remove_old, before=before, limit=step)
            )
            removed += count
            if count < step:
                break
        return removed

    @override
    async def purgeable(self, before: datetime, limit: int) -> int:
        values = (to_ms(before), to_ms(self._database.now()), limit)
        return await self._database.read(lambda window: len(window.rows(reads.OLD_IDS, values)))

    async def _found(self, read: Read, *values: Value) -> list[Notification]:
        return await self._database.read(
            lambda window: [notification_from_row(row) for row in window.rows(read, values)]
        )


def _change(id_: str, revision: int, cancelled_at: int | None, updated_at: int) -> Change:
    return Change(id_, revision, cancelled_at is not None, from_ms(updated_at))


_remove_old_keys = partial(acceptance.remove_old_keys, limit=_KEYS_STEP)
