"""Why things stand as they do, and what comes next: one row per reason that a person can have."""

from random import Random

import pytest
from support.facts import DAY, NOW, ROLE, RULES, S, entry, note, person

from notify_server.domain.explanation import Next, Upcoming
from notify_server.domain.notification import Priority
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Entry, Step
from notify_server.domain.settings import Settings
from notify_server.domain.target import EVERYONE, Position
from notify_server.policy.outlook import NOT_THEIRS, Reach, upcoming, why
from notify_server.policy.retry import RetryPolicy

POLICY = RetryPolicy.of(Settings().retry, Random(1))
AWAY, HERE = Reach(), Reach(is_online=True, is_live=True)
NOTHING = Next(Upcoming.NOTHING)
HIGH = {"priority": Priority.HIGH}


def told(who, what, reach=AWAY, now=NOW):
    reason = why(who, what, reach, RULES, now)
    return reason, upcoming(what, reason, reach, POLICY)


ONE = note("ann", **HIGH)
SEEN_TO = note("ann", requires_acknowledgment=True)

STANDING = {
    "named, away": (ONE, {"step": Step.WAIT}, AWAY, Reason.OFFLINE,
                    Next(Upcoming.WAIT, NOW + 7 * DAY)),
    "here, not sent yet": (ONE, {"step": Step.WAIT}, HERE, Reason.QUEUED,
                           Next(Upcoming.WAIT, NOW + 7 * DAY)),
    "here, catching up": (ONE, {"step": Step.WAIT}, Reach(is_online=True), Reason.CATCHING_UP,
                          Next(Upcoming.WAIT, NOW + 7 * DAY)),
    "first frame is out": (ONE, {"step": Step.WAIT}, Reach(True, True, [NOW + 9 * S, NOW + 3 * S]),
                           Reason.IN_FLIGHT, Next(Upcoming.JUDGE, NOW + 3 * S, 1, 3)),
    "a retry is out": (ONE, {"step": Step.JUDGE, "attempts": 2, "due_at": NOW + S}, HERE,
                       Reason.IN_FLIGHT, Next(Upcoming.JUDGE, NOW + S, 2, 3)),
    "a retry is due": (ONE, {"step": Step.ATTEMPT, "attempts": 1, "due_at": NOW + S}, HERE,
                       Reason.ATTEMPT_DUE, Next(Upcoming.ATTEMPT, NOW + S, 2, 3)),
    "a retry is due, away": (ONE, {"step": Step.ATTEMPT, "attempts": 1, "due_at": NOW + S}, AWAY,
                             Reason.OFFLINE, Next(Upcoming.WAIT, NOW + 7 * DAY)),
    "all attempts failed": (ONE, {"step": Step.WAIT, "attempts": 3, "closed": Reason.NO_ACK}, HERE,
                            Reason.NO_ACK, Next(Upcoming.WAIT, NOW + 7 * DAY)),
    "replays failed": (ONE, {"attempts": 3, "replays": 3, "closed": Reason.POISON}, HERE,
                       Reason.POISON, NOTHING),
    "waited out": (ONE, {"closed": Reason.WAITED_OUT}, AWAY, Reason.WAITED_OUT, NOTHING),
    "delivered": (ONE, {"delivered_revision": 1}, HERE, Reason.DELIVERED, NOTHING),
    "snoozed": (ONE, {"step": Step.WAKE, "due_at": NOW + S, "snoozed_until": NOW + S}, AWAY,
                Reason.SNOOZED, Next(Upcoming.WAKE, NOW + S)),
    "delivered and snoozed": (ONE, {"delivered_revision": 1, "step": Step.WAKE,
                                    "snoozed_until": NOW + S}, AWAY,
                              Reason.DELIVERED, Next(Upcoming.WAKE, NOW + S)),
    "deleted": (ONE, {"deleted_at": NOW}, AWAY, Reason.DELETED, NOTHING),
    "dismissed": (ONE, {"dismissed_at": NOW}, AWAY, Reason.DISMISSED, NOTHING),
    "reminded": (SEEN_TO, {"delivered_revision": 1, "step": Step.REMIND, "reminders": 1,
                           "due_at": NOW + S}, HERE,
                 Reason.UNACKNOWLEDGED, Next(Upcoming.REMIND, NOW + S, 2, 2)),
    "reminded in vain": (SEEN_TO, {"delivered_revision": 1, "reminders": 2}, HERE,
                         Reason.NOT_ACKNOWLEDGED, NOTHING),
    "never reminded": (SEEN_TO, {"delivered_revision": 1, "deleted_at": NOW}, HERE,
                       Reason.UNACKNOWLEDGED, NOTHING),
    "acknowledged": (SEEN_TO, {"delivered_revision": 1, "acknowledged_at": NOW}, HERE,
                     Reason.ACKNOWLEDGED, NOTHING),
    "cancelled": (note("ann", cancelled_at=NOW), {"closed": Reason.CANCELLED}, HERE,
                  Reason.CANCELLED, NOTHING),
    "delivered, then cancelled": (note("ann", cancelled_at=NOW), {"delivered_revision": 1}, HERE,
                                  Reason.DELIVERED, NOTHING),
    "expired": (note("ann", expires_at=NOW), {"step": Step.WAIT}, AWAY, Reason.EXPIRED, NOTHING),
    "expires before it is given up": (note("ann", expires_at=NOW + S), {"step": Step.WAIT}, AWAY,
                                      Reason.OFFLINE, Next(Upcoming.EXPIRE, NOW + S)),
}  # fmt: skip


@pytest.mark.parametrize("name", STANDING)
def test_outlook_of_a_receipt(name):
    notification, fields, reach, reason, coming = STANDING[name]
    assert told(person(), entry(notification, **fields), reach) == (reason, coming)


def test_outlook_of_a_member_without_a_receipt():
    one = Entry(note(to=(EVERYONE,), **HIGH), None)
    assert told(person(), one) == (Reason.OFFLINE, Next(Upcoming.WAIT, NOW + 7 * DAY))
    assert told(person(), one, now=NOW + 7 * DAY) == (Reason.WAITED_OUT, NOTHING)
    sent = Reach(is_online=True, is_live=True, judged_at=[NOW + S])
    assert told(person(), one, sent) == (
        Reason.IN_FLIGHT, Next(Upcoming.JUDGE, NOW + S, 1, 3),
    )  # fmt: skip


def test_outlook_of_what_lies_under_the_skipped():
    skipped = Position(NOW + S, "~")
    assert told(person(skipped=skipped), entry(ONE, step=Step.WAIT)) == (Reason.SKIPPED, NOTHING)


def test_outlook_of_a_type_that_is_switched_off():
    one = entry(note("ann", type="info"), step=Step.WAIT)
    assert told(person(off=["info"]), one) == (Reason.UNSUBSCRIBED, NOTHING)


@pytest.mark.parametrize(
    ("since", "exclude", "reason"),
    [
        ({}, (), Reason.NOT_A_RECIPIENT),
        ({ROLE: NOW + S}, (), Reason.JOINED_LATER),
        ({ROLE: NOW - S}, ("ann",), Reason.EXCLUDED),
    ],
)
def test_outlook_of_whom_it_is_not_for(since, exclude, reason):
    one = Entry(note("bob", to=(ROLE,), exclude=exclude), None)
    assert told(person(since=since), one) == (reason, NOTHING)
    assert reason in NOT_THEIRS
