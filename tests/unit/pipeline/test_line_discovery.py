"""When a node looks for what it was not told, and how little it reads when there is nothing."""

from datetime import timedelta

import pytest
from doubles.hub_bus import Hub
from support.line_rig import CALLER, EVERYONE, S, room
from support.stores import submission

from notify_server.domain.errors import UnavailableError
from notify_server.pipeline.discovery import CALM, DOUBT, LOOK_S
from notify_server.pipeline.heard import HEARD_FOR
from notify_server.policy.replay import OVERLAP

LOOK = timedelta(seconds=LOOK_S)


@pytest.fixture
def place():
    hub = Hub()
    hub.place()
    return hub.place()


@pytest.fixture
async def rig(make_rig, place):
    """A node that is told by another, and has looked just now."""
    rig = await make_rig(bus=place)
    rig.clock.advance(DOUBT + CALM)
    await rig.line.cluster.discover()
    return rig


@pytest.fixture
def looks(monkeypatch, store):
    """Moments from which the store was asked for what changed."""
    asked, real = [], store.changed

    async def changed(since, limit):
        asked.append(since)
        return await real(since, limit)

    monkeypatch.setattr(store, "changed", changed)
    return asked


async def ticks(rig, count):
    for _ in range(count):
        rig.clock.advance(LOOK)
        await rig.line.cluster.discover()
    await rig.settle()


async def test_look_while_all_is_told_is_late_and_begins_where_the_last_one_ended(rig, looks):
    began = rig.clock.now()
    await ticks(rig, 13)
    assert looks == [began - OVERLAP, began + CALM - OVERLAP]


async def test_look_is_frequent_after_a_start(rig, looks):
    """A crash before it may have left what is to be finished some seconds later."""
    await rig.line.discovery.start()
    await ticks(rig, 4)
    assert len(looks) == 3


async def test_look_is_frequent_while_a_node_is_silent(rig, looks, place):
    place.hears_all = False
    await ticks(rig, 8)
    assert len(looks) == 8


async def test_look_follows_at_once_when_a_node_falls_silent(rig, looks, place):
    """It has been so for seconds by then, and what it accepted is to be shown within ten."""
    rig.line.cluster.tick()
    assert looks == []
    place.hears_all = False
    for _ in range(3):
        rig.line.cluster.tick()
        await rig.settle()
    assert len(looks) == 1


@pytest.mark.parametrize("why", ["missed", "resumed", "room joined", "channel not heard"])
async def test_look_follows_whatever_may_have_hidden_something(rig, looks, place, why):
    session = await rig.connect("ann", rooms=["*"])
    await ticks(rig, 2)
    assert looks == []
    if why == "missed":
        place.missed()
    elif why == "resumed":
        place.resumed()
        await rig.settle()
    elif why == "room joined":
        await rig.line.people.join_room(session, "r", stored=False)
    else:
        place.hears_at_once = False
        await rig.connect("bob")
    looks.clear()
    await ticks(rig, 1)
    assert len(looks) == 1


async def test_what_was_told_to_nobody_is_shown_once_somebody_says_so(rig, store, place):
    session = await rig.connect("ann")
    (lost,) = await store.accept([submission("ann")])
    await ticks(rig, 1)
    assert rig.ids(session) == []
    place.missed()
    await ticks(rig, 4)
    assert rig.ids(session) == [lost.notification.id]


async def test_what_nobody_noticed_is_shown_all_the_same(rig, store):
    session = await rig.connect("ann")
    (lost,) = await store.accept([submission("ann")])
    await ticks(rig, 7)
    assert rig.ids(session) == [lost.notification.id]


async def test_room_joined_while_its_channel_was_not_heard_misses_nothing(rig, store, place):
    session = await rig.connect("ann", rooms=["*"])
    place.hears_at_once = False
    await rig.line.people.join_room(session, "r", stored=False)
    (early,) = await store.accept([submission(to=(room("r"),))])
    await ticks(rig, 1)
    assert rig.ids(session) == [early.notification.id]


async def test_write_of_which_the_store_said_nothing_is_shown_soon(rig, monkeypatch):
    session = await rig.connect("ann")
    real = rig.store.accept

    async def accept(submissions):
        await real(submissions)
        raise UnavailableError("not in time")

    monkeypatch.setattr(rig.store, "accept", accept)
    with pytest.raises(UnavailableError):
        await rig.line.submissions.submit(CALLER, rig.draft("ann"), None)
    await ticks(rig, 1)
    assert len(rig.ids(session)) == 1


@pytest.mark.parametrize("call", ["replace", "cancel"])
async def test_change_of_which_the_store_said_nothing_is_looked_for(rig, looks, monkeypatch, call):
    sent = await rig.send("ann")
    real = getattr(rig.store, call)

    async def late(*args):
        await real(*args)
        raise UnavailableError("not in time")

    monkeypatch.setattr(rig.store, call, late)
    change = {
        "replace": lambda: rig.replace(sent, "ann", title="new"),
        "cancel": lambda: rig.line.submissions.cancel(CALLER, sent),
    }[call]
    with pytest.raises(UnavailableError):
        await change()
    await ticks(rig, 1)
    assert len(looks) == 1


async def test_what_is_for_nobody_here_is_not_read(rig, store, monkeypatch):
    session = await rig.connect("ann")
    read, real = [], store.notifications

    async def notifications(ids):
        read.extend(ids)
        return await real(ids)

    monkeypatch.setattr(store, "notifications", notifications)
    for at in range(20):
        await store.accept([submission(f"elsewhere-{at}")])
    (ours,) = await store.accept([submission("ann")])
    (shared,) = await store.accept([submission(to=(EVERYONE,))])
    for _ in range(3):
        await rig.line.discovery.look()
        await rig.settle()
    assert read == [ours.notification.id, shared.notification.id] == rig.ids(session)


async def test_new_revision_for_who_received_it_and_left_is_found(rig, store):
    session = await rig.connect("ann", rooms=["*"])
    await rig.line.people.join_room(session, "r", stored=True)
    rig.clock.advance(S)
    sent = await rig.send(to=[room("r")])
    await rig.ack(session)
    await rig.line.people.leave_room(session, "r", stored=True)
    await store.replace(sent, submission(to=(room("r"),), title="new"))
    await rig.line.discovery.look()
    await rig.settle()
    assert [f.view.notification.content.title for f in rig.frames(session)] == ["t", "new"]


def test_what_was_heard_is_known_for_as_long_as_a_look_meets_it():
    assert HEARD_FOR > CALM + 2 * LOOK + OVERLAP
