"""The operator's calls, for the OpenAPI document and /docs; read by ``rest/operations.py``."""

from notify_server.rest.operation import ADMIN, Access, Operation, Rows
from notify_server.wire.audit import AuditQuerySchema
from notify_server.wire.explanation import ExplainQuerySchema
from notify_server.wire.operators import OF_USER, PRESENCE, SEARCH, SESSIONS

_OPERATE, _PEOPLE, _KEYS = "Operating", "People", "API keys"

OPERATING: Rows = {
    ("GET", f"{ADMIN}/notifications"): Operation(
        "Search all notifications", _OPERATE, Access.READER, {200: "Found"},
        "Newest first; every filter that is given must hold. A page may be short, even empty, "
        "while `has_more` says that `before` leads on.",
        query=SEARCH, samples={"q": "caption", "status": "undelivered"},
    ),
    ("GET", f"{ADMIN}/notifications/{{id}}"): Operation(
        "Explain a notification", _OPERATE, Access.READER, {200: "Explanation"},
        "What became of it, person by person: each attempt, why it ended, what comes next, when.",
        query=ExplainQuerySchema, samples={"user": "42"},
    ),
    ("POST", f"{ADMIN}/notifications/{{id}}/resend"): Operation(
        "Send again what is undelivered", _OPERATE, Access.OPERATOR, {200: "Resent"},
        "To those who have not had it: at once, or on their return. With many recipients `after` "
        "goes on behind the last.",
        body="ResendWish", body_is_optional=True, refusals=(409,),
    ),
    ("GET", f"{ADMIN}/users/{{user}}"): Operation(
        "Show a person", _PEOPLE, Access.READER, {200: "User"},
        "Profile, memberships, subscriptions, counts, sessions here.", refusals=(404,),
    ),
    ("PUT", f"{ADMIN}/users/{{user}}"): Operation(
        "Set a person's profile", _PEOPLE, Access.OPERATOR, {200: "User"},
        "The whole of what an operator sets: what is left out is cleared, `roles` and `rooms` are "
        "those that the operator gives. A newer token that names a field has the last word on it.",
        body="UserProfile",
        example={"email": "ann@example.org", "phone": "+491701234567", "locale": "de-CH",
                 "time_zone": "Europe/Zurich", "roles": ["EDITOR"], "rooms": ["task_123"]},
    ),
    ("DELETE", f"{ADMIN}/users/{{user}}"): Operation(
        "Erase a person", _PEOPLE, Access.OPERATOR, {204: ""},
        "Everything held of them, for good; open sessions close, tokens issued before now die. "
        "A second time changes nothing.",
    ),
    ("GET", f"{ADMIN}/users/{{user}}/export"): Operation(
        "Export a person", _PEOPLE, Access.READER, {200: "UserExport"},
        "Everything held of them as one JSON document, streamed.", refusals=(404,),
    ),
    ("POST", f"{ADMIN}/users/{{user}}/revoke"): Operation(
        "Revoke a person's tokens", _OPERATE, Access.OPERATOR, {204: ""},
        "Tokens issued before now die; open sessions close within 5 s.",
    ),
    ("PUT", f"{ADMIN}/rooms/{{room}}/members/{{user}}"): Operation(
        "Make a member of a room", _OPERATE, Access.OPERATOR, {204: ""},
        "From now on they get what goes to the room, also when away.",
    ),
    ("DELETE", f"{ADMIN}/rooms/{{room}}/members/{{user}}"): Operation(
        "Take a member out of a room", _OPERATE, Access.OPERATOR, {204: ""},
    ),
    ("GET", f"{ADMIN}/sessions"): Operation(
        "List open sessions", _OPERATE, Access.READER, {200: "Sessions"}, "Those of all nodes.",
        query=SESSIONS, samples={"user": "42"},
    ),
    ("DELETE", f"{ADMIN}/sessions/{{sid}}"): Operation(
        "Send a session away", _OPERATE, Access.OPERATOR, {204: ""},
        "For good: a stock client does not come back by itself.",
    ),
    ("GET", f"{ADMIN}/presence"): Operation(
        "Is a person here?", _OPERATE, Access.READER, {200: "Presence"},
        query=PRESENCE, samples={"user": "42"},
    ),
    ("GET", f"{ADMIN}/stats"): Operation(
        "Show figures", _OPERATE, Access.READER, {200: "Stats"},
        "Of all nodes, `since_start` and `queues` aside; with `user` of one person.",
        query=OF_USER,
    ),
    ("GET", f"{ADMIN}/audit"): Operation(
        "Read the audit", _OPERATE, Access.READER, {200: "Audit"},
        "Who changed what, and when; newest first. `before` leads to older entries.",
        query=AuditQuerySchema, samples={"action": "key.create"},
    ),
    ("GET", f"{ADMIN}/audit/verify"): Operation(
        "Verify the audit", _OPERATE, Access.READER, {200: "AuditVerdict"},
        "Each entry seals the one before: tells the first that is not as it was written.",
    ),
    ("POST", f"{ADMIN}/cleanup"): Operation(
        "Remove what is old", _OPERATE, Access.OPERATOR, {200: "Cleanup"},
        "Older than `days`, by default than `[inbox] retention_s`. A piece at a time: `more` asks "
        "for another call. `dry_run` only counts.",
        body="CleanupWish", body_is_optional=True, example={"days": 30, "dry_run": True},
    ),
    ("POST", f"{ADMIN}/api-keys"): Operation(
        "Make an API key", _KEYS, Access.OPERATOR, {201: "ApiKeyMade"},
        "The only answer that ever holds the key itself.",
        body="NewApiKey", example={"name": "billing", "scopes": ["send"]},
    ),
    ("GET", f"{ADMIN}/api-keys"): Operation(
        "List API keys", _KEYS, Access.OPERATOR, {200: "ApiKeys"},
        "Oldest first, revoked ones too.",
    ),
    ("POST", f"{ADMIN}/api-keys/{{id}}/revoke"): Operation(
        "Revoke an API key", _KEYS, Access.OPERATOR, {200: "ApiKey"},
        "Refused from now on; a second time changes nothing.",
    ),
}  # fmt: skip
