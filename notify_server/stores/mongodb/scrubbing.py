"""Taking a person out of one notification; done again, it does no harm."""

from notify_server.domain.erasure import mentioned_in, without
from notify_server.domain.errors import UnavailableError
from notify_server.domain.notification import Notification
from notify_server.ports.erasure import Scrubbed
from notify_server.stores.mongodb import queries
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import Document, notification_from, receipt_id
from notify_server.stores.texts import content_to_json

_ROUNDS = 20


async def scrub(database: Database, user: str, notification_id: str) -> Scrubbed | None:
    """Take them out; None: there is no such notification."""
    for _ in range(_ROUNDS):
        found = await database.find(queries.ONE, {"_id": notification_id}, 1)
        if not found:
            return None
        left = without(notification_from(found[0]), user)
        if left is None:
            await _remove(database, notification_id)
            return Scrubbed(notification_id, None)
        # The notification first: what it still owes must not be made again behind this.
        if await database.update(
            queries.OF_REVISION, _as_it_was(found[0]), _scrubbed_fields(user, left)
        ):
            await _remove_rows(database, user, notification_id)
            return Scrubbed(notification_id, left)
    raise UnavailableError("Too many changes at once.")


async def _remove(database: Database, notification_id: str) -> None:
    """The notification last, so that what a crash leaves is found again."""
    change = {"$unset": {"waiting_users": "", "unfinished_at": ""}}
    await database.update(queries.ONE, {"_id": notification_id}, change)
    of = {"notification_id": notification_id}
    await database.delete(queries.OF_NOTIFICATION, of)
    await database.delete(queries.ALL_ATTEMPTS_OF, of)
    await database.delete(queries.ONE, {"_id": notification_id})


async def _remove_rows(database: Database, user: str, notification_id: str) -> None:
    receipt = {"_id": receipt_id(user, notification_id)}
    of = {"notification_id": notification_id, "user": user}
    await database.delete(queries.RECEIPT, receipt)
    await database.delete(queries.ATTEMPTS_OF, of)


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
