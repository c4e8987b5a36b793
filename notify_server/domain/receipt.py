"""One person's state of one notification: what reached them, and what they did with it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notify_server.domain.notification import ChannelName, Notification
from notify_server.domain.reasons import Reason
from notify_server.domain.target import Position


class Status(StrEnum):
    """How far delivery came; derived from a notification and a receipt, never stored."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What a receipt's ``due_at`` is for."""

    IDLE = "idle"
    """Nothing is due: delivered, or closed."""
    WAIT = "wait"
    """Parked until the person returns; due when the waiting time of its priority is over."""
    ATTEMPT = "attempt"
    """The next attempt is due."""
    JUDGE = "judge"
    """An attempt is out; due when its ack timeout is over."""
    REMIND = "remind"
    """Delivered but not acknowledged by the person; the next reminder is due."""
    WAKE = "wake"
    """Snoozed; due when it comes back."""


class AckVia(StrEnum):
    """By what a delivery was confirmed."""

    ACK = "ack"
    PONG = "pong"
    POLL = "poll"
    LIST = "list"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Ack:
    """One session's confirmation of one revision; ``rtt_ms`` from frame to confirmation."""

    session: str
    revision: int
    at: datetime
    rtt_ms: int
    via: AckVia = AckVia.ACK


@dataclass(frozen=True, slots=True)
class Receipt:
    """One user's state of one notification.

    Attributes:
        named: The user is named in the targets; False: came by an audience.
        sort_at: The list's order: created, or back from a snooze.
        push_at: Where attempts and waiting start: ``sort_at``, or the newest revision if later.
        revision: The revision that ``attempts``, ``closed`` and ``step`` speak of.
        delivered_revision: Newest revision that reached a session; 0 for none.
        marked_at: When the read state was last set; a watermark set later wins.
        attempts: Attempts counted for ``revision``.
        replays: Replays since the last attempt failed; three at most.
        reminders: Reminders sent.
        closed: Why nothing is pushed any more though undelivered, or None.
        step: What ``due_at`` is for.
        acks: The first few confirmations, oldest first.
        changed_at: Last write; catch-up pages by it.
        version: Counts writes; for compare-and-set. 0: not stored yet.
    """

    user: str
    notification_id: str
    line: str
    named: bool
    sort_at: datetime
    push_at: datetime
    changed_at: datetime
    revision: int = 1
    delivered_revision: int = 0
    delivered_at: datetime | None = None
    seen_at: datetime | None = None
    read_at: datetime | None = None
    marked_at: datetime | None = None
    clicked_at: datetime | None = None
    acknowledged_at: datetime | None = None
    dismissed_at: datetime | None = None
    deleted_at: datetime | None = None
    pinned_at: datetime | None = None
    snoozed_until: datetime | None = None
    attempts: int = 0
    replays: int = 0
    reminders: int = 0
    closed: Reason | None = None
    step: Step = Step.IDLE
    due_at: datetime | None = None
    acks: tuple[Ack, ...] = ()
    version: int = 0

    @property
    def position(self) -> Position:
        """Its place in the person's list."""
        return Position(self.sort_at, self.notification_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """A notification beside one person's receipt of it, if there is one yet."""

    notification: Notification
    receipt: Receipt | None

    @property
    def id(self) -> str:
        """The notification's id."""
        return self.notification.id

    @property
    def position(self) -> Position:
        """Its place in the person's list."""
        if self.receipt is not None:
            return self.receipt.position
        return Position(self.notification.created_at, self.notification.id)

    @property
    def pushed_from(self) -> datetime:
        """Where attempts and waiting start."""
        start = self.notification.revised_at
        return start if self.receipt is None else max(start, self.receipt.push_at)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A confirmed delivery, as the store records it.

    Attributes:
        receipt: The receipt to insert where there is none yet (an audience's member).
        ack: The confirmation.
        remind_at: When the first reminder is due if the person must acknowledge, else None.
    """

    receipt: Receipt
    ack: Ack
    remind_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try that did not simply succeed at first: a retry, a failure, a reminder.

    Attributes:
        number: 1-based count for its revision.
        outcome: ``sent``, ``failed`` or ``delivered``.
    """

    user: str
    notification_id: str
    revision: int
    number: int
    at: datetime
    outcome: str
    reason: Reason
    channel: ChannelName = ChannelName.IN_APP
