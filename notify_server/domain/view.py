"""What one person sees: a notification with their own state, pages of them, and counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notify_server.domain.notification import Notification, Priority
from notify_server.domain.receipt import Status
from notify_server.domain.target import Position


@dataclass(frozen=True, slots=True)
class State:
    """The user's own state, as contract 5 lists it; watermarks are already applied."""

    status: Status
    sort_at: datetime
    delivered_at: datetime | None = None
    seen_at: datetime | None = None
    read_at: datetime | None = None
    clicked_at: datetime | None = None
    acknowledged_at: datetime | None = None
    dismissed_at: datetime | None = None
    pinned_at: datetime | None = None
    snoozed_until: datetime | None = None

    def fields(self) -> dict[str, object]:
        """By the names of contract 5, ``is_read`` and ``is_dismissed`` included."""
        return {
            "status": self.status,
            "sort_at": self.sort_at,
            "delivered_at": self.delivered_at,
            "seen_at": self.seen_at,
            "is_read": self.read_at is not None,
            "read_at": self.read_at,
            "clicked_at": self.clicked_at,
            "acknowledged_at": self.acknowledged_at,
            "is_dismissed": self.dismissed_at is not None,
            "dismissed_at": self.dismissed_at,
            "pinned_at": self.pinned_at,
            "snoozed_until": self.snoozed_until,
        }

    def changes_since(self, before: "State") -> dict[str, object]:
        """Those fields that differ."""
        old = before.fields()
        return {name: value for name, value in self.fields().items() if old[name] != value}


@dataclass(frozen=True, slots=True)
class View:
    """A notification and the state to show; None: the client keeps the state that it holds."""

    notification: Notification
    state: State | None

    @property
    def position(self) -> Position:
        """Its place in the person's list."""
        at = self.notification.created_at if self.state is None else self.state.sort_at
        return Position(at, self.notification.id)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a person has not read or not seen; exact up to 1,000, then ``more``."""

    unread: int
    unseen: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """What of the list is asked for; None: no such filter.

    Attributes:
        before: Only what is older than this place.
        after: Only what is newer.
        offset: How many to pass over (for clients without cursors).
        unread: True: only unread ones.
        text: Words that must all occur in title or message, without regard to case.
        dismissed: True: only dismissed ones; else none of them.
        pinned: True: only pinned ones.
        snoozed: True: only snoozed ones; else none of them.
        subscribed: True: only types that are switched on.
    """

    limit: int = 20
    before: Position | None = None
    after: Position | None = None
    offset: int = 0
    unread: bool = False
    type: str | None = None
    min_priority: Priority | None = None
    source: str | None = None
    tag: str | None = None
    max_age: timedelta | None = None
    text: str | None = None
    dismissed: bool = False
    pinned: bool = False
    snoozed: bool = False
    subscribed: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list.

    Attributes:
        items: Newest first.
        newer: Place to ask ``after``; None when the page is empty.
        older: Place to ask ``before``.
        has_more: Whether there is more in the direction that was asked for.
        total: How many the query finds, exact up to 1,000, then ``total_more``.
    """

    items: tuple[View, ...]
    newer: Position | None
    older: Position | None
    has_more: bool
    total: int
    total_more: bool
    counts: Counts
