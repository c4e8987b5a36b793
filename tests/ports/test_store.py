"""Accepting, replacing and cancelling, by the words of the port; and the store's own life."""

import asyncio
from dataclasses import replace

import pytest
from support.stores import (
    DAY,
    HOUR,
    MS,
    ROLE,
    ROOM,
    SECOND,
    accept_one,
    change_of,
    delivery,
    full_content,
    receipt,
    receipt_of,
    submission,
)

from notify_server.domain.errors import (
    Code,
    ConflictError,
    NotFoundError,
    NotifyError,
    RejectedError,
    UnavailableError,
)
from notify_server.domain.notification import ChannelName, ChannelNote
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Step
from notify_server.domain.target import Membership, Source, Targets
from notify_server.kit.clock import ManualClock

_EPOCH = ManualClock().now() - DAY


async def test_accept_every_field_comes_back(store, clock):
    given = replace(
        submission("1", to=(ROLE, ROOM), line="/admin"),
        targets=Targets(("1", "2"), (ROLE, ROOM), ("3",)),
        content=full_content(clock.now() + DAY),
        channel_notes=(ChannelNote(ChannelName.EMAIL, "no_channel"),),
    )
    (accepted,) = await store.accept([given])
    made = accepted.notification
    assert (made.targets, made.content) == (given.targets, given.content)
    assert (made.line, made.submitter) == ("/admin", "key:1")
    assert made.channel_notes == given.channel_notes
    assert made.created_at == made.updated_at == made.revised_at == clock.now()
    assert (made.revision, accepted.revision, accepted.replayed) == (1, 1, False)
    assert await store.notifications([made.id]) == {made.id: made}


async def test_accept_named_users_get_parked_receipts(store, clock):
    made = await accept_one(store, "1", "2", to=(ROLE,), waits=3 * DAY)
    found = await receipt_of(store, "2", made.id)
    assert found == replace(
        receipt("2", made), named=True, step=Step.WAIT, due_at=clock.now() + 3 * DAY, version=1
    )
    assert await receipt_of(store, "3", made.id) is None


async def test_accept_operator_like_strings_are_only_strings(store):
    """S18: nothing that a caller writes is ever read as a part of a question."""
    names = ('{"$ne":null}', "$where", "'; DROP TABLE receipts; --", "a.b", "%", "*", "x\x00y")
    made = await accept_one(store, *sorted(names), scope="$ne", key="' OR 1=1 --")
    for name in names:
        assert (await receipt_of(store, name, made.id)).user == name
    assert await store.notifications(['{"$gt":""}', "' OR 1=1 --", "%"]) == {}
    (other,) = await store.accept([submission("1", scope="%", key="%")])
    assert not other.replayed
    assert other.notification.id != made.id


async def test_accept_results_stand_in_the_order_of_submissions(store):
    answers = await store.accept([submission(str(n), title=str(n)) for n in range(50)])
    assert [answer.notification.content.title for answer in answers] == [str(n) for n in range(50)]
    ids = [answer.notification.id for answer in answers]
    assert ids == sorted(ids)


async def test_accept_ids_grow_in_the_order_of_acceptance_under_concurrency(store):
    accepted = []

    async def one(number):
        accepted.append((await accept_one(store, str(number))).id)

    await asyncio.gather(*(one(n) for n in range(200)))
    assert accepted == sorted(set(accepted))
    assert len(accepted) == 200


async def test_accept_after_the_clock_went_back_ids_still_grow(shop, clock):
    store = await shop.open()
    first = await accept_one(store, "1")
    await store.close()
    clock.advance(-2 * HOUR)
    store = await shop.open()
    second = await accept_one(store, "1")
    assert second.created_at == clock.now()
    assert second.id > first.id


async def test_accept_one_that_can_not_be_stored_harms_no_other(store):
    bad = submission("1", data={"n": 2**70})
    answers = await store.accept([submission("1"), bad, submission("\ud800"), submission("2")])
    assert [isinstance(answer, NotifyError) for answer in answers] == [False, True, True, False]
    assert answers[1].code is Code.INVALID
    assert len(await store.changed(_EPOCH, 10)) == 2


async def test_accept_same_key_and_body_replays_the_first_answer(store, clock):
    (first,) = await store.accept([submission("1", key="k", scope="s")])
    (second,) = await store.accept([submission("1", scope="s")])
    assert second.revision == 2
    clock.advance(DAY - MS)
    (again,) = await store.accept([submission("1", key="k", scope="s")])
    assert again.replayed
    assert again.revision == 1
    assert again.notification == second.notification
    assert again.notification.id == first.notification.id


async def test_accept_same_key_other_body_is_refused(store):
    await store.accept([submission("1", key="k")])
    (answer,) = await store.accept([submission("1", key="k", body="other")])
    assert isinstance(answer, RejectedError)
    assert answer.code is Code.IDEMPOTENCY_MISMATCH


