"""What happened between a person and a notification, put in order from what is kept of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from notify_server.domain.explanation import Event, ExplainedAttempt, Happening
from notify_server.domain.notification import Notification
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Ack, AckVia, Attempt, Entry, Receipt
from notify_server.domain.view import State
from notify_server.policy.visible import is_expired

_PROMPT = timedelta(seconds=2)
"""A frame that left within this time after acceptance was no replay."""
_NOT_COUNTED = (Reason.REMINDER, Reason.NOT_ACKNOWLEDGED)
"""Reminders have a count of their own."""
_ORDER = {event: rank for rank, event in enumerate(Event)}
"""What stands first of the same moment."""
_EVENTS = {"sent": Event.SENT, "failed": Event.FAILED, "delivered": Event.DELIVERED}
_OWN_EVENTS = (
    ("seen_at", Event.SEEN),
    ("read_at", Event.READ),
    ("clicked_at", Event.CLICKED),
    ("acknowledged_at", Event.ACKNOWLEDGED),
    ("dismissed_at", Event.DISMISSED),
)
"""Moments of a person's state, and what they tell."""


def happenings(
    entry: Entry,
    state: State,
    attempts: Sequence[ExplainedAttempt],
    sent: Sequence[tuple[str, datetime]],
    now: datetime,
) -> tuple[Happening, ...]:
    """All of it, oldest first.

    Args:
        entry: The notification, and the person's receipt if there is one.
        state: The person's state, watermarks applied.
        attempts: As ``explained_attempts`` tells them.
        sent: Sessions that have yet to confirm it, and when each was sent it.
        now: What lies ahead did not happen yet.
    """
    notification, receipt = entry.notification, entry.receipt
    found = [Happening(notification.created_at, Event.ACCEPTED)]
    if notification.revision > 1:
        found.append(Happening(notification.revised_at, Event.REVISED))
    if receipt is not None and receipt.push_at > notification.revised_at:
        found.append(Happening(receipt.push_at, Event.RENEWED))
    found += [Happening(a.at, _EVENTS[a.outcome], a, a.via) for a in attempts]
    found += _first_frames(attempts)
    found += [_sent(notification, attempts, *each) for each in sent]
    via = None if receipt is None else delivered_via(receipt)
    if via in (AckVia.LIST, AckVia.STATE) and state.delivered_at is not None:
        found.append(Happening(state.delivered_at, Event.DELIVERED, via=via))
    for name, event in _OWN_EVENTS:
        at = getattr(state, name)
        if at is not None:
            found.append(Happening(at, event))
    if receipt is not None and receipt.deleted_at is not None:
        found.append(Happening(receipt.deleted_at, Event.DELETED))
    if notification.cancelled_at is not None:
        found.append(Happening(notification.cancelled_at, Event.CANCELLED))
    elif is_expired(notification, now) and notification.content.expires_at is not None:
        found.append(Happening(notification.content.expires_at, Event.EXPIRED))
    return tuple(sorted(found, key=lambda happening: (happening.at, _ORDER[happening.event])))


def _first_frames(attempts: Sequence[ExplainedAttempt]) -> list[Happening]:
    """Frames of which nothing was kept but that they were confirmed."""
    kept = {(a.revision, a.number, a.reason) for a in attempts if a.outcome == "sent"}
    return [
        Happening(a.at - timedelta(milliseconds=a.round_trip_ms), Event.SENT, a)
        for a in attempts
        if a.outcome == "delivered"
        and a.round_trip_ms is not None
        and (a.revision, a.number, a.reason) not in kept
    ]


def _sent(
    notification: Notification,
    attempts: Sequence[ExplainedAttempt],
    session: str,
    at: datetime,
) -> Happening:
    """A frame that is out; as which attempt is told by those before it."""
    before = [a for a in attempts if a.at <= at and a.revision == notification.revision]
    number = before[-1].number if before else 1
    reason = Reason.LIVE if at <= notification.revised_at + _PROMPT else Reason.REPLAY
    if before and before[-1].outcome == "sent":
        reason = before[-1].reason
    out = ExplainedAttempt(notification.revision, number, at, "sent", reason, session=session)
    return Happening(at, Event.SENT, out)


def delivered_via(receipt: Receipt) -> AckVia | None:
    """By what it first counted as delivered, read off the moments that the receipt holds."""
    at = receipt.delivered_at
    if at is None:
        return None
    for ack in receipt.acks:
        if ack.at <= at:
            return ack.via
    acted = (receipt.seen_at, receipt.clicked_at, receipt.acknowledged_at, receipt.pinned_at)
    return AckVia.STATE if at in acted else AckVia.LIST


def explained_attempts(
    notification: Notification, receipt: Receipt, kept: Sequence[Attempt]
) -> tuple[ExplainedAttempt, ...]:
    """Failures and retries as kept, and confirmations as the receipt holds them, by time.

    A first success is only in the receipt, so its number and reason are read off what was kept
    before its frame left.
    """
    tries = [
        ExplainedAttempt(a.revision, a.number, a.at, a.outcome, a.reason, a.channel) for a in kept
    ]
    confirmed = [_confirmed(notification, ack, kept) for ack in receipt.acks]
    return tuple(sorted([*tries, *confirmed], key=_when))


def _when(attempt: ExplainedAttempt) -> tuple[datetime, int, bool]:
    return attempt.at, attempt.number, attempt.outcome == "delivered"


def _confirmed(notification: Notification, ack: Ack, kept: Sequence[Attempt]) -> ExplainedAttempt:
    left_at = ack.at - timedelta(milliseconds=ack.rtt_ms)
    before = [
        attempt
        for attempt in kept
        if attempt.revision == ack.revision
        and attempt.reason not in _NOT_COUNTED
        and attempt.at <= left_at
    ]
    number, reason = _after(before, notification, ack, left_at)
    return ExplainedAttempt(
        revision=ack.revision,
        number=number,
        at=ack.at,
        outcome="delivered",
        reason=reason,
        session=ack.session,
        round_trip_ms=ack.rtt_ms,
        via=ack.via,
    )


def _after(
    before: Sequence[Attempt], notification: Notification, ack: Ack, left_at: datetime
) -> tuple[int, Reason]:
    """Which attempt a frame was, and why it was sent, from the attempts before it left."""
    if before:
        last = before[-1]
        if last.outcome == "sent":
            return last.number, last.reason
        return last.number + 1, Reason.REPLAY
    if ack.revision > 1:
        return 1, Reason.REVISION
    return 1, Reason.LIVE if left_at <= notification.created_at + _PROMPT else Reason.REPLAY
