"""Point 7: a collapse_key makes a row of submissions one notification with revisions."""

import asyncio


async def test_collapse_twenty_submissions_are_one_at_one_hundred_percent(world):
    user = world.user()
    stay, away = await world.online(user), await world.online(user)
    key = world.user("upload")
    ids = set()
    for percent in range(5, 105, 5):
        if percent == 30:
            await away.drop()
        fields = {"title": f"Upload {percent} %", "data": {"percent": percent}}
        ids.add(await world.api.submit(user, collapse_key=key, type="progress_update", **fields))
    assert len(ids) == 1
    identity = ids.pop()
    await stay.until(lambda: stay.items[identity]["data"]["percent"] == 100)
    assert stay.items[identity]["revision"] == 20
    revisions = [p["notification"]["revision"] for p in stay.wires(identity)]
    assert revisions == sorted(set(revisions)), "each newer than the one before"

    await away.connect()
    assert away.items[identity]["data"]["percent"] == 100
    assert away.items[identity]["revision"] == 20
    listed = await world.api.inbox(user)
    assert [(n["id"], n["data"]["percent"]) for n in listed] == [(identity, 100)]
    await world.counts_agree(stay, away)
    assert stay.count == 1


async def test_collapse_other_target_exclude_or_caller_is_another_notification(world):
    one, two = world.user(), world.user()
    key = world.user("key")
    admin = world.server.token(world.user("admin"), ["ADMIN"])
    first = await world.api.submit([one, two], collapse_key=key)
    assert await world.api.submit([two, one], collapse_key=key) == first, "order is no matter"
    others = [
        await world.api.submit(one, collapse_key=key),
        await world.api.submit([one, two], exclude=[two], collapse_key=key),
        await world.api.submit([one, two], collapse_key=key, bearer=admin),
    ]
    assert len({first, *others}) == 4


async def test_collapse_after_cancel_starts_anew(world):
    user, key = world.user(), world.user("key")
    first = await world.api.submit(user, collapse_key=key)
    assert (await world.api.call("POST", f"/notifications/{first}/cancel")).status == 200
    assert await world.api.submit(user, collapse_key=key) != first


async def test_collapse_parallel_submissions_end_as_one(world):
    user, key = world.user(), world.user("key")
    device = await world.online(user)
    bodies = [
        {"to": user, "title": f"n{n}", "message": "m", "collapse_key": key} for n in range(20)
    ]
    answers = await asyncio.gather(*(world.api.post(body) for body in bodies))
    assert {a.status for a in answers} == {202}, answers
    assert len({a.body["id"] for a in answers}) == 1
    assert sorted(a.body["revision"] for a in answers) == list(range(1, 21))
    identity = answers[0].body["id"]
    await device.until(lambda: device.items.get(identity, {}).get("revision") == 20)
    assert len(await world.api.ids(user)) == 1


async def test_collapse_new_revision_unread_state_is_kept(world):
    user, key = world.user(), world.user("key")
    device = await world.online(user)
    first = await world.api.submit(user, collapse_key=key)
    await device.sees(first)
    await device.ask("mark_read", {"notification_id": first})
    await world.api.submit(user, collapse_key=key, title="second")
    await device.until(lambda: device.items[first]["revision"] == 2)
    assert (await world.api.item(user, first))["is_read"] is True
    frame = device.wires(first)[-1]["notification"]
    if "is_read" not in frame:
        assert "sort_at" not in frame, "a fan-out frame of a later revision has no own state"
