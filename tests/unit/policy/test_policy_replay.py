"""What a session that comes back is sent, told of, or only has to fetch (contract 9)."""

import pytest
from support.facts import DAY, NOW, RULES, S, entry, note, person

from notify_server.domain.signals import Removal
from notify_server.domain.target import Position
from notify_server.policy.replay import choose_replay, removal_of

SINCE = NOW - 60 * S


def _numbered(n, **fields):
    return entry(note("ann", id_=f"n{n:04}", at=NOW + n * S / 1000), **fields)


def _choose(entries, since=None, limit=300, who=None):
    return choose_replay(who or person(), entries, since, RULES, NOW + S, limit)


@pytest.mark.parametrize(
    ("waiting", "sent", "skipped"),
    [(0, 0, 0), (1, 1, 0), (300, 300, 0), (301, 300, 1), (900, 300, 600)],
)
def test_newest_300_oldest_of_them_first(waiting, sent, skipped):
    entries = [_numbered(n) for n in range(waiting)]
    replay = _choose(reversed(entries))
    assert list(replay.frames) == entries[waiting - sent :]
    if skipped:
        last = entries[skipped - 1]
        assert replay.skip == Position(last.pushed_from, last.id)
    else:
        assert replay.skip is None


def test_skipped_are_not_offered_again():
    entries = [_numbered(n) for n in range(310)]
    skip = _choose(entries).skip
    again = _choose(entries, who=person(skipped=skip))
    assert list(again.frames) == entries[10:]
    assert again.skip is None


@pytest.mark.parametrize(
    ("waiting", "doubles", "sent_waiting", "sent_doubles", "whole"),
    [(2, 0, 2, 0, True), (2, 3, 2, 3, True), (2, 4, 2, 3, False), (5, 4, 5, 0, False),
     (6, 0, 5, 0, False)],
)  # fmt: skip
def test_undelivered_go_before_doubles_of_the_overlap(
    waiting, doubles, sent_waiting, sent_doubles, whole
):
    undelivered = [_numbered(n) for n in range(waiting)]
    had = [_numbered(100 + n, delivered_revision=1) for n in range(doubles)]
    replay = _choose([*had, *undelivered], SINCE, limit=5)
    newest = had[doubles - sent_doubles :]
    assert list(replay.frames) == undelivered[waiting - sent_waiting :] + newest
    assert replay.is_whole is whole
    assert (replay.skip is not None) is (waiting > 5), "doubles are never skipped for good"


def test_order_is_by_where_pushing_starts():
    woken = _numbered(1, push_at=NOW + 500 * S / 1000)
    revised = entry(note("ann", id_="n0002", revision=2, revised_at=NOW + 400 * S / 1000))
    plain = _numbered(3)
    assert list(_choose([woken, revised, plain]).frames) == [plain, revised, woken]


CHANGED = [
    # case, notification fields, receipt fields, frames, states, removal
    ("delivered before", {"at": NOW - DAY}, {"delivered_revision": 1, "changed_at": NOW - DAY},
     0, 0, None),
    ("delivered, new since", {}, {"delivered_revision": 1}, 1, 0, None),
    ("read since", {"at": NOW - DAY}, {"delivered_revision": 1, "read_at": NOW,
                                       "changed_at": NOW}, 0, 1, None),
    ("dismissed since", {}, {"delivered_revision": 1, "dismissed_at": NOW, "changed_at": NOW},
     0, 1, None),
    ("snoozed since", {}, {"delivered_revision": 1, "snoozed_until": NOW + DAY,
                           "changed_at": NOW}, 0, 1, None),
    ("deleted since", {}, {"deleted_at": NOW, "changed_at": NOW}, 0, 0, Removal.DELETED),
    ("deleted before", {"at": NOW - DAY}, {"deleted_at": NOW - DAY}, 0, 0, None),
    ("cancelled since", {"cancelled_at": NOW}, {"changed_at": NOW}, 0, 0, Removal.CANCELLED),
    ("cancelled before", {"at": NOW - DAY, "cancelled_at": NOW - DAY}, {"changed_at": NOW - DAY},
     0, 0, None),
    ("cancelled since, read", {"cancelled_at": NOW, "at": NOW - DAY},
     {"changed_at": NOW, "read_at": NOW, "delivered_revision": 1}, 0, 1, None),
    ("expired since", {"expires_at": NOW}, {"changed_at": NOW}, 0, 0, Removal.EXPIRED),
    ("expired before", {"at": NOW - DAY, "expires_at": NOW - DAY / 2}, {"changed_at": NOW - DAY},
     0, 0, None),
    ("woken since", {"at": NOW - DAY}, {"sort_at": NOW, "push_at": NOW, "delivered_revision": 1},
     1, 0, None),
    ("revised since", {"at": NOW - DAY, "revision": 2, "revised_at": NOW},
     {"delivered_revision": 2, "push_at": NOW}, 1, 0, None),
    ("new since, switched off", {"type": "alert"}, {"delivered_revision": 1, "changed_at": NOW},
     0, 1, None),
]  # fmt: skip


@pytest.mark.parametrize(("case", "fields", "given", "frames", "states", "removal"), CHANGED)
def test_with_a_cursor_changes_are_sorted(case, fields, given, frames, states, removal):
    one = entry(note("ann", **fields), **given)
    replay = _choose([one], SINCE, who=person(off=("alert",)))
    assert (len(replay.frames), len(replay.states)) == (frames, states), case
    assert replay.removals == (((one.id, removal),) if removal else ())


@pytest.mark.parametrize(("case", "fields", "given", "frames", "states", "removal"), CHANGED)
def test_without_a_cursor_only_what_nobody_had_is_sent(
    case, fields, given, frames, states, removal
):
    replay = _choose([entry(note("ann", **fields), **given)], None, who=person(off=("alert",)))
    assert (replay.states, replay.removals) == ((), ()), case


def test_foreign_candidates_are_passed_over():
    assert _choose([entry(note("bob"))], SINCE).frames == ()


def test_removal_of_what_was_never_in_the_list_since_is_none():
    assert removal_of(entry(note("ann")), SINCE, NOW) is None
