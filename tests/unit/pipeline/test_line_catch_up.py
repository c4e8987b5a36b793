"""Who comes back, or was too slow, is brought up to date without a gap (contract 9, 10.2)."""

import asyncio
from datetime import timedelta

import pytest
from support.line_rig import CALLER, DAY, EVERYONE, S, line_of

from notify_server.domain.actions import ReadAll
from notify_server.domain.notification import Priority
from notify_server.domain.signals import (
    AllUpdatedSignal,
    CountSignal,
    NotificationFrame,
    Removal,
    RemovedSignal,
    ReplayDoneSignal,
    SubscriptionsSignal,
    UpdatedSignal,
)
from notify_server.pipeline.catch_up import AHEAD_FRAMES, CURSOR_KEPT, READING_AT_ONCE
from notify_server.pipeline.sessions import MISSED_LIMIT, Phase

MS = timedelta(milliseconds=1)


async def _many(rig, number, *users, **fields):
    """Submit many at once; returns the ids in the order of acceptance."""
    drafts = [rig.draft(*users, **fields) for _ in range(number)]
    ids = []
    for start in range(0, number, 500):
        answers = await rig.line.submissions.submit_many(CALLER, drafts[start : start + 500], None)
        ids += [answer.id for answer in answers]
    await rig.settle()
    return ids


async def test_connect_is_told_counts_then_replay_then_done(rig):
    first = await rig.send("ann")
    second = await rig.send(to=[EVERYONE], exclude=["bob"])
    rig.clock.advance(S)
    session = await rig.connect("ann")
    kinds = [type(s) for s in rig.emitter.to(session.id)]
    assert kinds == [CountSignal, NotificationFrame, ReplayDoneSignal]
    assert rig.ids(session) == [first]
    (done,) = rig.dones(session)
    assert (done.recovered, done.count) == (True, 1)
    assert second not in rig.ids(session)  # ann was not known yet


async def test_replay_is_oldest_first_by_id_and_only_what_nobody_had(rig):
    session = await rig.connect("ann")
    had = await rig.send("ann")
    await rig.ack(session)
    await rig.close(session)
    sent = await _many(rig, 20, "ann")
    session = await rig.connect("ann")
    assert rig.ids(session) == sent
    assert had not in sent
    assert all(f.replayed for f in rig.frames(session))


async def test_second_session_is_not_sent_what_the_first_had(rig):
    first = await rig.connect("ann")
    await rig.send("ann")
    await rig.ack(first)
    second = await rig.connect("ann")
    assert rig.ids(second) == []
    assert rig.dones(second)[0].recovered


async def test_replay_is_the_newest_300_and_the_rest_is_only_listed(rig):
    sent = await _many(rig, 310, "ann")
    session = await rig.connect("ann")
    assert rig.ids(session) == sent[10:]
    (done,) = rig.dones(session)
    assert (done.recovered, done.count) == (False, 300)
    await rig.close(session)
    again = await rig.connect("ann")
    assert rig.ids(again) == sent[10:]
    assert rig.dones(again)[0].recovered
    assert (await rig.line.inbox.counts("ann", "/")).unread == 310


async def test_exactly_300_skip_nothing(rig):
    sent = await _many(rig, 300, "ann")
    session = await rig.connect("ann")
    assert rig.ids(session) == sent
    assert rig.dones(session)[0].recovered


async def test_replay_is_paced_by_what_the_connection_takes(rig):
    sent = await _many(rig, 100, "ann")
    session = await rig.connect("ann", wait=False)
    rig.emitter.backlogs[session.id] = (AHEAD_FRAMES, 0)
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert rig.ids(session) == []
    assert session.phase is Phase.CATCHING_UP
    rig.emitter.backlogs[session.id] = (AHEAD_FRAMES - 1, 0)
    await rig.settle()
    assert rig.ids(session) == sent


async def test_session_that_takes_nothing_for_30_s_is_cut_off(rig):
    await rig.send("ann")
    session = await rig.connect("ann", wait=False)
    rig.emitter.backlogs[session.id] = (1000, 0)
    async with asyncio.timeout(30):
        while session.id not in rig.emitter.was_cut:
            rig.clock.advance(S)
            await asyncio.sleep(0.002)
    await rig.close(session)
    assert len(rig.ids(session)) <= 1


