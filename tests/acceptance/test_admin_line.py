"""Contract 9, ``/admin``: an operator's socket beside a user's, on the real server."""


async def test_operator_sends_watches_explains_and_ends_over_the_socket(world):
    user = await world.online()
    boss = await world.online(world.user("boss"), ["ADMIN"], line="/admin")
    other = await world.online(world.user("boss"), ["ADMIN"], line="/admin")
    body = {"to": user.user, "title": "t", "message": "m", "idempotency_key": world.user("k")}
    sent = await boss.ask("send_notification", body)
    await user.sees(sent["id"])
    await world.delivered(user.user, sent["id"])
    explained = await boss.ask("explain", {"notification_id": sent["id"], "user": user.user})
    assert explained["recipients"]["items"][0]["status"] == "delivered"

    token = world.api.as_user(boss.user)
    key = body.pop("idempotency_key")
    again = await world.api.post(body, key=key, bearer=token)
    assert again.body["id"] == sent["id"], "one key, by socket and by HTTP"

    assert (await boss.ask("watch", {"on": True}))["on"]
    await boss.until(lambda: len(boss.events("stats")) >= 2)
    figures = boss.events("stats")[-1]
    assert figures["users_online"] >= 3
    assert figures.keys() == (await boss.ask("get_stats")).keys() - {"ok"}
    assert other.events("stats") == []

    (session,) = (await boss.ask("get_sessions", {"user": user.user}))["items"]
    assert (await boss.ask("disconnect_session", {"sid": session["sid"]}))["ok"]
    await user.until(lambda: user.socket.disconnected)
    audit = await world.api.call("GET", "/admin/audit", who=f"user:{boss.user}")
    assert [entry["action"] for entry in audit.body["items"]] == ["session.close"]


async def test_person_without_the_role_finds_no_operator_there(world):
    user = await world.online()
    for event in ("send_notification", "get_stats", "watch", "disconnect_session"):
        answer = await user.ask(event, {})
        assert answer["error"]["code"] == "UNKNOWN_EVENT"
    assert user.open
