"""How receipts are written: compare-and-set by version, confirmations merged until they fit.

An update can not look at another document, so the notification's newest revision is read first;
what was made under an older one while a newer came is moved at once.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from notify_server.domain.errors import UnavailableError
from notify_server.domain.receipt import Delivery, Receipt
from notify_server.kit.clock import Clock, to_ms
from notify_server.ports.store import ReceiptKey
from notify_server.stores import rules
from notify_server.stores.mongodb import moves, queries
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import (
    RECEIPT_OPTIONAL,
    Document,
    receipt_from,
    receipt_id,
    receipt_to,
)
from notify_server.stores.mongodb.tombstones import buried, is_too_late

_ROUNDS = 20
"""How often a confirmation is merged anew because another writer was first."""


@dataclass(frozen=True, slots=True)
class Write:
    """One receipt to write.

    Attributes:
        version: What the stored one must have; 0: there must be none.
    """

    receipt: Receipt
    version: int

    @property
    def key(self) -> ReceiptKey:
        """What it is about."""
        return ReceiptKey(self.receipt.user, self.receipt.notification_id)


class ReceiptWriter:
    """Writes receipts; called inside the database's operations."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def save(self, receipts: Sequence[Receipt]) -> list[ReceiptKey]:
        """Write those whose version is still the stored one; returns the others' keys.

        Where the notification has been purged meanwhile, the purge was the first writer.
        """
        newest, graves = await asyncio.gather(
            self._newest(receipt.notification_id for receipt in receipts),
            buried(self._database, (one.user for one in receipts if one.version == 0)),
        )
        writes = [
            Write(replace(receipt, version=receipt.version + 1), receipt.version)
            for receipt in receipts
            if receipt.notification_id in newest
            and not is_too_late(graves, receipt.user, receipt.changed_at)
        ]
        written = await self._write(writes, newest)
        keys = (ReceiptKey(receipt.user, receipt.notification_id) for receipt in receipts)
        return [key for key in keys if key not in written]

    async def record(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """Confirm each, in order; what was purged meanwhile is answered as it came."""
        answers = [delivery.receipt for delivery in deliveries]
        left = list(range(len(deliveries)))
        for _ in range(_ROUNDS):
            left = await self._record(deliveries, answers, left)
            if not left:
                return answers
        raise UnavailableError("Too many changes at once.")

    async def _record(
        self, deliveries: Sequence[Delivery], answers: list[Receipt], left: Sequence[int]
    ) -> list[int]:
        """Merge and write; returns the places of those that another writer overtook."""
        given = [deliveries[place].receipt for place in left]
        newest, stored, graves = await asyncio.gather(
            self._newest(receipt.notification_id for receipt in given),
            self._stored(given),
            buried(self._database, (receipt.user for receipt in given)),
        )
        merged = dict(stored)
        touched: dict[ReceiptKey, list[int]] = {}
        for place in left:
            receipt = deliveries[place].receipt
            key = ReceiptKey(receipt.user, receipt.notification_id)
            if receipt.notification_id not in newest:
                continue
            is_late = is_too_late(graves, receipt.user, deliveries[place].ack.at)
            if is_late and key not in merged:
                continue
            base = merged.get(key) or replace(receipt, version=0)
            confirmed = rules.confirm(base, deliveries[place], self._clock.now())
            if confirmed is not base:
                touched.setdefault(key, [])
            merged[key] = answers[place] = confirmed
            if key in touched:
                touched[key].append(place)
        writes = [
            Write(merged[key], stored[key].version if key in stored else 0) for key in touched
        ]
        written = await self._write(writes, newest)
        return sorted(
            place for key, places in touched.items() if key not in written for place in places
        )

    async def _newest(self, ids: Iterable[str]) -> dict[str, int]:
        """The newest revision of each that exists."""
        wanted = {"_id": {"$in": list(set(ids))}}
        found = await self._database.find(queries.ONE, wanted, fields=["revision"])
        return {document["_id"]: document["revision"] for document in found}

    async def _stored(self, receipts: Sequence[Receipt]) -> dict[ReceiptKey, Receipt]:
        ids = {receipt_id(receipt.user, receipt.notification_id) for receipt in receipts}
        found = await self._database.find(queries.RECEIPT, {"_id": {"$in": list(ids)}})
        return {
            ReceiptKey(document["user"], document["notification_id"]): receipt_from(document)
            for document in found
        }

    async def _write(self, writes: Sequence[Write], newest: dict[str, int]) -> set[ReceiptKey]:
        """Write each if nobody was first; returns the keys of those that were written."""
        made = [write for write in writes if write.version == 0]
        changed = [write for write in writes if write.version > 0]
        inserted, updated = await asyncio.gather(
            self._insert(made, newest),
            asyncio.gather(*(self._update(write, newest) for write in changed)),
        )
        written = inserted | {
            write.key for write, done in zip(changed, updated, strict=True) if done
        }
        await self._keep([write.receipt for write in writes if write.key in written])
        return written

    async def _insert(self, writes: Sequence[Write], newest: dict[str, int]) -> set[ReceiptKey]:
        if not writes:
            return set()
        documents = [
            receipt_to(write.receipt, newest[write.receipt.notification_id]) for write in writes
        ]
        refused = await self._database.insert(queries.RECEIPT, documents)
        await self._move_late(writes, newest)
        return {write.key for index, write in enumerate(writes) if index not in refused}

    async def _move_late(self, writes: Sequence[Write], newest: dict[str, int]) -> None:
        """A revision that came between the look at the notification and the insert."""
        now = await self._newest(write.receipt.notification_id for write in writes)
        late = [each for each, revision in now.items() if revision > newest[each]]
        if late:
            documents = await self._database.find(queries.ONE, {"_id": {"$in": late}})
            await moves.finish(self._database, documents)

    async def _update(self, write: Write, newest: dict[str, int]) -> bool:
        receipt = write.receipt
        document = receipt_to(receipt, newest[receipt.notification_id])
        wanted = {"_id": document.pop("_id"), "version": write.version}
        change: Document = {"$set": document}
        absent = {name: "" for name in RECEIPT_OPTIONAL if name not in document}
        if absent:
            change["$unset"] = absent
        return await self._database.update(queries.AT_VERSION, wanted, change)

    async def _keep(self, receipts: Sequence[Receipt]) -> None:
        """What is snoozed comes back as new, and its notification is kept from then on."""
        await self._database.update_all(
            queries.ONE,
            [
                (
                    {"_id": receipt.notification_id},
                    {"$max": {"kept_from": to_ms(receipt.snoozed_until)}},
                )
                for receipt in receipts
                if receipt.snoozed_until is not None
            ],
        )
