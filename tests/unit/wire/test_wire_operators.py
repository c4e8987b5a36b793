"""What operators ask, read strictly; what they are told, spelt as the contract says."""

from datetime import UTC, datetime

import pytest

from notify_server.domain.errors import RejectedError
from notify_server.domain.explanation import Event, Upcoming
from notify_server.domain.notification import Priority
from notify_server.domain.operators import Search, Standing, Stats
from notify_server.domain.receipt import AckVia
from notify_server.domain.settings import NamespaceSettings
from notify_server.pipeline.figuring import STORED_LIMIT
from notify_server.wire import explanation, operators
from notify_server.wire.cursor import decode_id, encode_id
from notify_server.wire.operators import (
    parse_presence,
    parse_resend,
    parse_search,
    parse_sessions,
    stats_to_wire,
)

SPACES = NamespaceSettings()
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def paths(call, *given):
    with pytest.raises(RejectedError) as caught:
        call(*given)
    return [fault.path for fault in caught.value.faults]


def test_search_without_filters_is_the_newest():
    assert parse_search(None, SPACES) == parse_search({}, SPACES) == Search()


def test_search_reads_every_filter():
    given = {
        "q": "a b", "type": "alert", "priority": "medium", "source": "s", "tag": "t", "user": "u",
        "namespace": "/ws/notifications", "status": "undelivered", "caller": "key:1",
        "since": "2026-06-01T12:00:00Z", "until": "2026-06-01T14:00:00+01:00", "limit": "7",
        "before": encode_id("x"),
    }  # fmt: skip
    assert parse_search(given, SPACES) == Search(
        text="a b", type="alert", priority=Priority.NORMAL, source="s", tag="t", user="u",
        line="/", standing=Standing.UNDELIVERED, caller="key:1", since=NOON,
        until=NOON.replace(hour=13), before="x", limit=7,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"status": "x"}, "status"), ({"namespace": "/nope"}, "namespace"),
        ({"limit": 101}, "limit"),
        ({"q": " "}, "q"), ({"user": "a\x00"}, "user"), ({"nope": 1}, "nope"),
        ({"before": "rubbish"}, "before"), ({"since": 5}, "since"),
        ({"since": "2026-06-01T12:00:00Z", "until": "2026-06-01T12:00:00Z"}, "until"),
    ],
)  # fmt: skip
def test_search_with_a_fault_names_its_path(given, path):
    assert paths(parse_search, given, SPACES) == [path]


def test_other_questions_name_their_faults():
    assert paths(parse_presence, {}) == ["user"]
    assert paths(parse_resend, {"after": 1}) == ["after"]
    assert paths(parse_sessions, {"namespace": "/nope", "user": ""}, SPACES) == [
        "user", "namespace",
    ]  # fmt: skip
    assert parse_resend(None) == ""
    assert parse_sessions({"user": "u"}, SPACES) == ("u", None)


def test_id_cursor_comes_back_and_no_other_is_taken():
    assert decode_id(encode_id("abc"), "before") == "abc"
    assert paths(decode_id, encode_id(""), "before") == ["before"]


def test_stored_says_more_where_the_counting_stops():
    assert operators.STORED_LIMIT == STORED_LIMIT
    told = stats_to_wire(
        Stats(NOON, NOON, 0, {}, 0, 0, stored={"receipts": STORED_LIMIT, "users": 2})
    )
    assert told["stored"] == {
        "receipts": {"count": STORED_LIMIT, "more": True}, "users": {"count": 2, "more": False},
    }  # fmt: skip


def test_every_event_step_and_way_has_a_sentence():
    assert set(explanation._EVENTS) == set(Event)
    assert set(explanation._STEPS) == set(Upcoming)
    assert set(explanation._VIAS) == set(AckVia)
