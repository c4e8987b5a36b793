"""S18: what looks like an operator of MongoDB is refused, or is a text like any other."""

import secrets

import pytest
from support import mongodb
from support.server import Server
from support.world import World

pytestmark = pytest.mark.skipif(not mongodb.is_there(), reason="no MongoDB: scripts/services")

ANY = {"$ne": None}
ABOVE = {"$gt": ""}
BODY = {"to": "1", "title": "T", "message": "M"}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """On MongoDB, whatever the other tests run on."""
    folder = tmp_path_factory.mktemp("operators")
    environ = {
        "NOTIFY_STORE__URL": mongodb.url_for(folder),
        "NOTIFY_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
    }
    node = Server(folder, environ=environ)
    node.spawn()
    node.wait_ready(60)
    yield node
    node.stop()


@pytest.fixture
async def world(node):
    async with World(node) as world:
        yield world


SUBMISSIONS = [
    {**BODY, "to": ANY},
    {**BODY, "to": [ABOVE]},
    {**BODY, "to": {"user": ANY}},
    {**BODY, "to": {"role": {"$in": ["ADMIN"]}}},
    {**BODY, "to": {"room": {"$regex": ".*"}}},
    {**BODY, "exclude": [ANY]},
    {**BODY, "collapse_key": ANY},
    {**BODY, "type": ANY},
    {**BODY, "tags": [ANY]},
    {**BODY, "title": {"$where": "1"}},
    {**BODY, "$where": "sleep(1000)"},
]


async def test_operators_in_submissions_are_refused_with_their_path(world):
    for body in SUBMISSIONS:
        answer = await world.api.post(body)
        assert (answer.status, bool(answer.paths)) == (422, True), body
    answer = await world.api.post({"items": SUBMISSIONS}, path="/notifications/bulk")
    assert {one["status"] for one in answer.body["items"]} == {"rejected"}


async def test_operators_over_http_reach_nobodys_notifications(world):
    thief, victim = world.user("thief"), world.user("victim")
    for user in (thief, victim):
        await world.api.submit(user)
    token = world.api.as_user(thief)
    calls = [
        ("/notifications/batch", {"ids": [ANY], "action": "delete"}),
        ("/notifications/batch", {"ids": ANY, "action": "delete"}),
        ("/notifications/batch", {"ids": ["x"], "action": ANY}),
        ("/notifications/mark-all-read/", {"before": ABOVE}),
        ("/notifications/mark-all-read/", {"type": ANY}),
        ("/notifications/mark-all-read/", {"tags": [ANY]}),
    ]
    for path, body in calls:
        answer = await world.api.call("POST", path, body, bearer=token)
        assert answer.status == 422, (path, body, answer.body)
    answer = await world.api.call("PUT", "/subscriptions", {"types": ANY}, bearer=token)
    assert answer.status == 422
    answer = await world.api.call("PUT", f"/admin/users/{thief}", {"email": ANY, "roles": ABOVE})
    assert answer.status == 422
    for name in ("type[$ne]", "before[$gt]", "q[$regex]", "user[$ne]"):
        for path, bearer in (("/notifications", token), ("/admin/notifications", None)):
            answer = await world.api.call("GET", path, bearer=bearer, **{name: "x"})
            assert answer.status == 422, (path, name)
    counts = [await world.api.counts(user) for user in (thief, victim)]
    assert counts[0] == counts[1] == (1, 1)


async def test_operators_over_socket_reach_nobodys_notifications(world):
    thief, victim = await world.online(), await world.online()
    for device in (thief, victim):
        await device.sees(await world.api.submit(device.user))
    for event in ("mark_read", "delete", "dismiss", "pin", "notification_ack", "clicked"):
        for payload in (
            ANY,
            {"notification_id": ANY},
            {"ids": [ANY]},
            {"notification_id": [ABOVE]},
        ):
            answer = await thief.ask(event, payload)
            assert (answer["ok"], answer["error"]["code"]) == (False, "INVALID"), (event, payload)
    for event, payload in [
        ("mark_all_read", {"before": ABOVE}),
        ("get_notifications", {"type": ANY}),
        ("get_notifications", {"before": ABOVE}),
        ("subscribe", {"types": [ANY]}),
        ("join_room", {"room": ANY}),
    ]:
        answer = await thief.ask(event, payload)
        assert not answer["ok"], (event, payload)
    for device in (thief, victim):
        assert await world.api.counts(device.user) == (1, 1)


async def test_texts_that_look_like_operators_are_kept_as_they_are(world):
    """In content, in names, as keys: never a field, never a filter."""
    user, other = "$ne", "$where.x"
    data = {"$set": {"submitter": "me"}, "a.b": 1, "$where": "sleep(1)", "": {"$gt": ""}}
    key = '{"$ne": null}'
    sent = await world.api.submit([user, other], key=key, data=data, tags=["$in"], message="$user")
    assert await world.api.submit([user, other], key=key, data=data, tags=["$in"], message="$user")
    assert await world.api.ids(user) == [sent]
    item = await world.api.item(user, sent)
    assert (item["data"], item["tags"], item["message"]) == (data, ["$in"], "$user")
    await world.api.act(user, sent, "mark-read")
    assert (await world.api.counts(user), await world.api.counts(other)) == ((0, 0), (1, 1))
    answer = await world.api.call("PUT", f"/admin/users/{user}", {"name": "$rename"})
    assert answer.status in (200, 204)
    assert (await world.api.call("GET", f"/admin/users/{user}")).body["name"] == "$rename"
    assert await world.api.ids(user, tag="$in") == [sent]
