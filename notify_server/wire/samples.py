"""One true answer of each kind, made by the code that makes the real ones; for the API page."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from notify_server.domain.audit import AuditEntry, AuditPage
from notify_server.domain.claims import ApiKey, Scope
from notify_server.domain.errors import Code, Fault, RejectedError
from notify_server.domain.explanation import (
    Event,
    ExplainedAttempt,
    Explanation,
    Happening,
    Next,
    Recipient,
    Upcoming,
)
from notify_server.domain.operators import (
    Found,
    Presence,
    Resent,
    SearchPage,
    SessionInfo,
    Standing,
    Stats,
)
from notify_server.domain.profile import HeldEntry, Profile
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import AckVia, Entry, Receipt, Status
from notify_server.domain.settings import CompatSettings
from notify_server.domain.target import Audience, AudienceKind, Membership, Source, UserRecord
from notify_server.domain.view import Counts, Page, State
from notify_server.kit.clock import to_rfc3339
from notify_server.wire.api_key import key_to_wire
from notify_server.wire.audit import audit_to_wire, entry_to_wire
from notify_server.wire.cleanup import cleanup_to_wire
from notify_server.wire.errors import to_problem
from notify_server.wire.examples import ID, NEW, NOTIFICATION, NOW, OTHER_ID
from notify_server.wire.explanation import explanation_to_wire
from notify_server.wire.export import held_to_wire
from notify_server.wire.inbox import counts_to_wire, page_to_wire
from notify_server.wire.notification import view_to_wire
from notify_server.wire.operators import (
    presence_to_wire,
    resent_to_wire,
    search_to_wire,
    session_to_wire,
    stats_to_wire,
)
from notify_server.wire.signals import subscriptions_to_wire
from notify_server.wire.user import profile_to_wire

_COUNTS = Counts(3, 1)
_KEY = ApiKey("0123456789abcdef", "billing", frozenset({Scope.SEND}), "", NOW)
_FAILED = ExplainedAttempt(1, 1, NOW + timedelta(seconds=15), "failed", Reason.NO_ACK)
_DELIVERED = ExplainedAttempt(
    1, 1, NOW, "delivered", Reason.LIVE, session="h3nPvJ", round_trip_ms=41, via=AckVia.ACK
)
_ARRIVED = State(Status.DELIVERED, NOW, delivered_at=NOW + timedelta(milliseconds=41))
_OUT = replace(_DELIVERED, outcome="sent", session=None, round_trip_ms=None, via=None)
_ACCEPTED = Happening(NOW, Event.ACCEPTED)
_EXPLANATION = Explanation(
    NOTIFICATION,
    {"total": 2, "pending": 1, "delivered": 1},
    connected=1,
    recipients=(
        Recipient(
            user="42", named=True, audiences=(), state=_ARRIVED, why=Reason.DELIVERED,
            delivered_revision=1, delivered_via=AckVia.ACK, reminders=0, attempts=(_DELIVERED,),
            closed=None, is_online=True, next=Next(Upcoming.NOTHING),
            timeline=(
                _ACCEPTED, Happening(NOW, Event.SENT, _OUT),
                Happening(_DELIVERED.at, Event.DELIVERED, _DELIVERED, AckVia.ACK),
            ),
        ),
        Recipient(
            user="43", named=True, audiences=(), state=State(Status.SENT, NOW),
            why=Reason.ATTEMPT_DUE, delivered_revision=0, delivered_via=None, reminders=0,
            attempts=(_FAILED,), closed=None, is_online=True,
            timeline=(_ACCEPTED, Happening(_FAILED.at, Event.FAILED, _FAILED)),
            next=Next(Upcoming.ATTEMPT, NOW + timedelta(seconds=17), 2, 3),
        ),
    ),
    after=None,
)  # fmt: skip
_SESSION = SessionInfo(
    id="h3nPvJ", user="42", line="/", transport="websocket", acks=True, device_id=None,
    rooms=("task_123",), live=True, unconfirmed=0, opened_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)  # fmt: skip
_STATS = Stats(
    at=NOW + timedelta(hours=2), since=NOW, users_online=1, sessions={"/": 1},
    transports={"websocket": 1}, catching_up=0, unconfirmed=0,
    since_start={"accepted": 7}, queues={"dispatch": 0}, stored={"notifications": 7},
)  # fmt: skip
_ENTRY = AuditEntry(
    7, NOW, "key:0123456789abcdef", "key.create", "key:fedcba9876543210", {"name": "billing"},
    seal="9f86d081…", previous_hash="60303ae2…", hash="fd61a03a…",
)  # fmt: skip
_PAGE = Page(
    items=(NEW,), newer=NEW.position, older=NEW.position, has_more=False, total=1,
    total_more=False, counts=_COUNTS,
)  # fmt: skip
_PROFILE = Profile(
    id="42",
    record=UserRecord("42", NOW, name="Ann", email="ann@example.org", token_iat=NOW),
    memberships=(Membership(Audience(AudienceKind.ROLE, "EDITOR"), Source.OPERATOR, NOW),),
    subscriptions={"info": (True, False)},
    counts={"/": _COUNTS},
)
_USER = profile_to_wire(_PROFILE, [_SESSION], NOW)
_HELD = HeldEntry(
    Entry(
        NOTIFICATION, Receipt("42", ID, "/", named=True, sort_at=NOW, push_at=NOW, changed_at=NOW)
    ),
    (),
)
_REFUSED = RejectedError(Code.INVALID, faults=[Fault("to[2].role", "must be a text")])
_SUBMITTED = {"id": ID, "status": "accepted", "revision": 1}

SAMPLES: Mapping[str, object] = MappingProxyType(
    {
        "Notification": view_to_wire(NEW),
        "Page": page_to_wire(_PAGE),
        "Counts": counts_to_wire(_COUNTS),
        "Submitted": _SUBMITTED,
        "BulkSubmitted": {
            "items": [
                {"index": 0, **_SUBMITTED},
                {"index": 1, "status": "rejected", "error": to_problem(_REFUSED)},
            ]
        },
        "Cancelled": {"id": ID, "stopped": 1, "removed": 1},
        "Changed": {"changed": [ID]},
        "BatchDone": {"changed": [ID], "unknown": [OTHER_ID]},
        "Subscriptions": subscriptions_to_wire({"info": (True, False), "security": (True, True)}),
        "Explanation": explanation_to_wire(_EXPLANATION, CompatSettings()),
        "Found": search_to_wire(SearchPage((Found(NOTIFICATION, Standing.LIVE),), None, 1)),
        "Resent": resent_to_wire(Resent(ID, resent=1, connected_now=1, delivered=1)),
        "User": _USER,
        "UserExport": {
            "exported_at": to_rfc3339(NOW),
            "user": _USER,
            "notifications": [held_to_wire(_HELD)],
            "sent": [],
            "audit": [entry_to_wire(_ENTRY)],
        },
        "Sessions": {"items": [session_to_wire(_SESSION)]},
        "Presence": presence_to_wire(Presence("42", known=True, sessions=(_SESSION,))),
        "Stats": stats_to_wire(_STATS),
        "Audit": audit_to_wire(AuditPage((_ENTRY,), has_more=False)),
        "AuditVerdict": {"intact": True, "first_broken": None},
        "Cleanup": cleanup_to_wire(120, more=False, dry_run=True),
        "ApiKey": key_to_wire(_KEY),
        "ApiKeyMade": {**key_to_wire(_KEY), "key": "nk_0123456789abcdef_<secret>"},
        "ApiKeys": {"items": [key_to_wire(_KEY)]},
        "Health": {"status": "ok"},
        "Problem": to_problem(_REFUSED),
    }
)
"""By the names of ``shapes.ANSWERS``."""
