"""Filters, verbs, batches, cursors: what is read of query strings and sockets."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_server.domain.actions import Action
from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.settings import NamespaceSettings
from notify_server.domain.signals import Cursor
from notify_server.domain.target import Position
from notify_server.wire.cursor import (
    decode_cursor,
    decode_position,
    encode_cursor,
    encode_position,
)
from notify_server.wire.inbox import (
    parse_act,
    parse_act_body,
    parse_batch,
    parse_line,
    parse_query,
    parse_read_all,
    parse_subscriptions,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LINES = NamespaceSettings()
PLACE = Position(NOW, "n1")


def query(raw, *, text=False, line="/"):
    return parse_query(raw, namespaces=LINES, default_line=line, text=text)


def faults(call, *arguments, **named):
    with pytest.raises(RejectedError) as caught:
        call(*arguments, **named)
    assert caught.value.code is Code.INVALID
    return [fault.path for fault in caught.value.faults]


def test_query_nothing_given_is_the_newest_of_the_own_line():
    for raw in (None, {}):
        line, found = query(raw, line="/admin")
        assert (line, found.limit, found.unread, found.offset) == ("/admin", 20, False, 0)


def test_query_string_spells_numbers_and_flags_as_text():
    raw = {
        "limit": "100", "unread": "true", "dismissed": "0", "pinned": "1", "max_age_s": "60",
        "type": "info", "min_priority": "medium", "source": "s", "tag": "t", "q": "two words",
        "namespace": "/ws/notifications", "before": encode_position(PLACE), "snoozed": "false",
    }  # fmt: skip
    line, found = query(raw, text=True)
    assert line == "/"
    assert (found.limit, found.unread, found.dismissed, found.pinned) == (100, True, False, True)
    assert (found.max_age, found.before) == (timedelta(minutes=1), PLACE)
    assert (found.type, found.min_priority, found.text) == ("info", "normal", "two words")


def test_query_unread_only_is_read_as_unread():
    assert query({"unread_only": True})[1].unread


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"limit": "5"}, "limit"),
        ({"limit": True}, "limit"), ({"limit": 1.5}, "limit"), ({"offset": -1}, "offset"),
        ({"offset": 10_001}, "offset"), ({"unread": "true"}, "unread"), ({"unread": 1}, "unread"),
        ({"type": {"$ne": 1}}, "type"), ({"type[$ne]": "x"}, "type[$ne]"),
        ({"min_priority": "x"}, "min_priority"), ({"max_age_s": 0}, "max_age_s"),
        ({"q": "x" * 256}, "q"), ({"q": ["a"]}, "q"), ({"before": "rubbish"}, "before"),
        ({"after": 5}, "after"), ({"namespace": "/nowhere"}, "namespace"), ({"user": "x"}, "user"),
        ({"offset": 5, "before": encode_position(PLACE)}, "offset"),
        ({"after": encode_position(PLACE), "before": encode_position(PLACE)}, "after"),
    ],
)  # fmt: skip
def test_query_fault_is_told_with_its_path(raw, path):
    assert faults(query, raw) == [path]


@pytest.mark.parametrize(
    ("raw", "path"),
    [({"limit": "x"}, "limit"), ({"limit": "1e2"}, "limit"), ({"unread": "yes"}, "unread"),
     ({"limit": "٣"}, "limit"), ({"$where": "1"}, "$where")],
)  # fmt: skip
def test_query_string_fault_is_told_with_its_path(raw, path):
    assert faults(query, raw, text=True) == [path]


def test_line_unknown_or_misspelt_is_refused():
    assert parse_line({}, LINES) == "/"
    assert parse_line({"namespace": "/admin"}, LINES) == "/admin"
    assert faults(parse_line, {"namespace": "/x"}, LINES) == ["namespace"]
    assert faults(parse_line, {"namspace": "/"}, LINES) == ["namspace"]


def test_act_one_or_many_ids_without_doubles():
    assert parse_act(Action.READ, {"notification_id": "a"}, NOW)[0] == ("a",)
    assert parse_act(Action.PIN, {"ids": ["b", "a", "b"]}, NOW)[0] == ("b", "a")


@pytest.mark.parametrize(
    ("action", "raw", "path"),
    [
        (Action.READ, None, ""), (Action.READ, [], ""), (Action.READ, {}, "notification_id"),
        (Action.READ, {"notification_id": "a", "ids": ["b"]}, "notification_id"),
        (Action.READ, {"notification_id": 5}, "notification_id"),
        (Action.READ, {"notification_id": {"$ne": 1}}, "notification_id"),
        (Action.READ, {"notification_id": "a\0"}, "notification_id"),
        (Action.READ, {"ids": []}, "ids"), (Action.READ, {"ids": ["x"] * 501}, "ids"),
        (Action.READ, {"ids": ["a", 5]}, "ids[1]"), (Action.READ, {"ids": "a"}, "ids"),
        (Action.READ, {"notification_id": "a", "until": None}, "until"),
        (Action.ACKNOWLEDGE, {"ids": ["a"]}, "ids"),
        (Action.SNOOZE, {"notification_id": "a"}, "until"),
        (Action.SNOOZE, {"notification_id": "a", "until": "2025-01-01T00:00:00Z"}, "until"),
        (Action.SNOOZE, {"notification_id": "a", "for_s": 0}, "for_s"),
        (Action.SNOOZE, {"notification_id": "a", "for_s": 5, "until": "2027-01-01T00:00:00Z"},
         "until"),
        (Action.CLICKED, {"notification_id": "a", "action": 5}, "action"),
    ],
)  # fmt: skip
def test_act_fault_is_told_with_its_path(action, raw, path):
    assert path in faults(parse_act, action, raw, NOW)


def test_act_snooze_and_click_carry_what_they_need():
    _, act = parse_act(Action.SNOOZE, {"notification_id": "a", "for_s": 90}, NOW)
    assert act.until == NOW + timedelta(seconds=90)
    _, act = parse_act(Action.CLICKED, {"notification_id": "a", "action": "open"}, NOW)
    assert act.button == "open"
    assert parse_act_body(Action.READ, None, NOW).action is Action.READ
    assert faults(parse_act_body, Action.READ, {"x": 1}, NOW) == ["x"]
    assert faults(parse_act_body, Action.SNOOZE, None, NOW) == ["until"]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({}, "ids"), ({"ids": ["a"]}, "action"),
        ({"ids": ["a"], "action": "acknowledge"}, "action"),
        ({"ids": ["a"], "action": "x"}, "action"), ({"ids": ["a"], "action": ["read"]}, "action"),
        ({"ids": ["a"] * 501, "action": "read"}, "ids"),
        ({"ids": [{}], "action": "read"}, "ids[0]"),
        ({"ids": ["a"], "action": "read", "for_s": 5}, "for_s"),
        ({"ids": ["a"], "action": "snooze"}, "until"),
        ({"ids": ["a"], "action": "read", "user": "x"}, "user"), ([], ""),
    ],
)  # fmt: skip
def test_batch_fault_is_told_with_its_path(raw, path):
    assert path in faults(parse_batch, raw, NOW)


def test_batch_snooze_takes_a_time():
    ids, act = parse_batch({"ids": ["a", "b"], "action": "snooze", "for_s": 1}, NOW)
    assert (ids, act.action, act.until) == (("a", "b"), Action.SNOOZE, NOW + timedelta(seconds=1))


def test_read_all_of_a_type_by_both_names():
    assert parse_read_all(None).type is None
    assert parse_read_all({"notification_type": "info"}).type == "info"
    assert parse_read_all({"type": "info", "tags": ["a"], "before": "n"}).tags == ("a",)
    assert faults(parse_read_all, {"tags": "a"}) == ["tags"]


def test_subscriptions_only_flags():
    assert parse_subscriptions({"types": {"info": False}}) == {"info": False}
    assert faults(parse_subscriptions, {"types": {"info": 0}}) == ["types.info"]
    assert faults(parse_subscriptions, {}) == ["types"]
    assert faults(parse_subscriptions, {"types": []}) == ["types"]


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - made aware below
        max_value=datetime(9999, 12, 31),  # noqa: DTZ001
    ),
    st.text(max_size=40).filter(lambda t: t.isprintable()),
)
def test_cursors_come_back_as_they_were(at, text):
    at = at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
    assert decode_position(encode_position(Position(at, text)), "before") == Position(at, text)
    assert decode_cursor(encode_cursor(Cursor(text, "/x", at))) == Cursor(text, "/x", at)


@given(st.text(max_size=60))
def test_cursor_of_anything_is_none_and_position_a_refusal(text):
    assert decode_cursor(text) is None
    assert faults(decode_position, text, "before") == ["before"]


@pytest.mark.parametrize(
    "parts",
    [b'["c1","u","/",-1]', b'["c1","u","/",1e3]', b'["c1","u","/",99999999999999999]', b"{}",
     b'["c1","u","/"]', b'["c2","u","/",1]', b"5"],
)  # fmt: skip
def test_cursor_that_was_tampered_with_is_none(parts):
    text = base64.urlsafe_b64encode(parts).decode().rstrip("=")
    assert decode_cursor(text) is None
