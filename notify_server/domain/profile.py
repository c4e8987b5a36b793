"""What an operator says and sees of a person (contract 7)."""

from collections.abc import Mapping
from dataclasses import dataclass

from notify_server.domain.receipt import Attempt, Entry
from notify_server.domain.target import Membership, UserRecord
from notify_server.domain.view import Counts


@dataclass(frozen=True, slots=True)
class ProfileFields:
    """What an operator sets, always as a whole.

    Attributes:
        phone: E.164, ``+491701234567``.
        locale: BCP 47, ``de-CH``.
        time_zone: IANA, ``Europe/Zurich``.
        roles: Given by the operator, beside those of tokens.
        rooms: Likewise.
    """

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    roles: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldEntry:
    """A notification with the person's receipt, and the attempts that were kept."""

    entry: Entry
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a person.

    Attributes:
        record: None: no token was seen and nothing was set.
        subscriptions: Each type to (subscribed, required).
        counts: By line.
    """

    id: str
    record: UserRecord | None
    memberships: tuple[Membership, ...]
    subscriptions: Mapping[str, tuple[bool, bool]]
    counts: Mapping[str, Counts]
