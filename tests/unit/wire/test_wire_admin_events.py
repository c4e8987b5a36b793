"""What operators may ask over a socket: read whole, or refused with the path of each fault."""

import pytest
from marshmallow import Schema
from support.facts import NOW

from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.settings import LimitSettings, NamespaceSettings
from notify_server.policy.types import TypeRegistry
from notify_server.wire.admin_events import (
    ADMIN_SCHEMAS,
    AdminContext,
    Cancel,
    DisconnectSession,
    Explain,
    GetSessions,
    GetStats,
    Resend,
    SendNotification,
    Watch,
    is_admin_event,
    parse_admin_event,
)
from notify_server.wire.events import AdminEvent, ClientEvent
from notify_server.wire.examples import ADMIN
from notify_server.wire.explanation import ExplainQuery

CONTEXT = AdminContext(NOW, TypeRegistry({}), LimitSettings(), NamespaceSettings())
ONE = {"notification_id": "n"}

GOOD = [
    ("get_stats", None, GetStats(None)),
    ("get_stats", {}, GetStats(None)),
    ("get_stats", {"user": "42"}, GetStats("42")),
    ("get_sessions", None, GetSessions(None, None)),
    (
        "get_sessions",
        {"user": "42", "namespace": "/ws/notifications"},
        GetSessions("42", "/"),
    ),
    ("explain", ONE, Explain("n", ExplainQuery(None, "", 100))),
    (
        "explain",
        {**ONE, "user": "42", "after": "7", "limit": 5},
        Explain("n", ExplainQuery("42", "7", 5)),
    ),
    ("resend", ONE, Resend("n", "")),
    ("resend", {**ONE, "after": "7"}, Resend("n", "7")),
    ("cancel", ONE, Cancel("n")),
    ("disconnect_session", {"sid": "s"}, DisconnectSession("s")),
    ("watch", None, Watch(on=True)),
    ("watch", {"on": False}, Watch(on=False)),
]

BAD = [
    ("get_stats", {"user": 42}, ["user"]),
    ("get_stats", {"who": "42"}, ["who"]),
    ("get_stats", [], [""]),
    ("get_sessions", {"namespace": "/nowhere"}, ["namespace"]),
    ("explain", None, ["notification_id"]),
    ("explain", {"notification_id": "a\nb", "limit": 0}, ["limit", "notification_id"]),
    ("resend", {"notification_id": ["n"]}, ["notification_id"]),
    ("resend", {**ONE, "after": 1}, ["after"]),
    ("cancel", {"id": "n"}, ["id", "notification_id"]),
    ("cancel", {"notification_id": "x" * 129}, ["notification_id"]),
    ("disconnect_session", {}, ["sid"]),
    ("disconnect_session", {"sid": {"$ne": None}}, ["sid"]),
    ("watch", {"on": "yes"}, ["on"]),
    ("watch", "on", [""]),
    ("send_notification", None, [""]),
    ("send_notification", {"to": [{"role": 1}], "title": ""}, ["message", "title", "to[0].role"]),
    (
        "send_notification",
        {"to": "42", "title": "t", "message": "m", "idempotency_key": 7},
        ["idempotency_key"],
    ),
]


@pytest.mark.parametrize(("event", "raw", "call"), GOOD)
def test_admin_event_is_read(event, raw, call):
    assert parse_admin_event(AdminEvent(event), raw, CONTEXT) == call


@pytest.mark.parametrize(("event", "raw", "paths"), BAD)
def test_admin_event_with_faults_names_each_path(event, raw, paths):
    with pytest.raises(RejectedError) as caught:
        parse_admin_event(AdminEvent(event), raw, CONTEXT)
    assert caught.value.code is Code.INVALID
    assert sorted(fault.path for fault in caught.value.faults) == paths


def test_send_notification_is_a_submission_with_a_key():
    raw = {"to": "42", "title": "t", "message": "m", "idempotency_key": "k"}
    call = parse_admin_event(AdminEvent.SEND_NOTIFICATION, raw, CONTEXT)
    assert isinstance(call, SendNotification)
    assert (call.draft.targets.users, call.draft.idempotency_key) == (("42",), "k")


@pytest.mark.parametrize("event", AdminEvent)
def test_every_admin_event_has_an_example_that_is_read(event):
    parse_admin_event(event, dict(ADMIN[event]), CONTEXT)
    if event is not AdminEvent.SEND_NOTIFICATION:
        assert isinstance(ADMIN_SCHEMAS[event], Schema)


def test_admin_events_are_no_events_of_other_lines():
    assert all(is_admin_event(event) for event in AdminEvent)
    assert not any(is_admin_event(event) for event in ClientEvent)
