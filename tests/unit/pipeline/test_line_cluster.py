"""Two lines over one store that hear each other late, or only after an outage."""

import asyncio

import pytest
from support.line_rig import EVERYONE, S

from notify_server.domain.errors import NotFoundError, UnavailableError
from notify_server.pipeline import cluster


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is awaited has no event
            await asyncio.sleep(0.001)


async def test_news_of_a_person_while_the_store_stalls_hold_up_no_other_news(
    rigs, hub, monkeypatch
):
    """A node that hears nothing is deaf: it would be torn off the bus by its own slow store."""
    two = rigs[1]
    await two.connect("ann")
    await hub.carry()
    stalls, real = asyncio.Event(), two.store.user

    async def user(name):
        await stalls.wait()
        return await real(name)

    monkeypatch.setattr(two.store, "user", user)
    news = asyncio.ensure_future(two.line.cluster._hear(cluster.PersonNews("ann")))
    await until(news.done)
    stalls.set()
    await hub.settle(rigs)


async def test_revoked_elsewhere_while_the_store_fails_ends_the_session_when_it_is_back(
    rigs, hub, monkeypatch
):
    monkeypatch.setattr(cluster, "_RETRY_S", 0.01)
    one, two = rigs
    session = await two.connect("ann")
    one.clock.advance(S)
    await one.line.people.revoke("ann")
    fails, real = [3], two.store.user

    async def user(name):
        if fails[0]:
            fails[0] -= 1
            raise UnavailableError("away")
        return await real(name)

    monkeypatch.setattr(two.store, "user", user)
    await hub.settle(rigs)
    assert session.id in two.emitter.disconnected


async def test_revoked_while_the_bus_is_away_ends_the_session_when_it_is_back(rigs, hub):
    one, two = rigs
    session = await two.connect("ann")
    two.line.cluster.tick()
    await hub.carry()
    hub.is_cut = True
    one.clock.advance(S)
    await one.line.people.revoke("ann")
    await hub.settle(rigs)
    assert session.id not in two.emitter.disconnected
    hub.is_cut = False
    hub.places[1].resumed()
    await hub.settle(rigs)
    assert session.id in two.emitter.disconnected


async def test_erased_on_another_node_what_was_on_its_way_here_leaves_no_receipt(rigs, hub, store):
    one, two = rigs
    session = await two.connect("ann")
    await two.connect("bob")
    await one.send(to=[EVERYONE])
    await hub.settle(rigs)
    assert two.frames(session)
    await one.line.erasure.erase("ann", "operator")
    one.clock.advance(S)
    await hub.settle(rigs)
    two.line.desk.closed(session)
    await two.tick(60 * S)
    await hub.settle(rigs)
    assert await store.held("ann", "", 10) == []


async def test_bus_back_with_many_sessions_asks_the_store_for_a_few_at_a_time(
    rigs, hub, monkeypatch
):
    one, two = rigs
    sessions = [await two.connect(f"u{n}", wait=False) for n in range(300)]
    await two.settle()
    two.line.cluster.tick()
    hub.is_cut = True
    sent = await one.send(to=[EVERYONE])
    hub.is_cut = False
    most, real = [0], two.store.changed_entries

    async def changed_entries(*args):
        most[0] = max(most[0], two.line.catch_up.running)
        return await real(*args)

    monkeypatch.setattr(two.store, "changed_entries", changed_entries)
    hub.places[1].resumed()
    hub.places[1].resumed()
    await hub.settle(rigs)
    assert all(two.ids(session)[-1] == sent for session in sessions)
    assert most[0] <= 2 * cluster._AT_ONCE


async def test_missed_before_and_heard_after_an_outage_is_shown_in_the_order_of_acceptance(
    rigs, hub
):
    """Contract 10.4: what came while the session was caught up does not go before what it lost."""
    one, two = rigs
    session = await two.connect("ann")
    two.line.cluster.tick()
    await hub.carry()
    hub.is_cut = True
    lost = [await one.send("ann", wait=False) for _ in range(100)]
    one.clock.advance(S)
    heard = await one.send("ann")
    two.line.catch_up.begin_again(session, two.clock.now() - 5 * S)
    session.miss((await two.store.notifications([heard]))[heard])
    await hub.settle(rigs)
    assert two.ids(session) == [*lost, heard]


async def test_session_that_no_node_has_is_unknown_only_when_all_have_answered(
    rigs, hub, monkeypatch
):
    """Half a second may pass on a machine that stands still: that tells nothing of the session."""
    monkeypatch.setattr(cluster, "ANSWER_S", 0.01)
    one, two = rigs
    there = await two.connect("ann")
    for session in (there.id, "nobody"):
        with pytest.raises(UnavailableError):
            await one.line.operators.kick(session)
    monkeypatch.setattr(cluster, "ANSWER_S", 60)
    await hub.carry()
    for session, expected in ((there.id, "ann"), ("nobody", None)):
        kicking = asyncio.ensure_future(one.line.operators.kick(session))
        while not kicking.done():
            await hub.carry()
            await asyncio.sleep(0)
        if expected is None:
            assert isinstance(kicking.exception(), NotFoundError)
        else:
            assert kicking.result().user == expected
    await hub.settle(rigs)
    assert there.id in two.emitter.disconnected
