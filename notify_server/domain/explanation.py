"""What became of a notification, as it is told to an operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from notify_server.domain.notification import ChannelName, Notification
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import AckVia, Step
from notify_server.domain.view import State


@dataclass(frozen=True, slots=True)
class ExplainedAttempt:
    """One try and what came of it.

    Attributes:
        number: 1-based count for its revision.
        outcome: ``sent``, ``failed`` or ``delivered``.
        session: Which one confirmed it, if one did.
        round_trip_ms: From frame to confirmation.
        via: By what it was confirmed.
    """

    revision: int
    number: int
    at: datetime
    outcome: str
    reason: Reason
    channel: ChannelName = ChannelName.IN_APP
    session: str | None = None
    round_trip_ms: int | None = None
    via: AckVia | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person's part of it.

    Attributes:
        named: Named in the targets; False: came by an audience.
        delivered_via: What made it count as delivered, or None; by a list or an action there is no
            attempt.
        closed: Why nothing is pushed any more though undelivered, or None.
        next_step: What happens at ``next_at``, or None.
    """

    user: str
    named: bool
    state: State
    delivered_revision: int
    delivered_via: AckVia | None
    reminders: int
    attempts: tuple[ExplainedAttempt, ...]
    closed: Reason | None
    next_step: Step | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A notification, how many people are in which state, and a page of them.

    Attributes:
        summary: How many receipts are in which state. An audience's member is counted once
            something happened to them.
        recipients: Ordered by user.
        has_more: Whether there are users after the last one.
    """

    notification: Notification
    summary: Mapping[str, int]
    recipients: tuple[Recipient, ...]
    has_more: bool
