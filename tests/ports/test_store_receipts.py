"""Receipts: listing, compare-and-set, confirmations, attempts."""

import asyncio
from dataclasses import fields, replace

import pytest
from support.stores import (
    DAY,
    HOUR,
    MS,
    ROLE,
    SECOND,
    accept_one,
    delivery,
    receipt,
    receipt_of,
    submission,
)

from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Ack, AckVia, Attempt, Step
from notify_server.domain.target import Position
from notify_server.kit.clock import ManualClock
from notify_server.ports.store import Holders, ReceiptSummary

_EPOCH = ManualClock().now() - DAY


def _ids(entries):
    return [entry.id for entry in entries]


async def _change(store, user, notification, **changes):
    """Read, change and save one receipt."""
    found = await receipt_of(store, user, notification.id)
    assert await store.save([replace(found, **changes)]) == []


async def test_save_keeps_every_field(store, clock):
    made = await accept_one(store, to=(ROLE,))
    late = clock.now() + 5 * MS
    times = {f.name: late for f in fields(receipt("1", made)) if f.name.endswith("_at")}
    acks = (Ack("s", 1, late, 7, AckVia.PONG), Ack("s2", 1, late, 0))
    given = replace(
        receipt("1", made),
        **times,
        snoozed_until=late,
        named=True,
        revision=3,
        delivered_revision=2,
        attempts=4,
        replays=5,
        reminders=6,
        closed=Reason.POISON,
        step=Step.REMIND,
        acks=acks,
    )
    assert await store.save([given]) == []
    assert await receipt_of(store, "1", made.id) == replace(given, version=1)


async def test_save_writes_only_over_the_version_that_was_read(store):
    made = await accept_one(store, "1")
    held = await receipt_of(store, "1", made.id)
    assert await store.save([replace(held, attempts=1)]) == []
    assert await store.save([replace(held, attempts=2)]) == [("1", made.id)]
    assert await store.save([replace(held, attempts=3, version=0)]) == [("1", made.id)]
    assert await store.save([replace(held, attempts=4, version=9)]) == [("1", made.id)]
    assert await receipt_of(store, "1", made.id) == replace(held, attempts=1, version=2)


async def test_save_of_several_writes_those_that_are_first(store):
    made = await accept_one(store, "1", "2")
    one, two = [await receipt_of(store, user, made.id) for user in "12"]
    late = await store.save([replace(one, version=7), replace(two, attempts=1)])
    assert late == [("1", made.id)]
    assert (await receipt_of(store, "2", made.id)).attempts == 1
    assert await store.save([]) == []


async def test_save_in_parallel_lets_exactly_one_win(store):
    made = await accept_one(store, "1")
    held = await receipt_of(store, "1", made.id)
    lost = await asyncio.gather(*(store.save([replace(held, attempts=n)]) for n in range(50)))
    assert sum(answer == [] for answer in lost) == 1


async def test_entries_stand_in_the_order_of_ids(store):
    first, second = await accept_one(store, "1"), await accept_one(store, to=(ROLE,))
    entries = await store.entries("1", [second.id, "nope", first.id])
    assert [(entry.notification, entry.receipt is None) for entry in entries] == [
        (second, True),
        (first, False),
    ]
    assert await store.entries("1", []) == []
    assert await store.entries("1", ["nope"]) == []
    assert _ids(await store.entries("2", [first.id])) == [first.id]


async def test_active_shows_undelivered_first_then_unread(store, clock):
    made = []
    for _ in range(5):
        made.append(await accept_one(store, "1"))
        clock.advance(SECOND)
    await store.record_deliveries([delivery("1", made[n], clock.now()) for n in (1, 3, 4)])
    await _change(store, "1", made[3], read_at=clock.now())
    order = [made[2], made[0], made[4], made[1]]
    assert _ids(await store.active("1", "/", 10)) == [each.id for each in order]
    assert _ids(await store.active("1", "/", 3)) == [each.id for each in order[:3]]
    assert await store.active("1", "/admin", 10) == []
    assert await store.active("2", "/", 10) == []


@pytest.mark.parametrize(
    ("changes", "listed"),
    [
        ({"deleted_at": _EPOCH}, False),
        ({"dismissed_at": _EPOCH}, False),
        ({"snoozed_until": _EPOCH, "step": Step.WAKE}, True),
        ({"closed": Reason.POISON}, True),
        ({"read_at": _EPOCH}, True),  # read elsewhere, and still undelivered
        ({"read_at": _EPOCH, "delivered_revision": 1}, False),
        ({"seen_at": _EPOCH, "delivered_revision": 1}, True),
    ],
)
async def test_active_leaves_out_what_is_deleted_dismissed_or_read(store, changes, listed):
    made = await accept_one(store, "1")
    await _change(store, "1", made, **changes)
    assert bool(await store.active("1", "/", 10)) is listed


