"""S10: rooms are joined by permission only, and are nothing but rooms."""

import asyncio

import pytest


async def test_room_allowed_by_configuration_token_or_operator(world):
    room = world.room()
    own = world.user("team")
    device = await world.online(rooms=[f"{own}_*"])
    for name, allowed in {f"open_{room}": True, f"{own}_1": True, room: False}.items():
        answer = await device.ask("join_room", {"room": name})
        assert answer["ok"] is allowed, (name, answer)
        if not allowed:
            assert answer["error"]["code"] == "FORBIDDEN"
    await world.api.call("PUT", f"/admin/rooms/{room}/members/{device.user}")
    sent = await world.api.submit({"room": room})
    await device.sees(sent)


@pytest.mark.parametrize(
    "room",
    ["u:42", "user:42", "role:ADMIN", "all:", "", None, "*", "open_*\n", 5, ["open_1"], "a" * 129],
)
async def test_room_that_is_no_room_is_refused(world, room):
    device, victim = await world.online(), await world.online()
    answer = await device.ask("join_room", {"room": room})
    assert answer["ok"] is False
    assert answer["error"]["code"] in ("FORBIDDEN", "INVALID")
    sent = [
        await world.api.submit(victim.user),
        await world.api.submit({"role": world.user("R")}),
    ]
    await world.barrier(device)
    assert not set(sent) & set(device.items)


@pytest.mark.parametrize("victim_part", ["user", "sid", "u:", "user:"])
async def test_room_named_as_another_user_or_session_hears_nothing(world, victim_part):
    victim = await world.online()
    names = {
        "user": victim.user,
        "sid": victim.socket.sid,
        "u:": f"u:{victim.user}",
        "user:": f"user:{victim.user}",
    }
    thief = await world.online(rooms=["*"])
    answer = await thief.ask("join_room", {"room": names[victim_part]})
    assert answer["ok"] or answer["error"]["code"] in ("FORBIDDEN", "INVALID")
    sent = await world.api.submit(victim.user)
    await victim.sees(sent)
    await world.barrier(thief)
    assert sent not in thief.items


async def test_room_left_is_heard_no_more(world):
    room = f"open_{world.user('r')}"
    device = await world.online()
    for stored in (False, True):
        assert (await device.ask("join_room", {"room": room, "stored": stored}))["ok"]
        inside = await world.api.submit({"room": room})
        await device.sees(inside)
        assert device.items[inside]["room"] == room
        assert (await device.ask("leave_room", {"room": room, "stored": stored}))["ok"]
        outside = await world.api.submit({"room": room})
        await world.barrier(device)
        assert outside not in device.items


async def test_room_of_one_session_is_not_the_other_sessions(world):
    room, user = f"open_{world.user('r')}", world.user()
    inside, beside = await world.online(user), await world.online(user)
    await inside.ask("join_room", {"room": room})
    sent = await world.api.submit({"room": room})
    await inside.sees(sent)
    await world.barrier(inside, beside)
    assert inside.count is not None
    await world.counts_agree(inside, beside)


async def test_room_left_that_was_never_joined_is_no_harm(world):
    device = await world.online()
    answer = await device.ask("leave_room", {"room": f"open_{world.user('r')}"})
    assert answer["ok"] or answer["error"]["code"] in ("NOT_FOUND", "FORBIDDEN")
    for room in (None, "", 5):
        assert (await device.ask("leave_room", {"room": room}))["ok"] is False
    await world.barrier(device)


async def test_room_permission_is_checked_again_at_connect(world):
    """A stored place by a token's ``rooms`` ends when a newer token no longer allows it."""
    room, user = world.room(), world.user()
    device = world.device(user)
    await device.connect(token=world.server.token(user, rooms=[room]))
    assert (await device.ask("join_room", {"room": room, "stored": True}))["ok"]
    await device.close()
    await device.connect(token=world.server.token(user))
    sent = await world.api.submit({"room": room})
    await world.barrier(device)
    assert sent not in device.items
    assert sent not in await world.api.ids(user)


async def test_rooms_are_256_at_most(world):
    device = await world.online(rooms=["*"])
    name = world.user("r")
    joined = 0
    while joined < 256:
        answer = await device.ask("join_room", {"room": f"{name}-{joined}"})
        if answer["ok"]:
            joined += 1
        else:
            assert answer["error"]["code"] == "RATE_LIMITED", (joined, answer)
            await asyncio.sleep(0.2)
    answer = await device.ask("join_room", {"room": f"{name}-256"})
    assert answer["ok"] is False
