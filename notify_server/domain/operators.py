"""What an operator asks of the line and is told: searches, resends, figures, sessions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from notify_server.domain.notification import Notification, Priority
from notify_server.domain.view import Counts


class Standing(StrEnum):
    """What may be asked of a notification as a whole."""

    LIVE = "live"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNDELIVERED = "undelivered"
    """Live, and somebody with a receipt has not had its newest revision."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which notifications of all are asked for; None: no such filter.

    Attributes:
        text: Words that must all occur, without regard to case, in title, message, type, source,
            event name, tags, sender, object or collapse key.
        user: Named in the targets, or something of it reached them.
        caller: Who submitted it, as ``key:<id>`` or ``user:<id>``.
        since: Accepted then or later.
        until: Accepted before.
        before: Only ids that are less: the place where the page before ended.
        limit: How many at most.
    """

    text: str | None = None
    type: str | None = None
    priority: Priority | None = None
    source: str | None = None
    tag: str | None = None
    user: str | None = None
    line: str | None = None
    standing: Standing | None = None
    caller: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A notification that a search found, with what is said of it as a whole."""

    notification: Notification
    standing: Standing


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What a search found in the stretch that it looked at.

    Attributes:
        items: Newest first; may be fewer than asked for, even none, while there is more.
        before: Id below which to go on; None at the end.
        scanned: How many notifications were looked at.
    """

    items: tuple[Found, ...]
    before: str | None
    scanned: int

    @property
    def has_more(self) -> bool:
        """Whether something older has not been looked at."""
        return self.before is not None


@dataclass(frozen=True, slots=True)
class Resent:
    """What became of asking to send a notification again.

    Attributes:
        resent: People to whom it is pushed again: at once, or on their return.
        connected_now: Those of them who have an open session.
        underway: People whom a frame is on its way to already; left alone.
        delivered: People who have had it; left alone.
        set_aside: People who deleted, dismissed or snoozed it; left alone.
        after: User behind whom to go on, where there were too many for one call; else None.
    """

    id: str
    resent: int = 0
    connected_now: int = 0
    underway: int = 0
    delivered: int = 0
    set_aside: int = 0
    after: str | None = None


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One open session.

    Attributes:
        line: Its namespace.
        transport: ``websocket``, ``polling``, or ``none`` when it is just going.
        acks: It promised to acknowledge.
        live: It is up to date; False: it is being caught up.
        unconfirmed: Frames that it was sent and has not confirmed.
    """

    id: str
    user: str
    line: str
    transport: str
    acks: bool
    device_id: str | None
    rooms: tuple[str, ...]
    live: bool
    unconfirmed: int
    opened_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a person is here.

    Attributes:
        known: A token of theirs was seen, or an operator made them.
        sessions: Their open sessions, oldest first.
    """

    user: str
    known: bool
    sessions: tuple[SessionInfo, ...]

    @property
    def online(self) -> bool:
        """Whether any session is open."""
        return bool(self.sessions)


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who is connected to a node, or to several, in numbers.

    Attributes:
        users: Each once, also with sessions on several nodes.
        sessions: Open ones by line.
        transports: Open ones by what carries them.
        catching_up: Sessions that are not up to date yet.
        unconfirmed: Frames that sessions were sent and have not confirmed.
    """

    users: frozenset[str]
    sessions: Mapping[str, int]
    transports: Mapping[str, int]
    catching_up: int = 0
    unconfirmed: int = 0

    def plus(self, other: "Attendance") -> "Attendance":
        """Those of both."""
        return Attendance(
            self.users | other.users,
            Counter(self.sessions) + Counter(other.sessions),
            Counter(self.transports) + Counter(other.transports),
            self.catching_up + other.catching_up,
            self.unconfirmed + other.unconfirmed,
        )


@dataclass(frozen=True, slots=True)
class LineStats:
    """One person's figures on one line.

    Attributes:
        undelivered: Waiting to reach them; exact up to 1,000, then ``counts.more``.
    """

    counts: Counts
    undelivered: int


@dataclass(frozen=True, slots=True)
class UserStats:
    """One person's figures, by line."""

    presence: Presence
    lines: Mapping[str, LineStats]


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures of all nodes, what happened and what waits aside; those of the store may be old.

    A few seconds, that is.

    Attributes:
        at: When they were taken.
        since: When this node started.
        sessions: Open ones by line.
        transports: Open ones by what carries them.
        catching_up: Sessions that are not up to date yet.
        unconfirmed: Frames that sessions were sent and have not confirmed.
        since_start: What happened on this node since ``since``, by name.
        queues: How much waits in this node, by name.
        stored: How much the store holds, by name; each exact up to ``STORED_LIMIT``, which then
            stands for "that many or more".
    """

    at: datetime
    since: datetime
    users_online: int
    sessions: Mapping[str, int]
    catching_up: int
    unconfirmed: int
    transports: Mapping[str, int] = field(default_factory=dict)
    since_start: Mapping[str, int] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    stored: Mapping[str, int] = field(default_factory=dict)
    user: UserStats | None = None