async def test_inbox_is_newest_sort_first_without_deleted(store, clock):
    made = []
    for _ in range(4):
        made.append(await accept_one(store, "1"))
        clock.advance(SECOND)
    await _change(store, "1", made[0], sort_at=clock.now())
    await _change(store, "1", made[2], deleted_at=clock.now())
    await _change(store, "1", made[1], dismissed_at=clock.now())
    order = [made[0].id, made[3].id, made[1].id]
    entries = await store.inbox("1", "/", None, 10)
    assert _ids(entries) == order
    assert _ids(await store.inbox("1", "/", entries[0].position, 10)) == order[1:]
    assert _ids(await store.inbox("1", "/", Position(_EPOCH, "z"), 10)) == []
    assert _ids(await store.inbox("1", "/admin", None, 10)) == []


async def test_inbox_of_one_moment_is_ordered_by_id(store):
    answers = await store.accept([submission("1") for _ in range(5)])
    ids = [answer.notification.id for answer in answers][::-1]
    entries = await store.inbox("1", "/", None, 2)
    assert _ids(entries) == ids[:2]
    assert _ids(await store.inbox("1", "/", entries[-1].position, 9)) == ids[2:]


async def test_changed_entries_contain_deleted_ones_in_order_of_change(store, clock):
    first, second = await accept_one(store, "1"), await accept_one(store, "1")
    since = clock.now() + SECOND
    await _change(store, "1", first, changed_at=since + MS)
    await _change(store, "1", second, changed_at=since, deleted_at=since)
    assert _ids(await store.changed_entries("1", "/", since, 10)) == [second.id, first.id]
    assert _ids(await store.changed_entries("1", "/", since + MS, 10)) == [first.id]
    assert await store.changed_entries("2", "/", since, 10) == []
    assert await store.changed_ids("1", "/", since, 10) == [second.id, first.id]
    assert await store.changed_ids("1", "/", since + MS, 10) == [first.id]
    assert await store.changed_ids("2", "/", since, 10) == []


async def test_due_gives_the_most_overdue_first(store, clock):
    made = [await accept_one(store, "1", waits=n * HOUR) for n in (3, 1, 2)]
    entries = await store.due(clock.now() + 2 * HOUR, 10)
    assert _ids(entries) == [made[1].id, made[2].id]
    assert entries[0].notification == made[1]
    assert entries[0].receipt.due_at == clock.now() + HOUR
    await _change(store, "1", made[1], due_at=None)
    assert _ids(await store.due(clock.now() + DAY, 1)) == [made[2].id]
    assert await store.due(clock.now(), 10) == []


async def test_record_deliveries_of_a_named_user(store, clock):
    made = await accept_one(store, "1")
    before = await receipt_of(store, "1", made.id)
    clock.advance(SECOND)
    (answer,) = await store.record_deliveries([delivery("1", made, clock.now())])
    assert answer == replace(
        before,
        changed_at=clock.now(),
        delivered_revision=1,
        delivered_at=clock.now(),
        acks=(Ack("s1", 1, clock.now(), 12),),
        step=Step.IDLE,
        due_at=None,
        version=2,
    )
    assert await receipt_of(store, "1", made.id) == answer


async def test_record_deliveries_inserts_a_missing_receipt(store, clock):
    made = await accept_one(store, to=(ROLE,))
    due_at = clock.now() + HOUR
    given = delivery("7", made, clock.now(), step=Step.JUDGE, due_at=due_at)
    (answer,) = await store.record_deliveries([given])
    assert (answer.user, answer.named, answer.step, answer.due_at) == ("7", False, Step.IDLE, None)
    assert answer.version == 1
    assert await receipt_of(store, "7", made.id) == answer


async def test_record_deliveries_again_changes_nothing(store, clock):
    made = await accept_one(store, "1")
    given = [delivery("1", made, clock.now()), delivery("2", made, clock.now())]
    first = await store.record_deliveries(given)
    clock.advance(SECOND)
    assert await store.record_deliveries(given) == first
    assert await store.record_deliveries([given[1], given[0], given[1]]) == [
        first[1],
        first[0],
        first[1],
    ]


async def test_record_deliveries_ignores_the_version(store, clock):
    made = await accept_one(store, "1")
    await _change(store, "1", made, attempts=2)
    (answer,) = await store.record_deliveries([delivery("1", made, clock.now(), version=99)])
    assert (answer.attempts, answer.version) == (2, 3)


async def test_record_deliveries_keeps_the_first_moment_and_eight_acks(store, clock):
    made = await accept_one(store, "1")
    start = clock.now()
    given = [delivery("1", made, start + n * MS, session=f"s{n}") for n in range(10)]
    answers = await store.record_deliveries(given)
    assert answers[-1].delivered_at == start
    assert [ack.session for ack in answers[-1].acks] == [f"s{n}" for n in range(8)]


