"""Who belongs to which audience, and from when on (contract 10.7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notify_server.domain.claims import Claims
from notify_server.domain.person import Person
from notify_server.domain.target import (
    EVERYONE,
    Audience,
    AudienceKind,
    Membership,
    Source,
    UserRecord,
)

ROLE_OUTLIVES_TOKEN = timedelta(days=30)
"""How long a role is kept after the ``exp`` of the token that said so."""


OPERATOR = Audience(AudienceKind.ROLE, "ADMIN")
"""The role whose people operate the product."""


def is_operator(person: Person) -> bool:
    """Whether a person may do at this moment what operators do."""
    return OPERATOR in person.since


def person_of(
    record: UserRecord,
    memberships: Iterable[Membership],
    session_rooms: Mapping[str, datetime],
    lines: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> Person:
    """Bring together all that a person belongs to at ``now``.

    Args:
        session_rooms: Rooms that open sessions are in, each with the earliest join.
        lines: Lines with their roles.
    """
    since: dict[Audience, datetime] = {EVERYONE: record.known_since}
    for membership in memberships:
        if membership.until is None or membership.until > now:
            _earlier(since, membership.audience, membership.since)
    for room, joined in session_rooms.items():
        _earlier(since, Audience(AudienceKind.ROOM, room), joined)
    for line, roles in lines.items():
        for role in roles:
            role_since = since.get(Audience(AudienceKind.ROLE, role))
            if role_since is not None:
                _earlier(since, Audience(AudienceKind.LINE, line), role_since)
    return Person(record, since)


def _earlier(since: dict[Audience, datetime], audience: Audience, moment: datetime) -> None:
    known = since.get(audience)
    since[audience] = moment if known is None else min(known, moment)


@dataclass(frozen=True, slots=True)
class TokenChanges:
    """What a token changes in the store; everything empty: nothing."""

    record: UserRecord | None = None
    put: tuple[Membership, ...] = ()
    remove: tuple[Audience, ...] = ()


def changes_by_token(
    record: UserRecord | None,
    memberships: Iterable[Membership],
    claims: Claims,
    now: datetime,
) -> TokenChanges:
    """Say what is new in a token; one that is older than the newest seen changes nothing."""
    newest = None if record is None else record.token_iat
    if newest is not None and claims.issued_at < newest:
        return TokenChanges()
    held = {m.audience: m for m in memberships if m.source is Source.TOKEN}
    until = claims.expires_at + ROLE_OUTLIVES_TOKEN
    wanted = {Audience(AudienceKind.ROLE, role) for role in claims.roles}
    put = tuple(
        Membership(audience, Source.TOKEN, now, until)
        for audience in sorted(wanted)
        if audience not in held or held[audience].until != until
    )
    remove = tuple(audience for audience in sorted(held) if audience not in wanted)
    fresh = replace(
        record or UserRecord(claims.user, known_since=now),
        token_iat=claims.issued_at,
        name=claims.name or (record.name if record else None),
        email=claims.email or (record.email if record else None),
        locale=claims.locale or (record.locale if record else None),
        time_zone=claims.time_zone or (record.time_zone if record else None),
    )
    return TokenChanges(None if fresh == record else fresh, put, remove)


def is_revoked(record: UserRecord | None, claims: Claims) -> bool:
    """Whether the token was issued before the user's tokens were revoked."""
    return (
        record is not None
        and record.revoked_before is not None
        and claims.issued_at < record.revoked_before
    )