async def test_nothing_follows_a_cut(rig):
    """Neither the frame that waited for room, nor states and signals after it."""
    await _many(rig, 3, "ann")
    session = await rig.connect("ann", wait=False)
    rig.emitter.backlogs[session.id] = (1000, 0)
    async with asyncio.timeout(30):
        while session.id not in rig.emitter.was_cut:
            rig.clock.advance(S)
            await asyncio.sleep(0.002)
    written = len(rig.emitter.to(session.id))
    await rig.close(session)
    rig.emitter.backlogs.clear()
    await rig.settle()
    assert rig.ids(session) == []
    assert len(rig.emitter.to(session.id)) == written
    assert session.phase is Phase.CATCHING_UP


async def test_accepted_while_catching_up_follows_in_order_without_doubles(rig):
    old = await _many(rig, 50, "ann")
    session = await rig.connect("ann", wait=False)
    rig.emitter.backlogs[session.id] = (1000, 0)
    new = [await rig.send("ann", wait=False) for _ in range(5)]
    rig.emitter.backlogs[session.id] = (0, 0)
    await rig.settle()
    assert rig.ids(session) == old + new
    (done,) = rig.dones(session)
    assert rig.emitter.to(session.id, NotificationFrame | ReplayDoneSignal)[-1] is done


async def test_over_1000_missed_pages_the_store_and_loses_nothing(rig):
    old = await rig.send("ann")
    session = await rig.connect("ann", wait=False)
    rig.emitter.backlogs[session.id] = (1000, 0)
    drafts = [rig.draft("ann") for _ in range(MISSED_LIMIT + 200)]
    new = []
    for start in range(0, len(drafts), 400):
        rig.clock.advance(S / 10)
        answers = await rig.line.submissions.submit_many(CALLER, drafts[start : start + 400], None)
        new += [answer.id for answer in answers]
    async with asyncio.timeout(30):
        while session.missed_since is None:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    rig.emitter.backlogs[session.id] = (0, 0)
    await rig.settle()
    assert session.phase is Phase.LIVE
    assert set(rig.ids(session)) == {old, *new}
    assert len(rig.ids(session)) == len(new) + 1


@pytest.mark.parametrize("flood", [200, MISSED_LIMIT + 200])
async def test_pressing_ones_overtake_a_flood_while_catching_up(rig, flood):
    """X30: urgent and critical ones wait behind nothing; of one priority the order stays."""
    await rig.send("ann")
    session = await rig.connect("ann", wait=False)
    rig.emitter.backlogs[session.id] = (1000, 0)
    low = [rig.draft("ann", priority=Priority.LOW) for _ in range(flood)]
    for start in range(0, flood, 100):
        rig.clock.advance(S)
        await rig.line.submissions.submit_many(CALLER, low[start : start + 100], None)
    critical = [await rig.send("ann", priority=Priority.CRITICAL, wait=False) for _ in range(70)]
    urgent = [await rig.send("ann", priority=Priority.URGENT, wait=False) for _ in range(3)]
    async with asyncio.timeout(20):
        while urgent[-1] not in session.missed:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    rig.emitter.backlogs.clear()
    await rig.settle()
    shown = rig.ids(session)
    assert len(shown) == len(set(shown)) == flood + 74
    places = [shown.index(one) for one in [*critical, *urgent]]
    assert places == sorted(places)
    assert places[-1] == 73, "behind the one of the replay alone"


@pytest.mark.parametrize("others_ack", [False, True])
async def test_slow_session_is_caught_up_with_another_done_whoever_else_acked(rig, others_ack):
    fast, slow = await rig.connect("ann"), await rig.connect("ann")
    rig.emitter.slow.add(slow.id)
    rig.emitter.backlogs[slow.id] = (1000, 0)
    lost = [await rig.send("ann", wait=False) for _ in range(3)]
    async with asyncio.timeout(30):
        while rig.ids(fast) != lost:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    if others_ack:
        for written in list(rig.emitter.written):
            if written.session == fast.id and written.ack_id is not None:
                rig.line.desk.acknowledged(fast.id, written.ack_id)
        await rig.line.confirmations.flush()
    assert slow.phase is Phase.CATCHING_UP
    assert rig.ids(slow) == []
    rig.emitter.slow.clear()
    rig.emitter.backlogs.clear()
    await rig.settle()
    assert rig.ids(slow) == lost
    assert len(rig.dones(slow)) == 2
    assert rig.dones(slow)[-1].recovered
    later = await rig.send("ann")
    assert rig.ids(slow) == rig.ids(fast) == [*lost, later]


