"""X18: two schedulers over the same rows do no attempt twice."""

import asyncio
from collections import Counter

import pytest
from support.line_rig import EVERYONE, S

from notify_server.domain.errors import UnavailableError
from notify_server.domain.notification import Priority
from notify_server.domain.receipt import Step
from notify_server.domain.settings import RETRY_RULES
from notify_server.pipeline import schedule


async def test_two_schedules_over_1000_due_rows_record_each_attempt_once(make_rig, store):
    rule = RETRY_RULES[Priority.CRITICAL]
    rigs = [await make_rig(seed=1), await make_rig(seed=2)]
    sessions = [await rig.connect("ann") for rig in rigs]
    ids = await asyncio.gather(
        *(rigs[0].send("ann", priority=Priority.CRITICAL, wait=False) for _ in range(1000))
    )
    await rigs[0].settle()
    rigs[0].clock.advance(rule.ack_timeout_s * S)
    rigs[0].line.desk.tick()
    await rigs[0].settle()
    for _ in range(2 * rule.attempts):
        rigs[0].clock.advance(10 * S)
        await asyncio.gather(*(rig.line.schedule.run() for rig in rigs))
        for rig in rigs:
            rig.line.desk.tick()
            await rig.settle()
    sent, failed = Counter(), Counter()
    for one in ids:
        for attempt in await store.attempts(one, "ann"):
            (sent if attempt.outcome == "sent" else failed)[one, attempt.number] += 1
        receipt = await rigs[0].receipt("ann", one)
        assert (receipt.attempts, receipt.step) == (rule.attempts, Step.WAIT)
    retries = rule.attempts - 1
    assert sent == {(one, n): 1 for one in ids for n in range(2, rule.attempts + 1)}
    assert failed == {(one, n): 1 for one in ids for n in range(1, rule.attempts + 1)}
    frames = Counter(
        (frame.view.notification.id, frame.attempt)
        for rig, session in zip(rigs, sessions, strict=True)
        for frame in rig.frames(session)
        if frame.attempt
    )
    assert len(frames) == 1000 * retries
    assert set(frames.values()) == {1}


async def test_two_schedules_wake_and_remind_once(make_rig):
    rigs = [await make_rig(), await make_rig()]
    sessions = [await rig.connect("ann") for rig in rigs]
    asked = await rigs[0].send("ann", priority=Priority.CRITICAL, requires_acknowledgment=True)
    await rigs[0].ack(sessions[0])
    snoozed = await rigs[0].send("ann")
    await rigs[0].act("ann", snoozed, "snooze", until=rigs[0].clock.now() + 60 * S)
    rigs[0].clock.advance(60 * S)
    await asyncio.gather(*(rig.line.schedule.run() for rig in rigs))
    for rig in rigs:
        await rig.settle()
    frames = [f for rig, one in zip(rigs, sessions, strict=True) for f in rig.frames(one)]
    assert len([f for f in frames if f.reminder == 1]) == 1
    woken = [f for f in frames if f.view.notification.id == snoozed and f.view.state.sort_at]
    assert len([f for f in woken if f.view.state.sort_at == rigs[0].clock.now()]) == 1
    assert (await rigs[0].receipt("ann", asked)).reminders == 1


async def run_out(hub, rigs):
    """All attempts that there are: let time pass on both nodes until nothing is due."""
    for _ in range(60):
        rigs[0].clock.advance(S)
        for rig in rigs:
            rig.line.desk.tick()
            await rig.line.schedule.run()
        await hub.settle(rigs)


@pytest.mark.parametrize("is_named", [True, False])
async def test_first_attempt_that_both_nodes_sent_is_counted_once(rigs, hub, store, is_named):
    """Else a person with devices on two nodes is tried one time less."""
    sessions = [await rig.connect("ann") for rig in rigs]
    await hub.settle(rigs)
    users, to = (["ann"], []) if is_named else ([], [EVERYONE])
    sent = await rigs[0].send(*users, to=to, priority=Priority.CRITICAL)
    await hub.settle(rigs)
    assert [rig.ids(one) for rig, one in zip(rigs, sessions, strict=True)] == [[sent], [sent]]
    await run_out(hub, rigs)
    tries = RETRY_RULES[Priority.CRITICAL].attempts
    found = Counter((a.number, a.outcome) for a in await store.attempts(sent, "ann"))
    assert found == {
        **{(number, "failed"): 1 for number in range(1, tries + 1)},
        **{(number, "sent"): 1 for number in range(2, tries + 1)},
    }


async def test_session_that_ends_here_leaves_the_row_to_the_node_with_the_other(rigs, hub):
    """It is parked only if no node has taken it for a while."""
    gone, stays = [await rig.connect("ann") for rig in rigs]
    await hub.settle(rigs)
    sent = await rigs[0].send("ann", priority=Priority.CRITICAL)
    await hub.settle(rigs)
    await rigs[0].close(gone)
    await hub.settle(rigs)
    await run_out(hub, rigs)
    attempts = {frame.attempt for frame in rigs[1].frames(stays)}
    assert attempts == {None, *range(2, RETRY_RULES[Priority.CRITICAL].attempts + 1)}
    assert (await rigs[1].receipt("ann", sent)).step is Step.WAIT


async def test_attempts_of_which_the_store_took_no_note_are_written_later(
    make_rig, store, monkeypatch
):
    """A node that froze in between finds its deadline over when it wakes up."""
    monkeypatch.setattr(schedule, "_RETRY_S", 0.01)
    rig = await make_rig()
    await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.CRITICAL)
    fails, real = [2], store.add_attempts

    async def add_attempts(attempts):
        if fails[0]:
            fails[0] -= 1
            raise UnavailableError("too late")
        await real(attempts)

    monkeypatch.setattr(store, "add_attempts", add_attempts)
    await rig.tick(RETRY_RULES[Priority.CRITICAL].ack_timeout_s * S)
    assert [(a.number, a.outcome) for a in await store.attempts(sent, "ann")] == [(1, "failed")]
