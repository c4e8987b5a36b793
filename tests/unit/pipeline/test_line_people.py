"""What tokens, rooms, subscriptions and revocation make of people (contract 6, 9, 10.7)."""

import asyncio
from dataclasses import replace

import pytest
from support.line_rig import DAY, EVERYONE, S, line_of, role, room

from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.settings import LimitSettings, RoomSettings, Settings
from notify_server.domain.signals import SubscriptionsSignal
from notify_server.domain.target import Membership, Position, Source


async def _refused(coroutine):
    with pytest.raises(RejectedError) as caught:
        await coroutine
    return caught.value


# Tokens


async def test_token_seen_again_writes_nothing(rig, store):
    claims = rig.claims("ann", ["A", "B"])
    await rig.line.people.admit(claims)
    writes = (await store.stats())["writes"]
    for _ in range(5):
        rig.clock.advance(10 * S)
        await rig.line.people.admit(claims)
    assert (await store.stats())["writes"] == writes


async def test_token_is_believed_in_the_order_of_iat_not_of_arrival(rig):
    new = rig.claims("ann", ["NEW"], iat=rig.clock.now())
    old = rig.claims("ann", ["OLD"], iat=rig.clock.now() - 60 * S)
    await rig.line.people.admit(new)
    person = await rig.line.people.admit(old)
    assert set(person.since) == {EVERYONE, role("NEW")}


async def test_role_keeps_its_since_over_newer_tokens_and_loses_it_with_a_gap(rig):
    start = rig.clock.now()
    await rig.line.people.admit(rig.claims("ann", ["R"]))
    rig.clock.advance(DAY)
    person = await rig.line.people.admit(rig.claims("ann", ["R"]))
    assert person.since[role("R")] == start
    rig.clock.advance(DAY)
    person = await rig.line.people.admit(rig.claims("ann", []))
    assert role("R") not in person.since
    rig.clock.advance(DAY)
    person = await rig.line.people.admit(rig.claims("ann", ["R"]))
    assert person.since[role("R")] == rig.clock.now()


async def test_role_ends_30_days_after_the_tokens_exp_and_counts_anew_after_the_gap(rig):
    start = rig.clock.now()
    await rig.line.people.admit(rig.claims("ann", ["R"], ttl=DAY))
    rig.clock.advance(31 * DAY - S)
    assert (await rig.line.people.person("ann")).since[role("R")] == start
    rig.clock.advance(5 * S)
    assert role("R") not in (await rig.line.people.person("ann")).since
    person = await rig.line.people.admit(rig.claims("ann", ["R"]))
    assert person.since[role("R")] == rig.clock.now()
    assert person.since[EVERYONE] == start


async def test_what_was_sent_in_the_gap_is_never_seen(rig):
    session = await rig.connect("ann", roles=["R"])
    rig.clock.advance(S)
    await rig.close(session)
    await rig.line.people.admit(rig.claims("ann", []))
    rig.clock.advance(S)
    await rig.send(to=[role("R")])
    rig.clock.advance(S)
    back = await rig.connect("ann", roles=["R"])
    assert rig.ids(back) == []
    assert (await rig.line.inbox.counts("ann", "/")).unread == 0


async def test_losing_the_role_takes_what_was_not_received_and_keeps_what_was(rig):
    session = await rig.connect("ann", roles=["R"])
    kept = await rig.send(to=[role("R")])
    await rig.ack(session)
    lost = await rig.send(to=[role("R")])
    rig.clock.advance(S)
    await rig.line.people.admit(rig.claims("ann", []))
    assert (await rig.line.inbox.view("ann", kept)).notification.id == kept
    acted = await rig.act("ann", [kept, lost], "read")
    assert (acted.changed, acted.unknown) == ((kept,), (lost,))


async def test_losing_the_role_of_a_line_closes_its_sessions(rig):
    admin = await rig.connect("ann", roles=["ADMIN"], line="/admin")
    plain = await rig.connect("ann", roles=["ADMIN"])
    rig.clock.advance(S)
    await rig.line.people.admit(rig.claims("ann", []))
    assert rig.emitter.disconnected == [admin.id]
    assert plain.id not in rig.emitter.disconnected


async def test_line_is_open_to_its_roles_only(rig):
    people = rig.line.people
    assert not people.is_in_line(await people.admit(rig.claims("ann", ["X"])), "/admin")
    person = await people.admit(rig.claims("bob", ["ADMIN"]))
    assert people.is_in_line(person, "/admin")
    assert person.since[line_of("/admin")] == rig.clock.now()
    assert not people.is_in_line(person, "/unknown")


