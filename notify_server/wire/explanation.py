"""An explanation as the operator's call shows it (contract 7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.explanation import (
    Event,
    ExplainedAttempt,
    Explanation,
    Happening,
    Next,
    Recipient,
    Upcoming,
)
from notify_server.domain.notification import Notification
from notify_server.domain.reasons import SENTENCES, Reason
from notify_server.domain.receipt import AckVia
from notify_server.domain.settings import CompatSettings
from notify_server.domain.target import Audience, AudienceKind, Targets
from notify_server.domain.view import View
from notify_server.kit.clock import to_rfc3339
from notify_server.wire.fields import Id, StrictSchema, Whole, load
from notify_server.wire.notification import moment_to_wire, state_to_wire, view_to_wire

ID_CHARS = 128
MAX_RECIPIENTS = 100

_KINDS: Mapping[AudienceKind, str] = MappingProxyType(
    {AudienceKind.LINE: "namespace", AudienceKind.ROLE: "role", AudienceKind.ROOM: "room"}
)
_STEPS: Mapping[Upcoming, str] = MappingProxyType(
    {
        Upcoming.NOTHING: "Nothing more is sent.",
        Upcoming.WAIT: "It is given up, unless the person connects before.",
        Upcoming.ATTEMPT: "Attempt {number} of {of} goes out.",
        Upcoming.JUDGE: "Attempt {number} of {of} has failed, unless it is confirmed before.",
        Upcoming.REMIND: "Reminder {number} of {of} goes out.",
        Upcoming.WAKE: "It comes back from its snooze, as new.",
        Upcoming.EXPIRE: "It expires, unless the person connects before.",
    }
)
"""What ``next`` says; the moment stands beside it."""

_EVENTS: Mapping[Event, str] = MappingProxyType(
    {
        Event.ACCEPTED: "Accepted and stored.",
        Event.REVISED: "The content was replaced by the newest revision.",
        Event.RENEWED: "Attempts and waiting began anew: after a snooze, or because it was resent.",
        Event.SENT: "Sent.",
        Event.FAILED: "The attempt failed.",
        Event.DELIVERED: "Delivered.",
        Event.SEEN: "The person saw it.",
        Event.READ: "The person read it.",
        Event.CLICKED: "The person clicked it.",
        Event.ACKNOWLEDGED: "The person acknowledged it.",
        Event.DISMISSED: "The person dismissed it.",
        Event.DELETED: "The person deleted it.",
        Event.EXPIRED: "It expired.",
        Event.CANCELLED: "It was cancelled.",
    }
)

_VIAS: Mapping[AckVia, str] = MappingProxyType(
    {
        AckVia.ACK: "Delivered: the session acknowledged it.",
        AckVia.PONG: "Delivered: the client answered a ping that was sent after it.",
        AckVia.POLL: "Delivered: the client asked for the poll after the one that carried it.",
        AckVia.LIST: "Delivered: the person's list or a call returned it.",
        AckVia.STATE: "Delivered: the person did something with it.",
    }
)


class ExplainQuerySchema(StrictSchema):
    """``?user=`` or a page of recipients."""

    user = Id(ID_CHARS)
    after = Id(ID_CHARS)
    limit = Whole(1, MAX_RECIPIENTS, text=True, load_default=MAX_RECIPIENTS)


_QUERY = ExplainQuerySchema()


@dataclass(frozen=True, slots=True)
class ExplainQuery:
    """Of whom an explanation speaks: one user, or a page behind ``after``."""

    user: str | None
    after: str
    limit: int


def parse_explain_query(raw: object) -> ExplainQuery:
    """Read the query string.

    Raises:
        RejectedError: INVALID with paths.
    """
    values, faults = load(_QUERY, raw)
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return ExplainQuery(values.get("user"), values.get("after", ""), values["limit"])


def explanation_to_wire(explanation: Explanation, compat: CompatSettings) -> dict[str, object]:
    """Spell it."""
    notification, people = explanation.notification, explanation.recipients
    return {
        "notification": view_to_wire(View(notification, None), compat),
        "submitter": notification.submitter,
        "cancelled_at": moment_to_wire(notification.cancelled_at),
        "targets": targets_to_wire(notification.targets),
        "channels": _channels(notification),
        "summary": dict(explanation.summary),
        "connected": explanation.connected,
        "recipients": {
            "items": [_recipient(person) for person in people],
            "page_info": {"after": explanation.after, "has_more": explanation.has_more},
        },
    }


def targets_to_wire(targets: Targets) -> dict[str, object]:
    """Whom it is for, spelt as a submission does."""
    to: list[object] = [{"user": user} for user in targets.users]
    to += [_audience(audience) for audience in targets.audiences]
    return {"to": to, "exclude": list(targets.exclude)}


def _audience(audience: Audience) -> dict[str, object]:
    if audience.kind is AudienceKind.ALL:
        return {"all": True}
    return {_KINDS[audience.kind]: audience.name}


def _channels(notification: Notification) -> list[dict[str, object]]:
    return [
        {
            "channel": str(note.channel),
            "reason": note.reason,
            "sentence": SENTENCES[Reason(note.reason)],
        }
        for note in notification.channel_notes
    ]


def _recipient(person: Recipient) -> dict[str, object]:
    state = person.state
    return {
        "user": person.user,
        "named": person.named,
        "audiences": [
            {**_audience(audience), "since": to_rfc3339(since)}
            for audience, since in person.audiences
        ],
        "online": person.is_online,
        "status": None if state is None else str(state.status),
        "why": _reason(person.why),
        "next": _next(person.next),
        "timeline": [_happening(happening) for happening in person.timeline],
        "state": None if state is None else state_to_wire(state),
        "delivered_revision": person.delivered_revision,
        "delivered_via": None if person.delivered_via is None else str(person.delivered_via),
        "reminders": person.reminders,
        "attempts": [_attempt(attempt) for attempt in person.attempts],
        "closed": None if person.closed is None else _reason(person.closed),
    }


def _reason(reason: Reason) -> dict[str, object]:
    return {"reason": str(reason), "sentence": SENTENCES[reason]}


def _next(coming: Next) -> dict[str, object]:
    return {
        "step": str(coming.step),
        "due_at": moment_to_wire(coming.at),
        "number": coming.number,
        "of": coming.of,
        "sentence": _STEPS[coming.step].format(number=coming.number, of=coming.of),
    }


def _happening(happening: Happening) -> dict[str, object]:
    attempt = happening.attempt
    told: dict[str, object] = {
        "at": to_rfc3339(happening.at),
        "event": str(happening.event),
        "sentence": _sentence(happening),
    }
    if attempt is not None:
        told |= {
            "revision": attempt.revision,
            "number": attempt.number,
            "reason": str(attempt.reason),
            "session": attempt.session,
            "round_trip_ms": attempt.round_trip_ms,
        }
    return told


def _sentence(happening: Happening) -> str:
    if happening.event is Event.DELIVERED and happening.via is not None:
        return _VIAS[happening.via]
    if happening.event in (Event.SENT, Event.FAILED) and happening.attempt is not None:
        return SENTENCES[happening.attempt.reason]
    return _EVENTS[happening.event]


def _attempt(attempt: ExplainedAttempt) -> dict[str, object]:
    return {
        "revision": attempt.revision,
        "number": attempt.number,
        "at": to_rfc3339(attempt.at),
        "channel": str(attempt.channel),
        "outcome": attempt.outcome,
        "reason": str(attempt.reason),
        "sentence": SENTENCES[attempt.reason],
        "session": attempt.session,
        "round_trip_ms": attempt.round_trip_ms,
        "via": None if attempt.via is None else str(attempt.via),
    }
