"""What an action does to a receipt; a table of small pure changes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from notify_server.domain.actions import Act, Action
from notify_server.domain.notification import Notification
from notify_server.domain.receipt import Entry, Receipt, Step
from notify_server.domain.target import Watermark
from notify_server.policy.state import is_delivered, read_at_of

_DELIVERING = frozenset(
    {Action.READ, Action.SEEN, Action.CLICKED, Action.ACKNOWLEDGE, Action.DISMISS}
)
"""What only somebody can do who has it before them; the others may be meant for an older revision.
"""
_RESTING = frozenset({Step.IDLE, Step.WAIT})
_UNDELIVERED_STEPS = frozenset({Step.WAIT, Step.ATTEMPT, Step.JUDGE})


def receipt_of(entry: Entry, user: str, mark: Watermark | None, now: datetime) -> Receipt:
    """The person's receipt, made if there is none yet, with the watermark written into it."""
    notification = entry.notification
    receipt = entry.receipt or Receipt(
        user=user,
        notification_id=notification.id,
        line=notification.line,
        named=user in notification.targets.users,
        sort_at=notification.created_at,
        push_at=notification.revised_at,
        changed_at=now,
        revision=notification.revision,
        step=Step.WAIT,
    )
    if receipt.revision < notification.revision:
        receipt = replace(
            receipt, revision=notification.revision, attempts=0, replays=0, closed=None,
            push_at=max(receipt.push_at, notification.revised_at),
        )  # fmt: skip
    read_at = read_at_of(entry, mark)
    if read_at is None or receipt.read_at is not None:
        return receipt
    covered = replace(receipt, read_at=read_at, seen_at=receipt.seen_at or read_at)
    if is_delivered(entry, mark):
        return delivered(covered, notification, read_at)
    return covered


def delivered(receipt: Receipt, notification: Notification, now: datetime) -> Receipt:
    """What a person has looked at has reached them."""
    if receipt.delivered_revision >= notification.revision:
        return receipt
    ended = receipt.step in _UNDELIVERED_STEPS
    return replace(
        receipt,
        delivered_revision=notification.revision,
        delivered_at=receipt.delivered_at or now,
        closed=None,
        step=Step.IDLE if ended else receipt.step,
        due_at=None if ended else receipt.due_at,
    )


def apply(receipt: Receipt, notification: Notification, act: Act, now: datetime) -> Receipt | None:
    """Let a person's action change their receipt.

    Returns:
        The changed receipt with ``changed_at`` now, or None when it changes nothing.
    """
    reached = delivered(receipt, notification, now) if act.action in _DELIVERING else receipt
    changed = _CHANGES[act.action](reached, act, now)
    if changed == receipt:
        return None
    if act.action is Action.RESTORE:
        changed = _pushed_again(changed, notification, now)
    return replace(changed, changed_at=now)


def _pushed_again(receipt: Receipt, notification: Notification, now: datetime) -> Receipt:
    """A revision that came while it was dismissed goes out now; the schedule parks it if away."""
    is_undelivered = receipt.delivered_revision < notification.revision
    if is_undelivered and receipt.closed is None and receipt.step in _RESTING:
        return replace(receipt, step=Step.ATTEMPT, due_at=now)
    return receipt


def with_reminder(
    receipt: Receipt, notification: Notification, remind_at: datetime, reminders: int
) -> Receipt:
    """Start reminding when what must be acknowledged has been delivered and is not.

    Args:
        reminders: How many there are at most; those before a snooze count.
    """
    waiting = (
        notification.content.requires_acknowledgment
        and receipt.acknowledged_at is None
        and receipt.deleted_at is None
        and receipt.delivered_revision >= notification.revision
    )
    if waiting and receipt.step is Step.IDLE and receipt.reminders < reminders:
        return replace(receipt, step=Step.REMIND, due_at=remind_at)
    return receipt


def woken(receipt: Receipt, waits: timedelta, now: datetime) -> Receipt:
    """Bring a snoozed one back as new."""
    return replace(
        receipt,
        sort_at=now, push_at=now, changed_at=now, marked_at=now,
        snoozed_until=None, read_at=None, seen_at=None,
        delivered_revision=0, attempts=0, replays=0, closed=None,
        step=Step.WAIT, due_at=now + waits,
    )  # fmt: skip


def _read(receipt: Receipt, _act: Act, now: datetime) -> Receipt:
    if receipt.read_at is not None:
        return receipt
    return replace(receipt, read_at=now, seen_at=receipt.seen_at or now, marked_at=now)


def _unread(receipt: Receipt, _act: Act, now: datetime) -> Receipt:
    if receipt.read_at is None:
        return receipt
    return replace(receipt, read_at=None, marked_at=now)


def _seen(receipt: Receipt, _act: Act, now: datetime) -> Receipt:
    return replace(receipt, seen_at=receipt.seen_at or now)


def _clicked(receipt: Receipt, act: Act, now: datetime) -> Receipt:
    return replace(_read(receipt, act, now), clicked_at=receipt.clicked_at or now)


def _acknowledge(receipt: Receipt, act: Act, now: datetime) -> Receipt:
    done = replace(_read(receipt, act, now), acknowledged_at=receipt.acknowledged_at or now)
    if done.step is Step.REMIND:
        return replace(done, step=Step.IDLE, due_at=None)
    return done


def _dismiss(receipt: Receipt, act: Act, now: datetime) -> Receipt:
    return replace(_seen(receipt, act, now), dismissed_at=receipt.dismissed_at or now)


def _restore(receipt: Receipt, _act: Act, _now: datetime) -> Receipt:
    return replace(receipt, dismissed_at=None)


def _pin(receipt: Receipt, _act: Act, now: datetime) -> Receipt:
    return replace(receipt, pinned_at=receipt.pinned_at or now)


def _unpin(receipt: Receipt, _act: Act, _now: datetime) -> Receipt:
    return replace(receipt, pinned_at=None)


def _snooze(receipt: Receipt, act: Act, _now: datetime) -> Receipt:
    if act.until is None:
        raise ValueError("a snooze needs an end")
    return replace(receipt, snoozed_until=act.until, step=Step.WAKE, due_at=act.until)


def _delete(receipt: Receipt, _act: Act, now: datetime) -> Receipt:
    return replace(receipt, deleted_at=receipt.deleted_at or now, step=Step.IDLE, due_at=None)


_CHANGES: Mapping[Action, Callable[[Receipt, Act, datetime], Receipt]] = {
    Action.READ: _read,
    Action.UNREAD: _unread,
    Action.SEEN: _seen,
    Action.CLICKED: _clicked,
    Action.ACKNOWLEDGE: _acknowledge,
    Action.DISMISS: _dismiss,
    Action.RESTORE: _restore,
    Action.PIN: _pin,
    Action.UNPIN: _unpin,
    Action.SNOOZE: _snooze,
    Action.DELETE: _delete,
}
