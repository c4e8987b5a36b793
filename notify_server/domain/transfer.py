"""What a store holds beside what the product asks of it; all of it moves to another engine."""

from dataclasses import dataclass
from datetime import datetime

from notify_server.domain.notification import Notification
from notify_server.domain.target import Membership, UserRecord


@dataclass(frozen=True, slots=True)
class KnownKey:
    """An idempotency key that was used for a notification.

    Attributes:
        revision: What the call made.
        at: When it was used.
    """

    scope: str
    body_hash: str
    revision: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A notification with all that is kept of it, but what others have of it.

    Attributes:
        kept_from: Where its retention starts.
        collapse_scope: While it may still be revised by a call of the same scope.
        keys: By (at, scope).
    """

    notification: Notification
    kept_from: datetime
    collapse_scope: str | None = None
    keys: tuple[KnownKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A person with their memberships, by (audience, source); the record may be missing."""

    id: str
    record: UserRecord | None
    memberships: tuple[Membership, ...] = ()


@dataclass(frozen=True, slots=True)
class Tombstone:
    """That somebody was erased."""

    hash: str
    at: datetime
