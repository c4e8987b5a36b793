"""The schedule of contract 10.5, over the real store, by hand."""

from datetime import timedelta

import pytest
from support.line_rig import DAY, EVERYONE, S, room

from notify_server.domain.notification import Priority
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Status, Step
from notify_server.domain.settings import RETRY_RULES, RetrySettings, Settings


async def _exhaust(rig, priority):
    """Let every attempt fail; yields after each timeout the receipt."""
    rule = RETRY_RULES[priority]
    for _ in range(rule.attempts):
        await rig.tick(rule.ack_timeout_s * S)  # the attempt is judged
        await rig.tick(rule.base_delay_s * 2**rule.attempts * S)  # the longest pause is over


@pytest.mark.parametrize("priority", Priority)
async def test_attempts_never_acked_are_as_many_as_the_policy_says(rig, priority):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=priority)
    await _exhaust(rig, priority)
    rule = RETRY_RULES[priority]
    assert rig.ids(session) == [sent] * rule.attempts
    assert [f.attempt for f in rig.frames(session)] == [None, *range(2, rule.attempts + 1)]
    receipt = await rig.receipt("ann", sent)
    assert (receipt.attempts, receipt.closed) == (rule.attempts, Reason.NO_ACK)
    assert await rig.status("ann", sent) is Status.FAILED
    await rig.tick(DAY / 2)
    assert len(rig.frames(session)) == rule.attempts


@pytest.mark.parametrize("priority", Priority)
async def test_first_attempt_is_judged_at_the_ack_timeout_not_before(rig, priority):
    await rig.connect("ann")
    sent = await rig.send("ann", priority=priority)
    timeout = RETRY_RULES[priority].ack_timeout_s * S
    await rig.tick(timeout - timedelta(milliseconds=1))
    assert (await rig.receipt("ann", sent)).attempts == 0
    await rig.tick(timedelta(milliseconds=1))
    assert (await rig.receipt("ann", sent)).attempts == 1


async def test_retry_comes_within_the_base_delay_doubled_per_attempt(make_rig):
    for seed in range(5):
        rig = await make_rig(seed=seed)
        await rig.connect(f"u{seed}")
        sent = await rig.send(f"u{seed}", priority=Priority.CRITICAL)
        for failures in range(1, 5):
            await rig.tick(5 * S)
            receipt = await rig.receipt(f"u{seed}", sent)
            assert receipt.step is Step.ATTEMPT
            pause = receipt.due_at - rig.clock.now()
            assert timedelta() <= pause <= 0.5 * 2 ** (failures - 1) * S
            await rig.tick(pause)


async def test_ack_ends_the_schedule(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.CRITICAL)
    await rig.ack(session)
    receipt = await rig.receipt("ann", sent)
    assert (receipt.step, receipt.due_at, receipt.delivered_revision) == (Step.IDLE, None, 1)
    for _ in range(10):
        await rig.tick(10 * S)
    assert rig.ids(session) == [sent]
    assert await rig.store.attempts(sent, "ann") == []


async def test_ack_of_a_retry_ends_the_schedule(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.HIGH)
    await rig.tick(15 * S)
    await rig.tick(2 * S)
    assert len(rig.frames(session)) == 2
    await rig.ack(session, rig.frames(session)[-1])
    assert await rig.status("ann", sent) is Status.DELIVERED
    await rig.tick(60 * S)
    assert len(rig.frames(session)) == 2


async def test_ack_after_the_timeout_still_counts(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.tick(31 * S)
    await rig.ack(session, rig.frames(session)[0])
    assert await rig.status("ann", sent) is Status.DELIVERED
    await rig.tick(60 * S)
    assert rig.ids(session) == [sent]


async def test_retry_goes_only_to_sessions_that_have_not_confirmed(rig):
    """One session that has it is enough: then there is no retry at all (10.5)."""
    one, two = await rig.connect("ann"), await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.CRITICAL)
    await rig.ack(one)
    for _ in range(10):
        await rig.tick(10 * S)
    assert rig.ids(one) == rig.ids(two) == [sent]


async def test_nobody_online_pauses_the_schedule(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.CRITICAL)
    await rig.tick(5 * S)
    await rig.close(session)
    for _ in range(20):
        await rig.tick(60 * S)
    receipt = await rig.receipt("ann", sent)
    assert (receipt.attempts, receipt.step, receipt.closed) == (1, Step.WAIT, None)
    back = await rig.connect("ann")
    assert rig.ids(back) == [sent]
    assert rig.frames(back)[0].replayed
    assert rig.frames(back)[0].attempt == 2


