"""Who of some people was erased, and when: asked before something new is written about them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from notify_server.domain.erasure import tombstone_of
from notify_server.kit.clock import from_ms
from notify_server.stores.mongodb import queries
from notify_server.stores.mongodb.database import Database


async def buried(database: Database, users: Iterable[str]) -> Mapping[str, datetime]:
    """Those of ``users`` that have a tombstone, with its moment."""
    by_hash = {tombstone_of(user): user for user in users}
    if not by_hash:
        return {}
    found = await database.find(queries.ERASED, {"_id": {"$in": list(by_hash)}})
    return {by_hash[document["_id"]]: from_ms(document["at"]) for document in found}


def is_too_late(graves: Mapping[str, datetime], user: str, decided_at: datetime) -> bool:
    """Whether a write was decided before its person was erased."""
    return user in graves and decided_at <= graves[user]
