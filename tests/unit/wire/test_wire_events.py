"""Socket events in both directions, the error table, and what is generated from them."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_server.domain.actions import Action
from notify_server.domain.errors import (
    Code,
    Fault,
    InternalError,
    LimitedError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from notify_server.domain.notification import Content, Notification
from notify_server.domain.receipt import Status
from notify_server.domain.settings import CompatSettings, NamespaceSettings
from notify_server.domain.signals import AllUpdatedSignal, NotificationFrame, UpdatedSignal
from notify_server.domain.target import EVERYONE, Audience, AudienceKind, Targets
from notify_server.domain.view import State, View
from notify_server.wire import examples
from notify_server.wire.client_events import (
    RESERVED,
    SCHEMAS,
    ActCall,
    EventContext,
    GetNotifications,
    MarkAllRead,
    NotificationAck,
    RefreshToken,
    RoomCall,
    SetTypes,
    parse_event,
)
from notify_server.wire.errors import ROWS, to_ack_error, to_problem
from notify_server.wire.events import ClientEvent, ServerEvent
from notify_server.wire.notification import view_to_wire
from notify_server.wire.signals import encode

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 1, 1, 12, 0, 0, 5_000, tzinfo=UTC)
CONTEXT = EventContext(NOW, NamespaceSettings(), "/admin")
SECTION_5_STATE = {
    "sort_at", "status", "delivered_at", "seen_at", "is_read", "read_at", "clicked_at",
    "acknowledged_at", "is_dismissed", "dismissed_at", "pinned_at", "snoozed_until",
}  # fmt: skip
SECTION_5_OWN = {
    "id", "namespace", "room", "created_at", "updated_at", "revision", "is_grouped", "group_count",
}  # fmt: skip
SECTION_4 = {
    "title", "message", "type", "priority", "event_name", "source", "tags", "data", "object",
    "sender", "action_url", "action_label", "actions", "media", "requires_acknowledgment",
    "persist", "send_at", "expires_at", "ttl_s", "collapse_key", "group_key", "template", "params",
}  # fmt: skip


def notification(*audiences, **fields):
    content = Content("T", "M", **fields)
    return Notification("n1", Targets(("u",), audiences), content, "key:1", NOW, NOW, NOW)


# Server to client


def test_notification_has_every_field_of_the_contract():
    state = State(Status.DELIVERED, NOW, read_at=NOW)
    assert set(view_to_wire(View(notification(), state))) == (
        SECTION_4 | SECTION_5_OWN | SECTION_5_STATE
    )


def test_notification_without_state_has_no_field_of_the_person():
    assert set(view_to_wire(View(notification(), None))) == SECTION_4 | SECTION_5_OWN


def test_notification_state_is_spelt_out():
    wire = view_to_wire(View(notification(), State(Status.SENT, NOW, read_at=NOW)))
    assert (wire["is_read"], wire["is_dismissed"], wire["status"]) == (True, False, "sent")
    assert wire["read_at"] == "2026-01-01T12:00:00.005Z"
    assert orjson.loads(orjson.dumps(wire)) == wire


@pytest.mark.parametrize(
    ("audiences", "room"),
    [
        ((), None),
        ((Audience(AudienceKind.ROOM, "a"),), "a"),
        ((Audience(AudienceKind.ROOM, "a"), Audience(AudienceKind.ROLE, "R")), "a"),
        ((Audience(AudienceKind.ROOM, "a"), Audience(AudienceKind.ROOM, "b")), None),
        ((EVERYONE,), None),
    ],
)
def test_notification_room_is_the_only_room_target(audiences, room):
    assert view_to_wire(View(notification(*audiences), None))["room"] == room


def test_notification_legacy_fields_are_added_when_asked_for():
    compat = CompatSettings(legacy_fields=True)
    view = View(notification(sender={"id": "9", "name": "John", "avatar_url": None}), None)
    wire = view_to_wire(view, compat)
    assert (wire["notification_type"], wire["sender_name"]) == ("info", "John")
    assert view_to_wire(View(notification(), None), compat)["sender_name"] is None


def test_frame_extras_stand_beside_the_notification():
    view = View(notification(collapse_key="c"), None)
    [(event, payload)] = encode(NotificationFrame(view, transient=True))
    assert (event, list(payload)) == ("notification", ["notification"])
    assert payload["notification"]["persist"] is False
    assert payload["notification"]["collapse_key"] == "c"
    [(_, payload)] = encode(NotificationFrame(view, replayed=True, attempt=2, reminder=3))
    assert (payload["replayed"], payload["attempt"], payload["reminder"]) == (True, 2, 3)


def test_changes_spell_times_and_statuses():
    [(_, payload)] = encode(UpdatedSignal(("a",), {"read_at": NOW, "status": Status.DELIVERED}))
    assert payload["changes"] == {"read_at": "2026-01-01T12:00:00.005Z", "status": "delivered"}
    [(_, payload)] = encode(AllUpdatedSignal({}, None))
    assert payload == {"all": True, "before": None, "changes": {}}


def test_every_signal_has_an_event_of_the_table():
    both = CompatSettings(badge_update=True, legacy_fields=True)
    for example in examples.SERVER:
        encoded = encode(example.signal, both)
        assert encoded[0][0] == example.event
        for event, payload in encoded:
            assert event in list(ServerEvent)
            assert type(event) is str
            assert orjson.loads(orjson.dumps(payload)) == payload
    missing = set(ServerEvent) - {e.event for e in examples.SERVER}
    assert missing == {"preferences_updated", "badge_update", "stats"}


# Client to server


def test_every_client_event_is_parsed_or_reserved():
    assert set(ClientEvent) == set(SCHEMAS) | set(RESERVED)
    assert set(examples.CLIENT) == set(SCHEMAS)


@pytest.mark.parametrize("event", SCHEMAS)
def test_client_event_example_is_taken_and_unknown_fields_are_not(event):
    raw = dict(examples.CLIENT[event])
    parse_event(event.value, raw, CONTEXT)
    for bad in ({**raw, "user_id": "7"}, {**raw, "\ud800": 1}, [raw], "x", 5, b"x"):
        with pytest.raises(RejectedError) as caught:
            parse_event(event.value, bad, CONTEXT)
        assert caught.value.code is Code.INVALID
        assert caught.value.faults


@pytest.mark.parametrize(
    ("event", "raw", "call"),
    [
        ("mark_read", {"notification_id": "a"}, ActCall),
        ("mark_all_read", None, MarkAllRead),
        ("notification_ack", {"notification_id": "a", "revision": 2}, NotificationAck("a", 2)),
        ("subscribe", {"types": ["a", "a"]}, SetTypes(("a",), subscribed=True)),
        ("unsubscribe", {"types": ["a"]}, SetTypes(("a",), subscribed=False)),
        ("join_room", {"room": "r"}, RoomCall("r", stored=False, join=True)),
        ("leave_room", {"room": "r", "stored": True}, RoomCall("r", stored=True, join=False)),
        ("refresh_token", {"token": "x"}, RefreshToken("x")),
    ],
)
def test_client_event_becomes_a_typed_call(event, raw, call):
    parsed = parse_event(event, raw, CONTEXT)
    assert isinstance(parsed, call) if isinstance(call, type) else parsed == call


def test_client_event_on_many_is_not_single():
    one = parse_event("dismiss", {"notification_id": "a"}, CONTEXT)
    many = parse_event("dismiss", {"ids": ["a"]}, CONTEXT)
    assert (one.single, many.single, many.act.action) == (True, False, Action.DISMISS)


def test_client_event_list_is_of_the_socket_s_own_line():
    assert parse_event("get_notifications", None, CONTEXT) == GetNotifications(
        "/admin", parse_event("get_notifications", {}, CONTEXT).query
    )


@pytest.mark.parametrize(
    ("event", "raw", "path"),
    [
        ("notification_ack", {"notification_id": "a", "revision": 0}, "revision"),
        ("notification_ack", {"notification_id": "a", "revision": "1"}, "revision"),
        ("notification_ack", {"revision": 1}, "notification_id"),
        ("subscribe", {"types": []}, "types"),
        ("subscribe", {"types": [5]}, "types[0]"),
        ("join_room", {"room": "a\x1f"}, "room"),
        ("join_room", {"room": "x" * 129}, "room"),
        ("join_room", {"room": "r", "stored": "yes"}, "stored"),
        ("refresh_token", {"token": 5}, "token"),
        ("refresh_token", {"token": "x" * 16_385}, "token"),
    ],
)
def test_client_event_fault_is_told_with_its_path(event, raw, path):
    with pytest.raises(RejectedError) as caught:
        parse_event(event, raw, CONTEXT)
    assert [fault.path for fault in caught.value.faults] == [path]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("get_preferences", Code.NOT_AVAILABLE),
        ("update_preferences", Code.NOT_AVAILABLE),
        ("nope", Code.UNKNOWN_EVENT),
        ("send_notification", Code.UNKNOWN_EVENT),
        ("", Code.UNKNOWN_EVENT),
    ],
)
def test_client_event_that_is_not_there_has_its_code(event, code):
    with pytest.raises(RejectedError) as caught:
        parse_event(event, {}, CONTEXT)
    assert caught.value.code is code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.binary(max_size=2),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["notification_id", "ids", "types", "room", "token", "until", "q", "limit"])
        | st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.sampled_from(list(ClientEvent)), JSON)
def test_client_event_of_anything_is_a_call_or_a_refusal(event, raw):
    try:
        parse_event(event, raw, CONTEXT)
    except RejectedError as error:
        orjson.dumps(to_ack_error(error))


# Errors


def test_every_code_has_a_row():
    assert set(ROWS) == set(Code)
    assert all(400 <= row.http_status < 600 and row.exit_code in (1, 3) for row in ROWS.values())


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RejectedError.at("to[2].role", "must be a text"), 422, "INVALID"),
        (RejectedError(Code.TOKEN_EXPIRED), 401, "TOKEN_EXPIRED"),
        (NotFoundError(), 404, "NOT_FOUND"),
        (LimitedError("slow down", 3), 429, "RATE_LIMITED"),
        (UnavailableError("away"), 503, "UNAVAILABLE"),
        (InternalError(), 500, "INTERNAL"),
    ],
)
def test_problem_is_a_document_of_rfc_9457(error, status, code):
    problem = to_problem(error)
    assert list(problem) == ["type", "title", "status", "detail", "code", "errors"]
    assert (problem["status"], problem["code"]) == (status, code)


def test_ack_error_carries_faults_and_when_to_try_again():
    answer = to_ack_error(RejectedError(Code.INVALID, faults=[Fault("a.b", "is required")]))
    assert answer["ok"] is False
    assert answer["error"]["details"] == {"errors": [{"path": "a.b", "message": "is required"}]}
    assert to_ack_error(LimitedError("x", 3))["error"]["details"]["retry_after_s"] == 3


# Generated


def test_generated_files_are_up_to_date():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import gen_wire
    finally:
        sys.path.pop(0)
    assert gen_wire.outdated() == []


def test_snooze_example_lasts_an_hour():
    call = parse_event("snooze", dict(examples.CLIENT[ClientEvent.SNOOZE]), CONTEXT)
    assert call.act.until == NOW + timedelta(hours=1)
