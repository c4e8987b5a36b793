"""Point 6: unacknowledged, retried by the priority's schedule, explained. High is quick here."""


async def explained(world, notification_id, user):
    """The one recipient's part of the explanation."""
    page = await world.api.explain(notification_id, user=user)
    assert len(page["recipients"]["items"]) == 1, page
    return page["recipients"]["items"][0]


async def test_retry_silent_client_gets_every_attempt_then_failed(world):
    """High: 3 attempts, 1 s ack timeout, 0.2 s base delay with full jitter, doubled."""
    device = await world.online()
    device.acking = "never"
    sent = await world.api.submit(device.user, priority="high")
    await device.until(lambda: len(device.wires(sent)) == 3)
    assert [p.get("attempt", 1) for p in device.wires(sent)] == [1, 2, 3]
    assert device.shown == [sent], "a retry is dropped by whoever holds it"

    async def failed():
        return (await explained(world, sent, device.user))["state"]["status"] == "failed"

    await world.api.until(failed)
    recipient = await explained(world, sent, device.user)
    numbers = [a["number"] for a in recipient["attempts"] if a["outcome"] == "failed"]
    assert numbers == [1, 2, 3]
    assert {a["reason"] for a in recipient["attempts"] if a["outcome"] == "failed"} == {"no_ack"}
    await world.barrier(device, priority="high")
    assert len(device.wires(sent)) == 3
    assert sent in await world.api.ids(device.user)


async def test_retry_ack_ends_the_schedule_and_is_explained_with_its_round_trip(world):
    device = await world.online()
    device.acking = "never"
    sent = await world.api.submit(device.user, priority="high")
    await device.until(lambda: len(device.wires(sent)) == 1)
    device.acking = "store"
    await device.until(lambda: len(device.wires(sent)) == 2)

    async def delivered():
        return (await explained(world, sent, device.user))["state"]["status"] == "delivered"

    await world.api.until(delivered)
    recipient = await explained(world, sent, device.user)
    last = recipient["attempts"][-1]
    assert last["number"] == 2
    assert last["round_trip_ms"] >= 0
    assert last["session"]
    assert (await world.api.item(device.user, sent))["delivered_at"]


async def test_retry_goes_only_to_sessions_that_have_not_confirmed(world):
    user = world.user()
    good, silent = await world.online(user), await world.online(user)
    silent.acking = "never"
    sent = await world.api.submit(user, priority="high")
    await good.sees(sent)
    await silent.sees(sent)

    async def delivered():
        return (await explained(world, sent, user))["state"]["status"] == "delivered"

    await world.api.until(delivered)
    assert len(good.wires(sent)) == 1


async def test_retry_first_success_is_one_frame_and_no_more(world):
    device = await world.online()
    sent = await world.api.submit(device.user, priority="high")
    await device.sees(sent)
    follow = await world.api.submit(device.user, priority="urgent", requires_acknowledgment=True)
    await device.until(lambda: any(p.get("reminder") for p in device.wires(follow)))
    assert len(device.wires(sent)) == 1


async def test_retry_pauses_while_away_and_goes_on_at_return(world):
    # On long-polling all attempts are over before it is noticed, after three seconds, to be away.
    device = await world.online(transport="websocket")
    device.acking = "never"
    sent = await world.api.submit(device.user, priority="high")
    await device.until(lambda: len(device.wires(sent)) == 1)
    await device.drop()
    await world.gone(device.user)
    before = await explained(world, sent, device.user)
    assert before["state"]["status"] in ("pending", "sent")
    device.acking = "store"
    await device.connect(cursor=False)
    await device.until(lambda: len(device.wires(sent)) >= 2)
    assert device.wires(sent)[-1].get("replayed") is True

    async def delivered():
        return (await explained(world, sent, device.user))["state"]["status"] == "delivered"

    await world.api.until(delivered)


