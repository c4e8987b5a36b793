"""What became of a notification, as it is told to an operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notify_server.domain.notification import ChannelName, Notification
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import AckVia
from notify_server.domain.target import Audience
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


class Event(StrEnum):
    """What can stand in a timeline."""

    ACCEPTED = "accepted"
    REVISED = "revised"
    RENEWED = "renewed"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    SEEN = "seen"
    READ = "read"
    CLICKED = "clicked"
    ACKNOWLEDGED = "acknowledged"
    DISMISSED = "dismissed"
    DELETED = "deleted"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a timeline.

    Attributes:
        attempt: The try that it speaks of, for SENT, FAILED and DELIVERED by a session.
        via: By what it was delivered, for DELIVERED.
    """

    at: datetime
    event: Event
    attempt: ExplainedAttempt | None = None
    via: AckVia | None = None


class Upcoming(StrEnum):
    """What can happen next."""

    NOTHING = "nothing"
    WAIT = "wait"
    ATTEMPT = "attempt"
    JUDGE = "judge"
    REMIND = "remind"
    WAKE = "wake"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next, and when.

    Attributes:
        at: None when nothing happens by itself.
        number: Which attempt or reminder it is about, where it is about one.
        of: How many of them there are.
    """

    step: Upcoming
    at: datetime | None = None
    number: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person's part of it.

    Attributes:
        named: Named in the targets; False: comes by an audience, or not at all.
        audiences: The audiences by which it is theirs, and since when they belong to each.
        state: None where it is not for this person.
        why: The reason for how things stand.
        delivered_via: What made it count as delivered, or None; by a list or an action there is no
            attempt.
        closed: Why nothing is pushed any more though undelivered, or None.
        is_online: Whether they have an open session on its line here.
        timeline: What happened, oldest first.
    """

    user: str
    named: bool
    audiences: tuple[tuple[Audience, datetime], ...]
    state: State | None
    why: Reason
    delivered_revision: int
    delivered_via: AckVia | None
    reminders: int
    attempts: tuple[ExplainedAttempt, ...]
    closed: Reason | None
    is_online: bool
    timeline: tuple[Happening, ...]
    next: Next


@dataclass(frozen=True, slots=True)
class Explanation:
    """A notification, how many people are in which state, and a page of them.

    Attributes:
        summary: How many receipts are in which state. An audience's member is counted once
            something happened to them.
        connected: How many people whom it may concern have a session here.
        recipients: Ordered by user; members of its audiences without a receipt too.
        after: User behind whom the next page begins; None: this was the last.
    """

    notification: Notification
    summary: Mapping[str, int]
    connected: int
    recipients: tuple[Recipient, ...]
    after: str | None

    @property
    def has_more(self) -> bool:
        """Whether there are users after this page."""
        return self.after is not None
