"""What follows an acceptance: receipts made, moved by a revision, closed by a cancel.

Each is an upsert or a change that finds only what it has not changed yet, so whatever a crash left
unfinished is finished by any node, and may be done twice. What is unfinished says so in its
document (``unfinished_at``), and for whom (``waiting_users``): lists of those people finish it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from notify_server.domain.notification import Notification
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Step
from notify_server.kit.clock import to_ms
from notify_server.kit.failpoints import failpoint
from notify_server.stores import rules
from notify_server.stores.mongodb import queries
from notify_server.stores.mongodb.database import Database, Filter
from notify_server.stores.mongodb.documents import Document, notification_from, receipt_to, waits_of
from notify_server.stores.texts import PASSIVE, UNDELIVERED

_MS = timedelta(milliseconds=1)


async def finish(database: Database, documents: Sequence[Document]) -> None:
    """Do for each document what its newest state asks of receipts."""
    made = [_first_receipts(document) for document in documents if document.get("waiting_users")]
    await database.insert(queries.RECEIPT, list(chain.from_iterable(made)))
    failpoint("receipts_made")
    for document in documents:
        notification = notification_from(document)
        if notification.revision > 1:
            await _move(database, notification, waits_of(document))
            failpoint("receipts_moved")
        if notification.cancelled_at is not None:
            await _close(database, notification)
            failpoint("receipts_closed")
    await _mark_finished(database, documents)


def _first_receipts(document: Document) -> list[Document]:
    notification, waits = notification_from(document), waits_of(document)
    receipts = (
        rules.first_receipt(user, notification, waits) for user in document["waiting_users"]
    )
    return [receipt_to(receipt, notification.revision) for receipt in receipts]


async def _move(database: Database, notification: Notification, waits: timedelta) -> None:
    """Set the receipts of older revisions to the newest one, each by what it is.

    One change for each kind: an update can not look at the document that it changes.
    """
    of = {
        "notification_id": notification.id,
        "revision": {"$lt": notification.revision},
        "deleted_at": None,
    }
    awake = {"$ne": str(Step.WAKE)}
    due_at = to_ms(notification.revised_at) + waits // _MS
    steps: tuple[tuple[Filter, Filter], ...] = (
        ({"step": str(Step.WAKE)}, {}),
        ({"step": awake, "named": True}, {"step": str(Step.WAIT), "due_at": due_at}),
        ({"step": awake, "named": False}, {"step": str(Step.IDLE)}),
    )
    shown = (({"dismissed_at": None}, UNDELIVERED), ({"dismissed_at": {"$ne": None}}, PASSIVE))
    await database.update_all(
        queries.MOVED,
        [
            ({**of, **step, **who}, _moved(notification, fields, active))
            for step, fields in steps
            for who, active in shown
        ],
    )


def _moved(notification: Notification, fields: Filter, active: int) -> Document:
    at = to_ms(notification.revised_at)
    gone = {"closed": ""}
    if fields.get("step") == str(Step.IDLE):
        gone["due_at"] = ""
    return {
        "$set": {
            "push_at": at,
            "changed_at": at,
            "revision": notification.revision,
            "attempts": 0,
            "replays": 0,
            "active": active,
            **fields,
        },
        "$unset": gone,
        "$inc": {"version": 1},
    }


async def _close(database: Database, notification: Notification) -> None:
    of = {"notification_id": notification.id, "ended": None}
    at = to_ms(notification.cancelled_at or notification.updated_at)
    common = {"step": str(Step.IDLE), "changed_at": at, "ended": True}
    change = {"$unset": {"due_at": ""}, "$inc": {"version": 1}}
    cancelled = {**common, "closed": str(Reason.CANCELLED)}
    undelivered = {**of, "delivered_revision": {"$lt": notification.revision}}
    delivered = {**of, "delivered_revision": {"$gte": notification.revision}}
    await database.update_all(
        queries.CLOSED,
        [
            (undelivered, {"$set": cancelled, **change}),
            (delivered, {"$set": common, **change}),
        ],
    )


async def _mark_finished(database: Database, documents: Sequence[Document]) -> None:
    """Unless it has changed meanwhile: then whoever changed it finishes that."""
    done = {"$unset": {"unfinished_at": "", "waiting_users": ""}}
    fresh = [document["_id"] for document in documents if _is_fresh(document)]
    changes: list[tuple[Filter, Filter]] = [
        (_as_it_was(document), done) for document in documents if not _is_fresh(document)
    ]
    if fresh:
        found = {"_id": {"$in": fresh}, "revision": 1, "cancelled_at": None}
        changes.append((found, done))
    if changes:
        await database.update_all(queries.OF_REVISION, changes)


def _is_fresh(document: Document) -> bool:
    return document["revision"] == 1 and document.get("cancelled_at") is None


def _as_it_was(document: Mapping[str, Any]) -> Document:
    return {
        "_id": document["_id"],
        "revision": document["revision"],
        "cancelled_at": document.get("cancelled_at"),
    }