async def test_two_first_connects_at_once_both_succeed(rig):
    claims = [rig.claims("ann", ["A"]), rig.claims("ann", ["A"])]
    people = await asyncio.gather(*(rig.line.people.admit(c) for c in claims))
    assert all(role("A") in p.since for p in people)


# Revocation


async def test_revoked_token_is_refused_and_its_sessions_are_closed(rig):
    old = rig.claims("ann")
    session = await rig.connect("ann", claims=old)
    bystander = await rig.connect("bob")
    rig.clock.advance(S)
    await rig.line.people.revoke("ann")
    assert rig.emitter.disconnected == [session.id]
    assert bystander.id not in rig.emitter.disconnected
    assert (await _refused(rig.line.people.admit(old))).code is Code.TOKEN_INVALID
    await rig.connect("ann", claims=rig.claims("ann"))


async def test_revocation_of_an_unknown_user_holds_from_the_first_token_on(rig):
    old = rig.claims("new")
    rig.clock.advance(S)
    await rig.line.people.revoke("new")
    assert (await _refused(rig.line.people.admit(old))).code is Code.TOKEN_INVALID


async def test_revocation_between_admission_and_opening_closes_the_session(rig):
    session = await rig.connect("ann")
    rig.emitter.disconnected.clear()
    rig.clock.advance(S)
    await rig.line.people.revoke("ann")
    rig.emitter.disconnected.clear()
    await rig.line.people.recheck(session)
    assert rig.emitter.disconnected == [session.id]


async def test_revocation_by_another_node_is_seen_within_5_s(make_rig):
    here, there = await make_rig(), await make_rig()
    old = here.claims("ann")
    session = await here.connect("ann", claims=old)
    here.clock.advance(S)
    await there.line.people.revoke("ann")
    here.clock.advance(5 * S)
    assert (await _refused(here.line.people.admit(old))).code is Code.TOKEN_INVALID
    await here.line.people.recheck(session)
    assert here.emitter.disconnected == [session.id]


# The cache


async def test_people_are_read_once_and_again_when_stale_or_changed(rig, store):
    await rig.line.people.admit(rig.claims("ann"))

    async def reads_of(call):
        before = (await store.stats())["reads"]
        await call()
        return (await store.stats())["reads"] - before

    async def look():
        await rig.line.people.person("ann")

    await look()
    assert await reads_of(look) == 0
    rig.clock.advance(4 * S)
    assert await reads_of(look) > 0
    assert await reads_of(look) == 0
    await rig.line.people.add_room_member("r", "ann")
    assert room("r") in (await rig.line.people.person("ann")).since


async def test_change_of_a_known_record_costs_one_read_and_loses_to_no_other(rig, store):
    people = rig.line.people
    await people.admit(rig.claims("ann"))
    await people.person("ann")
    before = (await store.stats())["reads"]
    await people.skip_to("ann", "/", Position(rig.clock.now(), "a"))
    assert (await store.stats())["reads"] - before == 1  # the version, inside the write
    assert "/" in (await people.person("ann")).record.skipped
    record, _memberships = await store.user("ann")
    assert await store.save_user(replace(record, name="Ann"))
    await people.skip_to("ann", "/x", Position(rig.clock.now(), "a"))
    record = (await people.person("ann")).record
    assert (record.name, set(record.skipped)) == ("Ann", {"/", "/x"})
    assert record == (await store.user("ann"))[0]


async def test_read_that_began_before_a_change_is_not_kept(rig):
    """Otherwise a revocation could be hidden by a slow read for as long as the cache lives."""
    await rig.line.people.admit(rig.claims("ann"))
    rig.clock.advance(10 * S)
    await asyncio.gather(
        *(rig.line.people.person("ann") for _ in range(5)), rig.line.people.revoke("ann")
    )
    record = (await rig.line.people.person("ann")).record
    assert record.revoked_before == rig.clock.now()


# Rooms


async def test_room_is_joined_by_token_pattern_configuration_or_operator_only(make_rig):
    rig = await make_rig(replace(Settings(), rooms=RoomSettings(allow=("open_*",))))
    people = rig.line.people
    session = await rig.connect("ann", rooms=["task_*"])
    for name in ("task_1", "open_x"):
        await people.join_room(session, name, stored=False)
    error = await _refused(people.join_room(session, "secret", stored=False))
    assert error.code is Code.FORBIDDEN
    await people.add_room_member("secret", "ann")
    await people.join_room(session, "secret", stored=False)
    assert set(session.rooms) == {"task_1", "open_x", "secret"}


