"""Texts of the command line as values."""

from datetime import timedelta

import pytest
import typer

from notify_server.cli.body import build_body
from notify_server.cli.parse import (
    parse_action,
    parse_data,
    parse_duration,
    parse_object,
    parse_target,
)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("demo", "demo"),
        ("user:42", {"user": "42"}),
        ("user:a:b", {"user": "a:b"}),
        ("user:all", {"user": "all"}),
        ("role:ADMIN", {"role": "ADMIN"}),
        ("room:task_1", {"room": "task_1"}),
        ("namespace:/admin", {"namespace": "/admin"}),
        ("all", {"all": True}),
    ],
)
def test_target_of_each_kind_is_read(text, target):
    assert parse_target(text) == target


@pytest.mark.parametrize("text", ["", ":", "role:", "rol:ADMIN", ":42"])
def test_target_of_no_known_kind_is_a_misuse(text):
    with pytest.raises(typer.BadParameter):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90", timedelta(seconds=90)),
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h30m", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_duration_with_units_is_read(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0s",
        "soon",
        "-1h",
        "1y",
        "1.5h",
        "h",
        "²",
        "30m1h",
        "9" * 30,
        "36501d",
        "99999999d",
    ],
)
def test_duration_that_is_none_is_a_misuse(text):
    with pytest.raises(typer.BadParameter):
        parse_duration(text)


@pytest.mark.parametrize("text", ["task", "task:", ":1"])
def test_object_without_type_and_id_is_a_misuse(text):
    with pytest.raises(typer.BadParameter):
        parse_object(text)


@pytest.mark.parametrize("text", ["{", "[1]", "3", ""])
def test_data_that_is_no_object_is_a_misuse(text):
    with pytest.raises(typer.BadParameter):
        parse_data(text)


def test_action_keeps_the_colons_of_its_url():
    assert parse_action("open:Open:https://x.example/1") == {
        "id": "open",
        "label": "Open",
        "url": "https://x.example/1",
    }
    with pytest.raises(typer.BadParameter):
        parse_action("open:Open")


def test_body_of_every_flag_has_every_field():
    flags = {
        "to": ["42", "role:ADMIN"],
        "exclude": ["7"],
        "title": "T",
        "message": "M",
        "type": "success",
        "priority": "high",
        "event_name": "done",
        "source": "shop",
        "tag": ["a", "b"],
        "data": '{"n": 1}',
        "object": "task:1",
        "sender_id": "9",
        "sender_name": "Ann",
        "sender_avatar": "https://x.example/a.png",
        "action_url": "/t/1",
        "action_label": "Open",
        "action": ["go:Go:/t/2"],
        "image_url": "https://x.example/i.png",
        "requires_acknowledgment": True,
        "transient": True,
        "ttl": "1h",
        "expires_at": "2030-01-31T12:00:00Z",
        "collapse_key": "c",
    }
    assert build_body(flags) == {
        "to": ["42", {"role": "ADMIN"}],
        "exclude": ["7"],
        "title": "T",
        "message": "M",
        "type": "success",
        "priority": "high",
        "event_name": "done",
        "source": "shop",
        "tags": ["a", "b"],
        "data": {"n": 1},
        "object": {"type": "task", "id": "1"},
        "sender": {"id": "9", "name": "Ann", "avatar_url": "https://x.example/a.png"},
        "action_url": "/t/1",
        "action_label": "Open",
        "actions": [{"id": "go", "label": "Go", "url": "/t/2"}],
        "media": {"image_url": "https://x.example/i.png"},
        "requires_acknowledgment": True,
        "persist": False,
        "ttl_s": 3600,
        "expires_at": "2030-01-31T12:00:00Z",
        "collapse_key": "c",
    }


def test_body_of_few_flags_leaves_the_rest_to_the_server():
    flags = {"to": ["demo"], "title": "T", "message": "M", "transient": False, "tag": None}
    assert build_body(flags) == {"to": ["demo"], "title": "T", "message": "M"}
