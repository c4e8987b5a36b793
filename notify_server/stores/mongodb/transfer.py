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
from notify_server.stores.mongodb import moves, queries
from notify_server.stores.mongodb.audit import bring_entries
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import (
    Document,
    attempt_from,
    attempt_to,
    key_fields,
    key_to,
    notification_from,
    notification_to,
    receipt_to,
    record_from,
    record_to,
)
from notify_server.stores.mongodb.users import members_to, memberships_in
from notify_server.stores.texts import ABOVE_ALL


class MongoTransfer(TransferStore):
    """Everything that is kept, as it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def kept(self, after_id: str, limit: int) -> list[Kept]:
        return await self._database.run(self._kept(after_id, limit))

    async def _kept(self, after_id: str, limit: int) -> list[Kept]:
        """What a crash left unfinished is finished first."""
        wanted = {"_id": {"$gt": after_id}}
        found = await self._database.find(queries.KEPT, wanted, limit)
        owed = [document for document in found if "unfinished_at" in document]
        if owed:
            await moves.finish(self._database, owed)
        return [_kept_from(document) for document in found]

    @override
    async def attempts_between(
        self, notification_id: str, after_user: str, until_user: str | None
    ) -> list[Attempt]:
        until = ABOVE_ALL if until_user is None else until_user
        wanted = {"notification_id": notification_id, "user": {"$gt": after_user, "$lte": until}}
        found = await self._database.run(self._database.find(queries.ATTEMPTS_BETWEEN, wanted))
        return [attempt_from(document) for document in found]

    @override
    async def people(self, after_user: str, limit: int) -> list[Person]:
        wanted = {"_id": {"$gt": after_user}}
        found = await self._database.run(self._database.find(queries.PEOPLE, wanted, limit))
        return [
            Person(document["_id"], record_from(document), memberships_in(document))
            for document in found
        ]

    @override
    async def tombstones(self, after_hash: str, limit: int) -> list[Tombstone]:
        wanted = {"_id": {"$gt": after_hash}}
        found = await self._database.run(
            self._database.find(queries.TOMBSTONES_FROM, wanted, limit)
        )
        return [Tombstone(document["_id"], from_ms(document["at"])) for document in found]

    @override
    async def bring(self, kept: Sequence[Kept]) -> None:
        await self._put(queries.ONE, [_kept_to(one) for one in kept])

    @override
    async def bring_receipts(
        self, notification: Notification, receipts: Sequence[Receipt], attempts: Sequence[Attempt]
    ) -> None:
        newest = notification.revision
        await self._put(queries.RECEIPT, [receipt_to(receipt, newest) for receipt in receipts])
        await self._put(queries.ATTEMPT, [attempt_to(attempt) for attempt in attempts])

    @override
    async def bring_people(self, people: Sequence[Person]) -> None:
        await self._put(queries.USER, [_person_to(person) for person in people])

    @override
    async def bring_keys(self, keys: Sequence[ApiKey]) -> None:
        await self._put(queries.API_KEY, [key_to(key) for key in keys])

    @override
    async def bring_audit(self, entries: Sequence[AuditEntry], head: int) -> None:
        await self._database.run(bring_entries(self._database, entries, head))

    @override
    async def bring_tombstones(self, tombstones: Sequence[Tombstone]) -> None:
        documents: list[Document] = [{"_id": one.hash, "at": to_ms(one.at)} for one in tombstones]
        await self._put(queries.ERASED, documents)

    async def _put(self, query: queries.Query, documents: Sequence[Document]) -> None:
        await self._database.run(self._database.put_all(query, documents))


def _kept_from(document: Document) -> Kept:
    pairs = zip(document.get("key_scopes", ()), document.get("keys", ()), strict=True)
    keys = [KnownKey(scope, k["hash"], k["revision"], from_ms(k["at"])) for scope, k in pairs]
    return Kept(
        notification_from(document),
        from_ms(document["kept_from"]),
        document.get("collapse_scope"),
        tuple(sorted(keys, key=lambda key: (key.at, key.scope))),
    )


def _kept_to(kept: Kept) -> Document:
    document = notification_to(kept.notification)
    document["kept_from"] = to_ms(kept.kept_from)
    if kept.collapse_scope is not None:
        document["collapse_scope"] = kept.collapse_scope
    if kept.keys:
        document["key_scopes"] = [key.scope for key in kept.keys]
        document["keys"] = [
            key_fields(key.body_hash, key.revision, to_ms(key.at)) for key in kept.keys
        ]
        document["keys_at"] = to_ms(kept.keys[0].at)
    return document


def _person_to(person: Person) -> Document:
    document: Document = {"_id": person.id, "turn": 1}
    if person.memberships:
        document |= members_to(person.memberships)
    if person.record is not None:
        document |= record_to(replace(person.record, version=person.record.version - 1))
    return document
