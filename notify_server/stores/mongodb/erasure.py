"""The part of the port for one person's data as a whole, and the guard behind an erasure.

The guard looks before it writes, and the two are not one step here: what slips between them is
met by the second round that ``pipeline/erasure.py`` makes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import orjson
from typing_extensions import override

from notify_server.domain.erasure import mentioned_in, tombstone_of, without
from notify_server.domain.errors import UnavailableError
from notify_server.domain.notification import Notification
from notify_server.domain.receipt import Entry
from notify_server.kit.clock import to_ms
from notify_server.ports.erasure import ErasureStore, Scrubbed
from notify_server.stores.mongodb import moves, queries
from notify_server.stores.mongodb.acceptance import forget_keys_of
from notify_server.stores.mongodb.database import PATIENCE_S, Database
from notify_server.stores.mongodb.documents import (
    Document,
    notification_from,
    receipt_from,
    receipt_id,
)
from notify_server.stores.mongodb.tombstones import buried
from notify_server.stores.texts import content_to_json

_ROUNDS = 20
_LATE = timedelta(seconds=PATIENCE_S + 1)


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
        done = await asyncio.gather(*(self._scrub(user, each) for each in ids))
        return [one for one in done if one is not None]

    async def _scrub(self, user: str, notification_id: str) -> Scrubbed | None:
        for _ in range(_ROUNDS):
            found = await self._database.find(queries.ONE, {"_id": notification_id}, 1)
            if not found:
                return None
            left = without(notification_from(found[0]), user)
            if left is None:
                await self._remove(notification_id)
                return Scrubbed(notification_id, None)
            # The notification first: what it still owes must not be made again behind this.
            if await self._database.update(
                queries.OF_REVISION, _as_it_was(found[0]), _scrubbed_fields(user, left)
            ):
                await self._remove_rows(user, notification_id)
                return Scrubbed(notification_id, left)
        raise UnavailableError("Too many changes at once.")

    async def _remove(self, notification_id: str) -> None:
        """The notification last, so that what a crash leaves is found again."""
        change = {"$unset": {"waiting_users": "", "unfinished_at": ""}}
        await self._database.update(queries.ONE, {"_id": notification_id}, change)
        of = {"notification_id": notification_id}
        await self._database.delete(queries.OF_NOTIFICATION, of)
        await self._database.delete(queries.ALL_ATTEMPTS_OF, of)
        await self._database.delete(queries.ONE, {"_id": notification_id})

    async def _remove_rows(self, user: str, notification_id: str) -> None:
        receipt = {"_id": receipt_id(user, notification_id)}
        of = {"notification_id": notification_id, "user": user}
        await self._database.delete(queries.RECEIPT, receipt)
        await self._database.delete(queries.ATTEMPTS_OF, of)

    @override
    async def bury(self, user: str, at: datetime) -> timedelta:
        await self._database.run(self._bury(user, at))
        return _LATE

    async def _bury(self, user: str, at: datetime) -> None:
        """The tombstone first, so that nothing is written behind it."""
        wanted = {"_id": tombstone_of(user)}
        await self._database.put(queries.ERASED, wanted, {"$max": {"at": to_ms(at)}})
        await self._database.delete(queries.USER, {"_id": user})
        first = orjson.dumps([f"user:{user}"]).decode().removesuffix("]") + ","
        await forget_keys_of(self._database, first)

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


def _as_it_was(document: Document) -> Document:
    return {
        "_id": document["_id"],
        "revision": document["revision"],
        "cancelled_at": document.get("cancelled_at"),
    }


def _scrubbed_fields(user: str, left: Notification) -> Document:
    return {
        "$set": {
            "users": list(left.targets.users),
            "exclude": list(left.targets.exclude),
            "content": content_to_json(left.content),
            "submitter": left.submitter,
            "people": sorted(mentioned_in(left)),
        },
        "$unset": {"collapse_scope": ""},
        "$pull": {"waiting_users": user},
    }
