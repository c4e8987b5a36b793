"""An operator finds a lost notification, is told what became of it, and sends it again."""

import json


async def explained(world, sent, user):
    page = await world.api.explain(sent, user=user)
    (person,) = page["recipients"]["items"]
    return person


async def search(world, bearer=None, **filters):
    answer = await world.api.call("GET", "/admin/notifications", bearer=bearer, **filters)
    assert answer.status == 200, answer
    return answer.body


def ids(page):
    return [one["id"] for one in page["items"]]


async def test_lost_notification_is_found_explained_and_sent_again(world):
    """Nobody acknowledges it; it is found by words, explained, resent, and then delivered."""
    device = await world.online()
    device.acking = "never"
    word = world.user("needle")
    sent = await world.api.submit(
        device.user, title=f"Backup {word} failed", priority="critical", source="backup"
    )
    await device.close()
    await world.gone(device.user)
    page = await search(world, q=word.upper(), status="undelivered", source="backup")
    assert ids(page) == [sent]
    person = await explained(world, sent, device.user)
    assert person["next"]["step"] == "wait"
    answer = await world.api.call("POST", f"/admin/notifications/{sent}/resend")
    assert (answer.status, answer.body["resent"], answer.body["connected_now"]) == (200, 1, 0)
    again = await world.online(device.user)
    await world.delivered(device.user, sent)
    person = await explained(world, sent, device.user)
    assert (person["status"], person["why"]["reason"]) == ("delivered", "delivered")
    assert (person["next"]["step"], person["online"]) == ("nothing", True)
    events = [one["event"] for one in person["timeline"]]
    assert events[0] == "accepted"
    assert "renewed" in events
    assert events[-1] == "delivered"
    assert person["timeline"][-1]["session"] is not None
    assert ids(await search(world, q=word, status="undelivered")) == []
    await world.judge(again)


async def test_frame_that_is_out_is_told_with_the_moment_of_its_judgement(world):
    device = await world.online()
    device.acking = "never"
    sent = await world.api.submit(device.user, priority="high")

    async def out():
        person = await explained(world, sent, device.user)
        return person if person["why"]["reason"] == "in_flight" else None

    person = await world.api.until(out)
    assert (person["next"]["step"], person["next"]["of"] >= 1) == ("judge", True)
    assert person["next"]["due_at"] > person["timeline"][0]["at"]


async def test_broadcast_is_explained_by_a_summary_and_pages(world):
    role = world.user("ROLE")
    users = sorted([world.user("m") for _ in range(5)])
    here = await world.online(users[0], roles=[role])
    for user in users[1:]:
        await world.known(user, roles=[role])
    sent = await world.api.submit({"role": role})
    await world.delivered(here.user, sent)
    late = await world.online(roles=[role])
    first = await world.api.explain(sent, limit=3)
    assert first["summary"]["delivered"] == 1
    assert first["recipients"]["page_info"] == {"after": users[2], "has_more": True}
    rest = await world.api.explain(sent, limit=100, after=users[2])
    told = [one["user"] for one in first["recipients"]["items"] + rest["recipients"]["items"]]
    assert told == users
    assert (await explained(world, sent, users[1]))["why"]["reason"] == "offline"
    assert (await explained(world, sent, late.user))["why"]["reason"] == "joined_later"
    stranger = await explained(world, sent, world.user())
    assert (stranger["status"], stranger["why"]["reason"]) == (None, "not_a_recipient")
    assert stranger["next"]["step"] == "nothing"


async def test_search_filters_and_pages_over_http(world):
    word = world.user("word")
    sent = [await world.api.submit(world.user(), title=f"{word} {n}", tags=["t"]) for n in range(5)]
    first = await search(world, q=word, tag="t", limit=2)
    assert ids(first) == sent[:2:-1]
    second = await search(world, q=word, limit=3, before=first["page_info"]["before"])
    assert ids(second) == sent[2::-1]
    await world.api.call("POST", f"/notifications/{sent[0]}/cancel")
    assert ids(await search(world, q=word, status="cancelled")) == [sent[0]]
    assert len(ids(await search(world, q=word, status="live"))) == 4


async def test_search_for_a_user_finds_what_reached_them(world):
    device = await world.online()
    named = await world.api.submit(device.user)
    shared = await world.api.submit({"all": True})
    await world.delivered(device.user, named, shared)
    assert {named, shared} <= set(ids(await search(world, user=device.user)))
    assert shared not in ids(await search(world, user=world.user()))


async def test_search_with_faults_names_each(world):
    answer = await world.api.call(
        "GET", "/admin/notifications", status="x", priority="y", since="z", limit="0", nope="1"
    )
    assert answer.status == 422
    assert set(answer.paths) == {"status", "priority", "since", "limit", "nope"}
    for faulty in ({"before": "rubbish"}, {"namespace": "/nope"}):
        answer = await world.api.call("GET", "/admin/notifications", **faulty)
        assert (answer.status, answer.paths) == (422, list(faulty))


async def test_resend_of_what_is_over_is_409_and_of_what_is_unknown_404(world):
    sent = await world.api.submit(world.user())
    await world.api.call("POST", f"/notifications/{sent}/cancel")
    answer = await world.api.call("POST", f"/admin/notifications/{sent}/resend")
    assert (answer.status, answer.code) == (409, "CONFLICT")
    answer = await world.api.call("POST", "/admin/notifications/nope/resend")
    assert answer.status == 404


async def test_explanation_on_the_terminal_tells_the_same(world):
    sent = await world.api.submit(world.user("lost"), title="Zirkon")
    told = json.loads(world.server.cli("explain", sent, "--json"))
    assert told["recipients"]["items"][0]["why"]["reason"] == "offline"
