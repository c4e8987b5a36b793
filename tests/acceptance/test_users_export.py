"""One JSON document of everything held of a person (contract 7, S31)."""


async def export(world, user):
    answer = await world.api.call("GET", f"/admin/users/{user}/export")
    assert answer.status == 200, answer
    return answer.body


async def test_export_holds_profile_notifications_receipts_sent_ones_and_audit(world):
    device = await world.online(roles=["OPS", "R"])
    user, other = device.user, world.user()
    await world.api.call("PUT", f"/admin/users/{user}", {"email": "ann@example.org"})
    named = await world.api.submit([user, other], title="named", data={"n": 1})
    of_role = await world.api.submit({"role": "R"})
    on_line = await world.api.submit({"namespace": "/ops"})
    ops = await world.online(user, roles=["OPS", "R"], line="/ops")
    await ops.sees(on_line)
    await device.sees(named, of_role)
    await world.delivered(user, named, of_role, on_line)
    await world.api.act(user, named, "mark-read")
    sent = await world.api.submit(other, sender={"id": user, "name": "Ann", "avatar_url": None})
    await world.api.call("POST", f"/admin/users/{user}/revoke")
    held = await export(world, user)
    by_id = {one["notification"]["id"]: one for one in held["notifications"]}
    assert {named, of_role, on_line} <= by_id.keys()
    assert by_id[on_line]["notification"]["namespace"] == "/ops"
    assert by_id[named]["notification"]["data"] == {"n": 1}
    assert by_id[named]["receipt"]["read_at"] is not None
    assert by_id[named]["receipt"]["acks"][0]["rtt_ms"] >= 0
    assert held["user"]["email"] == "ann@example.org"
    assert held["user"]["tokens_revoked_before"] is not None
    assert [one["id"] for one in held["sent"]] == [sent]
    assert {entry["action"] for entry in held["audit"]} == {
        "user.put", "user.revoke", "user.export",
    }  # fmt: skip
    assert other not in str(held["notifications"])


async def test_export_of_many_pages_is_whole(world):
    user = world.user()
    for start in range(0, 1_200, 600):
        items = [{"to": user, "title": "t", "message": str(n)} for n in range(start, start + 600)]
        answer = await world.api.call("POST", "/notifications/bulk", {"items": items})
        assert answer.status == 202
    held = await export(world, user)
    assert {one["notification"]["message"] for one in held["notifications"]} == {
        str(number) for number in range(1_200)
    }
