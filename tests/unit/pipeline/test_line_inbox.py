"""The list, single notifications, "mark all read" (contract 5, 6)."""

import asyncio
from itertools import pairwise

import pytest
from support.line_rig import CALLER, DAY, EVERYONE, S, role

from notify_server.domain.actions import Act, Action, ReadAll
from notify_server.domain.errors import NotFoundError
from notify_server.domain.receipt import Status, Step
from notify_server.domain.signals import AllUpdatedSignal, RemovedSignal, UpdatedSignal
from notify_server.domain.target import Position, Watermark
from notify_server.domain.view import Counts, InboxQuery
from notify_server.pipeline.inbox import MARK_LAG


async def _many(rig, number, *users, **fields):
    ids = []
    for start in range(0, number, 1000):
        drafts = [rig.draft(*users, **fields) for _ in range(min(1000, number - start))]
        ids += [a.id for a in await rig.line.submissions.submit_many(CALLER, drafts, None)]
    await rig.settle()
    return ids


async def _all_ids(rig, limit=20, **query):
    """Page to the end by ``before``."""
    found, before = [], None
    while True:
        page = await rig.line.inbox.page("ann", "/", InboxQuery(limit, before, **query))
        found += [view.notification.id for view in page.items]
        if not page.has_more:
            return found
        before = page.older


async def test_list_is_newest_first_over_receipts_and_audiences(rig):
    await rig.connect("ann", roles=["R"])
    sent = []
    for n in range(30):
        rig.clock.advance(S)
        target = [("ann",), (), ()][n % 3]
        to = [[], [EVERYONE], [role("R")]][n % 3]
        sent.append(await rig.send(*target, to=to))
    assert await _all_ids(rig, limit=7) == sent[::-1]
    page = await rig.line.inbox.page("ann", "/", InboxQuery())
    assert (page.total, page.total_more, page.counts) == (30, False, Counts(30, 30))


async def test_pages_by_after_go_back_up(rig):
    sent = await _many(rig, 30, "ann")
    bottom = await rig.line.inbox.page("ann", "/", InboxQuery(10, offset=20))
    assert [v.notification.id for v in bottom.items] == sent[9::-1]
    up = await rig.line.inbox.page("ann", "/", InboxQuery(10, after=bottom.newer))
    assert [v.notification.id for v in up.items] == sent[19:9:-1]
    assert up.has_more
    top = await rig.line.inbox.page("ann", "/", InboxQuery(10, after=up.newer))
    assert [v.notification.id for v in top.items] == sent[:19:-1]
    assert not top.has_more


async def test_pages_stay_put_while_new_ones_arrive(rig):
    sent = await _many(rig, 40, "ann")
    first = await rig.line.inbox.page("ann", "/", InboxQuery(20))
    await _many(rig, 10, "ann")
    second = await rig.line.inbox.page("ann", "/", InboxQuery(20, before=first.older))
    assert [v.notification.id for v in (*first.items, *second.items)] == sent[::-1]


async def test_list_of_5000_broadcasts_and_receipts_is_complete(rig):
    await rig.connect("ann")
    sent = await _many(rig, 1_500, to=[EVERYONE]) + await _many(rig, 700, "ann")
    assert await _all_ids(rig, limit=100) == sorted(sent, reverse=True)


async def test_list_delivers_what_it_shows(rig):
    sent = await rig.send("ann")
    page = await rig.line.inbox.page("ann", "/", InboxQuery())
    assert page.items[0].state.status is Status.DELIVERED
    receipt = await rig.receipt("ann", sent)
    assert receipt.delivered_revision == 1
    assert receipt.acks == ()
    assert (await rig.view("ann", sent)).state.status is Status.DELIVERED
    session = await rig.connect("ann")
    assert rig.ids(session) == []


async def test_list_shows_what_is_acknowledged_while_it_is_read(rig, monkeypatch):
    session = await rig.connect("ann")
    await rig.send("ann")
    real = rig.store.save

    async def save(receipts):
        monkeypatch.undo()
        await rig.ack(session)
        return await real(receipts)

    monkeypatch.setattr(rig.store, "save", save)
    page = await rig.line.inbox.page("ann", "/", InboxQuery())
    assert page.items[0].state.status is Status.DELIVERED


async def test_view_of_foreign_unknown_and_deleted_is_not_found(rig):
    foreign = await rig.send("bob")
    mine = await rig.send("ann")
    await rig.act("ann", mine, "delete")
    for one in (foreign, mine, "nonsense", ""):
        with pytest.raises(NotFoundError):
            await rig.line.inbox.view("ann", one)
    assert await rig.receipt("ann", foreign) is None


async def test_acting_on_foreign_ids_changes_nothing_and_says_unknown(rig):
    foreign, mine = await rig.send("bob"), await rig.send("ann")
    acted = await rig.act("ann", [foreign, mine, "nonsense"], "read")
    assert (acted.changed, acted.unknown) == ((mine,), (foreign, "nonsense"))
    assert (await rig.receipt("bob", foreign)).read_at is None


