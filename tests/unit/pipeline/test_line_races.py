"""Races between a read and its use, and what one bad moment must not stop (contract 5, 9, 10)."""

import asyncio
from datetime import timedelta

from support.line_rig import CALLER, EVERYONE, S, room
from support.stores import submission

from notify_server.domain.actions import Act, Action, ReadAll
from notify_server.domain.errors import InternalError, UnavailableError
from notify_server.domain.notification import Priority
from notify_server.domain.receipt import Status, Step
from notify_server.domain.signals import AllUpdatedSignal, CountSignal, UpdatedSignal
from notify_server.domain.view import Counts, InboxQuery
from notify_server.pipeline.sessions import Phase, Session

MS = timedelta(milliseconds=1)


class Gate:
    """Holds calls of one of the store's methods until it is opened; they are done before."""

    def __init__(self, monkeypatch, store, name):
        self._real = getattr(store, name)
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        monkeypatch.setattr(store, name, self._call)

    async def _call(self, *args):
        answer = await self._real(*args)
        self.reached.set()
        await self.open.wait()
        return answer


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is awaited has no event
            await asyncio.sleep(0.001)


def failing(monkeypatch, store, name, error, times=1):
    """Let a method of the store fail the next times."""
    real, left = getattr(store, name), [times]

    async def call(*args):
        if left[0]:
            left[0] -= 1
            raise error
        return await real(*args)

    monkeypatch.setattr(store, name, call)


# A failure harms only what it concerns


async def test_dispatcher_one_that_fails_stops_no_other(rig, monkeypatch):
    session = await rig.connect("ann")
    first = await rig.send("ann")
    failing(monkeypatch, rig.store, "holders", InternalError())
    await rig.line.submissions.replace(CALLER, first, rig.draft("ann"), None)
    second = await rig.send("ann")
    assert rig.ids(session)[-1] == second


async def test_dispatcher_long_outage_is_made_good_by_discovery(rig, monkeypatch):
    session = await rig.connect("ann")
    first = await rig.send("ann")
    await rig.ack(session)
    await rig.line.discovery.look()
    gate = Gate(monkeypatch, rig.store, "holders")
    await rig.line.submissions.replace(CALLER, first, rig.draft("ann", title="new"), None)
    await gate.reached.wait()
    failing(monkeypatch, rig.store, "holders", UnavailableError("away"))
    await rig.line.submissions.replace(CALLER, first, rig.draft("ann", title="newer"), None)
    for _ in range(8):  # the queue stands still, time does not
        rig.clock.advance(5 * S)
        await rig.line.discovery.look()
    gate.open.set()
    await rig.settle()
    rig.clock.advance(5 * S)
    await rig.line.discovery.look()
    await rig.settle()
    assert [f.view.notification.content.title for f in rig.frames(session)][-1] == "newer"


async def test_failure_that_could_not_be_written_is_written_later(rig, monkeypatch):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.CRITICAL)
    failing(monkeypatch, rig.store, "entries", UnavailableError("away"))
    monkeypatch.setattr("notify_server.pipeline.schedule.pause", _no_pause)
    await rig.tick(6 * S)
    receipt = await rig.receipt("ann", sent)
    assert (receipt.step, receipt.attempts) == (Step.ATTEMPT, 1)
    await rig.tick(3 * S)
    assert rig.ids(session) == [sent, sent]


async def _no_pause(_seconds):
    await asyncio.sleep(0)


async def test_discovery_many_in_a_short_time_are_sent_once(rig, monkeypatch):
    monkeypatch.setattr("notify_server.pipeline.heard._HEARD", 3)
    session = await rig.connect("ann")
    sent = [await rig.send("ann") for _ in range(6)]
    rig.clock.advance(5 * S)
    await rig.line.discovery.look()
    await rig.settle()
    assert rig.ids(session) == sent


# Counts


async def test_count_dispatched_after_it_was_read_counts_once(rig, monkeypatch):
    session = await rig.connect("ann")
    rig.clock.advance(S)
    held = []
    real = rig.line.dispatcher.put
    monkeypatch.setattr(rig.line.dispatcher, "put", held.append)
    await rig.line.submissions.submit(CALLER, rig.draft("ann"), None)
    rig.line.counting.touch("ann", "/")  # read while the fan-out is still to come
    assert await rig.shown_counts(session) == Counts(1, 1)
    real(held[0])
    assert await rig.shown_counts(session) == Counts(1, 1)


async def test_count_at_connect_dispatched_after_it_was_read_counts_once(rig, monkeypatch):
    await rig.connect("ann")
    held = []
    real = rig.line.dispatcher.put
    monkeypatch.setattr(rig.line.dispatcher, "put", held.append)
    await rig.line.submissions.submit(CALLER, rig.draft("ann"), None)
    session = await rig.connect("ann")
    rig.clock.advance(S)
    real(held[0])
    assert await rig.shown_counts(session) == Counts(1, 1)


