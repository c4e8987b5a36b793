"""How much comes back at once: the newest 300; what is beyond is listed, and says so."""

import asyncio


async def submit_many(world, user, count):
    """``count`` submissions in order, in bulk calls."""
    ids = []
    for start in range(0, count, 100):
        numbers = range(start, min(start + 100, count))
        items = [{"to": user, "title": f"n{n}", "message": "m"} for n in numbers]
        answer = await world.api.post({"items": items}, path="/notifications/bulk")
        ids += [item["id"] for item in answer.body["items"]]
    return ids


async def test_replay_of_310_brings_the_newest_300_and_says_that_it_is_not_whole(world):
    user = world.user()
    ids = await submit_many(world, user, 310)
    device = await world.online(user)
    assert device.shown == ids[10:], "the newest 300, oldest of them first"
    assert device.replays[0]["recovered"] is False
    assert device.replays[0]["count"] == 300
    assert device.count == 310
    page = await world.api.explain(ids[0], user=user)
    assert page["recipients"]["items"][0]["closed"]["reason"] == "skipped"
    assert await world.api.ids(user) == list(reversed(ids))
    await device.drop()
    await device.connect()
    assert len(device.items) == 300, "what was skipped is never pushed again"
    again = await world.online(user)
    assert not set(ids[:10]) & set(again.items)


async def test_replay_of_exactly_300_is_whole(world):
    user = world.user()
    ids = await submit_many(world, user, 300)
    device = await world.online(user)
    assert device.shown == ids
    assert device.replays[0] == {**device.replays[0], "recovered": True, "count": 300}


async def test_what_is_accepted_during_replay_follows_it(world):
    user = world.user()
    before = await submit_many(world, user, 200)
    device = world.device(user)
    connecting = asyncio.create_task(device.connect())
    during = [await world.api.submit(user) for _ in range(20)]
    await connecting
    await device.sees(*before, *during)
    assert len(device.shown) == 220
    assert [i for i in device.shown if i in set(before)] == before


async def test_offline_waits_and_comes_with_the_return(world):
    """F12: what was sent to nobody's session is there at the next connect, in order."""
    user = world.user()
    ids = [await world.api.submit(user, title=str(n)) for n in range(5)]
    device = await world.online(user)
    assert device.shown == ids
    await world.delivered(user, *ids)
    again = await world.online(user)
    assert again.shown == []


async def test_replay_reaches_each_of_two_tabs_that_come_together(world):
    user = world.user()
    ids = [await world.api.submit(user) for _ in range(20)]
    tabs = [world.device(user), world.device(user)]
    await asyncio.gather(*(tab.connect() for tab in tabs))
    for tab in tabs:
        assert len(tab.shown) == len(set(tab.shown))
    assert set(tabs[0].shown) | set(tabs[1].shown) == set(ids)