@pytest.mark.parametrize("action", [a for a in Action if a is not Action.SNOOZE])
async def test_every_action_twice_is_once(rig, action):
    sent = await rig.send("ann")
    other = await rig.connect("ann")
    await rig.act("ann", sent, action)
    once = await rig.receipt("ann", sent)
    told = len(rig.emitter.to(other.id, UpdatedSignal | RemovedSignal))
    rig.clock.advance(S)
    acted = await rig.act("ann", sent, action)
    assert await rig.receipt("ann", sent) == once
    assert len(rig.emitter.to(other.id, UpdatedSignal | RemovedSignal)) == told
    assert acted.changed == (() if action is Action.DELETE else (sent,))


async def test_other_sessions_are_told_the_one_that_asked_is_not(rig):
    asking, other = await rig.connect("ann"), await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.line.inbox.act("ann", [sent], Act(Action.READ), asking.id)
    assert rig.emitter.to(asking.id, UpdatedSignal) == []
    (update,) = rig.emitter.to(other.id, UpdatedSignal)
    assert update.ids == (sent,)
    assert update.changes["is_read"] is True
    assert {"read_at", "seen_at"} <= update.changes.keys()


async def test_batch_is_told_in_one_signal(rig):
    session = await rig.connect("ann")
    sent = await _many(rig, 50, "ann")
    await rig.ack(session)
    await rig.act("ann", sent, "read")
    updates = rig.emitter.to(session.id, UpdatedSignal)
    assert len(updates) == 1
    assert set(updates[0].ids) == set(sent)


async def test_two_tabs_acting_at_once_both_win(rig):
    """Compare-and-set: neither loses the other's change."""
    sent = await rig.send("ann")
    verbs = (Action.PIN, Action.CLICKED, Action.DISMISS, Action.ACKNOWLEDGE)
    await asyncio.gather(*(rig.line.inbox.act("ann", [sent], Act(a)) for a in verbs))
    receipt = await rig.receipt("ann", sent)
    assert None not in (
        receipt.pinned_at, receipt.clicked_at, receipt.dismissed_at, receipt.acknowledged_at,
    )  # fmt: skip


# Mark all read


async def test_mark_all_read_of_10000_is_done_and_later_unread_of_one_wins(rig):
    sent = await _many(rig, 10_000, "ann")
    rig.clock.advance(2 * MARK_LAG)
    await rig.line.inbox.read_all("ann", "/", ReadAll())
    assert await rig.line.inbox.counts("ann", "/") == Counts(0, 0)
    await rig.settle()
    assert await rig.line.inbox.counts("ann", "/") == Counts(0, 0)
    rig.clock.advance(S)
    await rig.act("ann", sent[17], "unread")
    assert (await rig.line.inbox.counts("ann", "/")).unread == 1
    page = await rig.line.inbox.page("ann", "/", InboxQuery(unread=True))
    assert [v.notification.id for v in page.items] == [sent[17]]


async def test_mark_all_read_covers_broadcasts_by_one_watermark(rig, store):
    await rig.connect("ann")
    sent = await _many(rig, 500, to=[EVERYONE])
    rig.clock.advance(2 * MARK_LAG)
    await rig.line.inbox.read_all("ann", "/", ReadAll())
    await rig.settle()
    assert await rig.line.inbox.counts("ann", "/") == Counts(0, 0)
    assert (await store.summary(sent[0])).total == 0
    view = await rig.line.inbox.view("ann", sent[0])
    assert view.state.read_at == rig.clock.now()
    assert view.state.seen_at == view.state.read_at


async def test_mark_all_read_marks_what_is_younger_than_the_lag_too(rig):
    session = await rig.connect("ann")
    for _ in range(5):
        await rig.send("ann")
        await rig.send(to=[EVERYONE])
        rig.clock.advance(S)
    await rig.line.inbox.read_all("ann", "/", ReadAll())
    await rig.settle()
    assert await rig.line.inbox.counts("ann", "/") == Counts(0, 0)
    assert await rig.shown_counts(session) == Counts(0, 0)


async def test_what_comes_after_mark_all_read_is_unread(rig):
    await rig.connect("ann")
    await rig.send("ann")
    await rig.line.inbox.read_all("ann", "/", ReadAll())
    rig.clock.advance(S / 1000)
    await rig.send("ann")
    await rig.send(to=[EVERYONE])
    await rig.settle()
    assert (await rig.line.inbox.counts("ann", "/")).unread == 2


async def test_unread_before_a_later_mark_all_read_is_read(rig):
    await rig.connect("ann")
    sent = await rig.send(to=[EVERYONE])
    await rig.act("ann", sent, "read")
    rig.clock.advance(S)
    await rig.act("ann", sent, "unread")
    rig.clock.advance(2 * MARK_LAG)
    await rig.line.inbox.read_all("ann", "/", ReadAll())
    await rig.settle()
    assert (await rig.line.inbox.counts("ann", "/")).unread == 0


async def test_snoozed_before_mark_all_read_wakes_unread(rig):
    sent = await rig.send("ann")
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + 600 * S)
    rig.clock.advance(300 * S)
    await rig.line.inbox.read_all("ann", "/", ReadAll())
    await rig.settle()
    await rig.tick(300 * S)
    assert (await rig.line.inbox.counts("ann", "/")).unread == 1


