"""From the store to the sessions: who, in which order, and what was not heard of (contract 10)."""

import asyncio
from dataclasses import replace
from random import Random

import pytest
from support.line_rig import CALLER, EVERYONE, LineRig, S, line_of, role, room
from support.stores import submission

from notify_server.domain.actions import ReadAll
from notify_server.domain.notification import Priority
from notify_server.domain.receipt import Status
from notify_server.domain.settings import AudienceSettings, Settings
from notify_server.domain.signals import NotificationFrame, Removal, RemovedSignal
from notify_server.domain.target import UserRecord
from notify_server.domain.view import InboxQuery


async def test_broadcast_is_one_frame_for_all_sessions(rig):
    sessions = [await rig.connect(f"u{n}") for n in range(30)]
    sent = await rig.send(to=[EVERYONE])
    emits = [size for signal, size in rig.emitter.emits if _is_of(signal, sent)]
    assert emits == [30]
    acks = {w.ack_id for w in rig.emitter.written if _is_of(w.signal, sent)}
    assert len(acks) == 1
    assert all(rig.ids(s) == [sent] for s in sessions)


async def test_frame_of_a_fan_out_is_made_of_nothing_that_differs_between_users(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    (frame,) = rig.frames(session)
    assert (frame.replayed, frame.attempt, frame.reminder) == (False, None, None)
    assert frame.view.state.status is Status.SENT
    await rig.replace(sent, "ann", title="2")
    assert rig.frames(session)[-1].view.state is None


@pytest.mark.parametrize("known", [10, 10_000])
async def test_broadcast_stores_one_row_whatever_the_number_of_known_users(rig, store, known):
    for start in range(0, known, 500):
        await asyncio.gather(
            *(
                store.save_user(UserRecord(f"u{n}", rig.clock.now()))
                for n in range(start, min(known, start + 500))
            )
        )
    sent = await rig.send(to=[EVERYONE])
    assert (await store.summary(sent)).total == 0
    assert len(await store.changed(rig.clock.now(), 10)) == 1


async def test_live_frames_of_one_priority_come_in_the_order_of_acceptance(rig):
    """10.4, and ids grow with it; many callers at once."""
    sessions = [await rig.connect("ann"), await rig.connect("ann", acks=False)]
    rng = Random(3)
    drafts = [
        rig.draft(
            *(["ann"] if rng.random() < 0.5 else []),
            to=[EVERYONE],
            priority=rng.choice(list(Priority)),
        )
        for _ in range(300)
    ]
    answers = await asyncio.gather(
        *(rig.line.submissions.submit(CALLER, draft, None) for draft in drafts)
    )
    await rig.settle()
    for session in sessions:
        assert sorted(rig.ids(session)) == sorted(a.id for a in answers)
        for priority in Priority:
            of_one = [
                f.view.notification.id
                for f in rig.frames(session)
                if f.view.notification.content.priority is priority
            ]
            assert of_one == sorted(of_one)


async def test_only_who_it_is_for_gets_it(rig):
    ann, admin, roomy, out = [
        await rig.connect("ann"),
        await rig.connect("adm", roles=["ADMIN"]),
        await rig.connect("roo", rooms=["*"]),
        await rig.connect("out"),
    ]
    await rig.line.people.join_room(roomy, "r", stored=False)
    sent = await rig.send("ann", to=[role("ADMIN"), room("r")], exclude=["roo"])
    assert [rig.ids(s) for s in (ann, admin, roomy, out)] == [[sent], [sent], [], []]
    again = await rig.send("ann", to=[role("ADMIN"), room("r"), EVERYONE], exclude=["ann"])
    assert [rig.ids(s) for s in (ann, admin, roomy, out)] == [
        [sent], [sent, again], [again], [again],
    ]  # fmt: skip


async def test_hit_by_several_targets_gets_one_copy_per_session(rig):
    one = await rig.connect("ann", roles=["ADMIN"])
    two = await rig.connect("ann", roles=["ADMIN"])
    sent = await rig.send("ann", to=[role("ADMIN"), EVERYONE])
    assert rig.ids(one) == rig.ids(two) == [sent]


async def test_line_target_goes_to_sessions_of_that_line_only(rig):
    user_line = await rig.connect("ann", roles=["ADMIN"])
    admin = await rig.connect("ann", roles=["ADMIN"], line="/admin")
    sent = await rig.send(to=[line_of("/admin")], line="/admin")
    assert (rig.ids(user_line), rig.ids(admin)) == ([], [sent])


async def test_switched_off_type_is_not_shown_live_but_listed(rig):
    session = await rig.connect("ann")
    await rig.line.people.subscribe("ann", {"info": False})
    sent = await rig.send("ann", type="info")
    critical = await rig.send("ann", type="info", priority=Priority.CRITICAL)
    assert rig.ids(session) == [critical]
    page = await rig.line.inbox.page("ann", "/", InboxQuery())
    assert {v.notification.id for v in page.items} == {sent, critical}


async def test_transient_reaches_who_is_connected_and_leaves_nothing(rig, store):
    session = await rig.connect("ann")
    before = (await store.stats())["writes"]
    sent = await rig.send("ann", persist=False, collapse_key="k")
    (frame,) = rig.frames(session)
    assert (frame.transient, frame.view.state) == (True, None)
    assert frame.view.notification.content.collapse_key == "k"
    assert [w.ack_id for w in rig.emitter.written if _is_of(w.signal, sent)] == [None]
    assert (await store.stats())["writes"] == before
    assert await store.notifications([sent]) == {}
    assert rig.ids(await rig.connect("ann")) == []


async def test_discovery_delivers_what_was_stored_and_never_dispatched(rig, store):
    """F12: emit is a hint; what a crash or another node left in the store is found."""
    session = await rig.connect("ann")
    rig.clock.advance(60 * S)
    await rig.line.discovery.look()
    (accepted,) = await store.accept([submission("ann")])
    await rig.settle()
    assert rig.ids(session) == []
    rig.clock.advance(5 * S)
    await rig.line.discovery.look()
    await rig.settle()
    assert rig.ids(session) == [accepted.notification.id]
    for _ in range(5):
        await rig.line.discovery.look()
        await rig.settle()
    assert rig.ids(session) == [accepted.notification.id]


async def test_discovery_of_what_is_for_nobody_here_asks_the_store_for_no_receipts(
    rig, store, monkeypatch
):
    asked, holders = [], store.holders

    async def counted(notification_id):
        asked.append(notification_id)
        return await holders(notification_id)

    monkeypatch.setattr(store, "holders", counted)
    session = await rig.connect("ann")
    rig.clock.advance(60 * S)
    await rig.line.discovery.look()
    await store.accept([submission(f"elsewhere-{at}") for at in range(20)])
    (ours,) = await store.accept([submission("ann")])
    rig.clock.advance(5 * S)
    await rig.line.discovery.look()
    await rig.settle()
    assert asked == [ours.notification.id]
    assert rig.ids(session) == [ours.notification.id]


async def test_discovery_does_not_send_again_what_was_dispatched(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.replace(sent, "ann", title="2")
    frames = len(rig.frames(session))
    for _ in range(4):
        rig.clock.advance(5 * S)
        await rig.line.discovery.look()
        await rig.settle()
    assert len(rig.frames(session)) == frames == 2


async def test_discovery_does_not_send_again_however_much_was_accepted_since(rig, store):
    """What lies within its overlap stays known, or a burst would be sent again and again."""
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    for _ in range(21):
        await store.accept([submission("bob") for _ in range(1_000)])
    for _ in range(3):
        rig.clock.advance(1 * S)
        await rig.line.discovery.look()
        await rig.settle()
    assert rig.ids(session) == [sent]


async def test_discovery_pages_through_more_than_a_page_of_one_moment(rig, store):
    session = await rig.connect("ann")
    stored = await store.accept([submission("ann") for _ in range(1_300)])
    await rig.line.discovery.look()
    await rig.settle()
    assert rig.ids(session) == [a.notification.id for a in stored]


async def test_discovery_tells_of_replaced_and_cancelled(rig, store):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await store.replace(sent, submission("ann", title="2"))
    await rig.line.discovery.look()
    await rig.settle()
    assert rig.frames(session)[-1].view.notification.revision == 2
    await store.cancel(sent)
    await rig.line.discovery.look()
    await rig.settle()
    assert rig.emitter.to(session.id, RemovedSignal) == [RemovedSignal((sent,), Removal.CANCELLED)]


async def test_cancel_leaves_it_to_who_read_it_and_says_both_numbers(rig):
    ann, bob = await rig.connect("ann"), await rig.connect("bob")
    sent = await rig.send("ann", "bob", "away")
    await rig.ack(ann)
    await rig.ack(bob)
    await rig.act("ann", sent, "read")
    cancelled = await rig.line.submissions.cancel(CALLER, sent)
    await rig.settle()
    assert (cancelled.stopped, cancelled.removed) == (1, 1)
    assert rig.emitter.to(ann.id, RemovedSignal) == []
    assert rig.emitter.to(bob.id, RemovedSignal) == [RemovedSignal((sent,), Removal.CANCELLED)]
    assert rig.ids(await rig.connect("away")) == []
    again = await rig.line.submissions.cancel(CALLER, sent)
    assert again.stopped == 0


async def test_cancel_leaves_it_to_who_read_it_by_mark_all_read(rig):
    ann, bob = await rig.connect("ann"), await rig.connect("bob")
    sent = await rig.send(to=[EVERYONE])
    await rig.ack(bob)
    rig.clock.advance(120 * S)
    await rig.line.inbox.read_all("ann", "/", ReadAll())
    await rig.settle()
    await rig.line.submissions.cancel(CALLER, sent)
    await rig.settle()
    assert (await rig.line.inbox.view("ann", sent)).notification.id == sent
    assert rig.emitter.to(ann.id, RemovedSignal) == []
    assert rig.emitter.to(bob.id, RemovedSignal) == [RemovedSignal((sent,), Removal.CANCELLED)]


async def test_new_revision_skips_who_dismissed_deleted_or_snoozed_it(rig):
    users = ["a", "b", "c", "d"]
    sessions = [await rig.connect(u) for u in users]
    sent = await rig.send(to=[EVERYONE])
    for session in sessions:
        await rig.ack(session)
    await rig.act("a", sent, "dismiss")
    await rig.act("b", sent, "delete")
    await rig.act("c", sent, "snooze", until=rig.clock.now() + 600 * S)
    await rig.replace(sent, title="2")
    assert [len(rig.frames(s)) for s in sessions] == [1, 1, 1, 2]


async def test_expired_before_it_was_dispatched_is_not_sent(rig, store):
    session = await rig.connect("ann")
    await store.accept([submission("ann", expires_at=rig.clock.now() + S)])
    rig.clock.advance(2 * S)
    await rig.line.discovery.look()
    await rig.settle()
    assert rig.ids(session) == []


async def test_newcomer_sees_nothing_of_before_unless_configured(make_rig):
    plain = await make_rig()
    await plain.connect("early")
    await plain.send(to=[EVERYONE, role("ADMIN")])
    plain.clock.advance(S)
    assert plain.ids(await plain.connect("new", roles=["ADMIN"])) == []
    lookback = await make_rig(replace(Settings(), audience=AudienceSettings(newcomers_see_s=60)))
    sent = await lookback.send(to=[EVERYONE])
    lookback.clock.advance(30 * S)
    assert sent in lookback.ids(await lookback.connect("newer"))


def _is_of(signal, notification_id):
    return isinstance(signal, NotificationFrame) and signal.view.notification.id == notification_id


# Who left the audience keeps what reached them (contract 10.7)


async def _left_with_one(rig, **fields):
    """A session whose user received one in a room and then left it."""
    session = await rig.connect("ann", rooms=["*"])
    await rig.line.people.join_room(session, "r", stored=True)
    rig.clock.advance(S)
    sent = await rig.send(to=[room("r")], **fields)
    await rig.ack(session)
    await rig.line.people.leave_room(session, "r", stored=True)
    await rig.settle()
    return session, sent


async def test_new_revision_reaches_who_received_it_and_left(rig):
    session, sent = await _left_with_one(rig)
    late = await rig.connect("bob", rooms=["*"])
    await rig.replace(sent, to=[room("r")], title="new")
    assert [f.view.notification.content.title for f in rig.frames(session)] == ["t", "new"]
    assert rig.frames(late) == []
    await rig.tick(31 * S)
    assert (await rig.receipt("ann", sent)).attempts == 1


async def test_new_revision_reaches_nobody_who_left_and_hid_it(rig):
    session, sent = await _left_with_one(rig)
    await rig.act("ann", sent, "dismiss")
    await rig.replace(sent, to=[room("r")], title="new")
    assert len(rig.frames(session)) == 1


@pytest.mark.parametrize("end", [Removal.CANCELLED, Removal.EXPIRED])
async def test_end_is_told_to_who_received_it_and_left(rig, end):
    session, sent = await _left_with_one(rig, expires_at=rig.clock.now() + 60 * S)
    if end is Removal.CANCELLED:
        await rig.line.submissions.cancel(CALLER, sent)
    rig.clock.advance(60 * S)
    await rig.line.expiry.run()
    await rig.settle()
    assert rig.emitter.to(session.id, RemovedSignal) == [RemovedSignal((sent,), end)]


async def test_first_fan_out_asks_the_store_nothing(rig):
    await rig.connect("ann")
    rig.clock.advance(S)  # what is accepted in the moment of a count makes it be read again
    before = (await rig.store.stats())["reads"]
    await rig.send(to=[EVERYONE])
    accepting = (await rig.store.stats())["reads"] - before
    await rig.line.submissions.submit(CALLER, rig.draft(to=[EVERYONE]), None)
    await rig.settle()
    assert (await rig.store.stats())["reads"] - before == 2 * accepting == 0


async def test_discovery_reads_only_what_was_not_heard_of(rig, monkeypatch):
    session = await rig.connect("ann")
    known = [await rig.send("ann") for _ in range(3)]
    (strange,) = await rig.store.accept([submission("ann")])
    asked = []
    real = rig.store.notifications

    async def notifications(ids):
        asked.append(list(ids))
        return await real(ids)

    monkeypatch.setattr(rig.store, "notifications", notifications)
    for _ in range(2):
        await rig.line.discovery.look()
        await rig.settle()
    assert asked == [[strange.notification.id]]
    assert rig.ids(session) == [*known, strange.notification.id]


async def test_start_sends_nothing_again_to_who_comes_back(rig, store, clock):
    """X21: what the first discovery hears of has been sent before, or is replayed."""
    session = await rig.connect("ann")
    had = await rig.send("ann")
    await rig.ack(session)
    await rig.close(session)
    waits = await rig.send("ann")
    again = LineRig(store, clock)
    await again.line.discovery.look()
    back = await again.connect("ann", wait=False)
    await again.start()
    await again.settle()
    assert had not in again.ids(back)
    assert again.ids(back) == [waits]
    await again.stop()
