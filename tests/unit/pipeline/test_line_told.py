"""Two lines over one store: what one accepted is shown by the other cheaply, and still rightly."""

from random import Random

import pytest
from support.line_rig import EVERYONE, S, room

from notify_server.domain.signals import UpdatedSignal
from notify_server.pipeline import heard
from notify_server.pipeline.heard import Touched
from notify_server.policy.visible import is_unread, is_unseen
from notify_server.ports.bus import NotificationNews, StateNews


@pytest.fixture
def rigs(rigs, clock):
    """They have been there for a while."""
    clock.advance(60 * S)
    return rigs


@pytest.fixture
def reads(monkeypatch, store):
    """What the store is asked that delivery would have to wait for."""
    asked = []

    def watch(name):
        real = getattr(store, name)

        async def call(*args):
            asked.append(name)
            return await real(*args)

        monkeypatch.setattr(store, name, call)

    for name in ("holders", "active", "entries", "notifications", "user", "feed_changed"):
        watch(name)
    return asked


async def joined(rig, hub, rigs, *users, **options):
    """Sessions that were there long before anything is sent."""
    sessions = [await rig.connect(user, **options) for user in users]
    await hub.settle(rigs)
    rig.clock.advance(30 * S)
    return sessions


@pytest.mark.parametrize("fields", [{}, {"to": [EVERYONE]}], ids=["named", "everybody"])
async def test_new_one_of_another_node_is_shown_and_counted_without_a_read(
    rigs, hub, reads, fields
):
    one, two = rigs
    (session,) = await joined(two, hub, rigs, "ann")
    reads.clear()
    sent = [await one.send(*([] if fields else ["ann"]), **fields) for _ in range(5)]
    await hub.settle(rigs)
    assert two.ids(session) == sent
    assert (await two.shown_counts(session)).unread == 5
    assert reads == []


async def test_told_late_is_not_shown_to_who_dismissed_it(rigs, hub):
    one, two = rigs
    (session,) = await joined(two, hub, rigs, "ann")
    sent = await one.send("ann")
    hub.is_cut = True
    await one.act("ann", sent, "dismiss")
    two.clock.advance(6 * S)
    await hub.settle(rigs)
    assert two.ids(session) == []
    assert (await two.shown_counts(session)).unread == 0


async def test_heard_of_its_dismissal_first_it_is_not_shown(rigs, hub):
    """A third node is quicker than the one that accepted it."""
    one, two = rigs
    (session,) = await joined(two, hub, rigs, "ann")
    sent = await one.send("ann")
    await one.act("ann", sent, "dismiss")
    waiting = hub.places[1].waiting
    waiting.sort(key=lambda news: isinstance(news, NotificationNews))
    assert isinstance(waiting[0], StateNews)
    await hub.settle(rigs)
    assert two.ids(session) == []
    assert (await two.shown_counts(session)).unread == 0


async def test_session_that_came_after_it_was_accepted_is_not_shown_what_its_user_dismissed(
    rigs, hub
):
    """It was not there to hear of the dismissal."""
    one, two = rigs
    (first,) = await joined(two, hub, rigs, "ann")
    sent = await one.send("ann")
    await one.act("ann", sent, "dismiss")
    late = hub.places[1].waiting.pop(0)
    hub.places[1].waiting.clear()
    await two.close(first)
    second = await two.connect("ann")
    hub.places[1].waiting.append(late)
    await hub.settle(rigs)
    assert isinstance(late, NotificationNews)
    assert two.ids(second) == []


@pytest.mark.parametrize("trouble", ["a node is silent", "the bus was away"])
async def test_while_something_told_may_be_missing_the_store_says_who_hid_it(rigs, hub, trouble):
    one, two = rigs
    (session,) = await joined(two, hub, rigs, "ann")
    place = hub.places[1]
    if trouble == "the bus was away":
        place.resumed()
        await hub.settle(rigs)
    else:
        place.hears_all = False
    sent = await one.send("ann")
    await one.act("ann", sent, "dismiss")
    place.waiting = [news for news in place.waiting if isinstance(news, NotificationNews)]
    await hub.settle(rigs)
    assert sent not in two.ids(session)


async def test_dismissed_on_the_other_node_after_it_was_shown_is_told(rigs, hub):
    one, two = rigs
    (session,) = await joined(two, hub, rigs, "ann")
    sent = await one.send("ann")
    await hub.settle(rigs)
    await one.act("ann", sent, "dismiss")
    await hub.settle(rigs)
    (told,) = two.emitter.to(session.id, UpdatedSignal)
    assert (two.ids(session), told.ids) == ([sent], (sent,))
    assert (await two.shown_counts(session)).unread == 0


