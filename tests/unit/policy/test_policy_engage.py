"""What each action does to each state, once and twice (contract 5)."""

from dataclasses import fields, replace

import pytest
from support.facts import DAY, NOW, S, entry, mark, note, receipt

from notify_server.domain.actions import Act, Action
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Step
from notify_server.policy.engage import apply, delivered, receipt_of, with_reminder, woken

LATER = NOW + 60 * S
UNTIL = NOW + DAY
NOTE = note("ann", requires_acknowledgment=True)

STATES = {
    "new": {"step": Step.WAIT, "due_at": UNTIL},
    "retrying": {"step": Step.ATTEMPT, "due_at": LATER, "attempts": 1},
    "being judged": {"step": Step.JUDGE, "due_at": LATER, "attempts": 2},
    "failed": {"step": Step.WAIT, "due_at": UNTIL, "closed": Reason.NO_ACK, "attempts": 3},
    "poison": {"closed": Reason.POISON, "replays": 3},
    "delivered": {"delivered_revision": 1, "delivered_at": NOW},
    "reminding": {"delivered_revision": 1, "delivered_at": NOW, "step": Step.REMIND,
                  "due_at": LATER},
    "seen": {"delivered_revision": 1, "delivered_at": NOW, "seen_at": NOW},
    "read": {"delivered_revision": 1, "delivered_at": NOW, "seen_at": NOW, "read_at": NOW,
             "marked_at": NOW},
    "acknowledged": {"delivered_revision": 1, "delivered_at": NOW, "seen_at": NOW, "read_at": NOW,
                     "acknowledged_at": NOW},
    "dismissed": {"delivered_revision": 1, "delivered_at": NOW, "seen_at": NOW,
                  "dismissed_at": NOW},
    "pinned": {"delivered_revision": 1, "delivered_at": NOW, "pinned_at": NOW},
    "snoozed": {"delivered_revision": 1, "delivered_at": NOW, "snoozed_until": UNTIL,
                "step": Step.WAKE, "due_at": UNTIL},
}  # fmt: skip

EFFECTS = {
    # action -> what is set (True) or empty (False) afterwards, whatever the state was
    Action.READ: {"read_at": True, "seen_at": True, "delivered_at": True},
    Action.UNREAD: {"read_at": False},
    Action.SEEN: {"seen_at": True, "delivered_at": True},
    Action.CLICKED: {"clicked_at": True, "read_at": True, "seen_at": True, "delivered_at": True},
    Action.ACKNOWLEDGE: {"acknowledged_at": True, "read_at": True, "seen_at": True,
                         "delivered_at": True},
    Action.DISMISS: {"dismissed_at": True, "seen_at": True, "delivered_at": True},
    Action.RESTORE: {"dismissed_at": False},
    Action.PIN: {"pinned_at": True},
    Action.UNPIN: {"pinned_at": False},
    Action.SNOOZE: {"snoozed_until": True},
    Action.DELETE: {"deleted_at": True},
}  # fmt: skip

_OWN = {
    # what an action may change besides what delivery changes
    Action.READ: {"read_at", "seen_at", "marked_at"},
    Action.UNREAD: {"read_at", "marked_at"},
    Action.SEEN: {"seen_at"},
    Action.CLICKED: {"clicked_at", "read_at", "seen_at", "marked_at"},
    Action.ACKNOWLEDGE: {"acknowledged_at", "read_at", "seen_at", "marked_at", "step", "due_at"},
    Action.DISMISS: {"dismissed_at", "seen_at"},
    Action.RESTORE: {"dismissed_at"},
    Action.PIN: {"pinned_at"},
    Action.UNPIN: {"pinned_at"},
    Action.SNOOZE: {"snoozed_until", "step", "due_at"},
    Action.DELETE: {"deleted_at", "step", "due_at"},
}
_BY_DELIVERY = {"delivered_revision", "delivered_at", "closed", "step", "due_at", "changed_at"}


def _act(action):
    return Act(action, UNTIL + DAY if action is Action.SNOOZE else None)


