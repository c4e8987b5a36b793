"""The one predicate (contract 10.7), case by case."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import DAY, NOW, ROLE, ROOM, RULES, S, entry, mark, note, person

from notify_server.domain.notification import Priority
from notify_server.domain.reasons import Reason
from notify_server.domain.settings import RETRY_RULES
from notify_server.domain.target import EVERYONE, Audience, AudienceKind, Position
from notify_server.policy.visible import (
    MAX_REPLAYS,
    has_access,
    is_awaiting,
    is_expired,
    is_in_list,
    is_unread,
    is_unseen,
    is_visible,
    is_wanted,
    why_not_pushed,
)

ACCESS = [
    # case, notification, person's since, receipt fields, access
    ("named", note("ann"), {}, {}, True),
    ("named, not yet known", note("ann"), {EVERYONE: NOW + S}, {}, True),
    ("somebody else named", note("bob"), {EVERYONE: NOW - S}, {}, False),
    ("excluded though named", note("ann", exclude=["ann"]), {}, {}, False),
    ("excluded from all", note(to=[EVERYONE], exclude=["ann"]), {EVERYONE: NOW - S}, {}, False),
    ("known before", note(to=[EVERYONE]), {EVERYONE: NOW - S}, {}, True),
    ("known in that moment", note(to=[EVERYONE]), {EVERYONE: NOW}, {}, True),
    ("known a millisecond later", note(to=[EVERYONE]), {EVERYONE: NOW + S / 1000}, {}, False),
    ("role before", note(to=[ROLE]), {ROLE: NOW - S}, {}, True),
    ("role after", note(to=[ROLE]), {ROLE: NOW + S}, {}, False),
    ("other role", note(to=[ROLE]), {Audience(AudienceKind.ROLE, "X"): NOW - S}, {}, False),
    ("role is no room", note(to=[ROLE]), {Audience(AudienceKind.ROOM, "R"): NOW - S}, {}, False),
    ("one of two", note(to=[ROLE, ROOM]), {ROOM: NOW - S}, {}, True),
    ("left before receiving", note(to=[ROOM]), {}, {"named": False}, False),
    ("left after receiving", note(to=[ROOM]), {}, {"named": False, "delivered_at": NOW}, True),
    ("receipt of a named one", note(to=[ROOM]), {}, {"named": True}, True),
    ("excluded with receipt", note(to=[ROOM], exclude=["ann"]), {}, {"delivered_at": NOW}, False),
]


@pytest.mark.parametrize(("case", "what", "since", "fields", "expected"), ACCESS)
def test_has_access_by_membership(case, what, since, fields, expected):
    given = entry(what, **fields)
    assert has_access(person(since=since), what, given.receipt, RULES) is expected, case


@pytest.mark.parametrize(("late_s", "expected"), [(0, True), (60, True), (60.001, False)])
def test_newcomer_sees_back_as_far_as_configured(late_s, expected):
    rules = replace(RULES, newcomers_see=timedelta(seconds=60))
    since = {EVERYONE: NOW + timedelta(seconds=late_s)}
    assert has_access(person(since=since), note(to=[EVERYONE]), None, rules) is expected


VISIBLE = [
    # case, notification fields, receipt fields, watermark, visible, in the list
    ("plain", {}, {}, None, True, True),
    ("read", {}, {"read_at": NOW}, None, True, True),
    ("deleted", {}, {"deleted_at": NOW}, None, False, True),
    ("dismissed", {}, {"dismissed_at": NOW}, None, True, False),
    ("snoozed", {}, {"snoozed_until": NOW + S}, None, True, False),
    ("expires later", {"expires_at": NOW + S}, {}, None, True, True),
    ("expires now", {"expires_at": NOW}, {}, None, False, True),
    ("expired and read", {"expires_at": NOW}, {"read_at": NOW}, None, False, True),
    ("cancelled", {"cancelled_at": NOW}, {}, None, False, True),
    ("cancelled and read", {"cancelled_at": NOW}, {"read_at": NOW}, None, True, True),
    ("cancelled, all read", {"cancelled_at": NOW}, {}, mark(NOW), True, True),
    ("failed", {}, {"closed": Reason.WAITED_OUT}, None, True, True),
]


@pytest.mark.parametrize(("case", "content", "fields", "watermark", "visible", "listed"), VISIBLE)
def test_is_visible_and_in_list_by_state(case, content, fields, watermark, visible, listed):
    given = entry(note("ann", **content), **fields)
    assert is_visible(person(marks=watermark), given, RULES, NOW) is visible, case
    assert is_in_list(given) is listed, case


COUNTED = [
    # case, receipt fields, watermark, off, unread, unseen
    ("new", {}, None, (), True, True),
    ("seen", {"seen_at": NOW}, None, (), True, False),
    ("read", {"read_at": NOW, "seen_at": NOW}, None, (), False, False),
    ("under the watermark", {}, mark(NOW), (), False, False),
    ("unread after the watermark", {"marked_at": NOW + S}, mark(NOW), (), True, True),
    ("unread before the watermark", {"marked_at": NOW - S}, mark(NOW), (), False, False),
    ("above the watermark", {}, mark(NOW - S, NOW), (), True, True),
    ("dismissed", {"dismissed_at": NOW}, None, (), False, False),
    ("deleted", {"deleted_at": NOW}, None, (), False, False),
    ("snoozed", {"snoozed_until": NOW + S}, None, (), False, False),
    ("switched off", {}, None, ("info",), False, False),
    ("other type off", {}, None, ("alert",), True, True),
    ("waited out", {"closed": Reason.WAITED_OUT}, None, (), True, True),
    ("woken above the watermark", {"sort_at": NOW + DAY}, mark(NOW), (), True, True),
]


@pytest.mark.parametrize(("case", "fields", "watermark", "off", "unread", "unseen"), COUNTED)
def test_what_counts_as_unread_and_unseen(case, fields, watermark, off, unread, unseen):
    given, who = entry(note("ann"), **fields), person(marks=watermark, off=off)
    assert is_unread(who, given, RULES, NOW) is unread, case
    assert is_unseen(who, given, RULES, NOW) is unseen, case


@pytest.mark.parametrize(
    ("type_", "priority", "wanted"),
    [
        ("info", Priority.LOW, False),
        ("info", Priority.URGENT, False),
        ("info", Priority.CRITICAL, True),
        ("security", Priority.LOW, True),
        ("alert", Priority.NORMAL, True),
        ("gone_from_configuration", Priority.NORMAL, False),
    ],
)
def test_switched_off_types_are_unwanted_but_required_and_critical_ones(type_, priority, wanted):
    who = person(off=("info", "security", "gone_from_configuration"))
    assert is_wanted(who, note("ann", type=type_, priority=priority), RULES) is wanted


AWAITING = [
    # case, notification fields, receipt fields, expected
    ("no receipt", {}, {}, True),
    ("undelivered", {}, {"attempts": 1}, True),
    ("delivered", {}, {"delivered_revision": 1}, False),
    ("old revision delivered", {"revision": 2}, {"delivered_revision": 1}, True),
    ("failed, replayed twice", {}, {"closed": Reason.NO_ACK, "replays": 2}, True),
    ("failed, replayed thrice", {}, {"closed": Reason.NO_ACK, "replays": MAX_REPLAYS}, False),
    ("poison", {}, {"closed": Reason.POISON, "replays": 3}, False),
    ("waited out", {}, {"closed": Reason.WAITED_OUT}, False),
    ("poison of an old revision", {"revision": 2}, {"closed": Reason.POISON, "revision": 1}, True),
    ("cancelled though read", {"cancelled_at": NOW}, {"read_at": NOW}, False),
    ("dismissed", {}, {"dismissed_at": NOW}, False),
    ("switched off", {"type": "alert"}, {}, False),
]


@pytest.mark.parametrize(("case", "fields", "given", "expected"), AWAITING)
def test_is_awaiting_what_no_session_has_had(case, fields, given, expected):
    who = person(off=("alert",))
    assert is_awaiting(who, entry(note("ann", **fields), **given), RULES, NOW) is expected, case


@pytest.mark.parametrize("priority", Priority)
def test_waits_run_from_where_pushing_starts(priority):
    waits = timedelta(seconds=RETRY_RULES[priority].waits_s)
    old = note("ann", priority=priority, at=NOW - waits)
    assert why_not_pushed(person(), entry(old), RULES, NOW) is Reason.WAITED_OUT
    assert why_not_pushed(person(), entry(old), RULES, NOW - S / 1000) is None
    revised = replace(old, revised_at=NOW, revision=2)
    assert why_not_pushed(person(), entry(revised), RULES, NOW) is None
    assert why_not_pushed(person(), entry(old, push_at=NOW), RULES, NOW) is None


@pytest.mark.parametrize(
    ("skipped", "expected"),
    [
        (Position(NOW, "n1"), Reason.SKIPPED),
        (Position(NOW, "n2"), Reason.SKIPPED),
        (Position(NOW, "n0"), None),
        (Position(NOW - S, "n1"), None),
    ],
)
def test_skipped_is_not_pushed_any_more(skipped, expected):
    given = entry(note("ann"))
    assert why_not_pushed(person(skipped=skipped), given, RULES, NOW) is expected
    woken = entry(note("ann"), push_at=NOW + DAY)
    assert why_not_pushed(person(skipped=skipped), woken, RULES, NOW) is None


@pytest.mark.parametrize(("expires_at", "expected"), [(None, False), (NOW, True), (NOW + S, False)])
def test_is_expired_from_its_moment_on(expires_at, expected):
    assert is_expired(note("ann", expires_at=expires_at), NOW) is expected