async def test_offline_submission_counts_no_attempt_and_is_replayed(rig):
    sent = await rig.send("ann", priority=Priority.HIGH)
    await rig.tick(DAY)
    receipt = await rig.receipt("ann", sent)
    assert (receipt.attempts, receipt.step) == (0, Step.WAIT)
    assert await rig.status("ann", sent) is Status.PENDING
    session = await rig.connect("ann")
    assert rig.ids(session) == [sent]


async def test_replay_that_is_not_acked_is_an_attempt_too(rig):
    sent = await rig.send("ann")
    session = await rig.connect("ann")
    await rig.tick(30 * S)
    assert (await rig.receipt("ann", sent)).attempts == 1
    await rig.tick(5 * S)
    assert len(rig.frames(session)) == 2
    await rig.tick(30 * S)
    assert await rig.status("ann", sent) is Status.FAILED


@pytest.mark.parametrize("to_room", [False, True], ids=["named", "room"])
async def test_session_that_ends_fails_only_its_oldest_frame(rig, to_room):
    target = {"to": [EVERYONE]} if to_room else {}
    users = () if to_room else ("ann",)
    session = await rig.connect("ann")
    sent = [await rig.send(*users, **target) for _ in range(3)]
    await rig.close(session)
    receipts = [await rig.receipt("ann", one) for one in sent]
    assert [r.attempts if r else 0 for r in receipts] == [1, 0, 0]
    kept = await rig.store.attempts(sent[0], "ann")
    assert [(a.outcome, a.reason) for a in kept] == [("failed", Reason.SESSION_ENDED)]


@pytest.mark.parametrize("broadcast", [False, True], ids=["named", "broadcast"])
async def test_poison_crashes_each_client_until_it_is_only_listed(rig, broadcast):
    """X20: attempts, then three replays, whatever the audience; the next one gets through."""
    users, to = ((), [EVERYONE]) if broadcast else (("ann",), [])
    session = await rig.connect("ann")
    poison = await rig.send(*users, to=to)
    good = await rig.send(*users, to=to)
    connects = 0
    while poison in rig.ids(session):
        await rig.close(session)  # it dies of the first frame
        session = await rig.connect("ann")
        connects += 1
        assert connects < 10
    assert connects == 2 + 3
    assert (await rig.receipt("ann", poison)).closed is Reason.POISON
    assert rig.ids(session) == [good]
    await rig.ack(session)
    assert await rig.status("ann", poison) is Status.FAILED
    assert await rig.status("ann", good) is Status.DELIVERED
    page = await rig.line.inbox.counts("ann", "/")
    assert page.unread == 2


async def test_failed_is_replayed_three_times_then_only_listed(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.LOW)
    await rig.tick(30 * S)
    assert (await rig.receipt("ann", sent)).closed is Reason.NO_ACK
    for replay in range(1, 4):
        await rig.close(session)
        session = await rig.connect("ann")
        assert rig.ids(session) == [sent]
        await rig.tick(30 * S)
        assert (await rig.receipt("ann", sent)).replays == replay
    await rig.close(session)
    session = await rig.connect("ann")
    assert rig.ids(session) == []
    assert (await rig.receipt("ann", sent)).closed is Reason.POISON
    attempts = await rig.store.attempts(sent, "ann")
    assert [a.number for a in attempts] == [1, 2, 3, 4]


async def test_failed_that_is_acked_at_a_replay_is_delivered(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.LOW)
    await rig.tick(30 * S)
    await rig.close(session)
    session = await rig.connect("ann")
    await rig.ack(session)
    receipt = await rig.receipt("ann", sent)
    assert (receipt.closed, receipt.step) == (None, Step.IDLE)
    assert await rig.status("ann", sent) is Status.DELIVERED


@pytest.mark.parametrize("priority", Priority)
async def test_waits_over_is_failed_listed_and_counted_but_not_pushed(rig, priority):
    sent = await rig.send("ann", priority=priority)
    waits = RETRY_RULES[priority].waits_s * S
    await rig.tick(waits - S)
    assert await rig.status("ann", sent) is Status.PENDING
    await rig.tick(S)
    receipt = await rig.receipt("ann", sent)
    assert (receipt.closed, receipt.step, receipt.due_at) == (Reason.WAITED_OUT, Step.IDLE, None)
    assert await rig.status("ann", sent) is Status.FAILED
    session = await rig.connect("ann")
    assert rig.ids(session) == []
    assert (await rig.line.inbox.counts("ann", "/")).unread == 1


