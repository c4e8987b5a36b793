"""Accepting: durable before anything is emitted, once per idempotency key (contract 4, 10.1)."""

import asyncio
from dataclasses import replace

import pytest
from support.line_rig import CALLER, DAY, EVERYONE, S, role

from notify_server.domain.claims import Caller, Scope
from notify_server.domain.errors import (
    Code,
    ConflictError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from notify_server.domain.notification import Priority
from notify_server.pipeline import submit

OTHER = Caller("key:other", frozenset({Scope.SEND}))
ADMIN = Caller("key:admin", frozenset({Scope.ADMIN}))


async def test_same_key_and_body_replays_the_first_answer(rig):
    session = await rig.connect("ann")
    draft = replace(rig.draft("ann"), body_hash="h")
    first = await rig.line.submissions.submit(CALLER, draft, "k")
    again = await rig.line.submissions.submit(CALLER, draft, "k")
    await rig.settle()
    assert (again.id, again.replayed, first.replayed) == (first.id, True, False)
    assert rig.ids(session) == [first.id]


async def test_same_key_other_body_is_a_mismatch(rig):
    await rig.line.submissions.submit(CALLER, replace(rig.draft("ann"), body_hash="a"), "k")
    with pytest.raises(RejectedError) as caught:
        await rig.line.submissions.submit(CALLER, replace(rig.draft("ann"), body_hash="b"), "k")
    assert caught.value.code is Code.IDEMPOTENCY_MISMATCH


async def test_same_key_while_the_first_is_running_is_refused_for_the_moment(rig):
    draft = rig.draft("ann")
    answers = await asyncio.gather(
        *(rig.line.submissions.submit(CALLER, draft, "k") for _ in range(5)),
        return_exceptions=True,
    )
    errors = [a for a in answers if isinstance(a, ConflictError)]
    assert len(errors) == 4
    assert {e.code for e in errors} == {Code.IDEMPOTENCY_RUNNING}
    assert (await rig.line.submissions.submit(CALLER, draft, "k")).replayed


async def test_key_belongs_to_caller_and_ends_after_24_h(rig):
    draft = rig.draft("ann")
    first = await rig.line.submissions.submit(CALLER, draft, "k")
    assert (await rig.line.submissions.submit(OTHER, draft, "k")).id != first.id
    rig.clock.advance(DAY + S)
    assert (await rig.line.submissions.submit(CALLER, draft, "k")).id != first.id


async def test_refusal_is_not_remembered(rig):
    with pytest.raises(RejectedError):
        await rig.line.submissions.submit(OTHER, rig.draft(to=[EVERYONE]), "k")
    assert not (await rig.line.submissions.submit(OTHER, rig.draft("ann"), "k")).replayed


async def test_collapse_key_replaces_what_is_live_of_the_same_caller_and_targets(rig):
    session = await rig.connect("ann")
    first = await rig.send("ann", collapse_key="c", title="1")
    assert await rig.send("ann", collapse_key="c", title="2") == first
    assert await rig.send("ann", "bob", collapse_key="c") != first
    assert await rig.send("ann", exclude=["x"], collapse_key="c") != first
    revisions = [
        f.view.notification.revision for f in rig.frames(session) if f.view.notification.id == first
    ]
    assert revisions == [1, 2]
    rig.clock.advance(DAY + S)
    assert await rig.send("ann", collapse_key="c") != first


async def test_cancelled_does_not_collapse(rig):
    first = await rig.send("ann", collapse_key="c")
    await rig.line.submissions.cancel(CALLER, first)
    assert await rig.send("ann", collapse_key="c") != first


async def test_bulk_refuses_bad_items_alone_and_keys_the_others_by_number(rig):
    bad = RejectedError.at("items[1].title", "is missing")
    drafts = [rig.draft("ann"), bad, rig.draft(to=[role("R")]), rig.draft("bob")]
    answers = await rig.line.submissions.submit_many(OTHER, drafts, "h")
    assert answers[1] is bad
    assert answers[2].code is Code.FORBIDDEN
    again = await rig.line.submissions.submit_many(OTHER, drafts, "h")
    assert [again[n].id for n in (0, 3)] == [answers[n].id for n in (0, 3)]
    assert all(again[n].replayed for n in (0, 3))


async def test_bulk_items_and_single_calls_do_not_share_their_keys(rig):
    drafts = [rig.draft("ann"), replace(rig.draft("bob", title="b"), idempotency_key="own")]
    answers = await rig.line.submissions.submit_many(OTHER, drafts, "h")
    for number, key in enumerate(("h#0", "own")):
        draft = rig.draft("cid", title="another body")
        single = await rig.line.submissions.submit(OTHER, draft, key)
        assert single.id != answers[number].id


async def test_foreign_notification_is_not_found_unless_admin(rig):
    sent = await rig.send("ann")
    for call in (
        rig.line.submissions.replace(OTHER, sent, rig.draft("ann"), None),
        rig.line.submissions.cancel(OTHER, sent),
        rig.line.submissions.cancel(CALLER, "nonsense"),
    ):
        with pytest.raises(NotFoundError):
            await call
    answer = await rig.line.submissions.replace(ADMIN, sent, rig.draft("ann"), None)
    assert answer.revision == 2


async def test_replace_keeps_targets_and_the_users_own_state(rig):
    await rig.connect("ann")
    sent = await rig.send("ann", title="1")
    await rig.act("ann", sent, "pin")
    await rig.act("ann", sent, "read")
    await rig.replace(sent, "intruder", title="2")
    view = await rig.line.inbox.view("ann", sent)
    assert (view.notification.content.title, view.notification.targets.users) == ("2", ("ann",))
    assert view.state.pinned_at
    assert view.state.read_at
    with pytest.raises(NotFoundError):
        await rig.line.inbox.view("intruder", sent)


@pytest.mark.parametrize("end", ["cancel", "expire"])
async def test_replace_of_what_is_over_is_a_conflict(rig, end):
    sent = await rig.send("ann", expires_at=rig.clock.now() + S)
    if end == "cancel":
        await rig.line.submissions.cancel(CALLER, sent)
    rig.clock.advance(2 * S)
    with pytest.raises(ConflictError):
        await rig.replace(sent, "ann")


async def test_replace_with_a_key_twice_makes_one_revision(rig):
    sent = await rig.send("ann")
    for replayed in (False, True):
        answer = await rig.line.submissions.replace(CALLER, sent, rig.draft("ann"), "k")
        assert (answer.revision, answer.replayed) == (2, replayed)


async def test_many_at_once_share_transactions(rig, store):
    before = (await store.stats())["commits"]
    await asyncio.gather(
        *(rig.line.submissions.submit(CALLER, rig.draft("ann"), None) for _ in range(500))
    )
    assert (await store.stats())["commits"] - before < 50


async def test_store_that_is_away_promises_nothing_and_emits_nothing(rig, store):
    session = await rig.connect("ann")
    await store.close()
    with pytest.raises(UnavailableError):
        await rig.line.submissions.submit(CALLER, rig.draft("ann"), "k")
    assert rig.ids(session) == []
    await store.open()
    answer = await rig.line.submissions.submit(CALLER, rig.draft("ann"), "k")
    assert not answer.replayed
    await rig.settle()
    assert rig.ids(session) == [answer.id]


async def test_acks_while_the_store_is_away_are_recorded_when_it_is_back(rig, store):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await store.close()
    for written in rig.emitter.written:
        if written.session == session.id and written.ack_id is not None:
            rig.line.desk.acknowledged(session.id, written.ack_id)
    with pytest.raises(UnavailableError):
        await rig.line.confirmations.flush()
    await rig.line.schedule.run()
    await rig.line.expiry.run()
    await rig.line.discovery.look()
    await store.open()
    await rig.line.confirmations.flush()
    assert (await rig.receipt("ann", sent)).delivered_revision == 1


async def test_accepted_while_nobody_runs_is_found_after_a_restart(make_rig):
    before = await make_rig()
    sent = await before.send("ann", to=[])
    await before.stop()
    after = await make_rig()
    assert after.ids(await after.connect("ann")) == [sent]


async def test_pressing_submissions_overtake_a_flood_that_waits_for_the_store(rig):
    """X30: they go into the next transaction; of one priority the order stays."""
    low = [rig.draft("ann", priority=Priority.LOW) for _ in range(3_000)]
    critical = [rig.draft("ann", priority=Priority.CRITICAL) for _ in range(10)]
    flood = asyncio.ensure_future(rig.line.submissions.submit_many(CALLER, low, None))
    await asyncio.sleep(0)
    pressing = await rig.line.submissions.submit_many(CALLER, critical, None)
    lows, ids = [one.id for one in await flood], [one.id for one in pressing]
    assert (lows, ids) == (sorted(lows), sorted(ids))
    assert ids[-1] < lows[1_000]


async def test_what_may_replace_another_overtakes_nothing(rig):
    first = [rig.draft("ann", priority=Priority.LOW) for _ in range(1_500)]
    first.append(rig.draft("ann", title="old", collapse_key="k", priority=Priority.LOW))
    second = [rig.draft("ann", title="new", collapse_key="k", priority=Priority.CRITICAL)]
    flood = asyncio.ensure_future(rig.line.submissions.submit_many(CALLER, first, None))
    await asyncio.sleep(0)
    (newer,) = await rig.line.submissions.submit_many(CALLER, second, None)
    older = (await flood)[-1]
    assert (newer.id, newer.revision, older.revision) == (older.id, 2, 1)
    found = await rig.store.notifications([newer.id])
    assert found[newer.id].content.title == "new"


async def test_transaction_names_no_more_users_than_urgent_ones_may_wait_for(rig, monkeypatch):
    """A thousand submissions to 500 users each would be half a million receipts at once."""
    monkeypatch.setattr(submit, "_BATCH_USERS", 4)
    batches = []
    accept = rig.store.accept

    async def noted(submissions):
        batches.append([len(one.targets.users) for one in submissions])
        return await accept(submissions)

    monkeypatch.setattr(rig.store, "accept", noted)
    drafts = [rig.draft(*users) for users in ("a", "bc", "def", "ghijkl", "m", "n")]
    await asyncio.gather(*(rig.line.submissions.submit(CALLER, each, None) for each in drafts))
    assert batches == [[1, 2], [3], [6], [1, 1]]


async def test_submission_whose_caller_has_gone_before_it_was_begun_is_never_stored(
    rig, monkeypatch
):
    """It was told to try again: without a key that would make two of it."""
    monkeypatch.setattr(submit, "_BATCH_USERS", 1)
    submissions = rig.line.submissions
    first = asyncio.create_task(submissions.submit(CALLER, rig.draft("ann"), None))
    gone = asyncio.create_task(submissions.submit(CALLER, rig.draft("bob"), "k"))
    many = [rig.draft("cem"), rig.draft("cem")]
    gone_too = asyncio.create_task(submissions.submit_many(CALLER, many, "k"))
    await asyncio.sleep(0)
    gone.cancel()
    gone_too.cancel()
    await first
    await rig.settle()
    assert await rig.store.active("bob", "/", 9) == []
    assert await rig.store.active("cem", "/", 9) == []
    again = await submissions.submit(CALLER, rig.draft("bob"), "k")
    assert not again.replayed
