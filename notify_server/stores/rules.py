"""What a store decides while it writes, as plain functions, so that every engine decides alike.

Called by the engines' writers only, inside their atomic step.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from notify_server.domain.errors import Code, ConflictError, RejectedError
from notify_server.domain.notification import Notification, Submission
from notify_server.domain.receipt import Ack, Delivery, Receipt, Step

KEY_LIFE = timedelta(hours=24)
"""How long an idempotency key is remembered."""
COLLAPSE_LIFE = timedelta(hours=24)
"""How long after its newest revision a notification still takes another one by collapse key."""
KEPT_ACKS = 8
"""Acks kept in a receipt: enough to see who was first, bounded whatever clients send."""

_PUSHED = frozenset({Step.WAIT, Step.ATTEMPT, Step.JUDGE})


def make(submission: Submission, notification_id: str, now: datetime) -> Notification:
    """The notification that a submission becomes."""
    return Notification(
        id=notification_id,
        targets=submission.targets,
        content=submission.content,
        submitter=submission.submitter,
        created_at=now,
        updated_at=now,
        revised_at=now,
        line=submission.line,
        channel_notes=submission.channel_notes,
    )


def revise(old: Notification, submission: Submission, now: datetime) -> Notification:
    """The next revision of a notification; id, targets, line and submitter stay."""
    return replace(
        old,
        content=submission.content,
        channel_notes=submission.channel_notes,
        revision=old.revision + 1,
        updated_at=now,
        revised_at=now,
    )


def first_receipt(user: str, notification: Notification, waits: timedelta) -> Receipt:
    """What a named user gets at acceptance: parked, so that nothing depends on a later step."""
    at = notification.created_at
    return Receipt(
        user=user,
        notification_id=notification.id,
        line=notification.line,
        named=True,
        sort_at=at,
        push_at=at,
        changed_at=at,
        step=Step.WAIT,
        due_at=at + waits,
        version=1,
    )


def is_over(notification: Notification, now: datetime) -> bool:
    """Whether it is cancelled or expired."""
    expires_at = notification.content.expires_at
    return notification.cancelled_at is not None or (expires_at is not None and expires_at <= now)


def collapses(notification: Notification, now: datetime) -> bool:
    """Whether a submission with the same collapse scope replaces it."""
    return not is_over(notification, now) and notification.revised_at > now - COLLAPSE_LIFE


def check_replaceable(notification: Notification, now: datetime) -> None:
    """Raise ConflictError when it is cancelled or expired."""
    if is_over(notification, now):
        raise ConflictError(Code.CONFLICT, "It is cancelled or expired and can not be replaced.")


def check_same_body(known_hash: str, given_hash: str) -> None:
    """Raise RejectedError when an idempotency key comes back with another body."""
    if known_hash != given_hash:
        raise RejectedError(
            Code.IDEMPOTENCY_MISMATCH, "This idempotency key was used with another body."
        )


def confirm(receipt: Receipt, delivery: Delivery, now: datetime) -> Receipt:
    """The next version after a confirmed delivery; the same one when nothing is new in it."""
    ack = delivery.ack
    closed, step, due_at = receipt.closed, receipt.step, receipt.due_at
    if ack.revision >= receipt.revision:
        closed = None
        if step in _PUSHED:
            step, due_at = _after_delivery(receipt, delivery.remind_at)
    acks = _with_ack(receipt.acks, ack)
    if (
        acks is receipt.acks
        and ack.revision <= receipt.delivered_revision
        and receipt.delivered_at is not None
        and (closed, step, due_at) == (receipt.closed, receipt.step, receipt.due_at)
    ):
        return receipt
    return replace(
        receipt,
        delivered_revision=max(receipt.delivered_revision, ack.revision),
        delivered_at=receipt.delivered_at or ack.at,
        acks=acks,
        closed=closed,
        step=step,
        due_at=due_at,
        changed_at=now,
        version=receipt.version + 1,
    )


def _after_delivery(receipt: Receipt, remind_at: datetime | None) -> tuple[Step, datetime | None]:
    if remind_at is not None and receipt.acknowledged_at is None:
        return Step.REMIND, remind_at
    return Step.IDLE, None


def _with_ack(acks: tuple[Ack, ...], ack: Ack) -> tuple[Ack, ...]:
    """Add it, unless its session confirmed that revision before or enough are kept."""
    known = any(a.session == ack.session and a.revision == ack.revision for a in acks)
    return acks if known or len(acks) >= KEPT_ACKS else (*acks, ack)