async def test_slow_session_over_1000_missed_is_caught_up_from_the_first_lost_frame(rig):
    fast, slow = await rig.connect("ann"), await rig.connect("ann")
    rig.emitter.slow.add(slow.id)
    rig.emitter.backlogs[slow.id] = (1000, 0)
    drafts = [rig.draft("ann") for _ in range(MISSED_LIMIT + 300)]
    lost = []
    for start in range(0, len(drafts), 100):
        rig.clock.advance(2 * S)
        answers = await rig.line.submissions.submit_many(CALLER, drafts[start : start + 100], None)
        lost += [answer.id for answer in answers]
    async with asyncio.timeout(30):
        while len(rig.ids(fast)) < len(lost):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    for written in list(rig.emitter.written):
        if written.session == fast.id and written.ack_id is not None:
            rig.line.desk.acknowledged(fast.id, written.ack_id)
    await rig.line.confirmations.flush()
    rig.emitter.slow.clear()
    rig.emitter.backlogs.clear()
    await rig.settle()
    assert set(rig.ids(slow)) == set(lost)
    assert len(rig.dones(slow)) == 2


async def test_signals_of_other_sessions_wait_until_it_is_live(rig):
    sent = await rig.send("ann")
    session = await rig.connect("ann", wait=False)
    rig.emitter.backlogs[session.id] = (1000, 0)
    await rig.line.inbox.act("ann", [sent], _act("pin"))
    assert rig.emitter.to(session.id, UpdatedSignal) == []
    rig.emitter.backlogs.clear()
    await rig.settle()
    (update,) = rig.emitter.to(session.id, UpdatedSignal)
    assert "pinned_at" in update.changes


async def test_subscriptions_of_another_session_do_not_wait_until_it_is_live(rig):
    await rig.send("ann")
    session = await rig.connect("ann", wait=False)
    rig.emitter.backlogs[session.id] = (1000, 0)
    await rig.line.people.subscribe("ann", {"alert": False}, None)
    assert session.phase is Phase.CATCHING_UP
    assert len(rig.emitter.to(session.id, SubscriptionsSignal)) == 1
    rig.emitter.backlogs.clear()
    await rig.settle()
    assert len(rig.emitter.to(session.id, SubscriptionsSignal)) == 1


async def test_replay_skips_what_was_read_dismissed_or_deleted_meanwhile(rig):
    sent = await _many(rig, 4, "ann")
    for one, action in zip(sent, ("read", "dismiss", "delete"), strict=False):
        await rig.act("ann", one, action)
    session = await rig.connect("ann")
    assert rig.ids(session) == sent[3:]


async def test_cursor_brings_states_removals_and_new_ones(rig):
    session = await rig.connect("ann")
    read, pinned, gone, cancelled, quiet = await _many(rig, 5, "ann")
    await rig.ack(session)
    cursor = rig.dones(session)[0].cursor.stamp
    other = await rig.connect("ann")
    await rig.close(session)
    rig.clock.advance(60 * S)
    cursor = rig.clock.now()
    rig.clock.advance(60 * S)
    await rig.act("ann", read, "read")
    await rig.act("ann", pinned, "pin")
    await rig.act("ann", gone, "delete")
    await rig.line.submissions.cancel(CALLER, cancelled)
    fresh = await rig.send("ann")
    await rig.ack(other)
    back = await rig.connect("ann", cursor=cursor)
    assert rig.ids(back) == [fresh]
    updated = {u.ids[0]: u.changes for u in rig.emitter.to(back.id, UpdatedSignal)}
    assert updated.keys() >= {read, pinned}
    assert updated[read]["is_read"]
    assert updated[pinned]["pinned_at"]
    assert quiet not in updated
    removed = {r.ids[0]: r.reason for r in rig.emitter.to(back.id, RemovedSignal)}
    assert removed == {gone: Removal.DELETED, cancelled: Removal.CANCELLED}
    assert rig.dones(back)[0].recovered


