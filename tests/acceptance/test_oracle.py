"""The oracle itself: each fault that it must find, planted."""

import pytest
from support.journal import Journal
from support.oracle import judge

ID = "0190-a"
LATER = "0190-b"


def run(*, op="o1", ids=(ID,), audience=("ann",), listed=True, shown=True):
    """A journal in which all went well, save for what is switched off."""
    journal = Journal()
    for number, identity in enumerate(ids):
        name = op if number == 0 else f"{op}-{number}"
        answer = {"id": identity, "revision": 1}
        journal.submitted(name, {"priority": "high"}, audience, answer)
        for user in audience:
            if shown:
                frame(journal, user, identity, op=name)
            if listed:
                journal.add("listed_item", user=user, device=user, id=identity, op=name)
    return journal


def frame(journal, user, identity, *, op="o1", dropped=False, revision=1, **flags):
    facts = {"id": identity, "op": op, "revision": revision, "sort_at": "t", "priority": "high"}
    facts |= {"user": user, "device": user, "reminder": flags.get("reminder")}
    wire = {"connection": 1, "replayed": False, "attempt": None, "dropped": dropped}
    journal.add("wire", **wire, **facts)
    if not dropped:
        journal.add("shown", **facts)


def test_oracle_good_run_is_clean():
    verdict = judge(run(ids=(ID, LATER), audience=("ann", "bob")))
    assert verdict.clean
    assert (verdict.accepted, verdict.frames) == (2, 4)


@pytest.mark.parametrize("missing", ["listed", "shown"])
def test_oracle_missing_item_is_lost(missing):
    assert len(judge(run(**{missing: False})).lost) == 1


def test_oracle_second_showing_is_found_and_reminder_is_not():
    journal = run()
    frame(journal, "ann", ID, reminder=1)
    assert judge(journal).clean
    frame(journal, "ann", ID)
    assert judge(journal).dup_shown


def test_oracle_dropped_double_is_only_counted():
    journal = run()
    frame(journal, "ann", ID, dropped=True)
    verdict = judge(journal)
    assert verdict.clean
    assert verdict.dup_wire == 1


def test_oracle_frame_for_stranger_is_leak():
    journal = run()
    frame(journal, "eve", ID)
    assert judge(journal).leak == [("eve", "o1", ID)]


def test_oracle_inversion_is_reorder():
    journal = Journal()
    for identity in (LATER, ID):
        frame(journal, "ann", identity)
    assert judge(journal).reorder


def test_oracle_submission_of_unknown_fate_stored_twice_is_found():
    journal = Journal()
    journal.submitted("o9", {}, ["ann"], None)
    frame(journal, "ann", ID, op="o9")
    assert judge(journal).clean
    frame(journal, "ann", LATER, op="o9")
    assert judge(journal).dup_shown


def test_oracle_frame_of_unknown_fate_for_stranger_is_leak():
    journal = Journal()
    journal.submitted("o9", {}, ["ann"], None)
    frame(journal, "eve", ID, op="o9")
    assert judge(journal).leak
