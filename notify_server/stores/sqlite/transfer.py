"""The part of the port that moves everything to or from another engine."""

from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import override

from notify_server.domain.audit import AuditEntry
from notify_server.domain.claims import ApiKey
from notify_server.domain.notification import Notification
from notify_server.domain.receipt import Attempt, Receipt
from notify_server.domain.transfer import Kept, KnownKey, Person, Tombstone
from notify_server.kit.clock import from_ms, to_ms
from notify_server.ports.transfer import TransferStore
from notify_server.stores.sqlite import reads, writes
from notify_server.stores.sqlite.audit import entry_to_row
from notify_server.stores.sqlite.database import Database
from notify_server.stores.sqlite.desk import Desk, Window
from notify_server.stores.sqlite.erasure import add_mentions
from notify_server.stores.sqlite.keys import key_to_row
from notify_server.stores.sqlite.rows import (
    NOTIFICATION_COLUMNS,
    Row,
    attempt_from_row,
    attempt_to_row,
    notification_from_row,
    notification_to_row,
    receipt_to_row,
)
from notify_server.stores.sqlite.users import member_to_row, person_in, record_to_row
from notify_server.stores.texts import ABOVE_ALL, activity, to_json

_WIDTH = len(NOTIFICATION_COLUMNS)
_OF_NOTIFICATION = (
    writes.REMOVE_NOTIFICATION,
    writes.REMOVE_FROM_AUDIENCES,
    writes.REMOVE_KEYS_OF,
    writes.REMOVE_MENTIONS_OF,
)


class SqliteTransfer(TransferStore):
    """Everything that is kept, as it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def kept(self, after_id: str, limit: int) -> list[Kept]:
        return await self._database.read(lambda window: _kept(window, after_id, limit))

    @override
    async def attempts_between(
        self, notification_id: str, after_user: str, until_user: str | None
    ) -> list[Attempt]:
        values = (notification_id, after_user, ABOVE_ALL if until_user is None else until_user)
        return await self._database.read(
            lambda window: [
                attempt_from_row(row) for row in window.rows(reads.ATTEMPTS_BETWEEN, values)
            ]
        )

    @override
    async def people(self, after_user: str, limit: int) -> list[Person]:
        values = (after_user, limit)
        return await self._database.read(
            lambda window: [
                Person(user, *person_in(window, user))
                for (user,) in window.rows(reads.PEOPLE, values)
            ]
        )

    @override
    async def tombstones(self, after_hash: str, limit: int) -> list[Tombstone]:
        rows = await self._database.read(
            lambda window: window.rows(reads.TOMBSTONES, (after_hash, limit))
        )
        return [Tombstone(hash_, from_ms(at)) for hash_, at in rows]

    @override
    async def bring(self, kept: Sequence[Kept]) -> None:
        await self._database.write(lambda desk: _bring_all(desk, kept))

    @override
    async def bring_receipts(
        self, notification: Notification, receipts: Sequence[Receipt], attempts: Sequence[Attempt]
    ) -> None:
        newest = notification.revision
        rows = [(*receipt_to_row(receipt), activity(receipt, newest)) for receipt in receipts]
        tried = [attempt_to_row(attempt) for attempt in attempts]

        def put(desk: Desk) -> None:
            desk.write_many(writes.PUT_RECEIPT, rows)
            desk.write_many(writes.ADD_ATTEMPT, tried)

        await self._database.write(put)

    @override
    async def bring_people(self, people: Sequence[Person]) -> None:
        await self._database.write(lambda desk: _bring_people(desk, people))

    @override
    async def bring_keys(self, keys: Sequence[ApiKey]) -> None:
        def put(desk: Desk) -> None:
            desk.write_many(writes.ADD_API_KEY, [key_to_row(key) for key in keys])
            for key in keys:
                if key.revoked_at is not None:
                    desk.write(writes.REVOKE_API_KEY, (to_ms(key.revoked_at), key.id))

        await self._database.write(put)

    @override
    async def bring_audit(self, entries: Sequence[AuditEntry], head: int) -> None:
        def put(desk: Desk) -> None:
            desk.write_many(writes.BRING_AUDIT, [entry_to_row(entry) for entry in entries])
            for entry in entries:
                if entry.subject is None:
                    desk.write(writes.FORGET_SUBJECT_OF, (entry.seq,))
            desk.write(writes.MOVE_AUDIT_HEAD, (head,))

        await self._database.write(put)

    @override
    async def bring_tombstones(self, tombstones: Sequence[Tombstone]) -> None:
        rows = [(one.hash, to_ms(one.at)) for one in tombstones]
        await self._database.write(lambda desk: desk.write_many(writes.BURY, rows))


def _kept(window: Window, after_id: str, limit: int) -> list[Kept]:
    rows = window.rows(reads.KEPT, (after_id, limit))
    keys: dict[str, list[KnownKey]] = {row[0]: [] for row in rows}
    for row in window.rows(reads.KEYS_OF, (to_json(list(keys)),)):
        notification_id, scope, body_hash, revision, at = row
        keys[notification_id].append(KnownKey(scope, body_hash, revision, from_ms(at)))
    return [_kept_from_row(row, keys[row[0]]) for row in rows]


def _kept_from_row(row: Row, keys: Sequence[KnownKey]) -> Kept:
    scope, kept_from = row[_WIDTH:]
    ordered = tuple(sorted(keys, key=lambda key: (key.at, key.scope)))
    return Kept(notification_from_row(row), from_ms(kept_from), scope, ordered)


def _bring_all(desk: Desk, kept: Sequence[Kept]) -> None:
    for one in kept:
        _bring(desk, one)


def _bring(desk: Desk, kept: Kept) -> None:
    notification = kept.notification
    for write in _OF_NOTIFICATION:
        desk.write(write, (notification.id,))
    row = (*notification_to_row(notification), kept.collapse_scope, to_ms(kept.kept_from))
    desk.write(writes.ADD_NOTIFICATION, row)
    created_at, updated_at = to_ms(notification.created_at), to_ms(notification.updated_at)
    for audience in notification.targets.audiences:
        values = (audience.key, notification.line, created_at, notification.id, updated_at)
        desk.write(writes.ADD_TO_AUDIENCE, values)
    add_mentions(desk, notification)
    for key in kept.keys:
        known = (key.scope, key.body_hash, notification.id, key.revision, to_ms(key.at))
        desk.write(writes.KEEP_KEY, known)


def _bring_people(desk: Desk, people: Sequence[Person]) -> None:
    for person in people:
        _bring_person(desk, person)


def _bring_person(desk: Desk, person: Person) -> None:
    if person.record is not None:
        before = replace(person.record, version=person.record.version - 1)
        desk.write(writes.PUT_USER, record_to_row(before))
    desk.write(writes.REMOVE_MEMBERSHIPS, (person.id,))
    rows = [member_to_row(person.id, membership) for membership in person.memberships]
    desk.write_many(writes.PUT_MEMBER, rows)
