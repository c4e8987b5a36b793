"""What operators do with the line: search, resend, figures, presence; over a real store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from support.line_rig import DAY, S, line_of, role, room

from notify_server.domain.errors import ConflictError, NotFoundError
from notify_server.domain.explanation import Event, Upcoming
from notify_server.domain.notification import Priority
from notify_server.domain.operators import Search, Standing
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Step
from notify_server.domain.target import EVERYONE
from notify_server.pipeline import audience, resending, searching

HIGH = Priority.HIGH


async def found(rig, **wanted):
    page = await rig.line.operators.search(Search(**wanted))
    return [one.notification.id for one in page.items]


# Search


async def test_search_pages_through_all_newest_first(rig):
    sent = [await rig.send("ann", wait=False) for _ in range(5)]
    seen, before = [], None
    while True:
        page = await rig.line.operators.search(Search(limit=2, before=before))
        seen += [one.notification.id for one in page.items]
        if not page.has_more:
            break
        before = page.before
    assert seen == sent[::-1]


async def test_search_for_a_user_finds_named_and_received_only(rig):
    named = await rig.send("ann")
    await rig.send("bob")
    bob = await rig.connect("bob")
    shared = await rig.send(to=[EVERYONE])
    assert await found(rig, user="ann") == [named]
    await rig.ack(bob)
    assert shared in await found(rig, user="bob")


async def test_search_for_undelivered_follows_delivery(rig):
    ann = await rig.connect("ann")
    one, two = await rig.send("ann"), await rig.send("ann", "bob")
    assert await found(rig, standing=Standing.UNDELIVERED) == [two, one]
    await rig.ack(ann)
    assert await found(rig, standing=Standing.UNDELIVERED) == [two]


async def test_search_standing_and_times(rig):
    gone = await rig.send("ann", expires_at=rig.clock.now() + S)
    rig.clock.advance(10 * S)
    middle = rig.clock.now()
    live = await rig.send("ann")
    assert await found(rig, standing=Standing.EXPIRED) == [gone]
    assert await found(rig, standing=Standing.LIVE) == [live]
    assert await found(rig, since=middle) == [live]
    assert await found(rig, until=middle) == [gone]
    assert await found(rig, since=middle, until=middle + S, text="T") == [live]


async def test_search_looks_at_a_bounded_stretch_and_goes_on(rig, monkeypatch):
    rare = await rig.send("ann", title="needle")
    for _ in range(8):
        await rig.send("ann", wait=False)
    monkeypatch.setattr(searching, "SCAN_LIMIT", 4)
    monkeypatch.setattr(searching, "_PAGE", 2)
    monkeypatch.setattr(searching, "_FIRST_PAGE", 2)
    pages, before = [], None
    while True:
        page = await rig.line.operators.search(Search(text="needle", limit=1, before=before))
        pages.append([one.notification.id for one in page.items])
        assert page.scanned <= 6
        if not page.has_more or page.items:
            break
        before = page.before
    assert pages == [[], [], [rare]]


# Resend


async def test_resend_pushes_again_what_was_given_up(rig):
    ann = await rig.connect("ann")
    sent = await rig.send("ann")
    for _ in range(6):
        await rig.tick(timedelta(minutes=2))
    assert (await rig.receipt("ann", sent)).closed is Reason.NO_ACK
    before = len(rig.ids(ann))
    resent = await rig.line.operators.resend(sent)
    assert (resent.resent, resent.connected_now, resent.after) == (1, 1, None)
    await rig.tick()
    assert len(rig.ids(ann)) == before + 1
    await rig.ack(ann)
    view = await rig.view("ann", sent)
    assert view.why is Reason.DELIVERED
    reasons = [h.attempt.reason for h in view.timeline if h.event is Event.SENT]
    assert reasons[-1] is Reason.RESENT
    assert Event.RENEWED in [h.event for h in view.timeline]


async def test_resend_to_who_is_away_waits_anew_for_the_return(rig):
    sent = await rig.send("ann")
    await rig.tick(4 * DAY)
    assert (await rig.view("ann", sent)).why is Reason.WAITED_OUT
    resent = await rig.line.operators.resend(sent)
    assert (resent.resent, resent.connected_now) == (1, 0)
    await rig.tick()
    view = await rig.view("ann", sent)
    assert (view.why, view.next.step) == (Reason.OFFLINE, Upcoming.WAIT)
    assert view.next.at == rig.clock.now() + 3 * DAY
    ann = await rig.connect("ann")
    assert rig.ids(ann) == [sent]


async def test_resend_leaves_alone_who_had_it_or_put_it_aside_or_has_it_underway(rig):
    ann, _cid = await rig.connect("ann"), await rig.connect("cid")
    sent = await rig.send("ann", "bob", "cid", "dan")
    await rig.ack(ann)
    await rig.act("bob", sent, "delete")
    await rig.act("dan", sent, "dismiss")
    resent = await rig.line.operators.resend(sent)
    assert (resent.resent, resent.underway) == (0, 1)
    assert resent.delivered + resent.set_aside == 3


async def test_resend_twice_sends_once_until_it_fails(rig):
    ann = await rig.connect("ann")
    sent = await rig.send("ann", wait=True)
    await rig.tick(timedelta(minutes=5))
    for _ in range(2):
        await rig.line.operators.resend(sent)
    await rig.tick()
    count = len(rig.ids(ann))
    again = await rig.line.operators.resend(sent)
    assert (again.resent, again.underway) == (0, 1)
    await rig.tick()
    assert len(rig.ids(ann)) == count


async def test_resend_reaches_connected_members_without_a_receipt(rig):
    """It was waited out before they came: only listed. A resend pushes it to who is here."""
    await rig.connect("ann", roles=["OPS"])
    rig.line.registry.remove((await rig.connect("bob", roles=["OPS"])).id)
    rig.clock.advance(S)
    for session in list(rig.line.registry.of_user("ann")):
        await rig.close(session)
    sent = await rig.send(to=[role("OPS")], priority=Priority.LOW)
    rig.clock.advance(2 * DAY)
    ann = await rig.connect("ann", roles=["OPS"])
    assert rig.ids(ann) == []
    assert (await rig.view("ann", sent)).why is Reason.WAITED_OUT
    resent = await rig.line.operators.resend(sent)
    assert (resent.resent, resent.connected_now) == (1, 1)
    await rig.tick()
    assert rig.ids(ann) == [sent]


@pytest.mark.parametrize("way", ["cancelled", "expired"])
async def test_resend_of_what_is_over_is_a_conflict(rig, way):
    sent = await rig.send("ann", expires_at=rig.clock.now() + S)
    if way == "cancelled":
        await rig.store.cancel(sent)
    else:
        rig.clock.advance(S)
    with pytest.raises(ConflictError, match=way):
        await rig.line.operators.resend(sent)


async def test_resend_of_what_is_unknown_is_not_found(rig):
    with pytest.raises(NotFoundError):
        await rig.line.operators.resend("nope")


async def test_resend_goes_on_where_a_call_ended(rig, monkeypatch):
    monkeypatch.setattr(resending, "EXAMINED", 2)
    monkeypatch.setattr(resending, "_PAGE", 2)
    sent = await rig.send(*(f"u{n}" for n in range(5)))
    places, resent, after = [], 0, ""
    while after is not None:
        answer = await rig.line.operators.resend(sent, after)
        resent += answer.resent
        after = answer.after
        places.append(after)
    assert (places, resent) == (["u1", "u3", None], 5)


async def test_resend_and_a_delivery_at_once_lose_neither(rig):
    """Whoever comes second reads again: a delivery is never undone by a resend."""
    ann = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.tick(timedelta(minutes=5))
    await asyncio.gather(rig.line.operators.resend(sent), rig.ack(ann))
    await rig.tick()
    await rig.tick(timedelta(minutes=1))
    held = await rig.receipt("ann", sent)
    assert held.delivered_revision == 1
    assert (await rig.view("ann", sent)).why is Reason.DELIVERED


# Explaining an audience


async def test_explain_lists_members_without_a_receipt_and_leaves_out_late_ones(rig):
    for user in ("ann", "bob"):
        await rig.close(await rig.connect(user, roles=["OPS"]))
    rig.clock.advance(S)
    sent = await rig.send(to=[role("OPS")])
    rig.clock.advance(S)
    await rig.close(await rig.connect("cid", roles=["OPS"]))
    told = await rig.line.explanations.explain(sent)
    assert [(one.user, one.why) for one in told.recipients] == [
        ("ann", Reason.OFFLINE), ("bob", Reason.OFFLINE),
    ]  # fmt: skip
    assert told.recipients[0].audiences[0][0] == role("OPS")
    assert (await rig.view("cid", sent)).why is Reason.JOINED_LATER
    stranger = await rig.view("eve", sent)
    assert (stranger.why, stranger.state, stranger.timeline) == (Reason.NOT_A_RECIPIENT, None, ())


async def test_explain_pages_of_an_audience_meet_everybody_once(rig):
    users = [f"u{n}" for n in range(7)]
    for user in users:
        await rig.line.people.add_room_member("r", user)
    here = await rig.connect("u3")
    rig.clock.advance(S)
    sent = await rig.send("named", to=[room("r"), EVERYONE])
    await rig.ack(here)
    seen, after = [], ""
    while after is not None:
        page = await rig.line.explanations.explain(sent, after_user=after, limit=3)
        seen += [one.user for one in page.recipients]
        after = page.after
    assert seen == sorted([*users, "named"])


async def test_explain_frame_on_its_way_says_when_it_is_judged(rig):
    ann = await rig.connect("ann")
    sent = await rig.send("ann", priority=HIGH)
    view = await rig.view("ann", sent)
    assert (view.why, view.next.step, view.next.number, view.next.of) == (
        Reason.IN_FLIGHT, Upcoming.JUDGE, 1, 3,
    )  # fmt: skip
    assert view.next.at == rig.clock.now() + 15 * S
    assert view.timeline[-1].attempt.session == ann.id


async def test_explain_attempts_after_a_snooze_are_a_round_of_their_own(rig):
    await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.tick(timedelta(minutes=1))
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + 10 * S)
    await rig.tick(11 * S)
    await rig.tick(timedelta(minutes=1))
    failures = [a for a in (await rig.view("ann", sent)).attempts if a.outcome == "failed"]
    assert len(failures) >= 2
    assert len({a.at for a in failures}) == len(failures)


async def test_audience_of_a_line_is_who_has_its_roles(rig):
    await rig.close(await rig.connect("boss", roles=["ADMIN"]))
    rig.clock.advance(S)
    sent = await rig.send(to=[line_of("/admin")], line="/admin")
    told = await rig.line.explanations.explain(sent)
    assert [one.user for one in told.recipients] == ["boss"]
    assert audience.Concerned((), None).after is None


# Figures and presence


async def test_stats_count_what_happened(rig):
    ann = await rig.connect("ann")
    await rig.connect("bob", acks=False)
    await rig.send("ann", "bob")
    await rig.ack(ann)
    await rig.send("cid")
    stats = await rig.line.operators.stats()
    assert (stats.users_online, dict(stats.sessions)) == (3, {"/": 3})  # the rig's own is one
    assert stats.unconfirmed == 1
    counted = {name: stats.since_start[name] for name in ("accepted", "refused", "delivered")}
    assert counted == {"accepted": 2, "refused": 0, "delivered": 1}
    assert (stats.stored["notifications"], stats.stored["receipts"]) == (2, 3)
    assert stats.queues["submissions"] == 0


async def test_stats_ask_the_store_once_in_a_while(rig, monkeypatch):
    asked = []
    real = rig.store.sizes

    async def sizes(limit):
        asked.append(limit)
        return await real(limit)

    monkeypatch.setattr(rig.store, "sizes", sizes)
    for _ in range(5):
        await rig.line.operators.stats()
    assert len(asked) == 1
    rig.clock.advance(5 * S)
    await rig.line.operators.stats()
    assert len(asked) == 2


async def test_stats_of_a_user_are_theirs(rig):
    await rig.send("ann")
    read = await rig.send("ann")
    await rig.act("ann", read, "read")
    told = (await rig.line.operators.stats("ann")).user
    own = told.lines["/"]
    assert (own.counts.unread, own.counts.unseen, own.undelivered) == (1, 1, 1)
    assert (told.presence.online, told.presence.known) == (False, False)


async def test_presence_is_of_open_sessions(rig):
    ann = await rig.connect("ann")
    told = await rig.line.operators.presence("ann")
    assert (told.online, told.known, [s.id for s in told.sessions]) == (True, True, [ann.id])
    await rig.close(ann)
    assert not (await rig.line.operators.presence("ann")).online
    assert not (await rig.line.operators.presence("nobody")).known


async def test_sessions_are_filtered_by_user_and_line(rig):
    ann = await rig.connect("ann")
    boss = await rig.connect("boss", roles=["ADMIN"], line="/admin")
    operators = rig.line.operators
    assert [s.id for s in await operators.sessions(user="ann")] == [ann.id]
    assert [s.id for s in await operators.sessions(line="/admin")] == [boss.id]
    assert await operators.sessions(user="ann", line="/admin") == []


async def test_kick_ends_a_session_and_says_whose_it_was(rig):
    ann = await rig.connect("ann")
    assert (await rig.line.operators.kick(ann.id)).user == "ann"
    assert ann.id in rig.emitter.disconnected
    with pytest.raises(NotFoundError):
        await rig.line.operators.kick("nope")


async def test_receipt_that_is_set_aside_keeps_its_step(rig):
    sent = await rig.send("ann")
    held = await rig.receipt("ann", sent)
    snoozed = replace(held, step=Step.WAKE, snoozed_until=rig.clock.now() + DAY, due_at=None)
    assert await rig.store.save([snoozed]) == []
    assert (await rig.line.operators.resend(sent)).set_aside == 1
    assert (await rig.receipt("ann", sent)).step is Step.WAKE