async def test_room_of_a_session_is_gone_with_it_a_stored_one_is_not(rig):
    session = await rig.connect("ann", rooms=["*"])
    await rig.line.people.join_room(session, "own", stored=False)
    await rig.line.people.join_room(session, "kept", stored=True)
    rig.clock.advance(S)
    await rig.close(session)
    sent = await rig.send(to=[room("own"), room("kept")])
    own = await rig.send(to=[room("own")])
    back = await rig.connect("ann", rooms=["*"])
    assert rig.ids(back) == [sent]
    assert own not in rig.ids(back)


async def test_leaving_a_room_ends_what_was_not_received(rig):
    session = await rig.connect("ann", rooms=["*"])
    await rig.line.people.join_room(session, "r", stored=True)
    kept = await rig.send(to=[room("r")])
    await rig.ack(session)
    await rig.send(to=[room("r")])
    await rig.line.people.leave_room(session, "r", stored=True)
    await rig.send(to=[room("r")])
    assert len(rig.ids(session)) == 2
    await rig.close(session)
    back = await rig.connect("ann", rooms=["*"])
    assert rig.ids(back) == []
    assert (await rig.line.inbox.counts("ann", "/")).unread == 1
    assert (await rig.line.inbox.view("ann", kept)).notification.id == kept


async def test_stored_place_ends_when_a_newer_token_does_not_allow_the_room(rig):
    session = await rig.connect("ann", rooms=["task_*"])
    await rig.line.people.join_room(session, "task_1", stored=True)
    rig.clock.advance(S)
    person = await rig.line.people.admit(rig.claims("ann", rooms=["other_*"]))
    session.rooms.clear()
    person = await rig.line.people.refresh("ann")
    assert room("task_1") not in person.since


async def test_at_most_256_rooms(make_rig):
    rig = await make_rig(replace(Settings(), limits=LimitSettings(rooms_per_user=3)))
    session = await rig.connect("ann", rooms=["*"])
    for n in range(3):
        await rig.line.people.join_room(session, f"r{n}", stored=bool(n % 2))
    assert (await _refused(rig.line.people.join_room(session, "r3", stored=False))).faults
    await rig.line.people.join_room(session, "r1", stored=False)


async def test_operator_removes_a_member_whoever_made_them_one(rig):
    session = await rig.connect("ann", rooms=["*"])
    await rig.line.people.join_room(session, "r", stored=True)
    await rig.line.people.add_room_member("r", "ann")
    await rig.line.people.remove_room_member("r", "ann")
    await rig.send(to=[room("r")])
    assert rig.ids(session) == []


async def test_operators_roles_count_beside_those_of_tokens(rig, store):
    await rig.line.people.admit(rig.claims("ann", ["T"]))
    await store.put_member("ann", Membership(role("OP"), Source.OPERATOR, rig.clock.now()))
    rig.clock.advance(400 * DAY)
    since = (await rig.line.people.person("ann")).since
    assert role("OP") in since
    assert role("T") not in since


# Subscriptions


async def test_subscriptions_are_on_unless_switched_off_and_told_to_other_sessions(rig):
    asking, other = await rig.connect("ann"), await rig.connect("ann")
    answer = await rig.line.people.subscribe("ann", {"info": False}, asking.id)
    assert answer["info"] == (False, False)
    assert answer["alert"] == (True, False)
    assert answer["security"] == (True, True)
    assert rig.emitter.to(asking.id, SubscriptionsSignal) == []
    (told,) = rig.emitter.to(other.id, SubscriptionsSignal)
    assert told.types == answer
    assert (await rig.line.people.subscribe("ann", {"info": True}))["info"] == (True, False)


@pytest.mark.parametrize(
    ("types", "path"),
    [({"security": False}, "types.security"), ({"nope": True}, "types.nope")],
)
async def test_required_and_unknown_types_are_refused_whole(rig, types, path):
    error = await _refused(rig.line.people.subscribe("ann", {"info": False, **types}))
    assert [f.path for f in error.faults] == [path]
    assert (await rig.line.people.subscriptions("ann"))["info"] == (True, False)


async def test_required_type_may_be_switched_on(rig):
    assert (await rig.line.people.subscribe("ann", {"security": True}))["security"] == (True, True)


async def test_two_tabs_switching_at_once_both_win(rig):
    await asyncio.gather(
        *(rig.line.people.subscribe("ann", {t: False}) for t in ("info", "alert", "error"))
    )
    answer = await rig.line.people.subscriptions("ann")
    assert [answer[t][0] for t in ("info", "alert", "error")] == [False] * 3


async def test_switched_off_is_not_counted_and_still_listed(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann", type="info")
    await rig.line.people.subscribe("ann", {"info": False})
    assert (await rig.shown_counts(session)).unread == 0
    assert (await rig.line.inbox.view("ann", sent)).notification.id == sent
    await rig.line.people.subscribe("ann", {"info": True})
    assert (await rig.shown_counts(session)).unread == 1
