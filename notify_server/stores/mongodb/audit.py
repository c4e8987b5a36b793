"""The audit part of the port: the number is the ``_id``, so that two writers never share one."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from typing_extensions import override

from notify_server.domain.audit import FIRST, AuditEntry
from notify_server.kit.clock import from_ms, to_ms
from notify_server.ports.audit import AuditStore
from notify_server.stores.mongodb import queries
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import Document
from notify_server.stores.texts import to_json

_HEAD = "audit"


class MongoAudit(AuditStore):
    """What operators changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def add_audit(self, entry: AuditEntry) -> bool:
        return await self._database.run(self._add(entry))

    async def _add(self, entry: AuditEntry) -> bool:
        """The entry first: a head that a crash left behind is the newest entry's number."""
        newest = await self._database.find(queries.AUDIT, {}, 1, ["_id"])
        head = max(await self._head(), newest[0]["_id"] if newest else 0)
        if entry.seq != head + FIRST:
            return False
        if await self._database.insert(queries.AUDIT, [_to_document(entry)]):
            mine = {"_id": entry.seq, "hash": entry.hash}
            if not await self._database.find(queries.SAME_AUDIT, mine, 1, ["_id"]):
                return False
        change = {"$max": {"head": entry.seq}}
        await self._database.put(queries.OWN, {"_id": _HEAD}, change)
        return True

    @override
    async def audit(
        self,
        before_seq: int | None,
        limit: int,
        who: str | None = None,
        action: str | None = None,
        subject: str | None = None,
    ) -> list[AuditEntry]:
        given = {"who": who, "action": action, "subject": subject}
        wanted: Document = {name: value for name, value in given.items() if value is not None}
        query = _query_for(wanted)
        if before_seq is not None:
            wanted["_id"] = {"$lt": before_seq}
        found = await self._database.run(self._database.find(query, wanted, limit))
        return [_from_document(document) for document in found]

    @override
    async def audit_head(self) -> int:
        return await self._database.run(self._head())

    async def _head(self) -> int:
        found = await self._database.find(queries.OWN, {"_id": _HEAD}, 1)
        return int(found[0]["head"]) if found else 0

    @override
    async def forget_subject(self, subject: str) -> int:
        return await self._database.run(self._forget(subject))

    async def _forget(self, subject: str) -> int:
        wanted = {"subject": subject}
        found = await self._database.find(queries.AUDIT_OF_SUBJECT, wanted, None, ["_id"])
        gone = {"$unset": {"subject": "", "salt": ""}}
        await self._database.update_all(queries.AUDIT_OF_SUBJECT, [(wanted, gone)])
        return len(found)


async def bring_entries(database: Database, entries: Sequence[AuditEntry], head: int) -> None:
    """Keep entries of another store, and the highest number it gave."""
    await database.insert(queries.AUDIT, [_to_document(entry) for entry in entries])
    gone = {"$unset": {"subject": "", "salt": ""}}
    forgotten = [{"_id": entry.seq} for entry in entries if entry.subject is None]
    await database.update_all(queries.AUDIT, [(wanted, gone) for wanted in forgotten])
    await database.put(queries.OWN, {"_id": _HEAD}, {"$max": {"head": head}})


def _query_for(wanted: Mapping[str, object]) -> queries.Query:
    """By the index that leaves the fewest documents to look at."""
    if "subject" in wanted:
        return queries.AUDIT_OF_SUBJECT
    if "who" in wanted:
        return queries.AUDIT_BY_WHO
    return queries.AUDIT_OF_ACTION if "action" in wanted else queries.AUDIT


def _to_document(entry: AuditEntry) -> Document:
    return {
        "_id": entry.seq,
        "at": to_ms(entry.at),
        "who": entry.who,
        "action": entry.action,
        "subject": entry.subject,
        "details": to_json(dict(entry.details)),
        "salt": entry.salt,
        "seal": entry.seal,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


def _from_document(document: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        seq=document["_id"],
        at=from_ms(document["at"]),
        who=document["who"],
        action=document["action"],
        subject=document.get("subject"),
        details=orjson.loads(document["details"]),
        salt=document.get("salt"),
        seal=document["seal"],
        previous_hash=document["previous_hash"],
        hash=document["hash"],
    )
