"""What time alone ends (contract 5)."""

import pytest
from support.line_rig import CALLER, DAY, EVERYONE, S

from notify_server.domain.errors import NotFoundError
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Status, Step
from notify_server.domain.signals import Removal, RemovedSignal
from notify_server.pipeline.retention import Retention


@pytest.mark.parametrize("broadcast", [False, True])
async def test_expired_is_removed_from_sessions_list_and_counts_once(rig, broadcast):
    users, to = ((), [EVERYONE]) if broadcast else (("ann",), ())
    session = await rig.connect("ann")
    sent = await rig.send(*users, to=to, expires_at=rig.clock.now() + 60 * S)
    rig.clock.advance(59 * S)
    await rig.line.expiry.run()
    assert rig.emitter.to(session.id, RemovedSignal) == []
    for _ in range(3):
        rig.clock.advance(S)
        await rig.line.expiry.run()
        await rig.settle()
    assert rig.emitter.to(session.id, RemovedSignal) == [RemovedSignal((sent,), Removal.EXPIRED)]
    assert (await rig.shown_counts(session)).unread == 0
    with pytest.raises(NotFoundError):
        await rig.line.inbox.view("ann", sent)


async def test_expired_ends_its_schedule(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", expires_at=rig.clock.now() + 31 * S)
    await rig.tick(30 * S)
    rig.clock.advance(S)
    await rig.line.expiry.run()
    receipt = await rig.receipt("ann", sent)
    assert (receipt.closed, receipt.step, receipt.due_at) == (Reason.EXPIRED, Step.IDLE, None)
    await rig.tick(60 * S)
    assert rig.ids(session) == [sent]
    assert (await rig.view("ann", sent)).state.status is Status.EXPIRED


async def test_schedule_ends_what_has_expired_before_expiry_looks(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", expires_at=rig.clock.now() + 31 * S)
    await rig.tick(30 * S)
    await rig.tick(60 * S)
    assert rig.ids(session) == [sent]
    assert (await rig.receipt("ann", sent)).closed is Reason.EXPIRED


@pytest.mark.parametrize("end", ["expiry", "cancel"])
async def test_ack_after_the_end_is_recorded_and_the_status_stays(rig, end):
    session = await rig.connect("ann")
    sent = await rig.send("ann", expires_at=rig.clock.now() + 10 * S)
    if end == "cancel":
        await rig.line.submissions.cancel(CALLER, sent)
    else:
        rig.clock.advance(11 * S)
        await rig.line.expiry.run()
    await rig.ack(session)
    assert len((await rig.receipt("ann", sent)).acks) == 1
    status = (await rig.view("ann", sent)).state.status
    assert status is (Status.CANCELLED if end == "cancel" else Status.EXPIRED)


async def test_snoozed_beyond_its_expiry_never_wakes(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", expires_at=rig.clock.now() + 60 * S)
    await rig.ack(session)
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + 120 * S)
    rig.clock.advance(61 * S)
    await rig.line.expiry.run()
    await rig.tick(120 * S)
    assert rig.ids(session) == [sent]


async def test_cancelled_while_snoozed_never_wakes(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.ack(session)
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + 120 * S)
    await rig.line.submissions.cancel(CALLER, sent)
    await rig.tick(180 * S)
    assert rig.ids(session) == [sent]


async def test_expired_undelivered_is_not_replayed(rig):
    await rig.send("ann", expires_at=rig.clock.now() + 10 * S)
    rig.clock.advance(11 * S)
    assert rig.ids(await rig.connect("ann")) == []


async def test_many_expire_at_once(rig):
    session = await rig.connect("ann")
    end = rig.clock.now() + 10 * S
    drafts = [rig.draft("ann", expires_at=end) for _ in range(700)]
    answers = await rig.line.submissions.submit_many(CALLER, drafts, None)
    rig.clock.advance(11 * S)
    await rig.line.expiry.run()
    await rig.settle()
    removed = {one for s in rig.emitter.to(session.id, RemovedSignal) for one in s.ids}
    assert removed == {a.id for a in answers}


async def test_clean_up_removes_what_is_past_its_retention_and_nothing_else(rig, store):
    old = await rig.send("ann")
    rig.clock.advance(89 * DAY)
    young = await rig.send("ann")
    assert await rig.line.retention.clean_up() == 0
    rig.clock.advance(DAY + S)
    assert await rig.line.retention.clean_up() == 1
    assert set(await store.notifications([old, young])) == {young}


async def test_clean_up_keeps_what_was_revised_lately(rig):
    sent = await rig.send("ann")
    rig.clock.advance(89 * DAY)
    await rig.replace(sent, "ann", title="two")
    rig.clock.advance(2 * DAY)
    await rig.line.retention.clean_up()
    session = await rig.connect("ann")
    assert [frame.view.notification.content.title for frame in rig.frames(session)] == ["two"]


async def test_clean_up_keeps_what_is_snoozed_and_came_back_lately(rig):
    sent = await rig.send("ann")
    rig.clock.advance(DAY)
    await rig.act("ann", sent, "snooze", rig.clock.now() + 100 * DAY)
    for days in (95, 10):
        rig.clock.advance(days * DAY)
        await rig.line.retention.clean_up()
        await rig.line.schedule.run()
    assert rig.ids(await rig.connect("ann")) == [sent]
    assert (await rig.line.inbox.counts("ann", "/")).unread == 1
    rig.clock.advance(90 * DAY)
    assert await rig.line.retention.clean_up() == 1


async def test_clean_up_keeps_what_is_to_expire_later(rig):
    sent = await rig.send("ann", expires_at=rig.clock.now() + 100 * DAY)
    rig.clock.advance(95 * DAY)
    assert await rig.line.retention.clean_up() == 0
    await rig.line.inbox.view("ann", sent)
    rig.clock.advance(5 * DAY)
    assert await rig.line.retention.clean_up() == 1


async def test_cleaned_up_broadcast_is_gone_from_list_and_counts(rig):
    await rig.connect("ann")
    sent = await rig.send(to=[EVERYONE])
    rig.clock.advance(91 * DAY)
    await rig.line.retention.clean_up()
    assert (await rig.line.inbox.counts("ann", "/")).unread == 0
    with pytest.raises(NotFoundError):
        await rig.line.inbox.view("ann", sent)


async def test_retention_is_what_it_was_told(rig, store):
    await rig.send("ann")
    rig.clock.advance(2 * DAY)
    assert await Retention(store, DAY, rig.clock).clean_up() == 1


async def test_retention_for_once_removes_in_pieces_and_says_what_is_left(rig, store):
    retention = Retention(store, 9 * DAY, rig.clock)
    for _ in range(150):
        await rig.send("ann")
    rig.clock.advance(2 * DAY)
    assert await retention.count(None, 500) == 0
    assert await retention.count(DAY, 120) == 120
    assert await retention.remove_some(DAY, 0) == (100, True)
    assert await retention.remove_some(DAY, 5) == (50, False)
    assert await retention.count(DAY, 500) == 0


async def test_what_expired_while_no_server_ran_is_told_to_a_cursor(rig, make_rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", expires_at=rig.clock.now() + 60 * S)
    await rig.ack(session)
    await rig.act("ann", sent, "read")
    rig.clock.advance(30 * S)
    cursor = rig.clock.now()
    await rig.close(session)
    rig.clock.advance(10 * DAY)
    other = await make_rig()
    session = await other.connect("ann", cursor=cursor)
    assert other.emitter.to(session.id, RemovedSignal) == [RemovedSignal((sent,), Removal.EXPIRED)]


async def test_what_is_ended_again_after_a_restart_is_changed_once(rig, make_rig, store):
    sent = [await rig.send(user, expires_at=rig.clock.now() + S) for user in ("ann", "bob")]
    await rig.act("bob", sent[1], "read")
    rig.clock.advance(2 * S)
    await rig.line.expiry.run()
    held = [await rig.receipt(*one) for one in zip(("ann", "bob"), sent, strict=True)]
    rig.clock.advance(S)
    await make_rig()
    assert [await rig.receipt(*one) for one in zip(("ann", "bob"), sent, strict=True)] == held


async def test_expiry_notes_how_far_it_is_once_a_minute(rig, store):
    start = rig.clock.now()
    for _ in range(59):
        rig.clock.advance(S)
        await rig.line.expiry.run()
    assert await store.expired_until() == start
    rig.clock.advance(S)
    await rig.line.expiry.run()
    assert await store.expired_until() == rig.clock.now()
