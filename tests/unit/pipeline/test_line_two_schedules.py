"""X18: two schedulers over the same rows do no attempt twice."""

import asyncio
from collections import Counter

from support.line_rig import S

from notify_server.domain.notification import Priority
from notify_server.domain.receipt import Step
from notify_server.domain.settings import RETRY_RULES


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
