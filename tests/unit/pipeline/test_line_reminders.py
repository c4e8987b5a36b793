"""What must be acknowledged is sent again until a person does (contract 10.6)."""

from datetime import timedelta

import pytest
from support.line_rig import CALLER, DAY, EVERYONE, S, room

from notify_server.domain.notification import Priority
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Status, Step
from notify_server.domain.settings import RETRY_RULES


async def _delivered(rig, priority=Priority.CRITICAL, to=(), user="ann", **fields):
    """A session that has acked a notification which must be acknowledged."""
    session = await rig.connect(user)
    users = () if to else (user,)
    sent = await rig.send(*users, to=to, priority=priority, requires_acknowledgment=True, **fields)
    await rig.ack(session)
    return session, sent


def _reminders(rig, session):
    return [f.reminder for f in rig.frames(session) if f.reminder is not None]


@pytest.mark.parametrize("priority", Priority)
async def test_reminders_are_as_many_as_the_attempts_each_after_the_pause(rig, priority):
    session, sent = await _delivered(rig, priority)
    rule = RETRY_RULES[priority]
    for number in range(1, rule.attempts + 1):
        await rig.tick(rule.remind_s * S - S)
        assert _reminders(rig, session) == [*range(1, number)]
        await rig.tick(S)
        assert _reminders(rig, session) == [*range(1, number + 1)]
        await rig.ack(session)
    for _ in range(3):
        await rig.tick(rule.remind_s * S)
    assert len(_reminders(rig, session)) == rule.attempts
    receipt = await rig.receipt("ann", sent)
    assert (receipt.step, receipt.due_at) == (Step.IDLE, None)
    last = (await rig.store.attempts(sent, "ann"))[-1]
    assert (last.outcome, last.reason) == ("failed", Reason.NOT_ACKNOWLEDGED)
    assert await rig.status("ann", sent) is Status.DELIVERED


async def test_reading_is_not_acknowledging(rig):
    session, sent = await _delivered(rig)
    await rig.act("ann", sent, "read")
    await rig.tick(60 * S)
    assert _reminders(rig, session) == [1]


@pytest.mark.parametrize("action", ["acknowledge", "delete"])
async def test_acknowledging_and_deleting_end_reminders(rig, action):
    session, sent = await _delivered(rig)
    await rig.tick(60 * S)
    await rig.act("ann", sent, action)
    for _ in range(5):
        await rig.tick(60 * S)
    assert _reminders(rig, session) == [1]


async def test_dismissing_does_not_end_reminders(rig):
    session, sent = await _delivered(rig)
    await rig.act("ann", sent, "dismiss")
    await rig.tick(60 * S)
    assert _reminders(rig, session) == [1]


async def test_expiry_ends_reminders(rig):
    expires_at = rig.clock.now() + 90 * S
    session, _sent = await _delivered(rig, expires_at=expires_at)
    await rig.tick(60 * S)
    await rig.tick(60 * S)
    await rig.line.expiry.run()
    await rig.tick(60 * S)
    assert _reminders(rig, session) == [1]


async def test_cancelling_ends_reminders(rig):
    session, sent = await _delivered(rig)
    await rig.line.submissions.cancel(CALLER, sent)
    for _ in range(3):
        await rig.tick(60 * S)
    assert _reminders(rig, session) == []


async def test_reminders_pause_while_away_and_go_on_at_return(rig):
    session, sent = await _delivered(rig)
    await rig.close(session)
    for _ in range(30):
        await rig.tick(60 * S)
    assert (await rig.receipt("ann", sent)).reminders == 0
    back = await rig.connect("ann")
    assert rig.ids(back) == []
    await rig.tick(60 * S)
    assert _reminders(rig, back) == [1]


async def test_reminders_end_when_the_waiting_is_over(rig):
    session, sent = await _delivered(rig, Priority.LOW)
    await rig.close(session)
    for _ in range(8):
        await rig.tick(timedelta(hours=4))
    receipt = await rig.receipt("ann", sent)
    assert (receipt.step, receipt.reminders) == (Step.IDLE, 0)


async def test_snooze_pauses_reminders_and_they_go_on_after_waking(rig):
    session, sent = await _delivered(rig)
    await rig.tick(60 * S)
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + 600 * S)
    for _ in range(5):
        await rig.tick(60 * S)
    assert _reminders(rig, session) == [1]
    await rig.tick(300 * S)
    await rig.ack(session)
    await rig.tick(60 * S)
    assert _reminders(rig, session) == [1, 2]


async def test_after_a_snooze_the_list_delivers_and_reminders_go_on(rig):
    session, sent = await _delivered(rig)
    await rig.tick(60 * S)
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + 600 * S)
    await rig.tick(600 * S)
    await rig.line.inbox.view("ann", sent)
    await rig.tick(60 * S)
    assert _reminders(rig, session) == [1, 2]


