"""What the API answers, as JSON Schema, beside one true example of each.

Called for the OpenAPI document. Answers may grow by fields, so these schemas are open; the tests
close them, and so find every field that is answered and not described here.
"""

from typing import Any

from notify_server.domain.claims import Scope
from notify_server.domain.explanation import Event, Upcoming
from notify_server.domain.notification import ChannelName, Priority
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import AckVia, Status

JsonSchema = dict[str, Any]

TEXT: JsonSchema = {"type": "string"}
WHOLE: JsonSchema = {"type": "integer", "minimum": 0}
FLAG: JsonSchema = {"type": "boolean"}
TIME: JsonSchema = {"type": "string", "format": "date-time"}
OPEN: JsonSchema = {"type": "object"}


def ref(name: str) -> JsonSchema:
    """Another one of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(members: JsonSchema, optional: tuple[str, ...] = (), text: str = "") -> JsonSchema:
    """An object that has all members but the optional ones."""
    required = [name for name in members if name not in optional]
    made = {"type": "object", "properties": members, "required": required}
    return made | {"description": text} if text else made


def items(of: JsonSchema) -> JsonSchema:
    """A list."""
    return {"type": "array", "items": of}


def enum(names: Any) -> JsonSchema:
    """One of these texts."""
    return {"type": "string", "enum": list(map(str, names))}


def maybe(shape: JsonSchema) -> JsonSchema:
    """The same, or null."""
    if "$ref" in shape:
        return {"oneOf": [shape, {"type": "null"}]}
    made = {**shape, "type": [shape["type"], "null"]}
    return made | {"enum": [*shape["enum"], None]} if "enum" in shape else made


def listed(of: JsonSchema) -> JsonSchema:
    """``{"items": […]}``."""
    return obj({"items": items(of)})


_CONTENT: JsonSchema = {
    "id": TEXT,
    "namespace": TEXT,
    "room": maybe(TEXT),
    "revision": {"type": "integer", "minimum": 1},
    "created_at": TIME,
    "updated_at": TIME,
    "title": TEXT,
    "message": TEXT,
    "type": TEXT,
    "priority": enum(Priority),
    "event_name": maybe(TEXT),
    "source": maybe(TEXT),
    "tags": items(TEXT),
    "data": OPEN,
    "object": maybe(OPEN),
    "sender": maybe(OPEN),
    "action_url": maybe(TEXT),
    "action_label": maybe(TEXT),
    "actions": items(OPEN),
    "media": maybe(OPEN),
    "requires_acknowledgment": FLAG,
    "persist": FLAG,
    "send_at": maybe(TIME),
    "expires_at": maybe(TIME),
    "ttl_s": maybe({"type": "number"}),
    "collapse_key": maybe(TEXT),
    "group_key": maybe(TEXT),
    "template": maybe(TEXT),
    "params": OPEN,
    "is_grouped": FLAG,
    "group_count": WHOLE,
}
_STATE: JsonSchema = {
    "status": enum(Status),
    "sort_at": TIME,
    "delivered_at": maybe(TIME),
    "seen_at": maybe(TIME),
    "is_read": FLAG,
    "read_at": maybe(TIME),
    "clicked_at": maybe(TIME),
    "acknowledged_at": maybe(TIME),
    "is_dismissed": FLAG,
    "dismissed_at": maybe(TIME),
    "pinned_at": maybe(TIME),
    "snoozed_until": maybe(TIME),
}
_LEGACY: JsonSchema = {"notification_type": TEXT, "sender_name": maybe(TEXT)}
_ATTEMPT = obj(
    {
        "revision": WHOLE,
        "number": WHOLE,
        "at": TIME,
        "channel": enum(ChannelName),
        "outcome": enum(("sent", "failed", "delivered")),
        "reason": enum(Reason),
        "sentence": TEXT,
        "session": maybe(TEXT),
        "round_trip_ms": maybe(WHOLE),
        "via": maybe(enum(AckVia)),
    }
)
_WHY = obj({"reason": enum(Reason), "sentence": TEXT})
_HAPPENING = obj(
    {
        "at": TIME,
        "event": enum(Event),
        "sentence": TEXT,
        "revision": WHOLE,
        "number": WHOLE,
        "reason": enum(Reason),
        "session": maybe(TEXT),
        "round_trip_ms": maybe(WHOLE),
    },
    ("revision", "number", "reason", "session", "round_trip_ms"),
)
_NEXT = obj(
    {
        "step": enum(Upcoming),
        "due_at": maybe(TIME),
        "number": maybe(WHOLE),
        "of": maybe(WHOLE),
        "sentence": TEXT,
    }
)
_RECIPIENT = obj(
    {
        "user": TEXT,
        "named": FLAG,
        "audiences": items(OPEN),
        "online": FLAG,
        "status": maybe(enum(Status)),
        "why": _WHY,
        "next": _NEXT,
        "timeline": items(_HAPPENING),
        "state": maybe(obj(_STATE)),
        "delivered_revision": WHOLE,
        "delivered_via": maybe(enum(AckVia)),
        "reminders": WHOLE,
        "attempts": items(_ATTEMPT),
        "closed": maybe(_WHY),
    }
)
_SUBMITTED: JsonSchema = {
    "id": TEXT,
    "status": enum(("accepted", "transient")),
    "revision": {"type": "integer", "minimum": 1},
}
_KEY: JsonSchema = {
    "id": TEXT,
    "name": TEXT,
    "scopes": items(enum(Scope)),
    "created_at": TIME,
    "revoked_at": maybe(TIME),
}
_FAULT = obj({"path": TEXT, "message": TEXT})

_AUDIT_ENTRY = obj(
    {
        "seq": WHOLE,
        "at": TIME,
        "who": TEXT,
        "action": TEXT,
        "subject": maybe(TEXT),
        "details": OPEN,
        "seal": TEXT,
        "previous_hash": TEXT,
        "hash": TEXT,
    }
)

ANSWERS: dict[str, JsonSchema] = {
    "Notification": obj(
        {**_CONTENT, **_STATE, **_LEGACY},
        tuple(_LEGACY),
        "As one person sees it, with their state.",
    ),
    "Content": obj({**_CONTENT, **_LEGACY}, tuple(_LEGACY), "Without anybody's state."),
    "Page": obj(
        {
            "items": items(ref("Notification")),
            "page_info": obj({"before": maybe(TEXT), "after": maybe(TEXT), "has_more": FLAG}),
            "meta": obj(
                {"total_count": WHOLE, "more": FLAG, "unread_count": WHOLE, "unseen_count": WHOLE}
            ),
        }
    ),
    "Counts": obj({"count": WHOLE, "unseen": WHOLE, "more": FLAG}),
    "Submitted": obj(_SUBMITTED),
    "BulkSubmitted": listed(
        obj(
            {
                "index": WHOLE,
                **_SUBMITTED,
                "status": enum(("accepted", "transient", "rejected")),
                "error": ref("Problem"),
                "replayed": FLAG,
            },
            ("id", "revision", "error", "replayed"),
        )
    ),
    "Cancelled": obj({"id": TEXT, "stopped": WHOLE, "removed": WHOLE}),
    "Changed": obj({"changed": items(TEXT)}),
    "BatchDone": obj({"changed": items(TEXT), "unknown": items(TEXT)}),
    "Subscriptions": obj(
        {
            "types": {
                "type": "object",
                "additionalProperties": obj({"subscribed": FLAG, "required": FLAG}),
            }
        }
    ),
    "Targets": obj({"to": items(OPEN), "exclude": items(TEXT)}),
    "Explanation": obj(
        {
            "notification": ref("Content"),
            "submitter": TEXT,
            "cancelled_at": maybe(TIME),
            "targets": ref("Targets"),
            "channels": items(
                obj({"channel": enum(ChannelName), "reason": enum(Reason), "sentence": TEXT})
            ),
            "summary": {"type": "object", "additionalProperties": WHOLE},
            "connected": WHOLE,
            "recipients": obj(
                {
                    "items": items(_RECIPIENT),
                    "page_info": obj({"after": maybe(TEXT), "has_more": FLAG}),
                }
            ),
        }
    ),
    "Audit": obj(
        {
            "items": items(_AUDIT_ENTRY),
            "page_info": obj({"before": maybe(TEXT), "has_more": FLAG}),
        }
    ),
    "AuditVerdict": obj({"intact": FLAG, "first_broken": maybe(WHOLE)}),
    "Cleanup": obj({"removed": WHOLE, "matching": WHOLE, "more": FLAG}),
    "ApiKey": obj(_KEY),
    "ApiKeyMade": obj({**_KEY, "key": {**TEXT, "description": "Shown this once."}}),
    "ApiKeys": listed(ref("ApiKey")),
    "Health": obj({"status": enum(("ok", "degraded", "unavailable")), "reason": TEXT}, ("reason",)),
    "Problem": obj(
        {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "code": TEXT,
            "errors": items(_FAULT),
        },
        text="RFC 9457. `code` is one of the table of error codes; `errors` names each fault.",
    ),
}
"""By their names in the document."""