async def test_cursor_reaches_back_15_s_so_that_nothing_falls_between(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.ack(session)
    rig.clock.advance(10 * S)
    back = await rig.connect("ann", cursor=rig.clock.now())
    assert rig.ids(back) == [sent]
    rig.clock.advance(10 * S)
    later = await rig.connect("ann", cursor=rig.clock.now())
    assert rig.ids(later) == []


async def test_cursor_brings_expired_audience_notifications_as_removed(rig):
    session = await rig.connect("ann")
    sent = await rig.send(to=[EVERYONE], expires_at=rig.clock.now() + 30 * S)
    await rig.ack(session)
    cursor = rig.clock.now()
    rig.clock.advance(60 * S)
    back = await rig.connect("ann", cursor=cursor)
    (removed,) = rig.emitter.to(back.id, RemovedSignal)
    assert removed == RemovedSignal((sent,), Removal.EXPIRED)


async def test_cursor_brings_mark_all_read_of_another_session(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.ack(session)
    rig.clock.advance(120 * S)
    cursor = rig.clock.now()
    rig.clock.advance(S)
    await rig.line.inbox.read_all("ann", "/", ReadAll())
    await rig.settle()
    back = await rig.connect("ann", cursor=cursor)
    told = rig.emitter.to(back.id, AllUpdatedSignal)
    states = [u for u in rig.emitter.to(back.id, UpdatedSignal) if u.ids == (sent,)]
    assert told or states
    assert rig.ids(back) == []


@pytest.mark.parametrize("age", [CURSOR_KEPT + 16 * S, 200 * DAY])
async def test_cursor_that_is_too_old_is_not_recovered(rig, age):
    rig.clock.advance(age)
    session = await rig.connect("ann", cursor=rig.clock.now() - age)
    assert not rig.dones(session)[0].recovered


async def test_new_revision_is_replayed_to_who_had_the_old_one(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.ack(session)
    await rig.close(session)
    await rig.replace(sent, "ann", title="new")
    back = await rig.connect("ann")
    (frame,) = rig.frames(back)
    assert frame.view.notification.revision == 2
    await rig.ack(back)
    third = await rig.connect("ann")
    assert rig.ids(third) == []


async def test_revision_of_a_broadcast_is_replayed_to_who_had_the_old_one(rig):
    session = await rig.connect("ann")
    sent = await rig.send(to=[EVERYONE])
    await rig.ack(session)
    await rig.close(session)
    await rig.replace(sent, title="new")
    back = await rig.connect("ann")
    assert [f.view.notification.revision for f in rig.frames(back)] == [2]


async def test_lines_have_replays_of_their_own(rig):
    user_line = await rig.connect("ann", roles=["ADMIN"])
    await rig.close(user_line)
    here = await rig.send("ann")
    there = await rig.send(to=[line_of("/admin")], line="/admin")
    admin = await rig.connect("ann", roles=["ADMIN"], line="/admin")
    plain = await rig.connect("ann", roles=["ADMIN"])
    assert rig.ids(admin) == [there]
    assert rig.ids(plain) == [here]


@pytest.mark.parametrize("history", [10, 5_000])
@pytest.mark.parametrize("broadcast", [False, True], ids=["named", "broadcast"])
async def test_connect_costs_at_most_five_reads_whatever_the_history(rig, history, broadcast):
    """X24's share of the store: the same token comes back."""
    claims = rig.claims("ann", ttl=30 * DAY)
    await rig.close(await rig.connect("ann", claims=claims))
    await _many(rig, history, *([] if broadcast else ["ann"]), to=[EVERYONE] if broadcast else [])
    rig.clock.advance(10 * DAY)
    before = (await rig.store.stats())["reads"]
    session = await rig.connect("ann", claims=claims, wait=False)
    async with asyncio.timeout(20):
        while not rig.dones(session):  # noqa: ASYNC110
            await asyncio.sleep(0)
    reads = (await rig.store.stats())["reads"] - before
    await rig.settle()
    assert rig.ids(session) == []
    assert reads <= 5


def _act(action):
    from notify_server.domain.actions import Act, Action

    return Act(Action(action))


async def test_many_who_come_at_once_ask_the_store_a_few_at_a_time(rig, monkeypatch):
    """X16: a store that is asked for everybody at once answers nobody in time."""
    asking, most, answers, real = set(), 0, asyncio.Event(), rig.store.active

    async def active(user, *others):
        nonlocal most
        asking.add(user)
        most = max(most, len(asking))
        await answers.wait()
        found = await real(user, *others)
        asking.discard(user)
        return found

    monkeypatch.setattr(rig.store, "active", active)
    sessions = [await rig.connect(f"u{number}", wait=False) for number in range(40)]
    async with asyncio.timeout(20):
        while len(asking) < READING_AT_ONCE:  # noqa: ASYNC110 - what is awaited has no event
            await asyncio.sleep(0.001)
    answers.set()
    await rig.settle()
    assert {session.phase for session in sessions} == {Phase.LIVE}
    assert most == READING_AT_ONCE