async def test_reminder_comes_until_a_person_acknowledges(world):
    device = await world.online()
    sent = await world.api.submit(device.user, priority="high", requires_acknowledgment=True)
    await device.until(lambda: len([p for p in device.wires(sent) if p.get("reminder")]) >= 1)
    answer = await device.ask("mark_read", {"notification_id": sent})
    assert answer["ok"]
    await device.until(lambda: len([p for p in device.wires(sent) if p.get("reminder")]) >= 2)
    assert [p["reminder"] for p in device.wires(sent) if p.get("reminder")][:2] == [1, 2]
    assert (await device.ask("acknowledge", {"notification_id": sent}))["ok"]
    item = await world.api.item(device.user, sent)
    assert item["acknowledged_at"]
    assert item["is_read"] is True


async def test_reminder_acknowledged_on_one_tab_stops_on_both(world):
    user = world.user()
    one, two = await world.online(user), await world.online(user)
    sent = await world.api.submit(user, priority="high", requires_acknowledgment=True)
    await one.sees(sent)
    assert (await one.ask("acknowledge", {"notification_id": sent}))["ok"]
    await two.until(lambda: two.items[sent].get("acknowledged_at"))
    before = _reminders(sent, one, two)  # none, unless the machine was too slow for a second
    other = await world.api.submit(user, priority="high", requires_acknowledgment=True)
    await two.until(lambda: any(p.get("reminder") for p in two.wires(other)))
    assert _reminders(sent, one, two) == before
    await one.ask("acknowledge", {"notification_id": other})


def _reminders(notification_id, *tabs):
    return [p["reminder"] for tab in tabs for p in tab.wires(notification_id) if p.get("reminder")]


async def test_reminders_are_as_many_as_attempts_then_it_is_not_acknowledged(world):
    device = await world.online()
    sent = await world.api.submit(device.user, priority="high", requires_acknowledgment=True)

    async def ended():
        attempts = (await explained(world, sent, device.user))["attempts"]
        return "not_acknowledged" in {a["reason"] for a in attempts}

    await world.api.until(ended)
    reminders = [p["reminder"] for p in device.wires(sent) if p.get("reminder")]
    assert reminders == [1, 2, 3]


async def test_poisonous_replay_is_pushed_three_times_then_only_listed(world):
    """After the last attempt it is replayed at three more connects (reason poison)."""
    device = await world.online()
    device.acking = "never"
    sent = await world.api.submit(device.user, priority="urgent")

    async def failed():
        return (await explained(world, sent, device.user))["state"]["status"] == "failed"

    await world.api.until(failed)
    seen = []
    for number in range(6):
        await device.close()
        await world.api.until(lambda n=number: _failures(world, sent, device.user, min(n, 3) + 1))
        before = len(device.wires(sent))
        await device.connect(cursor=False)
        seen.append(len(device.wires(sent)) - before)
    assert seen == [1, 1, 1, 0, 0, 0]
    assert (await explained(world, sent, device.user))["closed"]["reason"] == "poison"
    assert sent in await world.api.ids(device.user)


async def _failures(world, notification_id, user, count):
    attempts = (await explained(world, notification_id, user))["attempts"]
    return len([a for a in attempts if a["outcome"] == "failed"]) == count


async def test_poisonous_replay_of_a_client_that_dies_at_once_ends(world):
    """X20: a page that crashes on a frame and loads again gets it a few times, not for ever."""
    # On long-polling its death is noticed after three seconds: it comes back before that.
    device = await world.online(transport="websocket")
    device.acking = "never"
    sent = await world.api.submit(device.user, priority="urgent")
    await device.sees(sent)
    for _ in range(20):
        await device.drop()
        await device.connect(cursor=False)
    # Live and three replays; on a machine so slow that its retry comes in between, as many again.
    assert len(device.wires(sent)) <= 2 * (1 + 3)
    follow = await world.api.submit(device.user, priority="urgent")
    await device.sees(follow)


async def test_explain_tells_content_targets_and_summary(world):
    one, two = await world.online(), await world.online()
    sent = await world.api.submit([one.user, two.user, world.user()], title="Explained")
    await one.sees(sent)
    await two.sees(sent)

    async def summary():
        page = await world.api.explain(sent)
        return page if page["summary"]["delivered"] == 2 else None

    page = await world.api.until(summary)
    assert page["notification"]["title"] == "Explained"
    assert page["summary"]["pending"] == 1
    assert len(page["recipients"]["items"]) == 3
