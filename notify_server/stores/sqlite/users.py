"""The people part of the port: records and memberships."""

from datetime import datetime
from typing import Any

import orjson
from typing_extensions import override

from notify_server.domain.erasure import tombstone_of
from notify_server.domain.target import (
    Audience,
    AudienceKind,
    Membership,
    Position,
    Source,
    UserRecord,
    Watermark,
)
from notify_server.kit.clock import from_ms, to_ms
from notify_server.ports.store import UserStore
from notify_server.stores.sqlite import reads, writes
from notify_server.stores.sqlite.database import Database
from notify_server.stores.sqlite.desk import Desk, Window
from notify_server.stores.sqlite.erasure import is_of_the_erased
from notify_server.stores.sqlite.reads import Read
from notify_server.stores.sqlite.rows import Row, Value
from notify_server.stores.texts import moment_or_none, ms_or_none, to_json


class SqliteUsers(UserStore):
    """People: what is known of them and what they belong to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def user(self, user: str) -> tuple[UserRecord | None, tuple[Membership, ...]]:
        return await self._database.read(lambda window: person_in(window, user))

    @override
    async def save_user(self, record: UserRecord) -> bool:
        return await self._database.write(lambda desk: _save(desk, record))

    @override
    async def put_member(self, user: str, membership: Membership) -> None:
        values = member_to_row(user, membership)
        await self._database.write(lambda desk: _put_member(desk, membership, values))

    @override
    async def remove_member(self, user: str, audience: Audience, source: Source) -> bool:
        values = (user, audience.kind, audience.name, source)
        return await self._database.write(lambda desk: desk.write(writes.REMOVE_MEMBER, values) > 0)

    @override
    async def members(self, audience: Audience, after_user: str, limit: int) -> list[str]:
        if audience.kind is AudienceKind.ALL:
            return await self._names(reads.EVERYONE, after_user, limit)
        return await self._names(reads.MEMBERS, audience.kind, audience.name, after_user, limit)

    @override
    async def revoked(self, since: datetime, limit: int) -> list[str]:
        return await self._names(reads.REVOKED, to_ms(since), limit)

    async def _names(self, read: Read, *values: Value) -> list[str]:
        rows = await self._database.read(lambda window: window.rows(read, values))
        return [user for (user,) in rows]


def person_in(window: Window, user: str) -> tuple[UserRecord | None, tuple[Membership, ...]]:
    """A person's record and memberships."""
    row = window.row(reads.USER, (user,))
    memberships = tuple(_membership(*found) for found in window.rows(reads.MEMBERSHIPS, (user,)))
    return (None if row is None else _record_from_row(row)), memberships


def _save(desk: Desk, record: UserRecord) -> bool:
    found = desk.row(reads.USER_VERSION, (record.id,))
    if (0 if found is None else found[0]) != record.version:
        return False
    if record.version == 0 and _is_from_before(desk, record):
        return False
    desk.write(writes.PUT_USER, record_to_row(record))
    return True


def _is_from_before(desk: Desk, record: UserRecord) -> bool:
    """Whether a new record does not know that its person was erased."""
    row = desk.row(reads.ERASED, (tombstone_of(record.id),))
    return row is not None and (ms_or_none(record.revoked_before) or 0) < row[0]


def _put_member(desk: Desk, membership: Membership, values: tuple[Value, ...]) -> None:
    user = str(values[0])
    if not is_of_the_erased(desk, user, membership.since):
        desk.write(writes.PUT_MEMBER, values)


def member_to_row(user: str, membership: Membership) -> tuple[Value, ...]:
    """Values for ``writes.PUT_MEMBER``."""
    kind, name = membership.audience
    since, until = to_ms(membership.since), ms_or_none(membership.until)
    return (user, kind, name, membership.source, since, until)


def record_to_row(record: UserRecord) -> tuple[Value, ...]:
    """Values for ``writes.PUT_USER``, the version one higher."""
    marks = {
        line: (to_ms(mark.position.at), mark.position.id, to_ms(mark.set_at))
        for line, mark in record.read_marks.items()
    }
    skipped = {line: (to_ms(place.at), place.id) for line, place in record.skipped.items()}
    return (
        record.id,
        to_ms(record.known_since),
        record.name,
        record.email,
        record.phone,
        record.locale,
        record.time_zone,
        ms_or_none(record.token_iat),
        ms_or_none(record.revoked_before),
        to_json(record.subscriptions),
        to_json(marks),
        to_json(skipped),
        record.version + 1,
    )


def _record_from_row(row: Row) -> UserRecord:
    marks: dict[str, Any] = orjson.loads(row[10])
    skipped: dict[str, Any] = orjson.loads(row[11])
    return UserRecord(
        id=row[0],
        known_since=from_ms(row[1]),
        name=row[2],
        email=row[3],
        phone=row[4],
        locale=row[5],
        time_zone=row[6],
        token_iat=moment_or_none(row[7]),
        revoked_before=moment_or_none(row[8]),
        subscriptions=orjson.loads(row[9]),
        read_marks={line: _watermark(*mark) for line, mark in marks.items()},
        skipped={line: Position(from_ms(at), place) for line, (at, place) in skipped.items()},
        version=row[12],
    )


def _watermark(at: int, notification_id: str, set_at: int) -> Watermark:
    return Watermark(Position(from_ms(at), notification_id), from_ms(set_at))


def _membership(kind: str, name: str, source: str, since: int, until: int | None) -> Membership:
    audience = Audience(AudienceKind(kind), name)
    return Membership(audience, Source(source), from_ms(since), moment_or_none(until))
