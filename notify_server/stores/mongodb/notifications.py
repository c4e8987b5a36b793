"""The notification part of the port."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from notify_server.domain.errors import NotifyError
from notify_server.domain.notification import Accepted, Notification, Submission
from notify_server.domain.target import Audience, Position, Targets
from notify_server.kit.clock import Clock, from_ms, to_ms
from notify_server.ports.store import Change, Expired, NotificationStore
from notify_server.stores import rules
from notify_server.stores.mongodb import burials, moves, queries
from notify_server.stores.mongodb.acceptance import Acceptance, forget_keys
from notify_server.stores.mongodb.batches import Batches
from notify_server.stores.mongodb.database import PATIENCE_S, Database
from notify_server.stores.mongodb.documents import Document, notification_from, targets_from
from notify_server.stores.texts import moment_or_none

_PURGE_STEP = 20
"""Notifications removed at once: each may have many receipts."""
_KEYS_STEP = 200
_LEFT_OVER_STEP = 100
_CHANGE_FIELDS = ("revision", "cancelled_at", "updated_at")
_TARGET_FIELDS = ("users", "audiences", "exclude")


def below(before: Position | None, at: str, place: str) -> Document:
    """The part of a question that begins below a position of a list, newest first."""
    if before is None:
        return {}
    moment = to_ms(before.at)
    return {
        at: {"$lte": moment},
        "$or": [{at: {"$lt": moment}}, {place: {"$lt": before.id}}],
    }


class MongoNotifications(NotificationStore):
    """Notifications: accepted, replaced, cancelled, found."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._acceptance = Acceptance(database, clock)
        self._batches = Batches(self._acceptance, clock, PATIENCE_S)

    @override
    async def accept(self, submissions: Sequence[Submission]) -> list[Accepted | NotifyError]:
        return await self._database.run(self._batches.accept(submissions))

    @override
    async def replace(self, notification_id: str, submission: Submission) -> Accepted:
        return await self._database.run(self._acceptance.replace(notification_id, submission))

    @override
    async def cancel(self, notification_id: str) -> Notification:
        return await self._database.run(self._acceptance.cancel(notification_id))

    @override
    async def notifications(self, ids: Sequence[str]) -> dict[str, Notification]:
        found = await self._found(queries.ONE, {"_id": {"$in": list(dict.fromkeys(ids))}})
        return {notification.id: notification for notification in found}

    @override
    async def targets(self, ids: Sequence[str]) -> dict[str, Targets]:
        wanted = {"_id": {"$in": list(dict.fromkeys(ids))}}
        found = await self._database.run(
            self._database.find(queries.ONE, wanted, fields=_TARGET_FIELDS)
        )
        return {document["_id"]: targets_from(document) for document in found}

    @override
    async def feed(
        self, audience: Audience, line: str, before: Position | None, limit: int
    ) -> list[Notification]:
        wanted = {"audiences": audience.key, "line": line, **below(before, "created_at", "_id")}
        return await self._found(queries.FEED, wanted, limit)

    @override
    async def feed_changed(
        self, audience: Audience, line: str, since: datetime, limit: int
    ) -> list[Notification]:
        wanted = {"audiences": audience.key, "line": line, "updated_at": {"$gte": to_ms(since)}}
        return await self._found(queries.FEED_CHANGED, wanted, limit)

    @override
    async def latest(
        self, before: str | None, limit: int, user: str | None = None
    ) -> list[Notification]:
        if user is not None:
            return await self._database.run(self._latest_of(user, before, limit))
        wanted: Document = {} if before is None else {"_id": {"$lt": before}}
        return await self._found(queries.LATEST, wanted, limit)

    async def _latest_of(self, user: str, before: str | None, limit: int) -> list[Notification]:
        """Receipts first; those that an acceptance still owes are made before they are read."""
        owed = await self._database.find(queries.WAITED_FOR, {"waiting_users": user})
        if owed:
            await moves.finish(self._database, owed)
        wanted: Document = {"user": user}
        if before is not None:
            wanted["notification_id"] = {"$lt": before}
        receipts = await self._database.find(
            queries.LATEST_OF_USER, wanted, limit, ["notification_id"]
        )
        ids = [document["notification_id"] for document in receipts]
        found = await self._database.find(queries.ONE, {"_id": {"$in": ids}}) if ids else []
        by_id = {document["_id"]: notification_from(document) for document in found}
        return [by_id[each] for each in ids if each in by_id]

    @override
    async def changed(self, since: datetime, limit: int) -> list[Change]:
        return await self._database.run(self._changed(since, limit))

    async def _changed(self, since: datetime, limit: int) -> list[Change]:
        """Finish what a crash left first, as of now, so that every node hears of it here."""
        await self._finish_left_over()
        await burials.look_again(self._database, to_ms(self._clock.now()))
        wanted = {"updated_at": {"$gte": to_ms(since)}}
        found = await self._database.find(queries.CHANGED, wanted, limit, _CHANGE_FIELDS)
        return [
            Change(
                document["_id"],
                document["revision"],
                document.get("cancelled_at") is not None,
                from_ms(document["updated_at"]),
            )
            for document in found
        ]

    async def _finish_left_over(self) -> None:
        now = to_ms(self._clock.now())
        wanted = {"unfinished_at": {"$lte": now}}
        documents = await self._database.find(queries.LEFT_OVER, wanted, _LEFT_OVER_STEP)
        if not documents:
            return
        await moves.finish(self._database, documents)
        ids = [document["_id"] for document in documents]
        change = {"$max": {"updated_at": now}}
        await self._database.update_all(queries.ONE, [({"_id": {"$in": ids}}, change)])

    @override
    async def expired(self, after: datetime, until: datetime, limit: int) -> list[Expired]:
        wanted = {
            "expires_at": {"$gt": to_ms(after), "$lte": to_ms(until)},
            "cancelled_at": None,
        }
        return await self._found(queries.EXPIRED, wanted, limit)

    @override
    async def expired_until(self) -> datetime | None:
        found = await self._database.run(self._database.find(queries.OWN, {"_id": "expired"}, 1))
        return moment_or_none(found[0]["until"]) if found else None

    @override
    async def note_expired_until(self, until: datetime) -> None:
        change = {"$max": {"until": to_ms(until)}}
        await self._database.run(self._database.put(queries.OWN, {"_id": "expired"}, change))

    @override
    async def purge(self, before: datetime, limit: int) -> int:
        while await self._database.run(self._forget_old_keys()) == _KEYS_STEP:
            pass
        removed = 0
        while removed < limit:
            step = min(_PURGE_STEP, limit - removed)
            count = await self._database.run(self._remove_old(before, step))
            removed += count
            if count < step:
                break
        return removed

    async def _forget_old_keys(self) -> int:
        until = to_ms(self._clock.now() - rules.KEY_LIFE)
        wanted = {"keys_at": {"$lte": until}}
        documents = await self._database.find(queries.OLD_KEYS, wanted, _KEYS_STEP)
        for document in documents:
            await forget_keys(self._database, document, until)
        return len(documents)

    @override
    async def purgeable(self, before: datetime, limit: int) -> int:
        return len(await self._database.run(self._old_ids(before, limit)))

    async def _old_ids(self, before: datetime, limit: int) -> list[str]:
        over = [{"expires_at": None}, {"expires_at": {"$lte": to_ms(self._clock.now())}}]
        wanted = {"kept_from": {"$lt": to_ms(before)}, "$or": over}
        found = await self._database.find(queries.OLD, wanted, limit, ["_id"])
        return [document["_id"] for document in found]

    async def _remove_old(self, before: datetime, limit: int) -> int:
        """The notification goes last, so that what a crash leaves is found again."""
        ids = await self._old_ids(before, limit)
        if ids:
            of = {"notification_id": {"$in": ids}}
            await self._database.delete(queries.OF_NOTIFICATION, of)
            await self._database.delete(queries.ALL_ATTEMPTS_OF, of)
            await self._database.delete(queries.ONE, {"_id": {"$in": ids}})
        return len(ids)

    async def _found(
        self, query: queries.Query, wanted: Document, limit: int | None = None
    ) -> list[Notification]:
        documents = await self._database.run(self._database.find(query, wanted, limit))
        return [notification_from(document) for document in documents]
