"""What the operator's calls answer, as JSON Schema; the rest of the answers is in ``shapes.py``."""

from notify_server.domain.notification import Priority
from notify_server.domain.operators import Standing
from notify_server.domain.target import Source
from notify_server.wire.shapes import (
    FLAG,
    OPEN,
    TEXT,
    TIME,
    WHOLE,
    JsonSchema,
    enum,
    items,
    listed,
    maybe,
    obj,
    ref,
)

_NUMBERS: JsonSchema = {"type": "object", "additionalProperties": WHOLE}
_PRESENCE: JsonSchema = {
    "user": TEXT,
    "known": FLAG,
    "online": FLAG,
    "sessions": items(ref("Session")),
}
_OF_LINE = obj({"unread": WHOLE, "unseen": WHOLE, "more": FLAG, "undelivered": WHOLE})

OPERATOR_ANSWERS: dict[str, JsonSchema] = {
    "Found": obj(
        {
            "items": items(
                obj(
                    {
                        "id": TEXT,
                        "status": enum(Standing),
                        "title": TEXT,
                        "message": TEXT,
                        "type": TEXT,
                        "priority": enum(Priority),
                        "source": maybe(TEXT),
                        "tags": items(TEXT),
                        "namespace": TEXT,
                        "submitter": TEXT,
                        "targets": ref("Targets"),
                        "revision": WHOLE,
                        "created_at": TIME,
                        "updated_at": TIME,
                        "expires_at": maybe(TIME),
                        "cancelled_at": maybe(TIME),
                    }
                )
            ),
            "page_info": obj({"before": maybe(TEXT), "has_more": FLAG}),
            "scanned": WHOLE,
        }
    ),
    "Resent": obj(
        {
            "id": TEXT,
            "resent": WHOLE,
            "connected_now": WHOLE,
            "underway": WHOLE,
            "delivered": WHOLE,
            "set_aside": WHOLE,
            "after": maybe(TEXT),
            "has_more": FLAG,
        }
    ),
    "Session": obj(
        {
            "sid": TEXT,
            "user": TEXT,
            "namespace": TEXT,
            "transport": TEXT,
            "ack": FLAG,
            "device_id": maybe(TEXT),
            "rooms": items(TEXT),
            "live": FLAG,
            "unconfirmed": WHOLE,
            "opened_at": TIME,
            "expires_at": TIME,
        }
    ),
    "User": obj(
        {
            "id": TEXT,
            **{name: maybe(TEXT) for name in ("name", "email", "phone", "locale", "time_zone")},
            "roles": items(TEXT),
            "rooms": items(TEXT),
            "known_since": maybe(TIME),
            "newest_token_at": maybe(TIME),
            "tokens_revoked_before": maybe(TIME),
            "memberships": items(
                obj(
                    {
                        "role": TEXT,
                        "room": TEXT,
                        "source": enum(Source),
                        "since": TIME,
                        "until": maybe(TIME),
                        "current": FLAG,
                    },
                    ("role", "room"),
                )
            ),
            "subscriptions": {
                "type": "object",
                "additionalProperties": obj({"subscribed": FLAG, "required": FLAG}),
            },
            "counts": {
                "type": "object",
                "additionalProperties": obj({"count": WHOLE, "unseen": WHOLE, "more": FLAG}),
            },
            "sessions": items(ref("Session")),
        }
    ),
    "UserExport": obj(
        {
            "exported_at": TIME,
            "user": ref("User"),
            "notifications": items(
                obj(
                    {
                        "notification": ref("Content"),
                        "receipt": maybe(OPEN),
                        "attempts": items(OPEN),
                    }
                )
            ),
            "sent": items(ref("Content")),
            "audit": items(OPEN),
        }
    ),
    "Sessions": listed(ref("Session")),
    "Presence": obj(_PRESENCE),
    "Stats": obj(
        {
            "at": TIME,
            "since": TIME,
            "uptime_s": WHOLE,
            "users_online": WHOLE,
            "sessions": obj(
                {
                    "total": WHOLE,
                    "catching_up": WHOLE,
                    "by_namespace": _NUMBERS,
                    "by_transport": _NUMBERS,
                }
            ),
            "unconfirmed": WHOLE,
            "since_start": _NUMBERS,
            "queues": _NUMBERS,
            "stored": {
                "type": "object",
                "additionalProperties": obj({"count": WHOLE, "more": FLAG}),
            },
            "user": obj(
                {**_PRESENCE, "namespaces": {"type": "object", "additionalProperties": _OF_LINE}}
            ),
        },
        ("user",),
    ),
}
"""By their names in the document."""
