"""Types that a person switched off: not shown live, not counted, still listed."""


async def test_unsubscribed_type_is_listed_only(world):
    user = world.user()
    one, two = await world.online(user), await world.online(user)
    answer = await one.ask("unsubscribe", {"types": ["user_action"]})
    assert answer["ok"], answer
    update = (await two.until(lambda: two.events("subscriptions_updated")))[-1]
    assert update["types"]["user_action"]["subscribed"] is False
    quiet = await world.api.submit(user, type="user_action")
    loud = await world.api.submit(user, type="info")
    await one.sees(loud)
    await world.barrier(one, two)
    assert quiet not in one.items
    assert quiet not in two.items
    assert quiet in await world.api.ids(user)
    assert quiet not in await world.api.ids(user, subscribed="true")
    await world.counts_agree(one, two)
    assert await world.api.counts(user) == (2, 2)
    fresh = await world.online(user)
    assert quiet not in fresh.items


async def test_subscribed_again_counts_again(world):
    device = await world.online()
    first = await world.api.submit(device.user, type="user_action")
    await device.sees(first)
    await device.ask("unsubscribe", {"types": ["user_action"]})
    await device.until(lambda: device.count == 0)
    await device.ask("subscribe", {"types": ["user_action"]})
    await device.until(lambda: device.count == 1)
    await world.counts_agree(device)


async def test_security_and_critical_cannot_be_switched_off(world):
    device = await world.online()
    answer = await device.ask("unsubscribe", {"types": ["security"]})
    assert answer["ok"] is False
    put = await world.api.call(
        "PUT",
        "/subscriptions",
        {"types": {"security": False}},
        bearer=world.api.as_user(device.user),
    )
    assert put.status == 422, put
    assert (await device.ask("unsubscribe", {"types": ["alert"]}))["ok"]
    loud = await world.api.submit(device.user, type="alert", priority="critical")
    quiet = await world.api.submit(device.user, type="alert", priority="normal")
    secure = await world.api.submit(device.user, type="security")
    await device.sees(loud, secure)
    await world.barrier(device)
    assert quiet not in device.items


async def test_subscriptions_over_http_are_the_same_and_unknown_types_refused(world):
    user = world.user()
    device = await world.online(user)
    token = world.api.as_user(user)
    everything = await world.api.call("GET", "/subscriptions", bearer=token)
    assert everything.status == 200
    types = everything.body["types"]
    assert {"system", "user_action", "info", "security", "admin"} <= set(types)
    assert all(row["subscribed"] for row in types.values())
    assert types["security"]["required"] is True
    put = await world.api.call(
        "PUT", "/subscriptions", {"types": {"user_action": False}}, bearer=token
    )
    assert put.status == 200, put
    await device.until(lambda: device.events("subscriptions_updated"))
    for bad in ({"types": {"nonsense": False}}, {"types": {"info": "no"}}, {"types": []}, {}):
        answer = await world.api.call("PUT", "/subscriptions", bad, bearer=token)
        assert answer.status == 422, bad
    again = await world.api.call("GET", "/subscriptions", bearer=token)
    off = [name for name, row in again.body["types"].items() if not row["subscribed"]]
    assert off == ["user_action"]
    for types in (["nonsense"], "user_action", [5], None):
        assert (await device.ask("unsubscribe", {"types": types}))["ok"] is False, types
