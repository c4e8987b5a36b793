"""Who sees what: every kind of target, people online and away (contract 9 and 10.7)."""

import asyncio

import pytest

EVENT_ROLE = "OPS"
LINE = "/ops"


class Crowd:
    """Eight people: by name their user id, their devices, and whether they are away."""

    def __init__(self, world):
        self.world = world
        self.role = world.user("ROLE")
        self.room = f"open_{world.user('room')}"
        self.users = {}
        self.devices = {}
        self.ops_devices = {}

    async def gather(self):
        for name in ("role_on", "role_off", "room_on", "room_off", "ops_on", "ops_off"):
            await self._arrive(name)
        for name in ("plain_on", "plain_off"):
            await self._arrive(name)
        await self.devices["room_on"].ask("join_room", {"room": self.room})
        await self.devices["room_off"].ask("join_room", {"room": self.room, "stored": True})
        for name in [name for name in self.users if name.endswith("_off")]:
            await self.leave(name)
        return self

    async def _arrive(self, name):
        user = self.users[name] = self.world.user(name)
        roles = {"role": [self.role], "ops": [EVENT_ROLE]}.get(name.split("_")[0], [])
        self.devices[name] = await self.world.online(user, roles)
        if roles == [EVENT_ROLE]:
            self.ops_devices[name] = await self.world.online(user, roles, line=LINE)

    async def leave(self, name):
        for devices in (self.devices, self.ops_devices):
            if name in devices:
                await devices[name].close()
        await self.world.gone(self.users[name])

    async def come_back(self, name):
        for devices in (self.devices, self.ops_devices):
            if name in devices:
                await devices[name].connect()

    def names_of(self, devices, notification_id):
        return {name for name, device in devices.items() if notification_id in device.items}


def targets(crowd):
    """What is sent, who sees it on ``/``, who on the line of its own."""
    users = crowd.users
    everyone = set(users)
    ops = {"ops_on", "ops_off"}
    return {
        "one user": ({"user": users["plain_on"]}, [], {"plain_on"}, set()),
        "one away": (users["plain_off"], [], {"plain_off"}, set()),
        "list": ([users["plain_on"], users["plain_off"]], [], {"plain_on", "plain_off"}, set()),
        "role": ({"role": crowd.role}, [], {"role_on", "role_off"}, set()),
        "role but one": ({"role": crowd.role}, [users["role_off"]], {"role_on"}, set()),
        "room": ({"room": crowd.room}, [], {"room_on", "room_off"}, set()),
        "line": ({"namespace": LINE}, [], set(), ops),
        "all": ({"all": True}, [], everyone, set()),
        "all by namespace": ({"namespace": "/"}, [], everyone, set()),
        "all but one": ({"all": True}, [users["plain_on"]], everyone - {"plain_on"}, set()),
        "union": (
            [{"role": crowd.role}, {"room": crowd.room}, users["role_on"]],
            [users["room_off"]],
            {"role_on", "role_off", "room_on"},
            set(),
        ),
    }


async def test_audience_every_target_reaches_exactly_its_people(world):
    """Live those who are there, on return those who were away, nobody else, each once."""
    crowd = await Crowd(world).gather()
    sent = {}
    for case, (to, exclude, user_line, own_line) in targets(crowd).items():
        identity = await world.api.submit(to, exclude=exclude, title=case)
        sent[identity] = (case, user_line, own_line)
    await world.barrier(*[crowd.devices[n] for n in crowd.users if n.endswith("_on")])
    ops_mark = await world.api.submit({"namespace": LINE}, title="mark")
    await crowd.ops_devices["ops_on"].sees(ops_mark)

    for identity, (case, user_line, own_line) in sent.items():
        online = {name for name in user_line if name.endswith("_on")}
        assert crowd.names_of(crowd.devices, identity) == online, f"live: {case}"
        assert crowd.names_of(crowd.ops_devices, identity) == own_line - {"ops_off"}, case

    for name in [name for name in crowd.users if name.endswith("_off")]:
        await crowd.come_back(name)
    for identity, (case, user_line, own_line) in sent.items():
        assert crowd.names_of(crowd.devices, identity) == user_line, f"on return: {case}"
        assert crowd.names_of(crowd.ops_devices, identity) == own_line, f"on return: {case}"
    for name, device in (crowd.devices | crowd.ops_devices).items():
        assert len(device.shown) == len(set(device.shown)), f"twice: {name}"
    await _lists_say_the_same(world, crowd, sent)


