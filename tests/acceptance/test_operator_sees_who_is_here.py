"""Sessions, presence, figures: for operators, and for nobody else (S33)."""

import json

import pytest


@pytest.fixture(scope="module")
def reading_key(server):
    printed = server.cli("api-key", "create", "--name", "reader", "--scope", "read", "--json")
    return json.loads(printed)["key"]


async def get(world, path, **query):
    answer = await world.api.call("GET", path, **query)
    assert answer.status == 200, answer
    return answer.body


async def test_presence_and_sessions_follow_who_connects(world):
    user = world.user()
    assert not (await get(world, "/admin/presence", user=user))["online"]
    device = await world.online(user)
    told = await get(world, "/admin/presence", user=user)
    assert (told["online"], told["known"], len(told["sessions"])) == (True, True, 1)
    (session,) = (await get(world, "/admin/sessions", user=user))["items"]
    assert session["transport"] in ("websocket", "polling")
    assert (session["namespace"], session["ack"]) == ("/", True)
    assert (await get(world, "/admin/sessions", user=user, namespace="/admin"))["items"] == []
    answer = await world.api.call("DELETE", f"/admin/sessions/{session['sid']}")
    assert answer.status == 204

    async def gone():
        return not (await get(world, "/admin/presence", user=user))["online"]

    await world.api.until(gone)
    entries = (await get(world, "/admin/audit", subject=f"user:{user}"))["items"]
    assert entries[0]["action"] == "session.close"
    await device.close()


async def test_stats_tell_figures_of_the_node_and_of_a_person(world):
    device = await world.online()
    sent = await world.api.submit(device.user)
    await world.delivered(device.user, sent)
    told = await get(world, "/admin/stats", user=device.user)
    assert told["sessions"]["total"] >= 1
    assert sum(told["sessions"]["by_transport"].values()) == told["sessions"]["total"]
    assert told["since_start"]["accepted"] >= 1
    assert told["since_start"]["acknowledged"] >= 1
    assert told["stored"].keys() == {"notifications", "receipts", "users"}
    own = told["user"]
    assert (own["online"], own["namespaces"]["/"]["undelivered"]) == (True, 0)
    assert own["namespaces"]["/"]["unread"] == 1


@pytest.mark.parametrize(
    "path", ["/admin/notifications", "/admin/stats", "/admin/sessions", "/admin/presence?user=x"]
)
async def test_reading_key_may_look_and_nobody_else(world, reading_key, path):
    assert (await world.api.call("GET", path, bearer=reading_key)).status == 200
    user = world.user()
    for bearer, status in ((world.api.as_user(user), 403), ("", 401)):
        assert (await world.api.call("GET", path, bearer=bearer)).status == status


async def test_reading_key_changes_nothing(world, reading_key):
    device = await world.online()
    sent = await world.api.submit(device.user)
    for method, path in (
        ("POST", f"/admin/notifications/{sent}/resend"),
        ("DELETE", "/admin/sessions/x"),
    ):
        answer = await world.api.call(method, path, bearer=reading_key)
        assert (answer.status, answer.code) == (403, "FORBIDDEN")


async def test_strangers_hear_the_same_of_those_who_are_here_and_those_who_are_not(world):
    """S33: the refusal says nothing of the person."""
    here, token = await world.online(), world.api.as_user(world.user())
    answers = [
        await world.api.call("GET", "/admin/presence", bearer=token, user=user)
        for user in (here.user, world.user())
    ]
    assert answers[0].body == answers[1].body
    assert answers[0].status == 403
