"""What sessions are told; ``wire/`` gives each its event name and payload."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notify_server.domain.operators import Stats
from notify_server.domain.view import Counts, View


class Removal(StrEnum):
    """Why a notification left the list."""

    DELETED = "deleted"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where a session of a user on a line has everything.

    Attributes:
        stamp: Everything stored before was written to the session.
    """

    user: str
    line: str
    stamp: datetime


@dataclass(frozen=True, slots=True)
class NotificationFrame:
    """A notification for one session or for many.

    Attributes:
        view: With state: of one user, or the state of a new notification. Without: see ``View``.
        replayed: The session did not get it when it was new.
        attempt: Which attempt this is, if not the first.
        reminder: Which reminder this is.
        transient: Never stored; carries no state and asks for no ack.
    """

    view: View
    replayed: bool = False
    attempt: int | None = None
    reminder: int | None = None
    transient: bool = False


@dataclass(frozen=True, slots=True)
class CountSignal:
    """The newest counts, with a cursor for coming back."""

    counts: Counts
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class UpdatedSignal:
    """State changed elsewhere: ``changes`` holds the fields of contract 5 that changed."""

    ids: tuple[str, ...]
    changes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AllUpdatedSignal:
    """State of all up to ``before`` changed elsewhere, filtered by type or tags if given."""

    changes: Mapping[str, object]
    before: str | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemovedSignal:
    """These are no longer in the list."""

    ids: tuple[str, ...]
    reason: Removal


@dataclass(frozen=True, slots=True)
class ReplayDoneSignal:
    """The session has everything; ``recovered`` False: fetch the list."""

    recovered: bool
    count: int
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class SubscriptionsSignal:
    """The person's subscriptions: type to (subscribed, required)."""

    types: Mapping[str, tuple[bool, bool]]


@dataclass(frozen=True, slots=True)
class TokenExpiringSignal:
    """The token ends soon."""

    expires_in_s: int


@dataclass(frozen=True, slots=True)
class ReconnectSignal:
    """Please come back after a pause."""

    reason: str
    after_ms: int


@dataclass(frozen=True, slots=True)
class StatsSignal:
    """Figures for operators who watch."""

    stats: Stats


Signal = (
    NotificationFrame
    | CountSignal
    | UpdatedSignal
    | AllUpdatedSignal
    | RemovedSignal
    | ReplayDoneSignal
    | SubscriptionsSignal
    | TokenExpiringSignal
    | ReconnectSignal
    | StatsSignal
)