def test_tables_know_every_action():
    assert EFFECTS.keys() == _OWN.keys() == set(Action)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", Action)
def test_action_on_state_sets_its_own_stamps_and_nothing_else(action, state):
    before = receipt(NOTE, **STATES[state])
    after = apply(before, NOTE, _act(action), LATER) or before
    for name, is_set in EFFECTS[action].items():
        assert (getattr(after, name) is not None) is is_set, name
    changed = {f.name for f in fields(after) if getattr(after, f.name) != getattr(before, f.name)}
    was_delivered = before.delivered_revision == 1
    delivers = "delivered_at" in EFFECTS[action]
    may = _OWN[action] | (_BY_DELIVERY if delivers and not was_delivered else {"changed_at"})
    assert changed <= may
    assert after.delivered_revision == int(delivers or was_delivered)
    assert after.closed is (None if delivers else before.closed)
    assert (after.step, after.due_at is None) != (Step.IDLE, False)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", Action)
def test_action_twice_is_once(action, state):
    before = receipt(NOTE, **STATES[state])
    once = apply(before, NOTE, _act(action), LATER) or before
    assert apply(once, NOTE, _act(action), LATER + S) is None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", Action)
def test_first_stamps_are_kept(action, state):
    """A stamp says when it first happened; only reading again after unread sets it anew."""
    before = receipt(NOTE, **STATES[state])
    after = apply(before, NOTE, _act(action), LATER) or before
    for name in ("delivered_at", "seen_at", "clicked_at", "acknowledged_at", "read_at"):
        old, new = getattr(before, name), getattr(after, name)
        if old is not None and new is not None:
            assert new == old, name


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    ("action", "undo", "field"),
    [(Action.DISMISS, Action.RESTORE, "dismissed_at"), (Action.PIN, Action.UNPIN, "pinned_at"),
     (Action.READ, Action.UNREAD, "read_at")],
)  # fmt: skip
def test_undone_is_as_if_never_done(state, action, undo, field):
    before = receipt(NOTE, **STATES[state])
    done = apply(before, NOTE, Act(action), LATER) or before
    undone = apply(done, NOTE, Act(undo), LATER)
    assert getattr(undone, field) is None


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ({"step": Step.IDLE}, Step.ATTEMPT),
        ({"step": Step.WAIT, "due_at": UNTIL}, Step.ATTEMPT),
        ({"step": Step.WAKE, "due_at": UNTIL, "snoozed_until": UNTIL}, Step.WAKE),
        ({"step": Step.IDLE, "closed": Reason.POISON}, Step.IDLE),
        ({"step": Step.IDLE, "delivered_revision": 2}, Step.IDLE),
    ],
)
def test_restored_goes_out_if_a_revision_came_meanwhile(state, step):
    newer = replace(NOTE, revision=2)
    before = receipt(
        newer, **{"dismissed_at": NOW, "delivered_at": NOW, "delivered_revision": 1, **state}
    )
    after = apply(before, newer, Act(Action.RESTORE), LATER)
    assert after.step is step
    assert after.due_at == (LATER if step is Step.ATTEMPT else before.due_at)


def test_acknowledging_ends_reminders_and_snooze_or_delete_replace_them():
    before = receipt(NOTE, **STATES["reminding"])
    steps = {a: apply(before, NOTE, _act(a), LATER) for a in Action}
    assert steps[Action.ACKNOWLEDGE].step is Step.IDLE
    assert steps[Action.DELETE].step is Step.IDLE
    assert steps[Action.SNOOZE].step is Step.WAKE
    for action in (Action.READ, Action.CLICKED, Action.SEEN, Action.DISMISS, Action.PIN):
        assert (steps[action].step, steps[action].due_at) == (Step.REMIND, LATER)


def test_snooze_without_an_end_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="end"):
        apply(receipt(NOTE), NOTE, Act(Action.SNOOZE), NOW)


def test_delivered_of_the_newest_revision_changes_nothing():
    before = receipt(NOTE, delivered_revision=1, delivered_at=NOW)
    assert delivered(before, NOTE, LATER) is before


