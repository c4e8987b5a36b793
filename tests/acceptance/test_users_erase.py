"""S31: after an erase nothing of the person is left, nothing comes back, nobody else loses any."""

import asyncio
import json
import uuid

from support.world import World

BODY = {"title": "T", "message": "M"}


async def erase(world, user):
    answer = await world.api.call("DELETE", f"/admin/users/{user}")
    assert answer.status == 204, answer


async def is_unknown(world, user):
    return (await world.api.call("GET", f"/admin/users/{user}")).status == 404


def traces(server, *secrets):
    """Which of the texts stand in which file of the server."""
    files = [path for path in server.data_dir.rglob("*") if path.is_file()] + [server.log]
    return [
        (path.name, secret)
        for path in files
        for secret in secrets
        if secret.encode() in path.read_bytes()
    ]


async def test_erase_leaves_nothing_in_any_file(make_server):
    server = make_server()
    server.start()
    async with World(server) as world:
        user, other = "ann-" + uuid.uuid4().hex, world.user()
        text, mail, name = (f"secret-{uuid.uuid4().hex}" for _ in range(3))
        device = await world.online(user, roles=["R"])
        sent = await world.api.submit(user, message=text * 100, data={"deep": text})
        shared = await world.api.submit([user, other], message="shared")
        await world.api.submit(other, sender={"id": user, "name": name, "avatar_url": None})
        await world.api.submit({"role": "R"}, exclude=[user])
        await world.api.call("PUT", f"/admin/users/{user}", {"email": f"{mail}@example.org"})
        await world.api.call("PUT", f"/admin/rooms/r1/members/{user}")
        by_user = server.token(user, ["ADMIN"])
        await world.api.post({"to": other, **BODY}, bearer=by_user, key="k1")
        await device.sees(sent, shared)
        await world.delivered(user, sent, shared)
        assert traces(server, text, mail, name)
        await erase(world, user)
        await device.close()
        assert traces(server, text, mail, name) == []
        held = {where for where, _ in traces(server, user)}
        assert held <= {"notify.db"}, held  # who did something as an operator stays in the audit
        assert await is_unknown(world, user)
        assert (await world.api.call("GET", f"/admin/notifications/{sent}")).status == 404
        assert await world.api.ids(other) != []
        assert (await world.api.call("GET", "/admin/audit/verify")).body["intact"]
        assert user not in json.dumps(await world.api.explain(shared))
    server.stop()
    assert traces(server, text, mail, name) == []


async def test_name_leaves_the_audit_and_the_chain_stays_whole(make_server):
    server = make_server()
    server.start()
    async with World(server) as world:
        user = "ann-" + uuid.uuid4().hex
        await world.api.call("POST", f"/admin/users/{user}/revoke")
        await world.api.call("PUT", f"/admin/users/{user}", {"name": "Ann"})
        await erase(world, user)
        entries = (await world.api.call("GET", "/admin/audit")).body["items"]
        assert [e["action"] for e in entries] == ["user.erase", "user.put", "user.revoke"]
        assert [e["subject"] is None for e in entries] == [False, True, True]
        assert entries[0]["subject"].startswith("erased:")
        assert (await world.api.call("GET", "/admin/audit/verify")).body["intact"]
        assert traces(server, user) == []


async def test_sessions_close_and_old_tokens_are_dead(world):
    device = await world.online()
    old = world.server.newest[device.user]
    await erase(world, device.user)
    await world.gone(device.user)
    answer = await world.api.call("GET", "/notifications", bearer=old)
    assert (answer.status, answer.code) == (401, "TOKEN_INVALID")
    assert await is_unknown(world, device.user)


async def test_notification_to_several_is_the_others_still(world):
    ann, bob = await world.online(), await world.online()
    shared = await world.api.submit([ann.user, bob.user], title="shared")
    await bob.sees(shared)
    await erase(world, ann.user)
    assert await world.api.ids(bob.user) == [shared]
    page = await world.api.explain(shared)
    assert page["targets"]["to"] == [{"user": bob.user}]
    assert [one["user"] for one in page["recipients"]["items"]] == [bob.user]


async def test_erase_twice_and_of_a_stranger_is_204(world):
    user = world.user()
    await erase(world, user)
    await world.api.submit(user)
    await asyncio.gather(*(erase(world, user) for _ in range(3)))
    assert await is_unknown(world, user)


async def test_who_comes_back_with_a_fresh_token_starts_empty(world):
    role = world.user("R")
    device = await world.online(roles=[role])
    named = await world.api.submit(device.user)
    of_role = await world.api.submit({"role": role})
    await device.sees(named, of_role)
    await erase(world, device.user)
    await device.close()

    async def can_enter():  # a token's iat is in whole seconds: the next second's is newer
        fresh = world.server.token(device.user, [role])
        answer = await world.api.call("GET", "/notifications", bearer=fresh)
        return answer if answer.status == 200 else None

    answer = await world.api.until(can_enter)
    assert answer.body["items"] == []
    again = await world.online(device.user, roles=[role])
    fresh = await world.api.submit(device.user)
    await again.sees(fresh)
    assert await world.api.ids(device.user) == [fresh]


async def test_erase_while_deliveries_and_submits_are_under_way(world):
    """Whatever order they meet in: each submit is whole, and what was before is gone."""
    bob = await world.online()
    for _ in range(5):
        ann = await world.online()
        before = [await world.api.submit([ann.user, bob.user]) for _ in range(3)]
        names = [[ann.user, bob.user] for _ in range(10)]
        sent, *_ = await asyncio.gather(
            asyncio.gather(*(world.api.submit(to) for to in names)),
            erase(world, ann.user),
            ann.close(),
        )
        await bob.sees(*before, *sent)
        for identity in [*before, *sent]:
            page = await world.api.explain(identity)
            named = {target["user"] for target in page["targets"]["to"]}
            reached = {one["user"] for one in page["recipients"]["items"]}
            assert named == reached, page
            assert identity not in before or named == {bob.user}
        await erase(world, ann.user)
        assert await is_unknown(world, ann.user)


async def test_erased_person_gets_no_retry_and_leaves_no_receipt_behind(world):
    role = world.user("R")
    silent, bob = await world.online(roles=[role], ack=False), await world.online(roles=[role])
    sent = await world.api.submit({"role": role}, priority="high")
    await bob.sees(sent)
    await erase(world, silent.user)
    later = await world.api.submit(bob.user, priority="high")
    await world.delivered(bob.user, sent, later)
    await world.acks_stored()
    page = await world.api.explain(sent)
    assert [one["user"] for one in page["recipients"]["items"]] == [bob.user]
    assert await is_unknown(world, silent.user)


async def test_erase_holds_across_a_crash(make_server):
    server = make_server()
    server.start()
    async with World(server) as world:
        device = await world.online()
        old, user = server.newest[device.user], device.user
        await world.api.submit(user, message="gone")
        await erase(world, user)
    server.kill()
    server.start()
    async with World(server) as world:
        assert (await world.api.call("GET", "/notifications", bearer=old)).status == 401
        assert await is_unknown(world, user)
