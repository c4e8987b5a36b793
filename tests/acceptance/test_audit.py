"""Who, what, when of every operator change, over HTTP (contract 7)."""

import json

from support.world import World

CHANGES = {
    "user.revoke", "member.put", "member.remove", "session.close", "api_key.create",
    "api_key.revoke", "notification.cancel", "notification.replace",
}  # fmt: skip


async def entries(world, **query):
    answer = await world.api.call("GET", "/admin/audit", **query)
    assert answer.status == 200, answer
    return answer.body["items"]


async def do_everything(world, user):
    """One of each change; returns who did it."""
    call = world.api.call
    made = await call("POST", "/admin/api-keys", {"name": "ops", "scopes": ["admin"]})
    by = made.body["key"]
    device = await world.online(user)
    (session,) = [one for one in await world.api.sessions() if one["user"] == user]
    sent = await world.api.submit(user, message="payload-text")
    path = f"/notifications/{sent}"
    done = [
        await call("PUT", f"/admin/rooms/r1/members/{user}", bearer=by),
        await call("DELETE", f"/admin/rooms/r1/members/{user}", bearer=by),
        await call("PUT", path, {"title": "x", "message": "payload-text"}, bearer=by),
        await call("POST", f"{path}/cancel", bearer=by),
        await call("DELETE", f"/admin/sessions/{session['sid']}", bearer=by),
        await call("POST", f"/admin/users/{user}/revoke", bearer=by),
        await call("POST", f"/admin/api-keys/{made.body['id']}/revoke"),
    ]
    assert [one.status for one in done] == [204, 204, 202, 200, 204, 204, 200], done
    await device.close()
    return f"key:{made.body['id']}"


async def test_every_operator_change_is_recorded_with_who_and_about_whom(world):
    user = world.user()
    who = await do_everything(world, user)
    found = await entries(world, who=who)
    about = {entry["action"]: entry["subject"] for entry in found}
    assert about.pop("notification.cancel").startswith("notification:")
    assert about.pop("notification.replace").startswith("notification:")
    assert set(about.values()) == {f"user:{user}"}
    assert {e["action"] for e in found} | {"api_key.create", "api_key.revoke"} == CHANGES
    assert [e["seq"] for e in found] == sorted((e["seq"] for e in found), reverse=True)
    assert {e["action"] for e in await entries(world, subject=who)} == {
        "api_key.create", "api_key.revoke",
    }  # fmt: skip
    assert "payload-text" not in json.dumps(await entries(world))
    assert (await world.api.call("GET", "/admin/audit/verify")).body == {
        "intact": True, "first_broken": None,
    }  # fmt: skip


async def test_pages_follow_each_other_without_gap(world):
    for _ in range(5):
        await world.api.call("POST", f"/admin/users/{world.user()}/revoke")
    seqs, before = [], None
    for _ in range(3):
        page = (await world.api.call("GET", "/admin/audit", limit=2, before=before)).body
        seqs += [entry["seq"] for entry in page["items"]]
        before = page["page_info"]["before"]
        assert page["page_info"]["has_more"] == (before is not None)
    assert seqs == list(range(seqs[0], seqs[0] - len(seqs), -1))


async def test_bad_query_is_refused_and_a_sending_key_sees_nothing(world):
    for query in ({"limit": 0}, {"before": "x"}, {"nope": 1}):
        answer = await world.api.call("GET", "/admin/audit", **query)
        assert (answer.status, answer.paths) == (422, list(query)), answer
    token = world.server.token(world.user(), ["USER"])
    for path in ("/admin/audit", "/admin/audit/verify"):
        assert (await world.api.call("GET", path, bearer=token)).status == 403


async def test_key_made_without_a_server_is_recorded_too(make_server):
    server = make_server()
    server.start()
    server.stop()
    server.cli("api-key", "create", "--name", "later", "--scope", "read")
    server.start()
    async with World(server) as world:
        (entry,) = await entries(world)
    assert (entry["who"], entry["action"]) == ("key:local", "api_key.create")