async def test_counted_already_when_it_is_told_it_counts_once(rigs, hub):
    one, two = rigs
    (session,) = await joined(two, hub, rigs, "ann")
    await one.send("ann")
    two.line.counting.touch("ann", "/")
    assert (await two.shown_counts(session)).unread == 1
    await hub.settle(rigs)
    assert (await two.shown_counts(session)).unread == 1


async def test_accepted_by_a_clock_that_runs_ahead_it_counts_once(rigs, hub):
    """The read had it; by the stamps alone it came later."""
    one, two = rigs
    (session,) = await joined(two, hub, rigs, "ann")
    await one.send("ann")
    two.line.counting.touch("ann", "/")
    assert (await two.shown_counts(session)).unread == 1
    two.line.counting._tallies["ann", "/"].read_at -= 0.4 * S
    await hub.settle(rigs)
    assert (await two.shown_counts(session)).unread == 1


@pytest.mark.parametrize("seed", range(6))
async def test_counts_on_two_nodes_equal_a_recount_after_random_operations(rigs, hub, seed):
    chance = Random(seed)
    sessions = [await rig.connect("ann", roles=["R"]) for rig in rigs]
    await hub.settle(rigs)
    ids = []
    for _ in range(30):
        rig = chance.choice(rigs)
        what = chance.choice(["send", "send", "all", "act", "replace", "look", "pass", "carry"])
        if what in ("send", "all"):
            fields = {"to": [EVERYONE]} if what == "all" else {}
            ids.append(await rig.send(*([] if fields else ["ann"]), **fields))
        elif what == "act" and ids:
            action = chance.choice(["read", "unread", "dismiss", "restore", "delete", "seen"])
            await rig.act("ann", chance.choice(ids), action)
        elif what == "replace" and ids:
            await rig.replace(chance.choice(ids), title="new")
        elif what == "look":
            await rig.line.cluster.discover()
        elif what == "pass":
            rig.clock.advance(chance.choice([0.1, 1, 4, 7, 31]) * S)
        else:
            await hub.settle(rigs)
    await hub.settle(rigs)
    for rig, session in zip(rigs, sessions, strict=True):
        told = await rig.shown_counts(session)
        person, now = await rig.line.people.person("ann"), rig.clock.now()
        entries = [e async for e in rig.line.counting._inventory.scan(person, "/")]
        assert told.unread == sum(is_unread(person, e, rig.line.rules, now) for e in entries)
        assert told.unseen == sum(is_unseen(person, e, rig.line.rules, now) for e in entries)


async def test_room_that_a_session_joined_for_itself_is_reached_through_the_other_node(rigs, hub):
    one, two = rigs
    (session,) = await joined(two, hub, rigs, "ann", rooms=["*"])
    await two.line.people.join_room(session, "r", stored=False)
    two.clock.advance(S)
    sent = await one.send(to=[room("r")])
    await hub.settle(rigs)
    assert two.ids(session) == [sent]
    await two.line.people.leave_room(session, "r", stored=False)
    await one.send(to=[room("r")])
    await hub.settle(rigs)
    assert two.ids(session) == [sent]


async def test_room_is_said_to_be_joined_when_its_channel_is_heard(rigs, hub, monkeypatch):
    two = rigs[1]
    (session,) = await joined(two, hub, rigs, "ann", rooms=["*"])
    waited = []

    async def heard_of(channel):
        waited.append((channel, channel in hub.places[1].channels))
        return True

    monkeypatch.setattr(hub.places[1], "heard", heard_of)
    await two.line.people.join_room(session, "r", stored=False)
    assert waited == [(room("r").key, True)]


def test_touched_more_than_can_be_kept_may_be_any(clock, monkeypatch):
    monkeypatch.setattr(heard, "_TOUCHED", 3)
    touched = Touched(clock)
    touched.note(["a", "b", "c"])
    assert "a" in touched
    assert "x" not in touched
    touched.note(["d"])
    assert "x" in touched
    clock.advance(16 * S)
    assert "x" not in touched


def test_touched_long_ago_is_forgotten(clock):
    touched = Touched(clock)
    touched.note(["a"])
    clock.advance(16 * S)
    touched.note(["b"])
    assert "a" not in touched
    assert "b" in touched
