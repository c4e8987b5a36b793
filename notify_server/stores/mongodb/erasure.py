"""The part of the port for one person's data as a whole, and the guard behind an erasure.

The guard looks before it writes, and the two are not one step here: what slips between them is
met by the second round that ``pipeline/erasure.py`` makes, and where that node died, by any other
(``burials.py``).
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from typing_extensions import override

from notify_server.domain.notification import Notification
from notify_server.domain.receipt import Entry
from notify_server.kit.clock import to_ms
from notify_server.ports.erasure import ErasureStore, Scrubbed
from notify_server.stores.mongodb import moves, queries
from notify_server.stores.mongodb.burials import LATE, bury
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import notification_from, receipt_from
from notify_server.stores.mongodb.scrubbing import scrub
from notify_server.stores.mongodb.tombstones import buried


class MongoErasure(ErasureStore):
    """One person's data as a whole."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def held(self, user: str, after_id: str, limit: int) -> list[Entry]:
        return await self._database.run(self._held(user, after_id, limit))

    async def _held(self, user: str, after_id: str, limit: int) -> list[Entry]:
        """Those that an acceptance still owes are made first."""
        owed = await self._database.find(queries.WAITED_FOR, {"waiting_users": user})
        if owed:
            await moves.finish(self._database, owed)
        wanted = {"user": user, "notification_id": {"$gt": after_id}}
        receipts = await self._database.find(queries.HELD, wanted, limit)
        ids = [document["notification_id"] for document in receipts]
        found = await self._database.find(queries.ONE, {"_id": {"$in": ids}}) if ids else []
        by_id = {document["_id"]: notification_from(document) for document in found}
        return [
            Entry(by_id[document["notification_id"]], receipt_from(document))
            for document in receipts
            if document["notification_id"] in by_id
        ]

    @override
    async def mentioning(self, user: str, after_id: str, limit: int) -> list[Notification]:
        wanted = {"people": user, "_id": {"$gt": after_id}}
        found = await self._database.run(self._database.find(queries.MENTIONING, wanted, limit))
        return [notification_from(document) for document in found]

    @override
    async def scrub(self, user: str, ids: Sequence[str]) -> list[Scrubbed]:
        return await self._database.run(self._scrub_all(user, ids))

    async def _scrub_all(self, user: str, ids: Sequence[str]) -> list[Scrubbed]:
        done = await asyncio.gather(*(scrub(self._database, user, each) for each in ids))
        return [one for one in done if one is not None]

    @override
    async def bury(self, user: str, at: datetime) -> timedelta:
        await self._database.run(bury(self._database, user, to_ms(at)))
        return LATE

    @override
    async def buried_at(self, user: str) -> datetime | None:
        return (await self._database.run(_buried_one(self._database, user))).get(user)

    @override
    async def buried(self, since: datetime, limit: int) -> list[str]:
        wanted = {"at": {"$gte": to_ms(since)}}
        call = self._database.find(queries.ERASED_SINCE, wanted, limit, ["_id"])
        return [document["_id"] for document in await self._database.run(call)]

    @override
    async def leave_no_trace(self) -> None:
        """What MongoDB's own files keep of removed documents is its operator's to compact."""


async def _buried_one(database: Database, user: str) -> Mapping[str, datetime]:
    return await buried(database, [user])
