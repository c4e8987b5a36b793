"""The receipt part of the port."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from typing_extensions import override

from notify_server.domain.receipt import Attempt, Delivery, Entry, Receipt
from notify_server.domain.target import Position
from notify_server.kit.clock import to_ms
from notify_server.ports.store import Holders, ReceiptKey, ReceiptStore, ReceiptSummary
from notify_server.stores.mongodb import moves, queries
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import (
    Document,
    attempt_from,
    attempt_to,
    notification_from,
    receipt_from,
    receipt_id,
)
from notify_server.stores.mongodb.notifications import below
from notify_server.stores.mongodb.tombstones import buried, is_too_late
from notify_server.stores.mongodb.writing import ReceiptWriter
from notify_server.stores.texts import UNDELIVERED


class MongoReceipts(ReceiptStore):
    """Receipts: one user's state of one notification."""

    def __init__(self, database: Database, writer: ReceiptWriter) -> None:
        self._database = database
        self._writer = writer

    @override
    async def entries(self, user: str, ids: Sequence[str]) -> list[Entry]:
        return await self._database.run(self._entries(user, list(dict.fromkeys(ids))))

    async def _entries(self, user: str, ids: list[str]) -> list[Entry]:
        if not ids:
            return []
        receipts = {"_id": {"$in": [receipt_id(user, each) for each in ids]}}
        notifications, found = await asyncio.gather(
            self._database.find(queries.ONE, {"_id": {"$in": ids}}),
            self._database.find(queries.RECEIPT, receipts),
        )
        by_id = {document["_id"]: document for document in notifications}
        own = {document["notification_id"]: document for document in found}
        return [_entry(by_id[each], own.get(each)) for each in ids if each in by_id]

    @override
    async def active(self, user: str, line: str, limit: int) -> list[Entry]:
        wanted = {"user": user, "line": line, "active": {"$gt": 0}}
        return await self._database.run(self._own(queries.ACTIVE, user, wanted, limit))

    @override
    async def inbox(self, user: str, line: str, before: Position | None, limit: int) -> list[Entry]:
        wanted = {
            "user": user,
            "line": line,
            "deleted_at": None,
            **below(before, "sort_at", "notification_id"),
        }
        return await self._database.run(self._own(queries.INBOX, user, wanted, limit))

    @override
    async def changed_entries(
        self, user: str, line: str, since: datetime, limit: int
    ) -> list[Entry]:
        wanted = {"user": user, "line": line, "changed_at": {"$gte": to_ms(since)}}
        return await self._database.run(self._own(queries.CHANGED_RECEIPTS, user, wanted, limit))

    @override
    async def changed_ids(self, user: str, line: str, since: datetime, limit: int) -> list[str]:
        wanted = {"user": user, "line": line, "changed_at": {"$gte": to_ms(since)}}
        found = await self._database.run(
            self._listed(queries.CHANGED_RECEIPTS, user, wanted, limit, ["notification_id"])
        )
        return [document["notification_id"] for document in found]

    async def _own(
        self, query: queries.Query, user: str, wanted: Document, limit: int
    ) -> list[Entry]:
        return await self._with_notifications(await self._listed(query, user, wanted, limit))

    async def _listed(
        self,
        query: queries.Query,
        user: str,
        wanted: Document,
        limit: int,
        fields: Sequence[str] | None = None,
    ) -> list[Document]:
        """A person's receipts; those that an acceptance still owes are made first."""
        owed, found = await asyncio.gather(
            self._database.find(queries.WAITED_FOR, {"waiting_users": user}),
            self._database.find(query, wanted, limit, fields),
        )
        if not owed:
            return found
        await moves.finish(self._database, owed)
        return await self._database.find(query, wanted, limit, fields)

    async def _with_notifications(self, receipts: Sequence[Document]) -> list[Entry]:
        if not receipts:
            return []
        ids = list({document["notification_id"] for document in receipts})
        found = await self._database.find(queries.ONE, {"_id": {"$in": ids}})
        by_id = {document["_id"]: document for document in found}
        return [
            _entry(by_id[document["notification_id"]], document)
            for document in receipts
            if document["notification_id"] in by_id
        ]

    @override
    async def save(self, receipts: Sequence[Receipt]) -> list[ReceiptKey]:
        if not receipts:
            return []
        return await self._database.run(self._writer.save(receipts))

    @override
    async def record_deliveries(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        if not deliveries:
            return []
        return await self._database.run(self._writer.record(deliveries))

    @override
    async def due(self, until: datetime, limit: int) -> list[Entry]:
        return await self._database.run(self._due(until, limit))

    async def _due(self, until: datetime, limit: int) -> list[Entry]:
        found = await self._database.find(queries.DUE, {"due_at": {"$lte": to_ms(until)}}, limit)
        return await self._with_notifications(found)

    @override
    async def recipients(self, notification_id: str, after_user: str, limit: int) -> list[Receipt]:
        wanted = {"notification_id": notification_id, "user": {"$gt": after_user}}
        found = await self._database.run(self._database.find(queries.RECIPIENTS, wanted, limit))
        return [receipt_from(document) for document in found]

    @override
    async def undelivered(self, ids: Sequence[str]) -> set[str]:
        return await self._database.run(self._undelivered(list(dict.fromkeys(ids))))

    async def _undelivered(self, ids: list[str]) -> set[str]:
        """One receipt of each is enough, however many there are."""
        found = await asyncio.gather(
            *(
                self._database.find(
                    queries.UNDELIVERED,
                    {"notification_id": each, "active": UNDELIVERED},
                    1,
                    ["notification_id"],
                )
                for each in ids
            )
        )
        return {document["notification_id"] for documents in found for document in documents}

    @override
    async def holders(self, notification_id: str) -> Holders:
        return await self._database.run(self._holders(notification_id))

    async def _holders(self, notification_id: str) -> Holders:
        stamps = ("dismissed_at", "deleted_at", "snoozed_until")
        of = {"notification_id": notification_id}
        reached, hidden = await asyncio.gather(
            self._database.find(
                queries.REACHED,
                {**of, "named": False, "delivered_at": {"$ne": None}},
                fields=["user"],
            ),
            self._database.find(
                queries.HIDDEN,
                {**of, "$or": [{stamp: {"$ne": None}} for stamp in stamps]},
                fields=["user"],
            ),
        )
        return Holders(_users(reached), _users(hidden))

    @override
    async def summary(self, notification_id: str) -> ReceiptSummary:
        return await self._database.run(self._summary(notification_id))

    async def _summary(self, notification_id: str) -> ReceiptSummary:
        """Counted where they are: a broadcast may have a receipt of everybody."""
        found = await self._database.find(queries.ONE, {"_id": notification_id}, 1, ["revision"])
        if not found:
            return ReceiptSummary()
        wanted = {"notification_id": notification_id}
        conditions = _conditions(found[0]["revision"])
        return ReceiptSummary(
            **await self._database.tally(queries.OF_NOTIFICATION, wanted, conditions)
        )

    @override
    async def add_attempts(self, attempts: Sequence[Attempt]) -> None:
        if attempts:
            await self._database.run(self._add_attempts(attempts))

    async def _add_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Keep them, but nothing for a notification that has been purged meanwhile."""
        ids = list({attempt.notification_id for attempt in attempts})
        found = await self._database.find(queries.ONE, {"_id": {"$in": ids}}, fields=["_id"])
        known = {document["_id"] for document in found}
        graves = await buried(self._database, (attempt.user for attempt in attempts))
        kept = [
            attempt_to(each)
            for each in attempts
            if each.notification_id in known and not is_too_late(graves, each.user, each.at)
        ]
        await self._database.insert(queries.ATTEMPTS_OF, kept)

    @override
    async def attempts(self, notification_id: str, user: str) -> list[Attempt]:
        wanted = {"notification_id": notification_id, "user": user}
        found = await self._database.run(self._database.find(queries.ATTEMPTS_OF, wanted))
        return [attempt_from(document) for document in found]


def _conditions(newest: int) -> Document:
    """What a receipt must be like to be counted in each part of a summary."""
    missing: Document = {"$lt": ["$delivered_revision", newest]}
    arrived: Document = {"$gte": ["$delivered_revision", newest]}
    return {
        "total": True,
        "pending": {"$and": [missing, {"$not": [_has("closed")]}, {"$not": [_has("deleted_at")]}]},
        "failed": {"$and": [missing, _has("closed")]},
        "delivered": arrived,
        "seen": _has("seen_at"),
        "read": _has("read_at"),
        "clicked": _has("clicked_at"),
        "acknowledged": _has("acknowledged_at"),
        "dismissed": _has("dismissed_at"),
        "deleted": _has("deleted_at"),
        "unread_delivered": {
            "$and": [arrived, {"$not": [_has("read_at")]}, {"$not": [_has("deleted_at")]}]
        },
    }


def _has(name: str) -> Document:
    """Anything is above null, and what is not there is below it."""
    return {"$gt": [f"${name}", None]}


def _entry(notification: Document, receipt: Document | None) -> Entry:
    return Entry(
        notification_from(notification), None if receipt is None else receipt_from(receipt)
    )


def _users(documents: Iterable[Document]) -> frozenset[str]:
    return frozenset(document["user"] for document in documents)