async def test_each_member_of_an_audience_acknowledges_for_themselves(rig):
    ann, sent = await _delivered(rig)
    bob = await rig.connect("bob")
    sent = await rig.send(to=[EVERYONE], priority=Priority.CRITICAL, requires_acknowledgment=True)
    await rig.ack(ann)
    await rig.ack(bob)
    await rig.act("ann", sent, "acknowledge")
    await rig.tick(60 * S)
    assert sent in [f.view.notification.id for f in rig.frames(bob) if f.reminder]
    assert sent not in [f.view.notification.id for f in rig.frames(ann) if f.reminder]


async def test_who_received_it_and_left_the_room_keeps_it_with_its_reminders(rig):
    """10.6 ends reminders with leaving; 10.7 lets keep what was received."""
    session = await rig.connect("ann", rooms=["*"])
    await rig.line.people.join_room(session, "r", stored=False)
    sent = await rig.send(to=[room("r")], priority=Priority.CRITICAL, requires_acknowledgment=True)
    await rig.ack(session)
    await rig.line.people.leave_room(session, "r", stored=False)
    await rig.tick(60 * S)
    assert _reminders(rig, session) == []
    assert (await rig.line.inbox.view("ann", sent)).notification.id == sent


async def test_new_revision_needs_no_new_acknowledgement(rig):
    session, sent = await _delivered(rig)
    await rig.act("ann", sent, "acknowledge")
    await rig.replace(sent, "ann", priority=Priority.CRITICAL, requires_acknowledgment=True)
    await rig.ack(session)
    for _ in range(3):
        await rig.tick(60 * S)
    assert _reminders(rig, session) == []


async def test_reminder_without_ack_is_judged_by_nothing(rig):
    """A reminder is no attempt: what was delivered stays delivered."""
    _session, sent = await _delivered(rig)
    await rig.tick(60 * S)
    await rig.tick(10 * S)
    receipt = await rig.receipt("ann", sent)
    assert (receipt.step, receipt.attempts) == (Step.REMIND, 0)
    assert await rig.status("ann", sent) is Status.DELIVERED


@pytest.mark.parametrize("by", ["view", "read"])
async def test_delivered_by_the_list_or_an_action_starts_reminders(rig, by):
    sent = await rig.send("ann", priority=Priority.CRITICAL, requires_acknowledgment=True)
    if by == "view":
        await rig.line.inbox.view("ann", sent)
    else:
        await rig.act("ann", sent, "read")
    session = await rig.connect("ann")
    assert rig.ids(session) == []
    await rig.tick(60 * S)
    assert _reminders(rig, session) == [1]


async def test_snooze_of_the_undelivered_and_wake_starts_attempts_and_waiting_anew(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.LOW)
    await rig.ack(session)
    await rig.act("ann", sent, "read")
    until = rig.clock.now() + 3 * DAY
    await rig.act("ann", sent, "snooze", until=until)
    await rig.tick(3 * DAY - S)
    assert rig.ids(session) == [sent]
    await rig.tick(S)
    assert rig.ids(session) == [sent, sent]
    state = rig.frames(session)[-1].view.state
    assert (state.sort_at, state.read_at, state.snoozed_until) == (until, None, None)
    await rig.ack(session)
    assert await rig.status("ann", sent) is Status.DELIVERED
    receipt = await rig.receipt("ann", sent)
    assert (receipt.step, receipt.due_at) == (Step.IDLE, None)


async def test_wake_while_away_is_replayed_at_return(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.ack(session)
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + DAY)
    await rig.close(session)
    await rig.tick(DAY)
    assert (await rig.line.inbox.counts("ann", "/")).unread == 1
    back = await rig.connect("ann")
    assert rig.ids(back) == [sent]
    await rig.tick(30 * S)
    assert (await rig.receipt("ann", sent)).attempts == 1


async def test_wake_that_nobody_acks_runs_through_its_attempts(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.ack(session)
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + DAY)
    await rig.tick(DAY)
    for _ in range(5):
        await rig.tick(30 * S)
    assert rig.ids(session) == [sent] * 3
    assert await rig.status("ann", sent) is Status.FAILED


async def test_snoozed_notification_is_out_of_list_and_counts_until_it_wakes(rig):
    session = await rig.connect("ann")
    sent = await rig.send(to=[EVERYONE])
    await rig.ack(session)
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + 60 * S)
    assert (await rig.line.inbox.counts("ann", "/")).unread == 0
    await rig.tick(60 * S)
    assert (await rig.line.inbox.counts("ann", "/")).unread == 1
    assert rig.ids(session) == [sent, sent]
