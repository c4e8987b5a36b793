"""What slipped by a tombstone is taken away a little later, by whichever node comes first.

A writer looks for a tombstone and then writes, in two steps: one that looked before the tombstone
stood may write behind it, and die at once. So the tombstone says when the last such write must
have come (``check_at``), and whom it is about until then; after that the id is gone from it too.
"""

from datetime import timedelta

import orjson

from notify_server.domain.erasure import tombstone_of
from notify_server.kit.clock import to_ms
from notify_server.stores.mongodb import moves, queries
from notify_server.stores.mongodb.acceptance import forget_keys_of
from notify_server.stores.mongodb.database import PATIENCE_S, Database
from notify_server.stores.mongodb.documents import Document, membership_from
from notify_server.stores.mongodb.scrubbing import scrub
from notify_server.stores.mongodb.users import members_to

LATE = timedelta(seconds=6 * PATIENCE_S)
"""A write that began before the tombstone stood has happened by then, or never does: it is a look
or two and then the write, each tried for so long, and its last try may take as long again."""
_MS = timedelta(milliseconds=1)
_GRAVES = 20
_PAGE = 200


async def bury(database: Database, user: str, at_ms: int) -> None:
    """The tombstone first, so that whoever looks from now on writes nothing behind it."""
    wanted = {"_id": tombstone_of(user)}
    until = {"user": user, "check_at": at_ms + LATE // _MS}
    await database.put(queries.ERASED, wanted, {"$max": {"at": at_ms}, "$set": until})
    await database.delete(queries.USER, {"_id": user})
    await _forget_keys(database, user)


async def look_again(database: Database, now_ms: int) -> None:
    """Take away what came behind tombstones whose time for that is over."""
    wanted = {"check_at": {"$lte": now_ms}}
    for grave in await database.find(queries.TO_LOOK_AGAIN, wanted, _GRAVES):
        await _take_late(database, grave["user"], grave["at"])
        as_read = {"_id": grave["_id"], "at": grave["at"]}
        done = {"$unset": {"user": "", "check_at": ""}}
        await database.update(queries.ERASED_THEN, as_read, done)


async def _take_late(database: Database, user: str, at_ms: int) -> None:
    """Everything of them that is not newer than the tombstone."""
    owed = await database.find(queries.WAITED_FOR, {"waiting_users": user})
    if owed:
        await moves.finish(database, owed)
    after = ""
    while page := await database.find(
        queries.HELD, {"user": user, "notification_id": {"$gt": after}}, _PAGE
    ):
        after = page[-1]["notification_id"]
        for receipt in page:
            if receipt["changed_at"] <= at_ms:
                await scrub(database, user, receipt["notification_id"])
    await database.delete(queries.ATTEMPTS_BY_USER, {"user": user, "at": {"$lte": at_ms}})
    await _take_late_record(database, user, at_ms)


async def _take_late_record(database: Database, user: str, at_ms: int) -> None:
    """Who came back since is another person, and keeps what is newer."""
    found = await database.find(queries.USER, {"_id": user}, 1)
    if not found:
        return
    document = found[0]
    members = [membership_from(element) for element in document.get("members", ())]
    fresh = [one for one in members if to_ms(one.since) > at_ms]
    is_fresh = _is_record_fresh(document, at_ms)
    as_read = {"_id": user, "version": document.get("version"), "turn": document.get("turn")}
    if not fresh and not is_fresh:
        await database.delete(queries.USER_AS_READ, as_read)
    elif len(fresh) < len(members):
        change = {**members_to(fresh), "turn": document.get("turn", 0) + 1}
        await database.update(queries.USER_AS_READ, as_read, {"$set": change})


def _is_record_fresh(document: Document, at_ms: int) -> bool:
    """Whether it was made since: such a one knows that what is older than the tombstone is dead."""
    return "version" in document and (document["revoked_before"] or 0) >= at_ms


async def _forget_keys(database: Database, user: str) -> None:
    first = orjson.dumps([f"user:{user}"]).decode().removesuffix("]") + ","
    await forget_keys_of(database, first)
