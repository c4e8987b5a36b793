"""One person's state of a notification, with the watermark of "mark all read" applied."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from notify_server.domain.notification import Notification, Priority
from notify_server.domain.receipt import Entry, Status
from notify_server.domain.target import Watermark
from notify_server.domain.view import State

Waits = Mapping[Priority, timedelta]
"""How long each priority is pushed to people who were away."""


def read_at_of(entry: Entry, mark: Watermark | None) -> datetime | None:
    """When it was read: by itself, or by a later watermark that covers it."""
    receipt = entry.receipt
    own = None if receipt is None else receipt.read_at
    if own is None and mark is not None and _covers(mark, entry):
        return mark.set_at
    return own


def seen_at_of(entry: Entry, mark: Watermark | None) -> datetime | None:
    """When it was seen; what is read is seen."""
    own = None if entry.receipt is None else entry.receipt.seen_at
    return own or read_at_of(entry, mark)


def is_delivered(entry: Entry, mark: Watermark | None) -> bool:
    """Whether the newest revision reached the person; a watermark set after it counts."""
    notification, receipt = entry.notification, entry.receipt
    if receipt is not None and receipt.delivered_revision >= notification.revision:
        return True
    return mark is not None and _covers(mark, entry) and notification.revised_at <= mark.set_at


def _covers(mark: Watermark, entry: Entry) -> bool:
    """A state set after the watermark wins over it."""
    if entry.position > mark.position:
        return False
    receipt = entry.receipt
    return receipt is None or receipt.marked_at is None or receipt.marked_at <= mark.set_at


def has_waited_out(entry: Entry, waits: Waits, now: datetime) -> bool:
    """Whether its waiting time is over; a snoozed one's begins when it is back."""
    if entry.receipt is not None and entry.receipt.snoozed_until is not None:
        return False
    return entry.pushed_from + waits[entry.notification.content.priority] <= now


def status_of(entry: Entry, mark: Watermark | None, waits: Waits, now: datetime) -> Status:
    """How far delivery came for one person."""
    notification, receipt = entry.notification, entry.receipt
    expires_at = notification.content.expires_at
    if notification.cancelled_at is not None:
        return Status.CANCELLED
    if expires_at is not None and expires_at <= now:
        return Status.EXPIRED
    if is_delivered(entry, mark):
        return Status.DELIVERED
    if has_waited_out(entry, waits, now):
        return Status.FAILED
    if receipt is None or receipt.revision < notification.revision:
        return Status.PENDING
    if receipt.closed is not None:
        return Status.FAILED
    return Status.SENT if receipt.attempts else Status.PENDING


def state_of(entry: Entry, mark: Watermark | None, waits: Waits, now: datetime) -> State:
    """All that a client is shown of the person's own state."""
    receipt = entry.receipt
    status = status_of(entry, mark, waits, now)
    read_at, seen_at = read_at_of(entry, mark), seen_at_of(entry, mark)
    if receipt is None:
        return State(status, entry.position.at, read_at, seen_at, read_at)
    return State(
        status=status,
        sort_at=receipt.sort_at,
        delivered_at=receipt.delivered_at or read_at,
        seen_at=seen_at,
        read_at=read_at,
        clicked_at=receipt.clicked_at,
        acknowledged_at=receipt.acknowledged_at,
        dismissed_at=receipt.dismissed_at,
        pinned_at=receipt.pinned_at,
        snoozed_until=receipt.snoozed_until,
    )


def fresh_state(notification: Notification) -> State:
    """The state of a new notification, as the frame of a fan-out carries it."""
    return State(Status.SENT, notification.created_at)
