"""Why things stand as they do for one person, and what happens next: a reason and a moment.

Read from the same predicates by which the line acts, so that it can not say anything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notify_server.domain.explanation import Next, Upcoming
from notify_server.domain.notification import Notification
from notify_server.domain.person import Person
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Entry, Receipt, Step
from notify_server.policy.retry import RetryPolicy
from notify_server.policy.state import is_delivered
from notify_server.policy.visible import (
    Rules,
    has_access,
    is_expired,
    is_wanted,
    why_not_pushed,
)

NOT_THEIRS = frozenset({Reason.NOT_A_RECIPIENT, Reason.JOINED_LATER, Reason.EXCLUDED})
"""It is not for this person."""

_WAITING = frozenset({Reason.OFFLINE, Reason.NO_ACK, Reason.QUEUED, Reason.CATCHING_UP})
"""It is sent when the person, or one more session of theirs, connects."""


_NOTHING = Next(Upcoming.NOTHING)


@dataclass(frozen=True, slots=True)
class Reach:
    """How a person can be reached at the moment.

    Attributes:
        is_online: An open session on the line.
        is_live: One of them is up to date.
        judged_at: Moments at which attempts that are out count as failed.
    """

    is_online: bool = False
    is_live: bool = False
    judged_at: Sequence[datetime] = ()


def why(person: Person, entry: Entry, reach: Reach, rules: Rules, now: datetime) -> Reason:
    """The reason for how things stand between a person and a notification."""
    notification, receipt = entry.notification, entry.receipt
    if not has_access(person, notification, receipt, rules):
        return _why_not_theirs(person, notification)
    if is_delivered(entry, person.read_mark(notification.line)):
        return _why_delivered(notification, receipt)
    if notification.cancelled_at is not None:
        return Reason.CANCELLED
    if is_expired(notification, now):
        return Reason.EXPIRED
    if not is_wanted(person, notification, rules):
        return Reason.UNSUBSCRIBED
    if receipt is not None and (aside := _why_set_aside(receipt)) is not None:
        return aside
    listed_only = why_not_pushed(person, entry, rules, now)
    return listed_only or _why_pending(receipt, reach)


def _why_not_theirs(person: Person, notification: Notification) -> Reason:
    targets = notification.targets
    if person.id in targets.exclude:
        return Reason.EXCLUDED
    belongs = any(audience in person.since for audience in targets.audiences)
    return Reason.JOINED_LATER if belongs else Reason.NOT_A_RECIPIENT


def _why_delivered(notification: Notification, receipt: Receipt | None) -> Reason:
    if not notification.content.requires_acknowledgment:
        return Reason.DELIVERED
    if receipt is not None and receipt.acknowledged_at is not None:
        return Reason.ACKNOWLEDGED
    is_over = receipt is not None and receipt.step is Step.IDLE and receipt.reminders > 0
    return Reason.NOT_ACKNOWLEDGED if is_over else Reason.UNACKNOWLEDGED


def _why_set_aside(receipt: Receipt) -> Reason | None:
    if receipt.deleted_at is not None:
        return Reason.DELETED
    if receipt.snoozed_until is not None:
        return Reason.SNOOZED
    return Reason.DISMISSED if receipt.dismissed_at is not None else None


def _why_pending(receipt: Receipt | None, reach: Reach) -> Reason:
    step = Step.WAIT if receipt is None else receipt.step
    if reach.judged_at or step is Step.JUDGE:
        return Reason.IN_FLIGHT
    if step is Step.ATTEMPT and reach.is_online:
        return Reason.ATTEMPT_DUE
    if receipt is not None and receipt.closed is Reason.NO_ACK:
        return Reason.NO_ACK
    if not reach.is_online:
        return Reason.OFFLINE
    return Reason.QUEUED if reach.is_live else Reason.CATCHING_UP


def upcoming(entry: Entry, reason: Reason, reach: Reach, policy: RetryPolicy) -> Next:
    """What happens next, given the reason for how things stand."""
    notification, receipt = entry.notification, entry.receipt
    tries = policy.attempts(notification)
    if reason in _WAITING or receipt is None:
        if reason is Reason.IN_FLIGHT:
            return Next(Upcoming.JUDGE, min(reach.judged_at), 1, tries)
        return _waiting(entry, policy) if reason in _WAITING else _NOTHING
    if reason in (Reason.CANCELLED, Reason.EXPIRED):
        return _NOTHING
    if receipt.step is Step.WAKE:
        return Next(Upcoming.WAKE, receipt.snoozed_until)
    if receipt.step is Step.REMIND:
        return Next(Upcoming.REMIND, receipt.due_at, min(tries, receipt.reminders + 1), tries)
    if reason is Reason.IN_FLIGHT:
        is_counted = receipt.step is Step.JUDGE
        at = receipt.due_at if is_counted else min(reach.judged_at)
        number = receipt.attempts + (0 if is_counted else 1)
        return Next(Upcoming.JUDGE, at, min(tries, number), tries)
    if reason is Reason.ATTEMPT_DUE:
        return Next(Upcoming.ATTEMPT, receipt.due_at, min(tries, receipt.attempts + 1), tries)
    return _NOTHING


def _waiting(entry: Entry, policy: RetryPolicy) -> Next:
    """It is kept for the person's return until its priority or its own time ends that."""
    ends_at = entry.pushed_from + policy.waits(entry.notification)
    expires_at = entry.notification.content.expires_at
    if expires_at is not None and expires_at < ends_at:
        return Next(Upcoming.EXPIRE, expires_at)
    return Next(Upcoming.WAIT, ends_at)