async def _lists_say_the_same(world, crowd, sent):
    for name, user in crowd.users.items():
        listed = set(await world.api.ids(user))
        expected = {identity for identity, (_, line, _) in sent.items() if name in line}
        assert listed & set(sent) == expected, f"list of {name}"
    for name in crowd.ops_devices:
        user = crowd.users[name]
        token = crowd.ops_devices[name].token
        listed = {n["id"] for n in await world.api.inbox(user, token=token, namespace=LINE)}
        assert listed & set(sent) == {i for i, (_, _, own) in sent.items() if name in own}


async def test_audience_later_joiner_of_role_room_and_all_sees_nothing(world):
    role, room = world.user("ROLE"), f"open_{world.user('r')}"
    before = [
        await world.api.submit({"role": role}),
        await world.api.submit({"room": room}),
        await world.api.submit({"all": True}),
    ]
    late = await world.online(roles=[role])
    await late.ask("join_room", {"room": room, "stored": True})
    await world.barrier(late)
    assert not set(before) & set(late.items)
    assert not set(before) & set(await world.api.ids(late.user))
    await late.until(lambda: late.count == 1)


async def test_audience_known_user_who_gains_role_sees_only_what_follows(world):
    role = world.user("ROLE")
    user = world.user()
    await world.known(user)
    before = await world.api.submit({"role": role})
    device = await world.online(user, [role])
    after = await world.api.submit({"role": role})
    await device.sees(after)
    assert before not in device.items
    assert await world.api.ids(user) == [after]


async def test_audience_who_left_role_before_receiving_never_sees_it(world):
    role, user = world.user("ROLE"), world.user()
    await world.known(user, [role])
    missed = await world.api.submit({"role": role})
    device = await world.online(user, [])
    assert missed not in device.items
    assert missed not in await world.api.ids(user)
    assert (device.count, device.unseen) == (0, 0)
    again = await world.online(user, [role])
    assert missed not in again.items, "the membership had a gap"


async def test_audience_who_left_role_after_receiving_keeps_it(world):
    role, user = world.user("ROLE"), world.user()
    device = await world.online(user, [role])
    had = await world.api.submit({"role": role})
    await device.sees(had)
    await world.delivered(user, had)
    await device.close()
    token = world.server.token(user, [])
    back = await world.device(user).connect(token=token)
    missed = await world.api.submit({"role": role})
    await world.barrier(back)
    assert missed not in back.items
    assert had in await world.api.ids(user)
    answer = await back.ask("mark_read", {"notification_id": had})
    assert answer["ok"]


@pytest.mark.parametrize("received", [True, False])
async def test_audience_who_is_taken_out_of_room_keeps_only_what_was_received(world, received):
    room, user = world.room(), world.user()
    device = await world.online(user)
    member = f"/admin/rooms/{room}/members/{user}"
    assert (await world.api.call("PUT", member)).status in (200, 201, 204)
    if not received:
        await device.close()
        await world.gone(user)
    sent = await world.api.submit({"room": room})
    if received:
        await device.sees(sent)
        await world.delivered(user, sent)
    assert (await world.api.call("DELETE", member)).status in (200, 204)
    later = await world.api.submit({"room": room})
    fresh = await world.online(user)
    await world.barrier(fresh)
    listed = await world.api.ids(user)
    assert (sent in listed) is received
    assert later not in listed
    assert later not in fresh.items
    if not received:
        assert sent not in fresh.items


async def test_audience_room_of_a_session_ends_with_it(world):
    room = f"open_{world.user('r')}"
    device = await world.online()
    await device.ask("join_room", {"room": room})
    first = await world.api.submit({"room": room})
    await device.sees(first)
    await world.delivered(device.user, first)  # or closing would be leaving before it arrived
    await device.close()
    await world.gone(device.user)
    away = await world.api.submit({"room": room})
    await device.connect()
    await world.barrier(device)
    assert away not in device.items
    assert first in await world.api.ids(device.user)


async def test_audience_user_hit_by_many_targets_gets_one_copy(world):
    role, room = world.user("ROLE"), f"open_{world.user('r')}"
    device = await world.online(roles=[role])
    await device.ask("join_room", {"room": room})
    to = [device.user, device.user, {"user": device.user}, {"role": role}, {"room": room}]
    sent = await world.api.submit(to)
    await device.sees(sent)
    await world.barrier(device)
    assert len(device.wires(sent)) == 1
    assert [n["id"] for n in await world.api.inbox(device.user, source=None)].count(sent) == 1


async def test_audience_two_devices_of_one_user_both_see_it(world):
    user = world.user()
    tabs = [await world.online(user) for _ in range(3)]
    sent = await world.api.submit(user)
    await asyncio.gather(*(tab.sees(sent) for tab in tabs))
    assert all(tab.shown == [sent] for tab in tabs)
