"""Describes the wire from its own tables: ``scripts/gen_wire.py`` writes what is made here.

So ``docs/wire.md``, ``docs/wire.json`` and the fixtures of the clients' tests cannot differ from
what the server does.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields

from notify_server.domain.errors import Code, Fault, RejectedError
from notify_server.domain.settings import CompatSettings, LimitSettings
from notify_server.wire import examples
from notify_server.wire.admin_events import ADMIN_SCHEMAS
from notify_server.wire.client_events import RESERVED as RESERVED_EVENTS
from notify_server.wire.client_events import SCHEMAS
from notify_server.wire.errors import ROWS, to_ack_error, to_problem
from notify_server.wire.events import AdminEvent
from notify_server.wire.fields import (
    Flag,
    FreeObject,
    Label,
    ListOf,
    Moment,
    PriorityField,
    Record,
    Seconds,
    Text,
    Url,
    Whole,
)
from notify_server.wire.inbox import QUERY
from notify_server.wire.signals import encode
from notify_server.wire.submission import RESERVED, content_schema

Described = dict[str, Any]

_NAMES: Mapping[type[fields.Field[Any]], str] = {
    Flag: "boolean",
    FreeObject: "object",
    Moment: "time (RFC 3339)",
    PriorityField: "low | normal | high | urgent | critical",
    Seconds: "seconds",
}


def describe() -> Described:
    """Everything, for machines."""
    limits = LimitSettings()
    return {
        "errors": {
            str(code): {
                "http_status": row.http_status,
                "exit_code": row.exit_code,
                "retryable": row.retryable,
                "title": row.title,
            }
            for code, row in ROWS.items()
        },
        "submission": {
            "fields": _submission_fields(limits),
            "reserved": list(RESERVED),
            "example": dict(examples.SUBMISSION),
        },
        "filters": _fields(QUERY),
        "server_events": [
            {"event": e.event.value, "when": e.when, "example": encode(e.signal)[0][1]}
            for e in (*examples.SERVER, examples.STATS)
        ],
        "client_events": [
            {
                "event": event.value,
                "fields": _fields(SCHEMAS[event]),
                "example": dict(example),
            }
            for event, example in examples.CLIENT.items()
        ],
        "reserved_events": [event.value for event in RESERVED_EVENTS],
        "admin_events": [
            {
                "event": event.value,
                "fields": _admin_fields(event, limits),
                "example": dict(example),
            }
            for event, example in examples.ADMIN.items()
        ],
        "limits": asdict(limits),
    }


def _fields(schema: Schema) -> Described:
    return {name: _field(field) for name, field in schema.fields.items()}


def _submission_fields(limits: LimitSettings) -> Described:
    return {
        "to": {"type": "a target or a list of targets", "required": True},
        "exclude": {"type": "list of user ids", "required": False},
        **_fields(content_schema(limits)),
        **{name: _required(limits, name) for name in ("title", "message")},
    }


def _admin_fields(event: AdminEvent, limits: LimitSettings) -> Described:
    if event is AdminEvent.SEND_NOTIFICATION:
        key = {"type": "text, at most 255 characters", "required": False}
        return {**_submission_fields(limits), "idempotency_key": key}
    return _fields(ADMIN_SCHEMAS[event])


def _required(limits: LimitSettings, name: str) -> Described:
    """What the schema leaves to ``submission.py``, because a template may stand for it."""
    return {**_field(content_schema(limits).fields[name]), "required": True}


def _field(field: fields.Field[Any]) -> Described:
    return {"type": _type(field), "required": field.required}


def _type(field: fields.Field[Any]) -> str:
    match field:
        case Url():
            return f"URL, at most {field.most} characters"
        case Label():
            return f"id, at most {field.most} characters"
        case Text():
            return f"text, at most {field.most} characters"
        case Whole():
            return f"whole number, {field.least} to {field.most}"
        case ListOf():
            return f"list of at most {field.most}: {_type(field.inner)}"
        case Record():
            return f"object of {', '.join(field.schema.fields)}"
        case _:
            return _NAMES[type(field)]


def fixtures() -> dict[str, Described]:
    """File name to content: each event once, and both shapes of an error."""
    error = RejectedError(Code.INVALID, faults=[Fault("to[2].role", "must be a text")])
    made: dict[str, Described] = {
        "error_ack": {"direction": "answer", "payload": to_ack_error(error)},
        "error_problem": {"direction": "http", "payload": to_problem(error)},
        "submission": {"direction": "http", "payload": dict(examples.SUBMISSION)},
    }
    both = CompatSettings(badge_update=True, legacy_fields=True)
    for example in (*examples.SERVER, examples.STATS):
        for event, payload in encode(example.signal, both)[1:]:
            made[event] = {"event": event, "direction": "server", "payload": payload}
        event, payload = encode(example.signal)[0]
        made[example.name] = {"event": event, "direction": "server", "payload": payload}
    for name, payload_in in (*examples.CLIENT.items(), *examples.ADMIN.items()):
        made[name.value] = {
            "event": name.value,
            "direction": "client",
            "payload": dict(payload_in),
        }
    return made
