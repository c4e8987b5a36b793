"""One person's state with the watermark of "mark all read" applied."""

from dataclasses import replace

import pytest
from support.facts import DAY, NOW, ROLE, RULES, S, entry, mark, note, receipt

from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Entry, Status, Step
from notify_server.domain.target import Position, Watermark
from notify_server.domain.view import State, View
from notify_server.policy.state import (
    fresh_state,
    is_delivered,
    read_at_of,
    seen_at_of,
    state_of,
    status_of,
)

SET_AT = NOW + 60 * S

READ = [
    # case, receipt fields (None: no receipt), watermark, read_at
    ("nothing", None, None, None),
    ("own", {"read_at": NOW}, None, NOW),
    ("own wins", {"read_at": NOW}, mark(NOW, SET_AT), NOW),
    ("covered without receipt", None, mark(NOW, SET_AT), SET_AT),
    ("covered with receipt", {"attempts": 1}, mark(NOW, SET_AT), SET_AT),
    ("above", None, mark(NOW - S, SET_AT), None),
    ("same moment, later id", None, Watermark(Position(NOW, "n0"), SET_AT), None),
    ("same place", None, Watermark(Position(NOW, "n1"), SET_AT), SET_AT),
    ("marked after it was set", {"marked_at": SET_AT + S}, mark(NOW, SET_AT), None),
    ("marked before it was set", {"marked_at": SET_AT - S}, mark(NOW, SET_AT), SET_AT),
    ("woken above it", {"sort_at": SET_AT + S}, mark(NOW, SET_AT), None),
]


@pytest.mark.parametrize(("case", "given", "watermark", "expected"), READ)
def test_read_at_by_itself_or_by_the_watermark(case, given, watermark, expected):
    what = note("ann")
    one = Entry(what, None if given is None else receipt(what, **given))
    assert read_at_of(one, watermark) == expected, case
    assert seen_at_of(one, watermark) == expected, case


def test_seen_by_itself_stays_when_unread():
    assert seen_at_of(entry(note("ann"), seen_at=NOW), None) == NOW


DELIVERED = [
    ("no", {}, {"attempts": 1}, None, False),
    ("yes", {}, {"delivered_revision": 1}, None, True),
    ("old revision", {"revision": 2}, {"delivered_revision": 1}, None, False),
    ("by the watermark", {}, {}, mark(NOW, SET_AT), True),
    ("revised after the watermark", {"revision": 2, "revised_at": SET_AT + S}, {},
     mark(NOW, SET_AT), False),
    ("above the watermark", {}, {}, mark(NOW - S, SET_AT), False),
]  # fmt: skip


@pytest.mark.parametrize(("case", "fields", "given", "watermark", "expected"), DELIVERED)
def test_is_delivered_by_ack_or_by_watermark(case, fields, given, watermark, expected):
    assert is_delivered(entry(note("ann", **fields), **given), watermark) is expected, case


STATUSES = [
    # case, notification fields, receipt fields, status
    ("new", {}, {}, Status.PENDING),
    ("parked", {}, {"step": Step.WAIT}, Status.PENDING),
    ("an attempt failed", {}, {"attempts": 1, "step": Step.ATTEMPT}, Status.SENT),
    ("delivered", {}, {"delivered_revision": 1}, Status.DELIVERED),
    ("failed", {}, {"closed": Reason.NO_ACK, "attempts": 2}, Status.FAILED),
    ("waited out", {}, {"closed": Reason.WAITED_OUT}, Status.FAILED),
    ("poison", {}, {"closed": Reason.POISON}, Status.FAILED),
    ("expired", {"expires_at": NOW}, {"delivered_revision": 1}, Status.EXPIRED),
    ("cancelled", {"cancelled_at": NOW}, {"delivered_revision": 1}, Status.CANCELLED),
    ("cancelled and expired", {"cancelled_at": NOW, "expires_at": NOW}, {}, Status.CANCELLED),
    ("failed before the new revision", {"revision": 2}, {"closed": Reason.NO_ACK, "revision": 1},
     Status.PENDING),
]  # fmt: skip


@pytest.mark.parametrize(("case", "fields", "given", "status"), STATUSES)
def test_status_tells_how_far_delivery_came(case, fields, given, status):
    one = entry(note("ann", **fields), **given)
    assert status_of(one, None, RULES.waits, NOW) is status, case
    assert state_of(one, None, RULES.waits, NOW).status is status


WAITED = [
    # case, notification fields, receipt fields (None: no receipt), status when the time is over
    ("a member without receipt", {"to": [ROLE]}, None, Status.FAILED),
    ("parked", {}, {"step": Step.WAIT}, Status.FAILED),
    ("new revision", {"revision": 2}, {"delivered_revision": 1}, Status.FAILED),
    ("revised since", {"revision": 2, "revised_at": NOW + DAY}, {}, Status.PENDING),
    ("came back since", {}, {"push_at": NOW + DAY}, Status.PENDING),
    ("snoozed", {}, {"snoozed_until": NOW + 9 * DAY}, Status.PENDING),
    ("delivered", {}, {"delivered_revision": 1}, Status.DELIVERED),
    ("cancelled", {"cancelled_at": NOW}, {}, Status.CANCELLED),
]


@pytest.mark.parametrize(("case", "fields", "given", "status"), WAITED)
def test_status_when_the_waiting_time_is_over(case, fields, given, status):
    made = note("ann", **fields)
    one = Entry(made, None) if given is None else entry(made, **given)
    assert status_of(one, None, RULES.waits, NOW + 3 * DAY) is status, case


def test_state_without_receipt_has_the_watermark_only():
    state = state_of(entry(note("ann")), mark(NOW, SET_AT), RULES.waits, SET_AT)
    assert (state.read_at, state.seen_at, state.delivered_at) == (SET_AT, SET_AT, SET_AT)
    assert (state.status, state.sort_at) == (Status.DELIVERED, NOW)


def test_state_names_every_field_of_the_contract():
    assert set(fresh_state(note("ann")).fields()) == {
        "status", "delivered_at", "seen_at", "is_read", "read_at", "clicked_at",
        "acknowledged_at", "is_dismissed", "dismissed_at", "pinned_at", "snoozed_until", "sort_at",
    }  # fmt: skip


def test_changes_are_those_fields_that_differ():
    before = State(Status.SENT, NOW)
    after = replace(before, read_at=SET_AT, seen_at=SET_AT)
    assert after.changes_since(before) == {"is_read": True, "read_at": SET_AT, "seen_at": SET_AT}
    assert before.changes_since(before) == {}


def test_view_has_its_place_with_and_without_state():
    what = note("ann")
    assert View(what, None).position == Position(NOW, "n1")
    assert View(what, State(Status.SENT, NOW + DAY)).position == Position(NOW + DAY, "n1")
