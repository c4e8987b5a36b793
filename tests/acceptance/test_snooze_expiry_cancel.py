"""What leaves the list, and what comes back to it."""

import datetime as dt


def in_seconds(seconds):
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_snooze_takes_away_and_brings_back_as_new(world):
    user = world.user()
    one, two = await world.online(user), await world.online(user)
    sent = await world.api.submit(user)
    later = await world.api.submit(user)
    for tab in (one, two):
        await tab.sees(sent, later)
    await one.ask("mark_read", {"notification_id": sent})
    before = await world.api.item(user, sent)
    assert (await one.ask("snooze", {"notification_id": sent, "for_s": 3}))["ok"]
    assert await world.api.ids(user) == [later]
    assert await world.api.ids(user, snoozed="true") == [sent]
    await two.until(lambda: two.items[sent].get("snoozed_until"))
    await world.counts_agree(one, two)

    for tab in (one, two):
        await tab.until(lambda tab=tab: len(tab.wires(sent)) == 2)
    after = await world.api.item(user, sent)
    assert after["sort_at"] > before["sort_at"]
    assert after["is_read"] is False
    assert after["snoozed_until"] is None
    assert await world.api.ids(user) == [sent, later]
    for tab in (one, two):
        assert tab.items[sent]["sort_at"] == after["sort_at"]
        assert tab.items[sent]["is_read"] is False
        assert tab.shown == [sent, later, sent]
    await world.counts_agree(one, two)


async def test_snooze_ends_while_away_and_comes_with_the_return(world):
    device = await world.online()
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    await device.ask("snooze", {"notification_id": sent, "until": in_seconds(2)})
    await device.close()

    async def back():
        return await world.api.ids(device.user) == [sent]

    await world.api.until(back)
    await device.connect()
    assert device.shown == [sent, sent]
    assert device.count == 1


async def test_snooze_bad_times_are_refused(world):
    device = await world.online()
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    for extra in (
        {},
        {"for_s": 0},
        {"for_s": -5},
        {"for_s": "60"},
        {"for_s": 1e400},
        {"until": "tomorrow"},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": in_seconds(60), "for_s": 60},
        {"until": 5},
    ):
        if extra.get("for_s") == float("inf"):
            continue  # no JSON
        answer = await device.ask("snooze", {"notification_id": sent, **extra})
        assert answer["ok"] is False, extra
        assert answer["error"]["code"] == "INVALID", extra
    assert await world.api.ids(device.user) == [sent]


async def test_expiry_removes_from_every_tab_and_the_list(world):
    away = await world.known(world.user())
    device = await world.online(away.user)
    sent = await world.api.submit(device.user, ttl_s=4)
    kept = await world.api.submit(device.user)
    await device.sees(sent, kept)
    await device.until(lambda: device.removed.get(sent) == "expired")
    assert await world.api.ids(device.user) == [kept]
    await world.counts_agree(device)
    await away.connect()
    assert sent not in away.items
    page = await world.api.explain(sent, user=device.user)
    assert page["recipients"]["items"][0]["state"]["status"] in ("expired", "delivered")


async def test_expired_while_away_is_never_shown(world):
    user = world.user()
    await world.known(user)
    sent = await world.api.submit(user, expires_at=in_seconds(2))

    async def gone():
        return await world.api.ids(user) == []

    await world.api.until(gone)
    device = await world.online(user)
    await world.barrier(device)
    assert sent not in device.items

    async def expired():
        page = await world.api.explain(sent, user=user)
        return page["recipients"]["items"][0]["state"]["status"] == "expired"

    await world.api.until(expired)


async def test_cancel_stops_what_has_not_gone_out_and_removes_what_is_unread(world):
    online, reader, away = await world.online(), await world.online(), world.user()
    sent = await world.api.submit([online.user, reader.user, away])
    await online.sees(sent)
    await reader.sees(sent)
    assert (await reader.ask("mark_read", {"notification_id": sent}))["ok"]
    await world.counts_agree(online, reader)
    answer = await world.api.call("POST", f"/notifications/{sent}/cancel")
    assert answer.status == 200, answer
    assert answer.body["stopped"] == 1
    assert answer.body["removed"] == 1
    await online.until(lambda: online.removed.get(sent) == "cancelled")
    late = await world.online(away)
    await world.barrier(late, reader)
    assert sent not in late.items
    assert sent not in reader.removed
    assert sent in await world.api.ids(reader.user)
    assert sent not in await world.api.ids(online.user)
    await world.counts_agree(online, reader, late)


async def test_cancel_of_an_audience_reaches_everybody(world):
    role = world.user("ROLE")
    online = await world.online(roles=[role])
    away = await world.known(world.user(), [role])
    sent = await world.api.submit({"role": role})
    await online.sees(sent)
    assert (await world.api.call("POST", f"/notifications/{sent}/cancel")).status == 200
    await online.until(lambda: online.removed.get(sent) == "cancelled")
    await away.connect()
    await world.barrier(away)
    assert sent not in away.items
    assert sent not in await world.api.ids(away.user)


async def test_cancel_again_and_of_the_unknown(world):
    sent = await world.api.submit(world.user())
    first = await world.api.call("POST", f"/notifications/{sent}/cancel")
    again = await world.api.call("POST", f"/notifications/{sent}/cancel")
    assert first.status == again.status == 200
    assert again.body["stopped"] == again.body["removed"] == 0
    unknown = await world.api.call(
        "POST", "/notifications/01890000-0000-7000-8000-000000000000/cancel"
    )
    assert (unknown.status, unknown.code) == (404, "NOT_FOUND")


async def test_dismissed_is_out_of_list_and_counts_until_restored(world):
    device = await world.online()
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    await device.ask("dismiss", {"notification_id": sent})
    assert await world.api.ids(device.user) == []
    assert await world.api.ids(device.user, dismissed="true") == [sent]
    assert await world.api.counts(device.user) == (0, 0)
    await device.ask("restore", {"notification_id": sent})
    assert await world.api.ids(device.user) == [sent]
    await world.counts_agree(device)


async def test_engagement_follows_its_table(world):
    """Clicked and acknowledged are read, read is seen, seen is delivered."""
    user = world.user()
    for verb, fields in {
        "clicked": ("clicked_at", "read_at", "seen_at", "delivered_at"),
        "acknowledge": ("acknowledged_at", "read_at", "seen_at", "delivered_at"),
        "mark-read": ("read_at", "seen_at", "delivered_at"),
        "mark-seen": ("seen_at", "delivered_at"),
        "dismiss": ("dismissed_at", "seen_at", "delivered_at"),
    }.items():
        sent = await world.api.submit(user)
        for _ in range(2):
            await world.api.act(user, sent, verb)
            item = await world.api.item(user, sent)
            assert [name for name in fields if not item[name]] == [], verb
            assert item["is_read"] is ("read_at" in fields)
            assert item["status"] == "delivered"
