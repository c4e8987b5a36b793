"""An explanation as the operator's call shows it (contract 7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.explanation import ExplainedAttempt, Explanation, Recipient
from notify_server.domain.notification import Notification
from notify_server.domain.reasons import SENTENCES
from notify_server.domain.receipt import Step
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
_STEPS: Mapping[Step, str] = MappingProxyType(
    {
        Step.IDLE: "nothing",
        Step.WAIT: "gives up waiting for the person's return",
        Step.ATTEMPT: "the next attempt",
        Step.JUDGE: "the attempt that is out counts as failed",
        Step.REMIND: "the next reminder",
        Step.WAKE: "comes back from its snooze",
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
    last = people[-1].user if people else None
    return {
        "notification": view_to_wire(View(notification, None), compat),
        "submitter": notification.submitter,
        "cancelled_at": moment_to_wire(notification.cancelled_at),
        "targets": targets_to_wire(notification.targets),
        "channels": _channels(notification),
        "summary": dict(explanation.summary),
        "recipients": {
            "items": [_recipient(person) for person in people],
            "page_info": {
                "after": last if explanation.has_more else None,
                "has_more": explanation.has_more,
            },
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
        {"channel": str(note.channel), "reason": note.reason} for note in notification.channel_notes
    ]


def _recipient(person: Recipient) -> dict[str, object]:
    return {
        "user": person.user,
        "named": person.named,
        "status": str(person.state.status),
        "state": state_to_wire(person.state),
        "delivered_revision": person.delivered_revision,
        "delivered_via": None if person.delivered_via is None else str(person.delivered_via),
        "reminders": person.reminders,
        "attempts": [_attempt(attempt) for attempt in person.attempts],
        "closed": None
        if person.closed is None
        else {"reason": str(person.closed), "sentence": SENTENCES[person.closed]},
        "next": None
        if person.next_step is None
        else {
            "due_at": moment_to_wire(person.next_at),
            "step": str(person.next_step),
            "sentence": _STEPS[person.next_step],
        },
    }


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