async def test_broadcast_waits_over_is_not_replayed_but_counted(rig):
    await rig.close(await rig.connect("ann"))
    await rig.send(to=[EVERYONE])
    await rig.tick(3 * DAY)
    session = await rig.connect("ann", claims=rig.claims("ann"))
    assert rig.ids(session) == []
    assert (await rig.line.inbox.counts("ann", "/")).unread == 1


async def test_broadcast_waits_over_is_failed_for_who_has_no_receipt(rig):
    await rig.close(await rig.connect("ann"))
    rig.clock.advance(S)
    sent = await rig.send(to=[EVERYONE])
    rig.clock.advance(4 * DAY)
    await rig.act("ann", sent, "pin")
    explained = await rig.view("ann", sent)
    assert (explained.state.status, explained.closed) == (Status.FAILED, Reason.WAITED_OUT)


async def test_members_of_an_audience_get_a_receipt_only_when_they_do_not_ack(rig):
    acking, silent = await rig.connect("ann"), await rig.connect("bob")
    sent = await rig.send(to=[EVERYONE], priority=Priority.HIGH)
    await rig.ack(acking)
    assert await rig.receipt("bob", sent) is None
    await rig.tick(15 * S)
    receipt = await rig.receipt("bob", sent)
    assert (receipt.named, receipt.attempts, receipt.step) == (False, 1, Step.ATTEMPT)
    await rig.tick(2 * S)
    assert rig.ids(silent) == [sent, sent]
    assert rig.ids(acking) == [sent]


async def test_retry_switched_off_sends_once_and_waits_for_the_next_connect(make_rig):
    rig = await make_rig(Settings(retry=RetrySettings(enabled=False)))
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.CRITICAL)
    for _ in range(5):
        await rig.tick(10 * S)
    assert rig.ids(session) == [sent]
    await rig.close(session)
    assert rig.ids(await rig.connect("ann")) == [sent]


async def test_new_revision_starts_the_attempts_again(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.LOW)
    await rig.tick(30 * S)
    assert (await rig.receipt("ann", sent)).closed is Reason.NO_ACK
    await rig.replace(sent, "ann", title="new", priority=Priority.LOW)
    receipt = await rig.receipt("ann", sent)
    assert (receipt.revision, receipt.attempts, receipt.closed) == (2, 0, None)
    assert rig.frames(session)[-1].view.notification.revision == 2
    assert rig.frames(session)[-1].view.state is None
    await rig.tick(30 * S)
    assert (await rig.receipt("ann", sent)).attempts == 1


async def test_late_failure_of_an_old_revision_is_not_counted_for_the_new(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.tick(29 * S)
    await rig.replace(sent, "ann", title="new")
    await rig.tick(S)
    assert (await rig.receipt("ann", sent)).attempts == 0
    await rig.ack(session)
    assert (await rig.receipt("ann", sent)).delivered_revision == 2


async def test_leaving_a_room_before_receiving_it_ends_the_schedule(rig):
    session = await rig.connect("ann", rooms=["*"])
    await rig.line.people.join_room(session, "r", stored=False)
    sent = await rig.send(to=[room("r")], priority=Priority.HIGH)
    await rig.tick(15 * S)
    await rig.line.people.leave_room(session, "r", stored=False)
    for _ in range(5):
        await rig.tick(15 * S)
    assert rig.ids(session) == [sent]


async def test_switched_off_type_ends_the_schedule_and_on_again_brings_it_back(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.HIGH, type="alert")
    await rig.tick(15 * S)
    await rig.line.people.subscribe("ann", {"alert": False})
    for _ in range(5):
        await rig.tick(15 * S)
    assert rig.ids(session) == [sent]
    await rig.close(session)
    await rig.line.people.subscribe("ann", {"alert": True})
    assert rig.ids(await rig.connect("ann")) == [sent]


async def test_switched_off_type_that_waits_is_failed_when_its_waiting_is_over(rig):
    await rig.connect("ann")
    sent = await rig.send("ann", type="alert")
    await rig.tick(30 * S)
    await rig.line.people.subscribe("ann", {"alert": False})
    await rig.tick(10 * S)
    await rig.tick(4 * DAY)
    assert await rig.status("ann", sent) is Status.FAILED


async def test_purged_before_it_is_due_harms_nothing(rig):
    session = await rig.connect("ann")
    await rig.send("ann")
    rig.clock.advance(30 * S)
    assert await rig.store.purge(rig.clock.now(), 10) == 1
    await rig.tick()
    other = await rig.send("ann")
    assert rig.ids(session)[-1] == other
