"""What a client says of itself, whatever it says."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_server.domain.claims import Claims
from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.settings import NamespaceSettings
from notify_server.domain.signals import Cursor
from notify_server.sio.handshake import (
    Greeting,
    all_namespaces,
    cursor_of,
    line_of,
    parse_greeting,
)
from notify_server.wire.cursor import encode_cursor

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLAIMS = Claims("ann", frozenset(), (), NOW, NOW + timedelta(hours=1))
NAMES = NamespaceSettings(lines={"/admin": ("ADMIN",), "/ops": ("OPS",)})


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (None, Greeting("", False, None, None)),
        ({}, Greeting("", False, None, None)),
        ({"token": "t"}, Greeting("t", False, None, None)),
        ({"token": "t", "ack": True, "cursor": "c", "device_id": "d"},
         Greeting("t", True, "c", "d")),
        ({"token": "t", "ack": None, "cursor": None, "device_id": None},
         Greeting("t", False, None, None)),
        ({"token": "t", "unknown": 1}, Greeting("t", False, None, None)),
    ],
)  # fmt: skip
def test_greeting_is_read_as_it_is(auth, expected):
    assert parse_greeting(auth, "") == expected


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        ([], "auth"),
        ("token", "auth"),
        (1, "auth"),
        ({"ack": 1}, "auth.ack"),
        ({"ack": "true"}, "auth.ack"),
        ({"cursor": 1}, "auth.cursor"),
        ({"cursor": {}}, "auth.cursor"),
        ({"device_id": 7}, "auth.device_id"),
        ({"device_id": "x" * 129}, "auth.device_id"),
    ],
)
def test_greeting_of_wrong_shape_is_refused_with_its_path(auth, path):
    with pytest.raises(RejectedError) as caught:
        parse_greeting(auth, "")
    assert caught.value.code is Code.INVALID
    assert [fault.path for fault in caught.value.faults] == [path]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ""),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", ""),
        ("Bearer", ""),
        ("abc", ""),
    ],
)
def test_token_may_come_in_the_header(header, expected):
    assert parse_greeting({}, header).token == expected
    assert parse_greeting({"token": "own"}, header).token == "own"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
_AUTH = _JSON | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("token", "ack", "cursor", "device_id"), _JSON)
)


@given(_AUTH)
def test_anything_at_all_is_a_greeting_or_a_refusal(auth):
    with suppress(RejectedError):
        assert parse_greeting(auth, "").acks in {True, False}


@pytest.mark.parametrize(
    ("namespace", "line"),
    [
        ("/", "/"),
        ("/ws/notifications/", "/"),
        ("/ws/notifications", "/"),
        ("/admin", "/admin"),
        ("/ops", "/ops"),
        ("/ADMIN", "/ADMIN"),
    ],
)
def test_aliases_are_the_user_line(namespace, line):
    assert line_of(namespace, NAMES) == line


def test_all_namespaces_are_each_there_once():
    assert all_namespaces(NAMES) == [
        "/", "/ws/notifications/", "/ws/notifications", "/admin", "/ops",
    ]  # fmt: skip


CURSORS = [
    (None, (None, False)),
    (encode_cursor(Cursor("ann", "/", NOW)), (NOW, False)),
    (encode_cursor(Cursor("bob", "/", NOW)), (None, True)),
    (encode_cursor(Cursor("ann", "/admin", NOW)), (None, True)),
    ("", (None, True)),
    ("nonsense", (None, True)),
    ("x" * 5000, (None, True)),
]


@pytest.mark.parametrize(("text", "expected"), CURSORS)
def test_cursor_counts_only_for_its_user_and_line(text, expected):
    assert cursor_of(Greeting("t", True, text, None), CLAIMS, "/") == expected
