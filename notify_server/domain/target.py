"""Who should know: named users, audiences, exclusions, and the people in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

USER_LINE = "/"
"""The line of every user; its aliases are resolved at the edge."""


class AudienceKind(StrEnum):
    """By what a set of people is named."""

    ALL = "all"
    LINE = "line"
    ROLE = "role"
    ROOM = "room"


class Audience(NamedTuple):
    """A set of people by role, room, line or all; ``name`` is empty for all."""

    kind: AudienceKind
    name: str = ""

    @property
    def key(self) -> str:
        """One text for it, as stores and caches index it: ``role:ADMIN``, ``all:``."""
        return f"{self.kind}:{self.name}"


EVERYONE = Audience(AudienceKind.ALL)


@dataclass(frozen=True, slots=True)
class Targets:
    """Whom a notification is for: the union of users and audiences, less ``exclude``.

    Attributes:
        users: Named users, sorted, without doubles and without the excluded.
        audiences: Sorted, without doubles.
        exclude: Users removed from all of them, sorted.
    """

    users: tuple[str, ...] = ()
    audiences: tuple[Audience, ...] = ()
    exclude: tuple[str, ...] = ()


class Position(NamedTuple):
    """A place in a list that is ordered by time, then id."""

    at: datetime
    id: str


class Source(StrEnum):
    """Who made a person a member of a role or a room."""

    TOKEN = "token"
    OPERATOR = "operator"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Membership:
    """One person's stored place in a role or a room.

    Attributes:
        audience: A role or a room.
        source: Who said so; the same audience may be held from several sources.
        since: From when on its notifications are for this person.
        until: When it ends by itself (a token's roles: 30 days after its ``exp``), or None.
    """

    audience: Audience
    source: Source
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Watermark:
    """All is read up to ``position``, save what was set after ``set_at``."""

    position: Position
    set_at: datetime


@dataclass(frozen=True, slots=True)
class UserRecord:
    """What the store knows of a person, besides memberships.

    Attributes:
        known_since: First token seen or made by an operator; "all" starts here.
        token_iat: ``iat`` of the newest token seen; older ones change nothing.
        revoked_before: Tokens issued before are dead.
        subscriptions: Type to False where switched off; what is absent is on.
        read_marks: Line to the watermark of "mark all read".
        skipped: Line to the position up to which nothing is pushed any more.
        version: Counts writes; for compare-and-set. 0: not stored yet.
    """

    id: str
    known_since: datetime
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    token_iat: datetime | None = None
    revoked_before: datetime | None = None
    subscriptions: Mapping[str, bool] = field(default_factory=dict)
    read_marks: Mapping[str, Watermark] = field(default_factory=dict)
    skipped: Mapping[str, Position] = field(default_factory=dict)
    version: int = 0