async def test_count_changed_by_a_second_session_while_it_is_read_is_right(rig, monkeypatch):
    first = await rig.connect("ann")
    rig.clock.advance(S)
    gate = Gate(monkeypatch, rig.store, "active")
    rig.line.counting.touch("ann", "/")
    rig.line.counting.flush()
    await gate.reached.wait()
    monkeypatch.undo()
    await rig.connect("ann", wait=False)
    await until(lambda: len(rig.emitter.to(first.id, CountSignal)) >= 2)
    rig.clock.advance(S)
    await rig.send("ann", wait=False)
    await until(lambda: rig.ids(first))
    gate.open.set()
    assert await rig.shown_counts(first) == Counts(1, 1)


async def test_count_many_that_are_over_hide_no_unread_one(rig):
    old = await rig.send("ann")
    session = await rig.connect("ann")
    await rig.ack(session)
    await rig.close(session)
    rig.clock.advance(S)
    soon = rig.clock.now() + 60 * S
    for _ in range(3):
        drafts = [rig.draft("ann", expires_at=soon) for _ in range(400)]
        await rig.line.submissions.submit_many(CALLER, drafts, None)
    rig.clock.advance(120 * S)
    assert await rig.line.inbox.counts("ann", "/") == Counts(1, 1)
    page = await rig.line.inbox.page("ann", "/", InboxQuery())
    assert [view.notification.id for view in page.items] == [old]


async def test_replay_many_that_are_unwanted_hide_no_waiting_one(rig):
    await rig.line.people.subscribe("ann", {"alert": False})
    waiting = await rig.send("ann")
    rig.clock.advance(S)
    for _ in range(3):
        drafts = [rig.draft("ann", type="alert") for _ in range(400)]
        await rig.line.submissions.submit_many(CALLER, drafts, None)
    session = await rig.connect("ann")
    assert rig.ids(session) == [waiting]
    assert await rig.shown_counts(session) == Counts(1, 1)


async def test_count_after_leaving_an_audience_is_sent_anew(rig):
    session = await rig.connect("ann", rooms=["*"], acks=True)
    await rig.line.people.join_room(session, "r", stored=True)
    rig.clock.advance(S)
    await rig.send(to=[room("r")])
    assert await rig.shown_counts(session) == Counts(1, 1)
    await rig.line.people.leave_room(session, "r", stored=True)
    await rig.settle()
    assert await rig.shown_counts(session) == await rig.line.inbox.counts("ann", "/")


# The list


async def test_list_one_that_is_acked_meanwhile_is_listed(rig, monkeypatch):
    session = await rig.connect("ann")
    rig.clock.advance(S)
    sent = await rig.send(to=[EVERYONE])
    gate = Gate(monkeypatch, rig.store, "inbox")
    listing = asyncio.ensure_future(rig.line.inbox.page("ann", "/", InboxQuery()))
    await gate.reached.wait()
    await rig.ack(session)
    gate.open.set()
    page = await listing
    assert [view.notification.id for view in page.items] == [sent]


# Attempts


async def test_probe_comes_in_time_for_the_most_urgent_frame(rig):
    session = await rig.connect("ann", acks=False)
    await rig.send("ann", priority=Priority.LOW)
    rig.clock.advance(S)
    await rig.send("ann", priority=Priority.CRITICAL)
    await rig.tick(timedelta(seconds=5 / 3))
    assert rig.emitter.probed == [session.id]


