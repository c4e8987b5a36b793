"""What each route is for: one row per route, of which the OpenAPI document and /docs are made.

Whoever adds a route to ``rest/app.py`` adds its row here, or for operators in
``operations_admin.py``; the tests name the rows that miss.
"""

from collections.abc import Mapping
from types import MappingProxyType

from notify_server.rest.inbox import VERBS
from notify_server.rest.operation import API, ONE, Access, Operation, Rows
from notify_server.rest.operations_admin import OPERATING
from notify_server.wire import examples
from notify_server.wire.inbox import QUERY_STRING, LineSchema

_SEND, _INBOX, _SERVICE = "Sending", "Inbox", "Service"
_REPLACEMENT = {k: v for k, v in examples.SUBMISSION.items() if k not in {"to", "exclude"}}

_SENDING: Rows = {
    ("POST", f"{API}/notifications"): Operation(
        "Send a notification", _SEND, Access.SENDER, {202: "Submitted"},
        "202 means: durable in the store. Nothing is emitted before that. The same "
        "`Idempotency-Key` with the same body replays the first answer for 24 hours.",
        body="Submission", example=examples.SUBMISSION, refusals=(409, 429), keyed=True,
    ),
    ("POST", f"{API}/notifications/bulk"): Operation(
        "Send many notifications", _SEND, Access.SENDER, {202: "BulkSubmitted"},
        "Each item for itself: a bad one is refused alone, with its own error.",
        body="BulkSubmission", refusals=(409, 429), keyed=True,
        example={"items": [
            {"to": "42", "title": "One", "message": "The first", "idempotency_key": "job-1"},
            {"to": {"role": "ADMIN"}, "title": "Two", "message": "The second"},
        ]},
    ),
    ("PUT", ONE): Operation(
        "Replace a notification", _SEND, Access.SENDER, {202: "Submitted"},
        "The same id, a later revision; it keeps its targets and what each person did with it. "
        "By the caller that sent it, or by an operator.",
        body="Replacement", example=_REPLACEMENT, refusals=(404, 409, 429), keyed=True,
    ),
    ("POST", f"{ONE}/cancel"): Operation(
        "Cancel a notification", _SEND, Access.SENDER, {200: "Cancelled"},
        "Stops what has not gone out, and removes it from inboxes where it is unread.",
        refusals=(404, 409, 429),
    ),
}  # fmt: skip

_VERB_TEXTS: Mapping[str, tuple[str, str]] = {
    "mark-read": ("Mark it read", "Reading is seeing, too."),
    "mark-unread": ("Mark it unread", ""),
    "mark-seen": ("Mark it seen", "Shown in a list, not opened."),
    "acknowledge": ("Acknowledge it", "The person's own confirmation: ends reminders."),
    "dismiss": ("Dismiss it", "Out of the list and the counts; `restore` undoes it."),
    "restore": ("Restore it", ""),
    "pin": ("Pin it", ""),
    "unpin": ("Unpin it", ""),
    "snooze": ("Snooze it", "Exactly one of `until`, `for_s`; then it comes back as new."),
    "clicked": ("Tell of a click", "On a button, if `action` names one. Clicking is reading."),
}
_VERB_BODIES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "snooze": ("Snooze", {"for_s": 3600}),
    "clicked": ("Click", {"action": "open"}),
}

_INBOX_ROWS: Rows = {
    ("GET", f"{API}/notifications"): Operation(
        "List notifications", _INBOX, Access.PERSON, {200: "Page"},
        "Newest `sort_at` first. `before` leads to older ones, `after` to newer ones; both are "
        "opaque, not to be given together, nor with `offset`. Filters look at the newest 10,000.",
        query=QUERY_STRING, samples={"unread": "true", "limit": "20"},
    ),
    ("GET", f"{API}/notifications/unread-count"): Operation(
        "Count what is unread", _INBOX, Access.PERSON, {200: "Counts"},
        "Exact up to 1,000; beyond that 1000 with `more`.", query=LineSchema,
    ),
    ("GET", ONE): Operation(
        "Show one notification", _INBOX, Access.PERSON, {200: "Notification"},
        "Another person's and an unknown one are the same 404.",
    ),
    ("DELETE", ONE): Operation(
        "Delete it from the inbox", _INBOX, Access.PERSON, {200: "Changed"},
        "From this person's inbox, and nobody else's.",
    ),
    **{
        ("POST", f"{ONE}/{name}"): Operation(
            _VERB_TEXTS[name][0], _INBOX, Access.PERSON, {200: "Changed"}, _VERB_TEXTS[name][1],
            body=_VERB_BODIES[name][0] if name in _VERB_BODIES else "Nothing",
            body_is_optional=name != "snooze",
            example=_VERB_BODIES[name][1] if name in _VERB_BODIES else None,
        )
        for name in VERBS
    },
    ("POST", f"{API}/notifications/mark-all-read"): Operation(
        "Mark all read", _INBOX, Access.PERSON, {200: "Counts"},
        "All, or of one `type`, with one of the `tags`, up to `before` (an id: this and older). "
        "Answers the counts as they are then.",
        body="MarkAllRead", body_is_optional=True, query=LineSchema,
        example={"type": "success", "before": examples.ID}, refusals=(404,),
    ),
    ("POST", f"{API}/notifications/batch"): Operation(
        "Act on many", _INBOX, Access.PERSON, {200: "BatchDone"},
        "`snooze` takes exactly one of `until`, `for_s`; nothing else takes them.",
        body="Batch", example={"ids": [examples.ID, examples.OTHER_ID], "action": "read"},
    ),
    ("GET", f"{API}/subscriptions"): Operation(
        "Show subscriptions", _INBOX, Access.PERSON, {200: "Subscriptions"},
        "Everything is on by default. What is required can not be switched off.",
    ),
    ("PUT", f"{API}/subscriptions"): Operation(
        "Change subscriptions", _INBOX, Access.PERSON, {200: "Subscriptions"},
        "The named types change, the others stay.",
        body="SubscriptionChange", example={"types": {"post_like": False}},
    ),
}  # fmt: skip

_SERVICES: Rows = {
    ("GET", "/health/live"): Operation(
        "Is the process there?", _SERVICE, Access.ANYONE, {200: "Health"},
    ),
    ("GET", "/health/ready"): Operation(
        "Should traffic come here?", _SERVICE, Access.ANYONE, {200: "Health", 503: "Health"},
        "503 with the reason when the store is away or the server drains.",
    ),
    ("GET", "/metrics"): Operation(
        "Figures for Prometheus", _SERVICE, Access.ANYONE, {200: "text"},
        "Open by default; `[metrics]` closes it or switches it off.", refusals=(401, 403, 404),
    ),
    ("GET", "/openapi.json"): Operation(
        "This document", _SERVICE, Access.ANYONE, {200: "Document"},
    ),
    ("GET", "/docs"): Operation(
        "This document as a page", _SERVICE, Access.ANYONE, {200: "page"},
    ),
}  # fmt: skip

OPERATIONS: Rows = MappingProxyType({**_SENDING, **_INBOX_ROWS, **OPERATING, **_SERVICES})
"""By method and path, as in the table of routes."""
