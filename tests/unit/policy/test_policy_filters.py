"""Which entries a query of the list means (contract 6), and the types that there are."""

from datetime import timedelta

import pytest
from support.facts import DAY, NOW, RULES, S, entry, mark, note, person

from notify_server.domain.notification import Priority
from notify_server.domain.settings import TypeSettings
from notify_server.domain.view import InboxQuery
from notify_server.policy.filters import matches
from notify_server.policy.types import BUILT_IN, TypeRegistry

READ = {"read_at": NOW, "delivered_revision": 1}

CASES = [
    # query, notification fields, receipt fields, matches
    ({}, {}, {}, True),
    ({}, {}, {"dismissed_at": NOW}, False),
    ({}, {}, {"snoozed_until": NOW + S}, False),
    ({}, {}, {"deleted_at": NOW}, False),
    ({}, {"expires_at": NOW}, {}, False),
    ({}, {"cancelled_at": NOW}, {}, False),
    ({"dismissed": True}, {}, {"dismissed_at": NOW}, True),
    ({"dismissed": True}, {}, {}, False),
    ({"dismissed": True}, {}, {"dismissed_at": NOW, "snoozed_until": NOW + S}, False),
    ({"snoozed": True}, {}, {"snoozed_until": NOW + S}, True),
    ({"snoozed": True}, {}, {}, False),
    ({"pinned": True}, {}, {"pinned_at": NOW}, True),
    ({"pinned": True}, {}, {}, False),
    ({}, {}, {"pinned_at": NOW}, True),
    ({"unread": True}, {}, {}, True),
    ({"unread": True}, {}, READ, False),
    ({}, {}, READ, True),
    ({"type": "alert"}, {"type": "alert"}, {}, True),
    ({"type": "alert"}, {"type": "info"}, {}, False),
    ({"source": "s"}, {"source": "s"}, {}, True),
    ({"source": "s"}, {"source": None}, {}, False),
    ({"tag": "b"}, {"tags": ("a", "b")}, {}, True),
    ({"tag": "b"}, {"tags": ("bb",)}, {}, False),
    ({"min_priority": Priority.HIGH}, {"priority": Priority.HIGH}, {}, True),
    ({"min_priority": Priority.HIGH}, {"priority": Priority.CRITICAL}, {}, True),
    ({"min_priority": Priority.HIGH}, {"priority": Priority.NORMAL}, {}, False),
    ({"max_age": timedelta(seconds=60)}, {"at": NOW - 60 * S}, {}, True),
    ({"max_age": timedelta(seconds=60)}, {"at": NOW - 61 * S}, {}, False),
    ({"max_age": timedelta(seconds=60)}, {"at": NOW - DAY}, {"sort_at": NOW}, True),
    ({"text": "hello world"}, {"title": "World", "message": "say HELLO"}, {}, True),
    ({"text": "hello mars"}, {"title": "World", "message": "say HELLO"}, {}, False),
    ({"text": "STRASSE"}, {"title": "straße"}, {}, True),
    ({"text": ".*"}, {"title": "anything"}, {}, False),
    ({"text": "%"}, {"title": "100%"}, {}, True),
    ({"text": "  "}, {}, {}, True),
    ({"subscribed": True}, {"type": "alert"}, {}, False),
    ({"subscribed": True}, {"type": "info"}, {}, True),
    ({}, {"type": "alert"}, {}, True),
    ({"type": "alert", "unread": True}, {"type": "alert"}, READ, False),
]


@pytest.mark.parametrize(("query", "fields", "given", "expected"), CASES)
def test_query_matches_what_it_asks_for(query, fields, given, expected):
    one = entry(note("ann", **fields), **given)
    who = person(off=("alert",))
    assert matches(who, one, InboxQuery(**query), RULES, NOW) is expected


def test_unread_filter_knows_the_watermark():
    one = entry(note("ann"))
    assert not matches(person(marks=mark(NOW)), one, InboxQuery(unread=True), RULES, NOW)


def test_foreign_never_matches():
    assert not matches(person(), entry(note("bob")), InboxQuery(), RULES, NOW)


# Types


def test_ten_built_in_types_are_those_of_the_contract():
    assert set(BUILT_IN) == {
        "system", "user_action", "progress_update", "alert", "error", "success", "info",
        "warning", "admin", "security",
    }  # fmt: skip


def test_registry_takes_further_types_and_changes_of_built_in_ones():
    types = TypeRegistry({"task": TypeSettings(Priority.HIGH), "info": TypeSettings(Priority.LOW)})
    assert "task" in types
    assert "nope" not in types
    assert (types.priority("task"), types.priority("info")) == (Priority.HIGH, Priority.LOW)
    assert types.names()[:10] == tuple(BUILT_IN)
    with pytest.raises(KeyError):
        types.priority("nope")


@pytest.mark.parametrize(
    ("settings", "required"),
    [(TypeSettings(), False), (TypeSettings(required=True), True),
     (TypeSettings(Priority.CRITICAL), True), (TypeSettings(Priority.URGENT), False)],
)  # fmt: skip
def test_required_are_those_that_say_so_and_critical_ones(settings, required):
    types = TypeRegistry({"x": settings})
    assert types.required("x") is required
    assert types.subscriptions({"x": False})["x"] == (required, required)
    assert types.is_wanted("x", Priority.NORMAL, {"x": False}) is required
    assert not types.required("unknown")