async def test_wake_of_one_that_was_dismissed_shows_nothing(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.ack(session)
    await rig.act("ann", sent, "snooze", until=rig.clock.now() + 60 * S)
    await rig.act("ann", sent, "dismiss")
    await rig.tick(61 * S)
    assert rig.ids(session) == [sent]


# Signals


async def test_signals_that_waited_never_follow_newer_states(rig, monkeypatch):
    monkeypatch.setattr("notify_server.pipeline.signalling._DEFERRED_LIMIT", 1)
    sent = await rig.send("ann")
    first = await rig.connect("ann")
    await rig.ack(first)
    rig.emitter.slow.add(first.id)
    rig.emitter.backlogs[first.id] = (500, 0)
    await rig.send("ann", wait=False)
    await until(lambda: first.phase is Phase.CATCHING_UP)
    await rig.line.inbox.act("ann", [sent], Act(Action.READ))
    await rig.line.inbox.act("ann", [sent], Act(Action.UNREAD))
    rig.emitter.slow.clear()
    rig.emitter.backlogs.clear()
    await rig.settle()
    updates = [
        signal.changes["is_read"]
        for signal in rig.emitter.to(first.id, UpdatedSignal)
        if sent in signal.ids and "is_read" in signal.changes
    ]
    assert updates[-1] is False


async def test_mark_all_read_leaves_what_comes_while_it_runs(rig, monkeypatch):
    session = await rig.connect("ann")
    old = await rig.send("ann")
    rig.clock.advance(S)
    gate = Gate(monkeypatch, rig.store, "save_user")
    marking = asyncio.ensure_future(rig.line.inbox.read_all("ann", "/", ReadAll()))
    await gate.reached.wait()
    rig.clock.advance(MS)
    new = await rig.send("ann")
    gate.open.set()
    await marking
    await rig.settle()
    assert await rig.line.inbox.counts("ann", "/") == Counts(1, 1)
    assert (await rig.receipt("ann", old)).read_at is not None
    assert (await rig.receipt("ann", new)).read_at is None
    (signal,) = rig.emitter.to(session.id, AllUpdatedSignal)
    assert old <= signal.before < new


async def test_mark_all_read_of_a_type_reaches_behind_a_thousand_others(rig):
    await rig.connect("ann")
    wanted = await rig.send("ann", type="alert")
    for _ in range(3):
        drafts = [rig.draft("ann") for _ in range(400)]
        await rig.line.submissions.submit_many(CALLER, drafts, None)
    await rig.line.inbox.read_all("ann", "/", ReadAll(type="alert"))
    await rig.settle()
    assert (await rig.receipt("ann", wanted)).read_at is not None


# Memory


async def test_frames_that_all_confirmed_are_forgotten_after_the_timeout(rig):
    session = await rig.connect("ann")
    for _ in range(20):
        await rig.send("ann")
    await rig.ack(session)
    await rig.tick(31 * S)
    assert len(rig.line.desk._flights) == 0


async def test_late_ack_of_a_closed_session_still_counts_from_its_successor(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.LOW)
    (written,) = [w for w in rig.emitter.written if w.ack_id is not None]
    await rig.close(session)
    await rig.tick(40 * S)
    session = await rig.connect("ann")
    rig.line.desk.acknowledged(session.id, written.ack_id)
    await rig.settle()
    assert (await rig.view("ann", sent)).state.status is Status.DELIVERED


async def test_ack_event_after_the_timeout_still_counts(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", priority=Priority.LOW)
    await rig.tick(31 * S)
    assert not rig.line.desk.acknowledged_by_event(session, sent, 1)
    await rig.line.inbox.confirm("ann", sent, 1)
    assert (await rig.receipt("ann", sent)).delivered_revision == 1


async def test_confirmation_that_can_not_be_stored_holds_up_no_other(rig, monkeypatch):
    session = await rig.connect("ann")
    bad, good = await rig.send("ann"), await rig.send("ann")
    real = rig.store.record_deliveries

    async def record(deliveries):
        if any(one.receipt.notification_id == bad for one in deliveries):
            raise InternalError
        return await real(deliveries)

    monkeypatch.setattr(rig.store, "record_deliveries", record)
    await rig.ack(session)
    assert (await rig.receipt("ann", good)).delivered_revision == 1


async def test_second_session_brings_no_older_facts_along(rig):
    first = await rig.connect("ann", rooms=["*"])
    admitted = await rig.line.people.admit(rig.claims("ann", rooms=["*"]))
    await rig.line.people.join_room(first, "r", stored=False)
    now = rig.clock.now()
    rig.line.registry.add(Session("second", "ann", "/", True, now, now, now + S), admitted)
    assert rig.line.registry.candidates([], [room("r")]) == {"ann"}


async def test_discovered_late_is_not_shown_to_who_dismissed_it(rig, store):
    session = await rig.connect("ann")
    (stored,) = await store.accept([submission("ann")])
    await rig.act("ann", stored.notification.id, "dismiss")
    await rig.line.discovery.look()
    await rig.settle()
    assert rig.ids(session) == []


async def test_an_older_look_at_a_person_that_ends_later_gives_nothing_back(rig, monkeypatch):
    """Who was taken out of a room must not be in it again because a slow read says so."""
    session = await rig.connect("ann")
    people = rig.line.people
    await people.add_room_member("r", "ann")
    gate = Gate(monkeypatch, rig.store, "user")
    people.forget("ann")
    slow = asyncio.create_task(people.refresh("ann"))
    await gate.reached.wait()
    monkeypatch.undo()
    await people.remove_room_member("r", "ann")
    gate.open.set()
    await slow
    sent = await rig.send(to=[room("r")])
    assert sent not in rig.ids(session)
    assert rig.line.registry.person("ann").since.keys() == (await people.person("ann")).since.keys()


async def test_submission_that_can_not_be_dispatched_leaves_no_other_without_answer(
    rig, monkeypatch
):
    real = rig.line.dispatcher.put
    titles = []

    def put(notification):
        titles.append(notification.content.title)
        if notification.content.title == "bad":
            raise RuntimeError("a fault of ours")
        real(notification)

    monkeypatch.setattr(rig.line.dispatcher, "put", put)
    session = await rig.connect("ann")
    async with asyncio.timeout(30):
        sent = await asyncio.gather(*(rig.send("ann", title=t) for t in ("a", "bad", "b")))
    await rig.settle()
    assert sorted(titles) == ["a", "b", "bad"]
    assert {sent[0], sent[2]} <= set(rig.ids(session))
    assert (await rig.receipt("ann", sent[1])).user == "ann"