async def test_record_deliveries_of_an_older_revision_stops_nothing(store, clock):
    made = await accept_one(store, "1", scope="s")
    await accept_one(store, "1", scope="s")
    (answer,) = await store.record_deliveries([delivery("1", made, clock.now(), revision=1)])
    assert (answer.delivered_revision, answer.step) == (1, Step.WAIT)
    assert _ids(await store.active("1", "/", 10)) == [made.id]
    (answer,) = await store.record_deliveries([delivery("1", made, clock.now(), revision=2)])
    assert (answer.delivered_revision, answer.step) == (2, Step.IDLE)
    (answer,) = await store.record_deliveries([delivery("1", made, clock.now(), session="s2")])
    assert answer.delivered_revision == 2


@pytest.mark.parametrize("step", [Step.WAIT, Step.ATTEMPT, Step.JUDGE])
@pytest.mark.parametrize("acknowledged", [False, True])
async def test_record_deliveries_reminds_unless_acknowledged(store, clock, step, acknowledged):
    made = await accept_one(store, "1")
    at = clock.now() if acknowledged else None
    await _change(store, "1", made, step=step, closed=Reason.POISON, acknowledged_at=at)
    remind_at = clock.now() + HOUR
    given = delivery("1", made, clock.now(), remind_at=remind_at)
    (answer,) = await store.record_deliveries([given])
    wanted = (Step.IDLE, None) if acknowledged else (Step.REMIND, remind_at)
    assert (answer.step, answer.due_at) == wanted
    assert answer.closed is None


@pytest.mark.parametrize("step", [Step.WAKE, Step.REMIND])
async def test_record_deliveries_leaves_wake_and_remind(store, clock, step):
    made = await accept_one(store, "1")
    due_at = clock.now() + DAY
    await _change(store, "1", made, step=step, due_at=due_at)
    given = delivery("1", made, clock.now(), remind_at=clock.now() + HOUR)
    (answer,) = await store.record_deliveries([given])
    assert (answer.step, answer.due_at) == (step, due_at)


async def test_recipients_page_by_user(store):
    made = await accept_one(store, "a", "b", "c")
    await accept_one(store, "a")
    page = await store.recipients(made.id, "", 2)
    assert [each.user for each in page] == ["a", "b"]
    assert page[0] == await receipt_of(store, "a", made.id)
    assert [each.user for each in await store.recipients(made.id, "b", 2)] == ["c"]


async def test_summary_counts_by_state(store, clock):
    users = ("a", "b", "c", "d", "e")
    made = await accept_one(store, *users, scope="s")
    now = clock.now()
    await store.record_deliveries([delivery(user, made, now) for user in "cde"])
    stamps = ("seen_at", "read_at", "clicked_at", "acknowledged_at", "dismissed_at")
    await _change(store, "b", made, closed=Reason.POISON)
    await _change(store, "c", made, **dict.fromkeys(stamps, now))
    await _change(store, "d", made, deleted_at=now)
    counted = ReceiptSummary(
        total=5, pending=1, failed=1, delivered=3, seen=1, read=1, clicked=1,
        acknowledged=1, dismissed=1, deleted=1, unread_delivered=1,
    )  # fmt: skip
    assert await store.summary(made.id) == counted
    await accept_one(store, *users, scope="s")
    assert await store.summary(made.id) == counted._replace(
        pending=4, failed=0, delivered=0, unread_delivered=0
    )
    assert await store.summary("nope") == ReceiptSummary()


async def test_attempts_are_kept_once_oldest_first(store, clock):
    made = await accept_one(store, "1", "2")
    start = clock.now()
    first = Attempt("1", made.id, 1, 1, start, "failed", Reason.NO_ACK)
    second = replace(first, number=2, at=start + SECOND, reason=Reason.RETRY, outcome="sent")
    other = replace(first, user="2")
    await store.add_attempts([second, first, other])
    await store.add_attempts([first, replace(second, outcome="failed")])
    assert await store.attempts(made.id, "1") == [first, second]
    assert await store.attempts(made.id, "2") == [other]
    again = replace(first, revision=2, at=start + HOUR)
    await store.add_attempts([again, replace(again, reason=Reason.REMINDER)])
    assert len(await store.attempts(made.id, "1")) == 4
    anew = replace(first, at=start + DAY)
    await store.add_attempts([anew, anew])
    assert (await store.attempts(made.id, "1"))[-1] == anew
    assert len(await store.attempts(made.id, "1")) == 5
    await store.add_attempts([])


async def test_holders_are_whom_it_reached_by_an_audience_and_who_hides_it(store, clock):
    made = await accept_one(store, "1", "2", to=(ROLE,))
    await accept_one(store, "9", to=(ROLE,))
    await store.record_deliveries([delivery(user, made, clock.now()) for user in "1345"])
    await store.save([receipt("6", made)])
    await _change(store, "2", made, dismissed_at=clock.now())
    await _change(store, "3", made, deleted_at=clock.now())
    await _change(store, "4", made, snoozed_until=clock.now())
    assert await store.holders(made.id) == Holders(frozenset("345"), frozenset("234"))
    assert await store.holders("nope") == Holders()