async def test_accept_same_key_in_parallel_makes_one(store):
    calls = (store.accept([submission("1", key="k")]) for _ in range(50))
    answers = [answer for (answer,) in await asyncio.gather(*calls)]
    assert len({answer.notification.id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1


async def test_accept_same_key_twice_in_one_call_makes_one(store):
    first, second = await store.accept([submission("1", key="k")] * 2)
    assert (first.replayed, second.replayed) == (False, True)


async def test_accept_key_after_24_hours_is_new(store, clock):
    (first,) = await store.accept([submission("1", key="k")])
    clock.advance(DAY)
    (second,) = await store.accept([submission("1", key="k", body="other")])
    assert not second.replayed
    assert second.notification.id != first.notification.id
    (third,) = await store.accept([submission("1", key="k", body="other")])
    assert third.replayed


async def test_accept_refused_submission_leaves_its_key_free(store):
    (bad,) = await store.accept([submission("1", key="k", data={"n": 2**70})])
    assert isinstance(bad, NotifyError)
    (good,) = await store.accept([submission("1", key="k", body="other")])
    assert not good.replayed


async def test_accept_live_scope_gets_a_new_revision(store, clock):
    made = await accept_one(store, "1", to=(ROLE,), scope="s", title="old", submitter="key:1")
    clock.advance(DAY - MS)
    (answer,) = await store.accept([submission("1", to=(ROLE,), scope="s", title="new")])
    now = clock.now()
    assert answer.revision == 2
    assert answer.notification == replace(
        made,
        content=replace(made.content, title="new"),
        revision=2,
        updated_at=now,
        revised_at=now,
    )
    assert await store.changed(_EPOCH, 10) == [change_of(answer.notification)]
    assert await store.feed_changed(ROLE, "/", now, 10) == [answer.notification]


@pytest.mark.parametrize("end", ["expired", "cancelled", "old"])
async def test_accept_scope_of_one_that_is_not_live_makes_another(store, clock, end):
    expires_at = clock.now() + SECOND if end == "expired" else None
    made = await accept_one(store, "1", scope="s", expires_at=expires_at)
    if end == "cancelled":
        await store.cancel(made.id)
    clock.advance(DAY if end == "old" else SECOND)
    (second,) = await store.accept([submission("1", scope="s")])
    (third,) = await store.accept([submission("1", scope="s")])
    assert second.notification.id != made.id
    assert (third.notification.id, third.revision) == (second.notification.id, 2)
    assert (await store.notifications([made.id]))[made.id].revision == 1


async def test_accept_other_scope_makes_another(store):
    """Another submitter's collapse key is another scope; none at all never collapses."""
    ids = {(await accept_one(store, "1", scope=scope)).id for scope in ("a", "b", None, None)}
    assert len(ids) == 4


async def test_accept_new_revision_moves_receipts(store, clock):
    made = await accept_one(store, "1", "2", "3", to=(ROLE,), scope="s")
    late = clock.now() + SECOND
    own = await receipt_of(store, "1", made.id)
    asleep, gone = await receipt_of(store, "2", made.id), await receipt_of(store, "3", made.id)
    member = receipt("4", made, closed=Reason.POISON, step=Step.ATTEMPT, due_at=late, replays=2)
    wakes_at = clock.now() + HOUR
    await store.save(
        [
            replace(own, attempts=2, read_at=late, pinned_at=late, delivered_revision=1),
            replace(asleep, step=Step.WAKE, due_at=wakes_at, snoozed_until=wakes_at),
            replace(gone, deleted_at=late, step=Step.IDLE, due_at=None),
            member,
        ]
    )
    before = {user: await receipt_of(store, user, made.id) for user in "1234"}
    clock.advance(2 * SECOND)
    await accept_one(store, "1", "2", "3", to=(ROLE,), scope="s", waits=2 * DAY)
    moved = {"push_at": clock.now(), "changed_at": clock.now(), "revision": 2}
    moved |= {"attempts": 0, "replays": 0, "closed": None, "version": 3}
    due = {"step": Step.WAIT, "due_at": clock.now() + 2 * DAY}
    assert await receipt_of(store, "1", made.id) == replace(before["1"], **moved, **due)
    assert await receipt_of(store, "2", made.id) == replace(before["2"], **moved)
    assert await receipt_of(store, "3", made.id) == before["3"]
    idle = {"step": Step.IDLE, "due_at": None, "version": 2}
    assert await receipt_of(store, "4", made.id) == replace(before["4"], **{**moved, **idle})


async def test_accept_new_revision_makes_receipts_active_again(store, clock):
    made = await accept_one(store, "1", "2", scope="s")
    await store.record_deliveries([delivery(user, made, clock.now()) for user in "12"])
    for user, field in (("1", "read_at"), ("2", "dismissed_at")):
        found = await receipt_of(store, user, made.id)
        await store.save([replace(found, **{field: clock.now()})])
        assert await store.active(user, "/", 10) == []
    await accept_one(store, "1", "2", scope="s")
    assert [entry.id for entry in await store.active("1", "/", 10)] == [made.id]
    assert await store.active("2", "/", 10) == []


async def test_replace_makes_a_revision_and_keeps_targets_and_line(store, clock):
    made = await accept_one(store, "1", to=(ROLE,), line="/admin", scope="s")
    clock.advance(SECOND)
    given = submission("9", title="new", submitter="key:2", line="/", waits=HOUR)
    answer = await store.replace(made.id, given)
    assert answer.revision == 2
    assert answer.notification == replace(
        made,
        content=given.content,
        revision=2,
        updated_at=clock.now(),
        revised_at=clock.now(),
    )
    assert (await receipt_of(store, "1", made.id)).due_at == clock.now() + HOUR
    assert await receipt_of(store, "9", made.id) is None


async def test_replace_replays_its_key_even_after_a_cancel(store):
    made = await accept_one(store, "1")
    await store.replace(made.id, submission(key="k"))
    await store.cancel(made.id)
    again = await store.replace(made.id, submission(key="k"))
    assert (again.replayed, again.revision) == (True, 2)
    with pytest.raises(RejectedError) as error:
        await store.replace(made.id, submission(key="k", body="other"))
    assert error.value.code is Code.IDEMPOTENCY_MISMATCH


async def test_replace_unknown_is_not_found(store):
    with pytest.raises(NotFoundError):
        await store.replace("nope", submission())


@pytest.mark.parametrize("end", ["expired", "cancelled"])
async def test_replace_one_that_is_over_is_a_conflict(store, clock, end):
    made = await accept_one(store, "1", expires_at=clock.now() + SECOND)
    if end == "cancelled":
        await store.cancel(made.id)
    else:
        clock.advance(SECOND)
    with pytest.raises(ConflictError) as error:
        await store.replace(made.id, submission())
    assert error.value.code is Code.CONFLICT


async def test_cancel_stamps_it_and_closes_receipts(store, clock):
    made = await accept_one(store, "1", "2", to=(ROLE,), scope="s")
    await store.record_deliveries([delivery("2", made, clock.now())])
    before = {user: await receipt_of(store, user, made.id) for user in "12"}
    clock.advance(SECOND)
    now = clock.now()
    cancelled = await store.cancel(made.id)
    assert cancelled == replace(made, cancelled_at=now, updated_at=now)
    closed = {"step": Step.IDLE, "due_at": None, "changed_at": now}
    assert await receipt_of(store, "1", made.id) == replace(
        before["1"], closed=Reason.CANCELLED, version=2, **closed
    )
    assert await receipt_of(store, "2", made.id) == replace(before["2"], version=3, **closed)
    assert await store.feed_changed(ROLE, "/", now, 10) == [cancelled]


async def test_cancel_again_keeps_the_first_moment(store, clock):
    made = await accept_one(store, "1")
    first = await store.cancel(made.id)
    clock.advance(SECOND)
    assert await store.cancel(made.id) == first


async def test_cancel_unknown_is_not_found(store):
    with pytest.raises(NotFoundError):
        await store.cancel("nope")


async def test_reopening_keeps_everything(shop, clock):
    store = await shop.open()
    made = await accept_one(store, "1", to=(ROLE,), key="k", scope="s")
    await store.record_deliveries([delivery("2", made, clock.now())])
    before = [await store.entries(user, [made.id]) for user in "12"]
    await store.close()
    store = await shop.open()
    assert [await store.entries(user, [made.id]) for user in "12"] == before
    (again,) = await store.accept([submission("1", key="k")])
    assert again.replayed
    (revised,) = await store.accept([submission("1", scope="s")])
    assert revised.revision == 2


async def test_close_finishes_what_was_handed_in(shop):
    store = await shop.open()
    calls = [asyncio.create_task(accept_one(store, str(n))) for n in range(20)]
    await asyncio.sleep(0)
    await store.close()
    made = await asyncio.gather(*calls)
    store = await shop.open()
    assert len(await store.notifications([each.id for each in made])) == 20


async def test_cancelled_caller_does_not_undo_its_write(store):
    call = asyncio.create_task(accept_one(store, "1"))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await store.ping()
    assert len(await store.changed(_EPOCH, 10)) == 1


async def test_closed_store_is_unavailable(shop):
    store = await shop.open()
    await store.ping()
    await store.close()
    await store.close()
    for call in (store.ping(), store.user("1"), store.accept([submission("1")])):
        with pytest.raises(UnavailableError):
            await call


async def test_stats_count_reads_writes_and_commits(store):
    before = await store.stats()
    assert set(before) == {"reads", "writes", "commits"}
    await accept_one(store, "1")
    await store.user("1")
    after = await store.stats()
    assert all(after[name] > before[name] for name in before)


async def test_broadcast_costs_the_same_whatever_the_number_of_users(store, clock):
    """One stored row, and no receipt, for ten people or for a thousand."""
    costs = []
    for known in (10, 1000):
        people = [f"{known}-{number}" for number in range(known)]
        membership = Membership(ROLE, Source.TOKEN, clock.now())
        for some in (people[n : n + 100] for n in range(0, len(people), 100)):
            await asyncio.gather(*(store.put_member(person, membership) for person in some))
        before = await store.stats()
        made = await accept_one(store, to=(ROLE,))
        after = await store.stats()
        costs.append({name: after[name] - before[name] for name in after})
        assert (await store.summary(made.id)).total == 0
    assert costs[0] == costs[1]
