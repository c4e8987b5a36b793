"""What operators changed: appended one by one, found again, never changed (S30)."""

import asyncio
from dataclasses import replace

from support.stores import HOUR

from notify_server.domain.audit import AuditEntry, is_intact, sealed


def entry(clock, seq, previous="", **fields):
    made = AuditEntry(
        seq=seq,
        at=clock.now(),
        who=fields.pop("who", "key:1"),
        action=fields.pop("action", "user.revoke"),
        subject=fields.pop("subject", "user:1"),
        details=fields.pop("details", {"b": [1, None], "a": "ä"}),
        previous_hash=previous,
    )
    return sealed(made, "salt")


async def filled(store, clock):
    """Six entries of two callers, three actions and two people."""
    entries, previous = [], ""
    for seq in range(1, 7):
        made = entry(
            clock, seq, previous, who=f"key:{seq % 2}", action=f"a{seq % 3}",
            subject="user:1" if seq < 4 else "user:2",
        )  # fmt: skip
        assert await store.add_audit(made)
        entries.append(made)
        previous = made.hash
    return entries[::-1]


async def test_entries_come_back_as_they_were_newest_first(store, clock):
    entries = await filled(store, clock)
    assert await store.audit(None, 100) == entries
    assert all(is_intact(one) for one in entries)
    assert await store.audit_head() == 6


async def test_add_audit_of_a_number_that_is_taken_or_too_high_is_refused(store, clock):
    assert await store.audit_head() == 0
    assert not await store.add_audit(entry(clock, 2))
    assert await store.add_audit(entry(clock, 1))
    assert not await store.add_audit(entry(clock, 1, subject="user:9"))
    assert [one.subject for one in await store.audit(None, 9)] == ["user:1"]


async def test_add_audit_in_parallel_lets_exactly_one_win(store, clock):
    entries = [entry(clock, 1, subject=f"user:{number}") for number in range(20)]
    won = await asyncio.gather(*(store.add_audit(one) for one in entries))
    assert sum(won) == 1


async def test_pages_and_filters_hold_together(store, clock):
    entries = await filled(store, clock)
    assert await store.audit(None, 2) == entries[:2]
    assert await store.audit(5, 2) == entries[2:4]
    by_who = await store.audit(None, 9, who="key:1")
    assert [one.seq for one in by_who] == [5, 3, 1]
    assert [one.seq for one in await store.audit(None, 9, action="a0")] == [6, 3]
    assert [one.seq for one in await store.audit(None, 9, subject="user:2")] == [6, 5, 4]
    both = await store.audit(6, 9, who="key:1", subject="user:2")
    assert [one.seq for one in both] == [5]
    assert await store.audit(None, 9, who="key:1", action="a0", subject="user:2") == []


async def test_forget_subject_takes_the_name_and_leaves_the_entry_intact(store, clock):
    entries = await filled(store, clock)
    assert await store.forget_subject("user:1") == 3
    assert await store.forget_subject("user:1") == 0
    left = await store.audit(None, 9)
    assert left[:3] == entries[:3]
    assert left[3:] == [replace(one, subject=None, salt=None) for one in entries[3:]]
    assert all(is_intact(one) for one in left)


async def test_an_entry_that_says_something_else_is_not_intact(clock):
    made = entry(clock, 1)
    others = (
        {"seq": 2}, {"at": clock.now() + HOUR}, {"who": "x"}, {"action": "x"}, {"subject": "x"},
        {"details": {}}, {"previous_hash": "x"}, {"salt": "x"}, {"seal": "x"}, {"hash": "x"},
    )  # fmt: skip
    assert is_intact(made)
    assert [other for other in others if is_intact(replace(made, **other))] == []
