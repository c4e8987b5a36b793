"""A person as the operator's calls set and show them (contract 7)."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from marshmallow import Schema, ValidationError
from marshmallow.validate import Email
from typing_extensions import override

from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.operators import SessionInfo
from notify_server.domain.profile import Profile, ProfileFields
from notify_server.domain.settings import LimitSettings
from notify_server.domain.target import AudienceKind, Membership, Source
from notify_server.wire.fields import Id, Label, ListOf, StrictSchema, Text, load
from notify_server.wire.json import check_json
from notify_server.wire.notification import moment_to_wire
from notify_server.wire.operators import session_to_wire

NAME_CHARS = 255
EMAIL_CHARS = 254
MAX_ROLES = 100

_is_email = Email()
PHONE = r"\+[1-9][0-9]{6,14}"
"""E.164, as a pattern of the whole."""
_PHONE = re.compile(PHONE)
# RFC 5646, without the grandfathered tags: language, script, region, variants, extensions.
_LOCALE = re.compile(
    r"[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(?:-[A-WY-Za-wy-z0-9](?:-[A-Za-z0-9]{2,8})+)*"
    r"(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?"
)


class Address(Text):
    """``name@host.tld``."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return _is_email(text)
        except ValidationError:
            raise ValidationError("must be an e-mail address like ann@example.org") from None


class Phone(Text):
    """E.164."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _PHONE.fullmatch(text):
            raise ValidationError("must be a phone number like +491701234567")
        return text


class Locale(Text):
    """A language tag of BCP 47."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _LOCALE.fullmatch(text):
            raise ValidationError("must be a language tag like de or de-CH")
        return text


class Zone(Text):
    """The name of a time zone in the IANA database."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in _zones():
            raise ValidationError("must be a time zone like Europe/Berlin")
        return text


@cache
def _zones() -> frozenset[str]:
    """Read from the machine once; a process that runs for years learns new ones at its restart."""
    return frozenset(available_timezones())


def user_schema(limits: LimitSettings) -> Schema:
    """What ``PUT users/{id}`` takes."""
    optional: dict[str, Any] = {"allow_none": True, "load_default": None}
    several: dict[str, Any] = {"load_default": ()}
    named = Id(limits.id_chars)
    return StrictSchema.from_dict(
        {
            "name": Label(NAME_CHARS, **optional),
            "email": Address(EMAIL_CHARS, **optional),
            "phone": Phone(16, **optional),
            "locale": Locale(64, **optional),
            "time_zone": Zone(64, **optional),
            "roles": ListOf(named, MAX_ROLES, **several),
            "rooms": ListOf(named, limits.rooms_per_user, **several),
        },
        name="User",
    )()


def parse_user(raw: object, limits: LimitSettings) -> ProfileFields:
    """Read the body of ``PUT users/{id}``: the whole of what an operator sets.

    Raises:
        RejectedError: INVALID with paths.
    """
    values, faults = load(user_schema(limits), raw)
    faults += list(check_json(raw))
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    values["roles"] = tuple(dict.fromkeys(values["roles"]))
    values["rooms"] = tuple(dict.fromkeys(values["rooms"]))
    return ProfileFields(**values)


def said_of(fields: ProfileFields) -> dict[str, object]:
    """What an operator set, for the audit: which fields, not what they say of the person."""
    named = ("name", "email", "phone", "locale", "time_zone")
    return {
        "set": [name for name in named if getattr(fields, name) is not None],
        "roles": list(fields.roles),
        "rooms": list(fields.rooms),
    }


def profile_to_wire(
    profile: Profile, sessions: Iterable[SessionInfo], now: datetime
) -> dict[str, object]:
    """Everything; what ``PUT`` takes stands at the top, under the same names."""
    record = profile.record
    said: dict[str, Any] = {} if record is None else asdict(record)
    return {
        "id": profile.id,
        **{name: said.get(name) for name in ("name", "email", "phone", "locale", "time_zone")},
        "roles": _given(profile, AudienceKind.ROLE),
        "rooms": _given(profile, AudienceKind.ROOM),
        "known_since": moment_to_wire(said.get("known_since")),
        "newest_token_at": moment_to_wire(said.get("token_iat")),
        "tokens_revoked_before": moment_to_wire(said.get("revoked_before")),
        "memberships": [membership_to_wire(one, now) for one in profile.memberships],
        "subscriptions": {
            name: {"subscribed": subscribed, "required": required}
            for name, (subscribed, required) in profile.subscriptions.items()
        },
        "counts": {
            line: {"count": counts.unread, "unseen": counts.unseen, "more": counts.more}
            for line, counts in profile.counts.items()
        },
        "sessions": [session_to_wire(session) for session in sessions],
    }


def _given(profile: Profile, kind: AudienceKind) -> list[str]:
    """What an operator gave, as ``PUT`` takes it."""
    return [
        one.audience.name
        for one in profile.memberships
        if one.source is Source.OPERATOR and one.audience.kind is kind
    ]


def membership_to_wire(membership: Membership, now: datetime) -> dict[str, object]:
    """A role or a room, who said so, since when and until when."""
    return {
        str(membership.audience.kind): membership.audience.name,
        "source": str(membership.source),
        "since": moment_to_wire(membership.since),
        "until": moment_to_wire(membership.until),
        "current": membership.until is None or membership.until > now,
    }
