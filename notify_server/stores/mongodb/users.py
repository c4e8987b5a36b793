"""The people part of the port: a person is one document, memberships inside."""

from collections.abc import Callable, Sequence
from datetime import datetime

from typing_extensions import override

from notify_server.domain.errors import UnavailableError
from notify_server.domain.target import (
    Audience,
    AudienceKind,
    Membership,
    Source,
    UserRecord,
)
from notify_server.kit.clock import to_ms
from notify_server.ports.store import UserStore
from notify_server.stores.mongodb import queries
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import (
    Document,
    membership_from,
    membership_to,
    record_from,
    record_to,
)
from notify_server.stores.mongodb.tombstones import buried, is_too_late

_ROUNDS = 20
"""How often a membership is changed anew because another writer was first."""

Key = tuple[Audience, Source]
Change = Callable[[dict[Key, Membership]], bool]
"""Changes memberships in place; False: there is nothing to change."""


class MongoUsers(UserStore):
    """People: what is known of them and what they belong to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def user(self, user: str) -> tuple[UserRecord | None, tuple[Membership, ...]]:
        document = await self._database.run(self._get(user))
        if document is None:
            return None, ()
        return record_from(document), memberships_in(document)

    @override
    async def save_user(self, record: UserRecord) -> bool:
        return await self._database.run(self._save(record))

    async def _save(self, record: UserRecord) -> bool:
        fields = record_to(record)
        wanted = {"_id": record.id, "version": record.version or None}
        if await self._database.update(queries.USER_AT_VERSION, wanted, {"$set": fields}):
            return True
        if record.version:
            return False
        grave = (await buried(self._database, [record.id])).get(record.id)
        if grave is not None and (record.revoked_before is None or record.revoked_before < grave):
            return False
        return not await self._database.insert(queries.USER, [{"_id": record.id, **fields}])

    @override
    async def put_member(self, user: str, membership: Membership) -> None:
        def put(memberships: dict[Key, Membership]) -> bool:
            key = (membership.audience, membership.source)
            memberships[key] = _renewed(memberships.get(key), membership)
            return True

        await self._database.run(self._put_member(user, membership, put))

    async def _put_member(self, user: str, membership: Membership, put: Change) -> None:
        graves = await buried(self._database, [user])
        if not is_too_late(graves, user, membership.since):
            await self._change(user, put)

    @override
    async def remove_member(self, user: str, audience: Audience, source: Source) -> bool:
        def remove(memberships: dict[Key, Membership]) -> bool:
            return memberships.pop((audience, source), None) is not None

        return await self._database.run(self._change(user, remove))

    @override
    async def members(self, audience: Audience, after_user: str, limit: int) -> list[str]:
        wanted: Document = {"_id": {"$gt": after_user}}
        if audience.kind is AudienceKind.ALL:
            query = queries.EVERYONE
            wanted["version"] = {"$gt": 0}
        else:
            query = queries.MEMBERS
            wanted["audiences"] = audience.key
        found = await self._database.run(self._database.find(query, wanted, limit, ["_id"]))
        return [document["_id"] for document in found]

    @override
    async def revoked(self, since: datetime, limit: int) -> list[str]:
        wanted = {"revoked_before": {"$gte": to_ms(since)}}
        found = await self._database.run(
            self._database.find(queries.REVOKED, wanted, limit, ["_id"])
        )
        return [document["_id"] for document in found]

    async def _get(self, user: str) -> Document | None:
        found = await self._database.find(queries.USER, {"_id": user}, 1)
        return found[0] if found else None

    async def _change(self, user: str, change: Change) -> bool:
        """Change a person's memberships as one; False: there was nothing to change."""
        for _ in range(_ROUNDS):
            document = await self._get(user)
            memberships = {} if document is None else _memberships(document)
            if not change(memberships):
                return False
            turn = 0 if document is None else document.get("turn", 0)
            fields = {**_to_fields(memberships), "turn": turn + 1}
            if document is None:
                if not await self._database.insert(queries.USER, [{"_id": user, **fields}]):
                    return True
                continue
            wanted = {"_id": user, "turn": turn or None}
            if await self._database.update(queries.USER_AT_TURN, wanted, {"$set": fields}):
                return True
        raise UnavailableError("Too many changes at once.")


def _renewed(old: Membership | None, new: Membership) -> Membership:
    """``since`` of one that has not ended stays."""
    if old is None or (old.until is not None and old.until <= new.since):
        return new
    return Membership(new.audience, new.source, old.since, new.until)


def memberships_in(document: Document) -> tuple[Membership, ...]:
    """Where a person belongs."""
    return tuple(_memberships(document).values())


def _memberships(document: Document) -> dict[Key, Membership]:
    found = (membership_from(element) for element in document.get("members", ()))
    return {(membership.audience, membership.source): membership for membership in found}


def _to_fields(memberships: dict[Key, Membership]) -> Document:
    """In one order, and by audience for the index."""
    return members_to([memberships[key] for key in sorted(memberships)])


def members_to(memberships: Sequence[Membership]) -> Document:
    """The fields of a person's document that say where they belong."""
    return {
        "members": [membership_to(membership) for membership in memberships],
        "audiences": sorted({membership.audience.key for membership in memberships}),
    }
