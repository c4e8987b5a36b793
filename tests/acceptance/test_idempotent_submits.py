"""X17: the same key means the same call, whoever repeats it, however often, also after a crash."""

import asyncio

from support.world import World

BODY = {"title": "T", "message": "M"}


async def test_key_repeated_replays_the_first_answer(world):
    user, key = world.user(), world.user("key")
    first = await world.api.post({"to": user, **BODY}, key=key)
    second = await world.api.post({"to": user, **BODY}, key=key)
    assert first.status == second.status == 202
    assert first.body == second.body
    assert first.headers.get("Idempotency-Replay") is None
    assert second.headers["Idempotency-Replay"] == "true"
    assert await world.api.ids(user) == [first.body["id"]]


async def test_key_in_other_spelling_of_the_same_json_is_the_same_body(world):
    user, key = world.user(), world.user("key")
    first = await world.api.post({"to": user, "title": "T", "message": "M"}, key=key)
    second = await world.api.post({"message": "M", "title": "T", "to": user}, key=key)
    assert second.status == 202, second
    assert second.body == first.body


async def test_key_fifty_in_parallel_make_one(world):
    device = await world.online()
    key = world.user("key")
    calls = [world.api.post({"to": device.user, **BODY}, key=key) for _ in range(50)]
    answers = await asyncio.gather(*calls)
    assert {a.status for a in answers} <= {202, 409}
    good = [a for a in answers if a.status == 202]
    assert len({a.body["id"] for a in good}) == 1
    running = {a.code for a in answers if a.status == 409}
    assert running <= {"IDEMPOTENCY_RUNNING"}
    await world.barrier(device)
    assert len(device.shown) == 2
    assert len(await world.api.ids(device.user)) == 2


async def test_key_with_other_body_is_refused_and_stores_nothing(world):
    user, key = world.user(), world.user("key")
    await world.api.post({"to": user, **BODY}, key=key)
    answer = await world.api.post({"to": user, "title": "Other", "message": "M"}, key=key)
    assert (answer.status, answer.code) == (422, "IDEMPOTENCY_MISMATCH")
    assert len(await world.api.ids(user)) == 1


async def test_key_of_another_caller_is_another_key(world):
    user, key = world.user(), world.user("key")
    admins = [world.server.token(world.user("admin"), ["ADMIN"]) for _ in range(2)]
    answers = [await world.api.post({"to": user, **BODY}, key=key)]
    answers += [await world.api.post({"to": user, **BODY}, key=key, bearer=a) for a in admins]
    assert [a.status for a in answers] == [202] * 3
    assert len({a.body["id"] for a in answers}) == 3
    assert not any(a.headers.get("Idempotency-Replay") for a in answers)


async def test_key_after_refusal_is_free(world):
    user, key = world.user(), world.user("key")
    refused = await world.api.post({"to": user, "title": "T"}, key=key)
    assert refused.status == 422
    assert (await world.api.post({"to": user, **BODY}, key=key)).status == 202


async def test_key_too_long_is_refused(world):
    answer = await world.api.post({"to": world.user(), **BODY}, key="k" * 256)
    assert answer.status in (400, 422)
    assert (await world.api.post({"to": world.user(), **BODY}, key="k" * 255)).status == 202


async def test_key_of_transient_is_ignored(world):
    key = world.user("key")
    body = {"to": world.user(), "persist": False, **BODY}
    answers = [await world.api.post(body, key=key) for _ in range(2)]
    assert [a.status for a in answers] == [202, 202]
    assert [a.body["status"] for a in answers] == ["transient", "transient"]


async def test_key_of_bulk_header_and_items_make_each_once(world):
    user, key = world.user(), world.user("key")
    items = [{"to": user, **BODY, "idempotency_key": f"{key}-own"}, {"to": user, **BODY}]
    answers = [
        await world.api.post({"items": items}, key=key, path="/notifications/bulk")
        for _ in range(2)
    ]
    ids = [[item["id"] for item in answer.body["items"]] for answer in answers]
    assert ids[0] == ids[1]
    assert len(await world.api.ids(user)) == 2


async def test_key_of_replace_makes_one_revision(world):
    user, key = world.user(), world.user("key")
    sent = await world.api.submit(user)
    calls = [
        await world.api.call(
            "PUT", f"/notifications/{sent}", BODY, headers={"Idempotency-Key": key}
        )
        for _ in range(2)
    ]
    assert [c.body.get("revision") for c in calls] == [2, 2], calls
    assert (await world.api.item(user, sent))["revision"] == 2


async def test_key_holds_across_kill(make_server):
    server = make_server()
    server.start()
    async with World(server) as world:
        user = world.user()
        first = await world.api.post({"to": user, **BODY}, key="same")
        server.kill()
        await asyncio.to_thread(server.start)
        second = await world.api.post({"to": user, **BODY}, key="same")
        assert first.body == second.body
        assert second.headers["Idempotency-Replay"] == "true"
        other = await world.api.post({"to": user, "title": "X", "message": "M"}, key="same")
        assert other.status == 422
        assert len(await world.api.ids(user)) == 1
