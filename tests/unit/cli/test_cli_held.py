"""Shown once: same id, revision and sort_at (contract 9)."""

from notify_server.cli.held import Held


def _frame(revision=1, sort_at="2030-01-01T00:00:00.000Z", **flags):
    notification = {"id": "n1", "revision": revision}
    if sort_at:
        notification["sort_at"] = sort_at
    return {"notification": notification, **flags}


def test_held_same_frame_again_is_not_new():
    held = Held()
    assert held.is_new(_frame())
    assert not held.is_new(_frame(attempt=2))
    assert not held.is_new(_frame(replayed=True))


def test_held_later_revision_without_sort_at_is_new_once():
    held = Held()
    held.is_new(_frame())
    assert held.is_new(_frame(revision=2, sort_at=None))
    assert not held.is_new(_frame(revision=2))
    assert not held.is_new(_frame(revision=1))


def test_held_back_from_a_snooze_is_new():
    held = Held()
    held.is_new(_frame())
    assert held.is_new(_frame(sort_at="2030-01-02T00:00:00.000Z"))


def test_held_reminder_is_always_shown():
    held = Held()
    held.is_new(_frame())
    assert held.is_new(_frame(reminder=1))
    assert held.is_new(_frame(reminder=2))
