"""The audit part of the port; triggers of the file refuse what this does not do."""

import orjson
from typing_extensions import override

from notify_server.domain.audit import FIRST, AuditEntry
from notify_server.kit.clock import from_ms, to_ms
from notify_server.ports.audit import AuditStore
from notify_server.stores.sqlite import reads, writes
from notify_server.stores.sqlite.database import Database
from notify_server.stores.sqlite.desk import Desk
from notify_server.stores.sqlite.reads import Read
from notify_server.stores.sqlite.rows import Row, Value
from notify_server.stores.texts import to_json

_ABOVE_ALL = 2**63 - 1


class SqliteAudit(AuditStore):
    """What operators changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def add_audit(self, entry: AuditEntry) -> bool:
        return await self._database.write(lambda desk: _add(desk, entry))

    @override
    async def audit(
        self,
        before_seq: int | None,
        limit: int,
        who: str | None = None,
        action: str | None = None,
        subject: str | None = None,
    ) -> list[AuditEntry]:
        below = _ABOVE_ALL if before_seq is None else before_seq
        read = _read_for(who, action, subject)
        values = (below, limit, who, action, subject)
        return await self._database.read(
            lambda window: [_from_row(row) for row in window.rows(read, values)]
        )

    @override
    async def audit_head(self) -> int:
        row = await self._database.read(lambda window: window.row(reads.AUDIT_HEAD))
        return 0 if row is None else int(row[0])

    @override
    async def forget_subject(self, subject: str) -> int:
        return await self._database.write(
            lambda desk: desk.write(writes.FORGET_SUBJECT, (subject,))
        )


def _read_for(who: str | None, action: str | None, subject: str | None) -> Read:
    """By the index that leaves the fewest rows to look at."""
    if subject is not None:
        return reads.AUDIT_OF_SUBJECT
    if who is not None:
        return reads.AUDIT_BY_WHO
    return reads.AUDIT if action is None else reads.AUDIT_OF_ACTION


def _add(desk: Desk, entry: AuditEntry) -> bool:
    row = desk.row(reads.AUDIT_HEAD)
    if entry.seq != (0 if row is None else row[0]) + FIRST:
        return False
    desk.write(writes.ADD_AUDIT, entry_to_row(entry))
    desk.write(writes.MOVE_AUDIT_HEAD, (entry.seq,))
    return True


def entry_to_row(entry: AuditEntry) -> tuple[Value, ...]:
    """Values for ``writes.ADD_AUDIT``."""
    return (
        entry.seq,
        to_ms(entry.at),
        entry.who,
        entry.action,
        entry.subject,
        to_json(dict(entry.details)),
        entry.salt,
        entry.seal,
        entry.previous_hash,
        entry.hash,
    )


def _from_row(row: Row) -> AuditEntry:
    seq, at, who, action, subject, details, salt, seal, previous_hash, hash_ = row
    return AuditEntry(
        seq=seq,
        at=from_ms(at),
        who=who,
        action=action,
        subject=subject,
        details=orjson.loads(details),
        salt=salt,
        seal=seal,
        previous_hash=previous_hash,
        hash=hash_,
    )
