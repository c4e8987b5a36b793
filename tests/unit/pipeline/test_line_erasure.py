"""S31: what was on its way to an erased person, in memory or in a task, brings nothing back."""

import asyncio

import pytest
from support.line_rig import S, role

from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.notification import Priority
from notify_server.domain.target import USER_LINE
from notify_server.domain.view import InboxQuery


async def erase(rig, user):
    rig.clock.advance(S)
    await rig.line.erasure.erase(user, "key:test")
    await rig.settle()


async def is_gone(rig, user):
    return (await rig.store.user(user), await rig.store.held(user, "", 9)) == ((None, ()), [])


async def test_late_ack_and_the_ack_timeout_leave_no_receipt(rig):
    ann, bob = await rig.connect("ann", roles=["R"]), await rig.connect("bob", roles=["R"])
    sent = await rig.send(to=[role("R")], priority=Priority.HIGH)
    await erase(rig, "ann")
    assert rig.emitter.disconnected == [ann.id]
    await rig.ack(ann)
    await rig.ack(bob)
    for _ in range(4):
        await rig.tick(20 * S)
    assert await is_gone(rig, "ann")
    assert await rig.receipt("ann", sent) is None
    assert (await rig.receipt("bob", sent)).delivered_revision == 1


async def test_due_retry_is_gone_with_its_notification(rig):
    ann = await rig.connect("ann")
    await rig.send("ann", priority=Priority.HIGH)
    await rig.tick(16 * S)
    before = len(rig.frames(ann))
    await erase(rig, "ann")
    for _ in range(4):
        await rig.tick(20 * S)
    assert len(rig.frames(ann)) == before
    assert await is_gone(rig, "ann")


async def test_only_theirs_is_forgotten_in_memory_and_shared_ones_name_them_no_more(rig):
    await rig.connect("ann")
    bob = await rig.connect("bob")
    await rig.send("ann", message="secret")
    shared = await rig.send("ann", "bob")
    await erase(rig, "ann")
    flights = rig.line.desk._flights.values()
    assert {flight.notification.id for flight in flights} == {shared}
    assert all(flight.notification.targets.users == ("bob",) for flight in flights)
    await rig.ack(bob)
    assert (await rig.receipt("bob", shared)).delivered_revision == 1


async def test_excluded_person_is_taken_out_of_the_feed_that_is_in_memory(rig):
    await rig.connect("bob", roles=["R"])
    sent = await rig.send(to=[role("R")], exclude=["ann"])
    await erase(rig, "ann")
    held = await rig.line.inbox.view("bob", sent)
    assert held.notification.targets.exclude == ()


async def test_old_token_is_refused_and_a_fresh_one_begins_anew(rig):
    old = rig.claims("ann", ["R"])
    await rig.connect("ann", claims=old)
    await rig.send("ann")
    await erase(rig, "ann")
    with pytest.raises(RejectedError) as caught:
        await rig.line.people.admit(old)
    assert caught.value.code is Code.TOKEN_INVALID
    rig.clock.advance(S)
    back = await rig.connect("ann")
    assert rig.ids(back) == []
    fresh = await rig.send("ann")
    assert rig.ids(back) == [fresh]
    with pytest.raises(RejectedError):
        await rig.line.people.admit(old)


async def test_session_that_was_being_let_in_meanwhile_is_sent_away(rig):
    session = await rig.connect("ann")
    rig.line.registry.remove(session.id)  # admitted, and not yet taken in
    await erase(rig, "ann")
    rig.line.registry.add(session, await rig.line.people.person("ann"))
    await rig.line.people.recheck(session)
    assert rig.emitter.disconnected == [session.id]


async def test_erase_and_action_of_the_person_at_once_leave_nothing(rig):
    for number in range(10):
        user = f"ann{number}"
        await rig.connect(user, roles=["R"])
        sent = [await rig.send(to=[role("R")], wait=False) for _ in range(3)]
        rig.clock.advance(S)
        await asyncio.gather(
            rig.line.inbox.page(user, USER_LINE, InboxQuery()),
            rig.line.erasure.erase(user, "key:test"),
            rig.line.people.subscribe(user, {"info": False}),
            return_exceptions=True,
        )
        await rig.settle()
        assert await is_gone(rig, user), sent


async def test_erase_asked_for_twice_at_once_is_done_once_after_the_other(rig):
    await rig.connect("ann")
    await rig.send("ann")
    rig.clock.advance(S)
    await asyncio.gather(*(rig.line.erasure.erase("ann", "key:test") for _ in range(3)))
    assert await is_gone(rig, "ann")
    assert await rig.line.audit.verify() is None
