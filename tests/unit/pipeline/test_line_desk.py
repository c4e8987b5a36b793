"""What sessions confirm, by what, and what the desk keeps of it (contract 9; F24, X26)."""

import asyncio

import pytest
from support.line_rig import EVERYONE, S

from notify_server.domain.notification import Priority
from notify_server.domain.receipt import AckVia, Status
from notify_server.kit.ids import first_ack_id
from notify_server.pipeline import delivery
from notify_server.pipeline.delivery import KEEP_ACK_IDS_S, PROBE_SHARE


def _ack_id(rig, session, nth=-1):
    ids = [w.ack_id for w in rig.emitter.written if w.session == session.id and w.ack_id]
    return ids[nth]


async def test_ack_records_session_round_trip_and_by_what(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    rig.clock.advance(0.25 * S)
    await rig.ack(session)
    (ack,) = (await rig.receipt("ann", sent)).acks
    assert (ack.session, ack.revision, ack.rtt_ms, ack.via) == (session.id, 1, 250, AckVia.ACK)


async def test_each_sessions_ack_is_recorded(rig):
    sessions = [await rig.connect("ann") for _ in range(3)]
    sent = await rig.send("ann")
    for session in sessions:
        await rig.ack(session)
    acks = (await rig.receipt("ann", sent)).acks
    assert [a.session for a in acks] == [s.id for s in sessions]


@pytest.mark.parametrize("ack_id", [0, -1, 10**18, 2**63, 1])
async def test_ack_id_that_was_never_given_out_changes_nothing(rig, ack_id):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    rig.line.desk.acknowledged(session.id, ack_id)
    await rig.settle()
    assert (await rig.receipt("ann", sent)).delivered_at is None


async def test_ack_twice_is_recorded_once(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    for _ in range(3):
        await rig.ack(session)
    assert len((await rig.receipt("ann", sent)).acks) == 1


async def test_foreign_ack_id_confirms_nothing(rig):
    ann, bob = await rig.connect("ann"), await rig.connect("bob")
    sent = await rig.send("ann")
    rig.line.desk.acknowledged(bob.id, _ack_id(rig, ann))
    rig.line.desk.acknowledged("unknown", _ack_id(rig, ann))
    await rig.settle()
    assert (await rig.receipt("ann", sent)).delivered_at is None
    assert await rig.receipt("bob", sent) is None


async def test_ack_by_event_confirms_what_was_sent_and_nothing_else(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    desk = rig.line.desk
    assert not desk.acknowledged_by_event(session, "other", 1)
    assert desk.acknowledged_by_event(session, sent, 1)
    assert not desk.acknowledged_by_event(session, sent, 1)
    await rig.settle()
    assert await rig.status("ann", sent) is Status.DELIVERED


async def test_ack_of_the_old_revision_does_not_deliver_the_new(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.replace(sent, "ann", title="2")
    await rig.ack(session, rig.frames(session)[0])
    assert (await rig.receipt("ann", sent)).delivered_revision == 1
    assert await rig.status("ann", sent) is not Status.DELIVERED
    await rig.ack(session)
    assert await rig.status("ann", sent) is Status.DELIVERED


# Sessions that do not acknowledge


async def test_without_ack_the_answer_to_a_later_ping_confirms(rig):
    session = await rig.connect("ann", acks=False)
    sent = await rig.send("ann")
    (mark,) = [f.mark for f in session.frames.values()]
    rig.line.desk.alive(session.id, mark - 1)
    await rig.settle()
    assert (await rig.receipt("ann", sent)).delivered_at is None
    rig.line.desk.alive(session.id, mark)
    await rig.settle()
    (ack,) = (await rig.receipt("ann", sent)).acks
    assert ack.via is AckVia.PONG
    assert [w.ack_id for w in rig.emitter.written if w.session == session.id][-1] is None


@pytest.mark.parametrize(("priority", "timeout_s"), [(Priority.CRITICAL, 5), (Priority.LOW, 30)])
async def test_without_ack_one_ping_is_sent_within_a_third_of_the_timeout(rig, priority, timeout_s):
    session = await rig.connect("ann", acks=False)
    for _ in range(5):
        await rig.send("ann", priority=priority)
    await rig.tick(timeout_s * PROBE_SHARE * S)
    assert rig.emitter.probed == [session.id]
    await rig.tick(timeout_s * S)
    assert rig.emitter.probed == [session.id]


async def test_without_ack_silence_fails_the_attempt(rig):
    session = await rig.connect("ann", acks=False)
    sent = await rig.send("ann", priority=Priority.HIGH)
    await rig.tick(15 * S)
    assert (await rig.receipt("ann", sent)).attempts == 1
    await rig.tick(2 * S)
    assert rig.ids(session) == [sent, sent]


async def test_with_an_acking_session_open_a_pong_counts_only_once_that_has_closed(rig):
    acking = await rig.connect("ann")
    plain = await rig.connect("ann", acks=False)
    sent = await rig.send("ann")
    rig.line.desk.alive(plain.id, 10**6)
    await rig.settle()
    assert (await rig.receipt("ann", sent)).delivered_at is None
    await rig.close(acking)
    (ack,) = (await rig.receipt("ann", sent)).acks
    assert (ack.session, ack.via) == (plain.id, AckVia.PONG)


async def test_pongs_of_sessions_that_ack_confirm_nothing(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    rig.line.desk.alive(session.id, 10**6)
    await rig.settle()
    assert (await rig.receipt("ann", sent)).delivered_at is None


async def test_session_that_ends_while_another_still_may_confirm_fails_nothing(rig):
    one, two = await rig.connect("ann"), await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.close(one)
    assert (await rig.receipt("ann", sent)).attempts == 0
    await rig.ack(two)
    assert await rig.status("ann", sent) is Status.DELIVERED


# What is kept


def test_ack_ids_begin_at_random_below_2_to_the_52():
    firsts = {first_ack_id() for _ in range(50)}
    assert len(firsts) == 50
    assert all(0 <= first < 2**52 for first in firsts)


async def test_two_lines_over_one_store_do_not_share_ack_ids(make_rig):
    ids = set()
    for _ in range(2):
        rig = await make_rig()
        session = await rig.connect("ann")
        await rig.send("ann")
        ids.add(_ack_id(rig, session))
    assert len(ids) == 2


@pytest.mark.parametrize("acks", [True, False], ids=["acking", "plain"])
async def test_10000_unacked_frames_leave_nothing_behind(rig, acks):
    """F24: after the time that ack ids are kept, nothing of them is left."""
    session = await rig.connect("ann", acks=acks)
    desk = rig.line.desk
    for _ in range(20):
        await asyncio.gather(
            *(rig.send(to=[EVERYONE], persist=True, wait=False) for _ in range(500))
        )
    await rig.settle()
    assert len(desk._flights) == 10_000
    rig.emitter.written.clear()
    rig.emitter.emits.clear()
    await rig.line.people.revoke("ann")
    await rig.close(session)
    rig.clock.advance(KEEP_ACK_IDS_S * S + S)
    desk.tick()
    await rig.settle()
    kept = (desk._flights, desk._deadlines, desk._forget_at, desk._to_probe, session.frames)
    assert [len(one) for one in kept[:4]] == [0, 0, 0, 0]


async def test_unacked_frames_of_an_open_session_are_forgotten_at_their_timeout(rig):
    session = await rig.connect("ann")
    for _ in range(50):
        await rig.send(to=[EVERYONE], priority=Priority.LOW)
    assert len(session.frames) == 50
    await rig.tick(31 * S)
    assert len(session.frames) == 0


async def test_pongs_held_for_an_acking_session_are_not_kept_for_ever(rig):
    acking = await rig.connect("ann")
    plain = await rig.connect("ann", acks=False)
    held = rig.line.desk._held
    for _ in range(30):
        await rig.send(to=[EVERYONE], priority=Priority.LOW)
        rig.line.desk.alive(plain.id, 10**6)
    rig.clock.advance(KEEP_ACK_IDS_S * S + S)
    rig.line.desk.tick()
    await rig.send(to=[EVERYONE])
    rig.line.desk.alive(plain.id, 10**6)
    assert [len(of_user) for of_user in held.values()] == [1]
    await rig.close(acking)
    assert held == {}


async def test_pong_of_a_session_that_closed_first_counts_once_the_acking_one_has(rig):
    acking = await rig.connect("ann")
    plain = await rig.connect("ann", acks=False)
    sent = await rig.send("ann")
    rig.line.desk.alive(plain.id, 10**6)
    await rig.close(plain)
    assert (await rig.receipt("ann", sent)).delivered_at is None
    await rig.close(acking)
    receipt = await rig.receipt("ann", sent)
    assert [(ack.session, ack.via) for ack in receipt.acks] == [(plain.id, AckVia.PONG)]
    assert receipt.attempts == 0
    again = await rig.connect("ann")
    assert rig.ids(again) == []


async def test_held_pong_counts_only_after_the_last_acking_session_of_that_line(rig):
    first, last = await rig.connect("ann"), await rig.connect("ann")
    plain = await rig.connect("ann", acks=False)
    sent = await rig.send("ann")
    rig.line.desk.alive(plain.id, 10**6)
    await rig.close(plain)
    await rig.close(first)
    assert (await rig.receipt("ann", sent)).delivered_at is None
    await rig.close(last)
    assert (await rig.receipt("ann", sent)).delivered_at is not None


async def test_held_pong_is_dropped_when_the_acking_session_confirms(rig):
    acking = await rig.connect("ann")
    plain = await rig.connect("ann", acks=False)
    sent = await rig.send("ann")
    rig.line.desk.alive(plain.id, 10**6)
    await rig.ack(acking)
    await rig.close(acking)
    acks = (await rig.receipt("ann", sent)).acks
    assert [ack.session for ack in acks] == [acking.id]


async def test_held_pongs_of_one_user_are_bounded(rig, monkeypatch):
    monkeypatch.setattr(delivery, "HELD_LIMIT", 3)
    acking = await rig.connect("ann")
    plain = await rig.connect("ann", acks=False)
    sent = [await rig.send("ann") for _ in range(5)]
    rig.line.desk.alive(plain.id, 10**6)
    await rig.close(acking)
    delivered = [(await rig.receipt("ann", one)).delivered_at is not None for one in sent]
    assert delivered == [False, False, True, True, True]