@pytest.mark.parametrize("broadcast", [False, True])
async def test_mark_all_read_by_type_tags_and_before(rig, broadcast):
    await rig.connect("ann")
    users, to = ([], [EVERYONE]) if broadcast else (["ann"], [])
    alert = await rig.send(*users, to=to, type="alert")
    tagged = await rig.send(*users, to=to, tags=("x", "y"))
    rig.clock.advance(S)
    plain = await rig.send(*users, to=to)
    rig.clock.advance(S)
    newest = await rig.send(*users, to=to)

    async def unread():
        page = await rig.line.inbox.page("ann", "/", InboxQuery(unread=True))
        return {v.notification.id for v in page.items}

    await rig.line.inbox.read_all("ann", "/", ReadAll(type="alert"))
    await rig.settle()
    assert await unread() == {tagged, plain, newest}
    await rig.line.inbox.read_all("ann", "/", ReadAll(tags=("y", "z")))
    await rig.settle()
    assert await unread() == {plain, newest}
    await rig.line.inbox.read_all("ann", "/", ReadAll(before=plain))
    await rig.settle()
    assert await unread() == {newest}
    assert alert


async def test_mark_all_read_before_a_foreign_id_is_refused(rig):
    foreign = await rig.send("bob")
    mine = await rig.send("ann")
    with pytest.raises(NotFoundError):
        await rig.line.inbox.read_all("ann", "/", ReadAll(before=foreign))
    assert (await rig.receipt("ann", mine)).read_at is None


async def test_mark_all_read_tells_the_other_sessions_once(rig):
    asking, other = await rig.connect("ann"), await rig.connect("ann")
    await _many(rig, 20, "ann")
    await rig.line.inbox.read_all("ann", "/", ReadAll(), asking.id)
    await rig.settle()
    assert len(rig.emitter.to(other.id, AllUpdatedSignal)) == 1
    assert rig.emitter.to(asking.id, AllUpdatedSignal) == []
    assert rig.emitter.to(other.id, UpdatedSignal) == []


async def test_mark_all_read_stops_retries_and_replays(rig):
    session = await rig.connect("ann")
    await rig.send("ann")
    await rig.tick(30 * S)
    rig.clock.advance(0.5 * S)
    await rig.line.inbox.read_all("ann", "/", ReadAll())
    await rig.settle()
    frames = len(rig.frames(session))
    await rig.tick(60 * S)
    assert len(rig.frames(session)) == frames
    assert rig.ids(await rig.connect("ann")) == []


async def test_watermark_never_goes_back(rig):
    await rig.connect("ann")
    now = rig.clock.now()
    new = Watermark(Position(now, "b"), now)
    old = Watermark(Position(now - DAY, "a"), now - DAY)
    assert await rig.line.people.set_read_mark("ann", "/", new) == new
    assert await rig.line.people.set_read_mark("ann", "/", old) == new
    later = Watermark(Position(now - DAY, "a"), now + DAY)
    mixed = await rig.line.people.set_read_mark("ann", "/", later)
    assert mixed == Watermark(new.position, later.set_at)


async def test_lists_have_no_doubles_where_receipt_and_feed_meet(rig):
    await rig.connect("ann")
    sent = await _many(rig, 250, to=[EVERYONE])
    await rig.act("ann", sent[::2], "seen")
    ids = await _all_ids(rig, limit=30)
    assert ids == sent[::-1]
    assert all(a > b for a, b in pairwise(ids))


# A revision that came while it was out of the list


async def _dismissed_at_one(rig, session):
    sent = await rig.send("ann")
    await rig.ack(session)
    await rig.act("ann", sent, "dismiss")
    await rig.replace(sent, "ann", title="two")
    return sent


async def test_restored_revision_goes_to_the_open_session(rig):
    session = await rig.connect("ann")
    sent = await _dismissed_at_one(rig, session)
    assert len(rig.frames(session)) == 1
    await rig.act("ann", sent, "restore")
    await rig.tick()
    assert [f.view.notification.content.title for f in rig.frames(session)] == ["t", "two"]
    await rig.ack(session)
    await rig.tick(60 * S)
    assert len(rig.frames(session)) == 2


async def test_restored_revision_waits_for_who_left(rig):
    session = await rig.connect("ann")
    sent = await _dismissed_at_one(rig, session)
    await rig.close(session)
    await rig.act("ann", sent, "restore")
    await rig.tick()
    assert (await rig.receipt("ann", sent)).step is Step.WAIT
    session = await rig.connect("ann")
    assert [f.view.notification.content.title for f in rig.frames(session)] == ["two"]


@pytest.mark.parametrize("action", ["unread", "pin", "unpin"])
async def test_act_on_an_older_revision_does_not_deliver_the_newer(rig, action):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.ack(session)
    await rig.close(session)
    await rig.act("ann", sent, "read")
    await rig.replace(sent, "ann", title="two")
    await rig.act("ann", sent, action)
    session = await rig.connect("ann")
    assert [f.view.notification.content.title for f in rig.frames(session)] == ["two"]