def test_delivered_of_a_newer_revision_keeps_the_first_moment():
    newer = replace(NOTE, revision=2)
    before = receipt(newer, delivered_revision=1, delivered_at=NOW, step=Step.WAIT, due_at=UNTIL)
    after = delivered(before, newer, LATER)
    assert (after.delivered_revision, after.delivered_at) == (2, NOW)
    assert (after.step, after.due_at) == (Step.IDLE, None)


# The receipt that a person's action begins with


def test_receipt_is_made_for_an_audiences_member():
    made = receipt_of(entry(note(to=[], line="/admin")), "bob", None, LATER)
    assert (made.named, made.step, made.version, made.line) == (False, Step.WAIT, 0, "/admin")
    assert (made.sort_at, made.push_at, made.changed_at) == (NOW, NOW, LATER)
    assert receipt_of(entry(note("bob")), "bob", None, LATER).named


def test_receipt_of_an_old_revision_is_brought_up():
    newer = note("ann", revision=3, revised_at=LATER)
    old = entry(newer, revision=1, attempts=2, replays=1, closed=Reason.NO_ACK, push_at=NOW)
    made = receipt_of(old, "ann", None, LATER)
    assert (made.revision, made.attempts, made.replays, made.closed) == (3, 0, 0, None)
    assert made.push_at == LATER


def test_receipt_has_the_watermark_written_into_it():
    made = receipt_of(entry(note("ann")), "ann", mark(NOW, LATER), LATER + S)
    assert (made.read_at, made.seen_at, made.delivered_revision) == (LATER, LATER, 1)


def test_receipt_keeps_its_own_reading_over_the_watermark():
    given = entry(note("ann"), read_at=NOW, delivered_revision=1)
    assert receipt_of(given, "ann", mark(NOW, LATER), LATER).read_at == NOW


# Reminders and waking

REMINDING = [
    ("delivered", {"delivered_revision": 1}, True),
    ("undelivered", {"step": Step.WAIT}, False),
    ("acknowledged", {"delivered_revision": 1, "acknowledged_at": NOW}, False),
    ("deleted", {"delivered_revision": 1, "deleted_at": NOW}, False),
    ("some reminders before", {"delivered_revision": 1, "reminders": 2}, True),
    ("all reminders before", {"delivered_revision": 1, "reminders": 3}, False),
    ("snoozed", {"delivered_revision": 1, "step": Step.WAKE, "due_at": UNTIL}, False),
]


@pytest.mark.parametrize(("case", "given", "starts"), REMINDING)
def test_reminders_start_when_delivered_and_not_acknowledged(case, given, starts):
    after = with_reminder(receipt(NOTE, **given), NOTE, LATER, 3)
    assert ((after.step, after.due_at) == (Step.REMIND, LATER)) is starts, case


def test_no_reminders_where_no_acknowledgment_is_asked_for():
    plain = note("ann")
    given = receipt(plain, delivered_revision=1)
    assert with_reminder(given, plain, LATER, 3) is given


def test_woken_is_as_new_and_keeps_what_else_the_person_did():
    slept = receipt(
        NOTE, delivered_revision=1, delivered_at=NOW, read_at=NOW, seen_at=NOW, pinned_at=NOW,
        attempts=2, replays=1, closed=Reason.NO_ACK, snoozed_until=UNTIL, step=Step.WAKE,
        due_at=UNTIL, reminders=1,
    )  # fmt: skip
    after = woken(slept, 3 * DAY, UNTIL)
    assert (after.sort_at, after.push_at, after.changed_at) == (UNTIL, UNTIL, UNTIL)
    assert (after.read_at, after.seen_at, after.snoozed_until) == (None, None, None)
    assert (after.delivered_revision, after.attempts, after.replays, after.closed) == (
        0,
        0,
        0,
        None,
    )
    assert (after.step, after.due_at) == (Step.WAIT, UNTIL + 3 * DAY)
    assert (after.pinned_at, after.delivered_at, after.reminders) == (NOW, NOW, 1)
