"""What the writer does with notifications: accept, replace, cancel, remove.

Each function is one operation of the writer: all of it happens, or nothing.
"""

from datetime import datetime, timedelta

from notify_server.domain.erasure import mentioned_in
from notify_server.domain.errors import NotFoundError
from notify_server.domain.notification import Accepted, Notification, Submission
from notify_server.kit.clock import to_ms
from notify_server.stores import rules
from notify_server.stores.sqlite import reads, writes
from notify_server.stores.sqlite.desk import Desk
from notify_server.stores.sqlite.erasure import REMOVALS, add_mentions
from notify_server.stores.sqlite.rows import (
    notification_from_row,
    notification_to_row,
    receipt_to_row,
)
from notify_server.stores.texts import UNDELIVERED, content_to_json, ms_or_none, notes_to_json


def accept(desk: Desk, submission: Submission) -> Accepted:
    """Store a submission: replay its key, revise what it collapses with, or insert."""
    now = desk.now()
    earlier = _replayed(desk, submission, now)
    if earlier is not None:
        return earlier
    live = _collapsing(desk, submission, now)
    if live is not None:
        return _revise(desk, live, submission, now)
    return _insert(desk, submission, now)


def replace(desk: Desk, notification_id: str, submission: Submission) -> Accepted:
    """Make the next revision of a named one."""
    now = desk.now()
    earlier = _replayed(desk, submission, now)
    if earlier is not None:
        return earlier
    notification = _get(desk, notification_id)
    rules.check_replaceable(notification, now)
    return _revise(desk, notification, submission, now)


def cancel(desk: Desk, notification_id: str) -> Notification:
    """Cancel it and close its receipts; one that is cancelled already stays as it is."""
    notification = _get(desk, notification_id)
    if notification.cancelled_at is not None:
        return notification
    now = to_ms(desk.now())
    desk.write(writes.CANCEL_NOTIFICATION, (now, now, notification_id))
    desk.write(writes.TOUCH_AUDIENCES, (now, notification_id))
    desk.write(writes.CLOSE_RECEIPTS, (notification.revision, now, notification_id))
    return _get(desk, notification_id)


def remove_old(desk: Desk, before: datetime, limit: int) -> int:
    """Remove the oldest past their retention with all that hangs on them; returns how many."""
    rows = desk.rows(reads.OLD_IDS, (to_ms(before), to_ms(desk.now()), limit))
    for write in REMOVALS:
        desk.write_many(write, rows)
    return len(rows)


def remove_old_keys(desk: Desk, limit: int) -> int:
    """Remove idempotency keys whose time is over; returns how many."""
    rows = desk.rows(reads.OLD_KEYS, (to_ms(desk.now() - rules.KEY_LIFE), limit))
    desk.write_many(writes.REMOVE_KEY, rows)
    return len(rows)


def _get(desk: Desk, notification_id: str) -> Notification:
    row = desk.row(reads.NOTIFICATION, (notification_id,))
    if row is None:
        raise NotFoundError
    return notification_from_row(row)


def _replayed(desk: Desk, submission: Submission, now: datetime) -> Accepted | None:
    """What an earlier call with the same key made, or None."""
    key = submission.idempotency
    if key is None:
        return None
    row = desk.row(reads.NOTIFICATION_WITH_KEY, (key.scope, to_ms(now - rules.KEY_LIFE)))
    if row is None:
        return None
    body_hash, revision, *columns = row
    rules.check_same_body(body_hash, key.body_hash)
    return Accepted(notification_from_row(tuple(columns)), revision, replayed=True)


def _collapsing(desk: Desk, submission: Submission, now: datetime) -> Notification | None:
    """The live notification of the same scope; one that is not live loses the scope."""
    if submission.collapse_scope is None:
        return None
    row = desk.row(reads.NOTIFICATION_IN_SCOPE, (submission.collapse_scope,))
    if row is None:
        return None
    notification = notification_from_row(row)
    if rules.collapses(notification, now):
        return notification
    desk.write(writes.END_COLLAPSE, (notification.id,))
    return None


def _insert(desk: Desk, submission: Submission, now: datetime) -> Accepted:
    notification = rules.make(submission, desk.next_id(now), now)
    at = to_ms(now)
    desk.write(
        writes.ADD_NOTIFICATION,
        (*notification_to_row(notification), submission.collapse_scope, at),
    )
    for audience in notification.targets.audiences:
        values = (audience.key, notification.line, at, notification.id, at)
        desk.write(writes.ADD_TO_AUDIENCE, values)
    add_mentions(desk, notification)
    _add_receipts(desk, notification, submission.waits)
    return _accepted(desk, submission, notification)


def _add_receipts(desk: Desk, notification: Notification, waits: timedelta) -> None:
    """One row per named user; all but the user is the same, so it is encoded once."""
    users = notification.targets.users
    if users:
        first = rules.first_receipt("", notification, waits)
        _, *shared = (*receipt_to_row(first), UNDELIVERED)
        desk.write_many(writes.PUT_RECEIPT, ((user, *shared) for user in users))


def _revise(desk: Desk, old: Notification, submission: Submission, now: datetime) -> Accepted:
    notification = rules.revise(old, submission, now)
    at, content = to_ms(now), notification.content
    desk.write(
        writes.REVISE_NOTIFICATION,
        (
            notification.revision,
            at,
            at,
            ms_or_none(content.expires_at),
            content_to_json(content),
            notes_to_json(notification.channel_notes),
            at,
            notification.id,
        ),
    )
    desk.write(writes.TOUCH_AUDIENCES, (at, notification.id))
    if mentioned_in(notification) != mentioned_in(old):
        desk.write(writes.REMOVE_MENTIONS_OF, (notification.id,))
        add_mentions(desk, notification)
    due_at = to_ms(now + submission.waits)
    desk.write(writes.REVISE_RECEIPTS, (at, notification.revision, due_at, notification.id))
    return _accepted(desk, submission, notification)


def _accepted(desk: Desk, submission: Submission, notification: Notification) -> Accepted:
    """Remember the key, if any, and answer."""
    key = submission.idempotency
    if key is not None:
        values = (
            key.scope,
            key.body_hash,
            notification.id,
            notification.revision,
            to_ms(notification.revised_at),
        )
        desk.write(writes.KEEP_KEY, values)
    return Accepted(notification, notification.revision)
