"""persist: false goes to whoever is there now, and is kept nowhere."""


async def test_transient_is_seen_live_and_never_again(world):
    user = world.user()
    tabs = [await world.online(user), await world.online(user)]
    await world.counts_agree(*tabs)
    body = {"to": user, "title": "T", "message": "M", "persist": False, "collapse_key": "p"}
    answer = await world.api.post(body)
    assert answer.status == 202
    assert answer.body["status"] == "transient"
    identity = answer.body["id"]
    for tab in tabs:
        await tab.sees(identity)
        assert tab.items[identity]["collapse_key"] == "p"
        frame = next(f for f in tab.socket.event_frames if identity in f)
        assert frame.startswith("["), "asks for no ack"
    assert await world.api.ids(user) == []
    assert await world.api.counts(user) == (0, 0)
    fresh = await world.online(user)
    assert identity not in fresh.items
    got = await world.api.call("GET", f"/notifications/{identity}", bearer=world.api.as_user(user))
    assert got.status == 404


async def test_transient_to_the_away_is_gone(world):
    user = world.user()
    device = await world.known(user)
    answer = await world.api.post({"to": user, "title": "T", "message": "M", "persist": False})
    assert answer.status == 202
    await device.connect()
    await world.barrier(device)
    assert answer.body["id"] not in device.items


async def test_transient_reaches_exactly_its_audience(world):
    role, room = world.user("ROLE"), f"open_{world.user('r')}"
    member, other = await world.online(roles=[role]), await world.online()
    roomer = await world.online()
    await roomer.ask("join_room", {"room": room})
    ids = [
        await world.api.submit({"role": role}, persist=False),
        await world.api.submit({"room": room}, persist=False),
        await world.api.submit({"all": True}, persist=False, exclude=[other.user]),
    ]
    await member.sees(ids[0], ids[2])
    await roomer.sees(ids[1], ids[2])
    await world.barrier(member, other, roomer)
    assert not set(ids) & set(other.items)
    assert ids[1] not in member.items
    assert ids[0] not in roomer.items


async def test_transient_cannot_require_acknowledgment(world):
    body = {"to": world.user(), "title": "T", "message": "M", "persist": False}
    answer = await world.api.post({**body, "requires_acknowledgment": True})
    assert (answer.status, answer.code) == (422, "INVALID")
    assert set(answer.paths) & {"requires_acknowledgment", "persist"}
