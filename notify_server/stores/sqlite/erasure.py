"""The part of the port for one person's data, and the writer's guard behind an erasure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import orjson
from typing_extensions import override

from notify_server.domain.erasure import mentioned_in, tombstone_of, without
from notify_server.domain.errors import UnavailableError
from notify_server.domain.notification import Notification
from notify_server.domain.receipt import Entry
from notify_server.kit.clock import from_ms, to_ms
from notify_server.ports.erasure import ErasureStore, Scrubbed
from notify_server.stores.sqlite import reads, writes
from notify_server.stores.sqlite.database import Database
from notify_server.stores.sqlite.desk import Desk
from notify_server.stores.sqlite.rows import (
    entry_from_row,
    notification_from_row,
    targets_to_json,
)
from notify_server.stores.texts import content_to_json

REMOVALS = (
    writes.REMOVE_RECEIPTS,
    writes.REMOVE_ATTEMPTS,
    writes.REMOVE_FROM_AUDIENCES,
    writes.REMOVE_KEYS_OF,
    writes.REMOVE_MENTIONS_OF,
    writes.REMOVE_NOTIFICATION,
)
"""All that hangs on a notification, itself last."""


class SqliteErasure(ErasureStore):
    """One person's data as a whole."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def held(self, user: str, after_id: str, limit: int) -> list[Entry]:
        values = (user, after_id, limit)
        return await self._database.read(
            lambda window: [entry_from_row(row) for row in window.rows(reads.HELD, values)]
        )

    @override
    async def mentioning(self, user: str, after_id: str, limit: int) -> list[Notification]:
        values = (user, after_id, limit)
        return await self._database.read(
            lambda window: [
                notification_from_row(row) for row in window.rows(reads.MENTIONING, values)
            ]
        )

    @override
    async def scrub(self, user: str, ids: Sequence[str]) -> list[Scrubbed]:
        if not ids:
            return []
        return await self._database.write(
            lambda desk: [one for id_ in ids if (one := _scrub(desk, user, id_)) is not None]
        )

    @override
    async def bury(self, user: str, at: datetime) -> timedelta:
        await self._database.write(partial(_bury, user=user, at=at))
        return timedelta()

    @override
    async def buried_at(self, user: str) -> datetime | None:
        values = (tombstone_of(user),)
        row = await self._database.read(lambda window: window.row(reads.ERASED, values))
        return None if row is None else from_ms(row[0])

    @override
    async def buried(self, since: datetime, limit: int) -> list[str]:
        values = (to_ms(since), limit)
        rows = await self._database.read(lambda window: window.rows(reads.ERASED_SINCE, values))
        return [found for (found,) in rows]

    @override
    async def leave_no_trace(self) -> None:
        if not await self._database.fold_log():
            raise UnavailableError("The store's log is being read; try again.")


def add_mentions(desk: Desk, notification: Notification) -> None:
    """Make findable who stands in a notification besides those it is for."""
    rows = [(user, notification.id) for user in sorted(mentioned_in(notification))]
    if rows:
        desk.write_many(writes.ADD_MENTION, rows)


def is_of_the_erased(desk: Desk, user: str, decided_at: datetime) -> bool:
    """Whether a write was decided before its person was erased."""
    row = desk.row(reads.ERASED, (tombstone_of(user),))
    return row is not None and to_ms(decided_at) <= row[0]


def _scrub(desk: Desk, user: str, notification_id: str) -> Scrubbed | None:
    row = desk.row(reads.NOTIFICATION, (notification_id,))
    if row is None:
        return None
    old = notification_from_row(row)
    left = without(old, user)
    if left is None:
        for write in REMOVALS:
            desk.write(write, (notification_id,))
        return Scrubbed(notification_id, None)
    desk.write(writes.REMOVE_RECEIPT, (user, notification_id))
    desk.write(writes.REMOVE_ATTEMPTS_OF_USER, (notification_id, user))
    desk.write(writes.REMOVE_MENTION, (user, notification_id))
    if left != old:
        values = (
            targets_to_json(left.targets),
            content_to_json(left.content),
            left.submitter,
            notification_id,
        )
        desk.write(writes.SCRUB_NOTIFICATION, values)
    return Scrubbed(notification_id, left)


def _bury(desk: Desk, user: str, at: datetime) -> None:
    desk.write(writes.REMOVE_USER, (user,))
    desk.write(writes.REMOVE_MEMBERSHIPS, (user,))
    # A scope is a JSON list that begins with the caller: all with this one lie side by side.
    first = orjson.dumps([f"user:{user}"]).decode().removesuffix("]") + ","
    desk.write(writes.REMOVE_KEYS_BETWEEN, (first, first[:-1] + "-"))
    desk.write(writes.BURY, (tombstone_of(user), to_ms(at)))
