"""The whole store on MongoDB; ``app`` makes one per process."""

from collections.abc import Mapping, Sequence

from typing_extensions import override

from notify_server.kit.clock import AdjustedClock, Clock, to_ms
from notify_server.kit.metrics import Gauge, Meter
from notify_server.ports.store import Store
from notify_server.stores.mongodb import queries
from notify_server.stores.mongodb.audit import MongoAudit
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import Document
from notify_server.stores.mongodb.erasure import MongoErasure
from notify_server.stores.mongodb.keys import MongoKeys
from notify_server.stores.mongodb.notifications import MongoNotifications
from notify_server.stores.mongodb.receipts import MongoReceipts
from notify_server.stores.mongodb.transfer import MongoTransfer
from notify_server.stores.mongodb.users import MongoUsers
from notify_server.stores.mongodb.writing import ReceiptWriter

_CLOCK_SAMPLES = 5
"""Of several the one that took the shortest is believed."""


class MongoStore(
    MongoNotifications,
    MongoReceipts,
    MongoUsers,
    MongoKeys,
    MongoAudit,
    MongoErasure,
    MongoTransfer,
    Store,
):
    """Its parts over one client.

    Args:
        url: ``mongodb://`` or ``mongodb+srv://``, with credentials, TLS and options.
        clock: Stamps what is written; on several nodes one that follows the server's.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        database = Database(url, clock)
        MongoNotifications.__init__(self, database, clock)
        MongoReceipts.__init__(self, database, ReceiptWriter(database, clock))
        self._waiting = Gauge(
            "notify_store_queue", "Writes that wait for the one that writes.",
            read=lambda: {(): self._batches.waiting},
        )  # fmt: skip

    @override
    async def open(self) -> None:
        await self._database.open()
        await self.measure_clock()
        await self._database.run(self._acceptance.prepare())

    async def measure_clock(self) -> None:
        """Let the clock follow the server's, so that nodes agree on what came first (X15)."""
        if isinstance(self._clock, AdjustedClock):
            for _ in range(_CLOCK_SAMPLES):
                self._clock.adjust(*await self._database.run(self._database.server_time()))

    @override
    async def close(self) -> None:
        await self._database.close()

    @override
    async def ping(self) -> None:
        """Behind what waits to be stored, so that it tells whether a submission would be."""
        await self.accept(())
        now = to_ms(self._clock.now())
        wanted = {"_id": "health"}
        await self._database.run(
            self._database.put(queries.OWN, wanted, {"$set": {"checked_at": now}})
        )
        await self._database.run(self._database.find(queries.OWN, wanted, 1))

    @override
    def meters(self) -> Sequence[Meter]:
        return [*self._database.meters(), self._waiting]

    @override
    async def sizes(self, limit: int) -> Mapping[str, int]:
        now = to_ms(self._clock.now())
        asked: dict[str, tuple[queries.Query, Document]] = {
            "notifications": (queries.NUMBER_OF_NOTIFICATIONS, {}),
            "receipts": (queries.NUMBER_OF_RECEIPTS, {}),
            "users": (queries.NUMBER_OF_USERS, {"version": {"$gt": 0}}),
            "due": (queries.NUMBER_OF_DUE, {"due_at": {"$lte": now}}),
        }
        return {
            name: await self._database.run(self._database.count(*each, limit))
            for name, each in asked.items()
        }

    @override
    async def stats(self) -> Mapping[str, int]:
        database = self._database
        return {"reads": database.reads, "writes": database.writes, "commits": database.commits}
