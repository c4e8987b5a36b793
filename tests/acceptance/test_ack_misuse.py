"""X26, F7: acknowledgements that are doubled, wild, foreign, early or missing."""

import asyncio

import pytest

WILD = {
    "0": False,
    "1": False,
    "1000000000000000000": False,
    "9007199254740992": False,
    "18446744073709551616": False,
    "-1": True,
    "1e5": True,
    "9" * 200: True,
}
"""Ack ids that nobody gave out, and whether they may close the connection: no numbers at all do."""


@pytest.mark.parametrize("number", WILD)
async def test_ack_of_wild_id_changes_nothing_and_others_are_served(world, number):
    device, other = await world.online(), await world.online()
    device.acking = "never"
    sent = await world.api.submit([device.user, other.user])
    await device.sees(sent)
    await device.socket.send(f"43{number}[]")
    after = await world.api.submit([device.user, other.user])
    await other.sees(sent, after)
    if WILD[number]:
        await device.socket.until(lambda: after in device.items or device.socket.closed.is_set())
        if not device.open:
            await device.connect()
    await device.sees(after)
    await world.acks_stored()
    page = await world.api.explain(sent, user=device.user)
    assert page["recipients"]["items"][0]["state"]["delivered_at"] is None


async def test_ack_twice_is_one_delivery(world):
    device = await world.online()
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    number = ack_id_of(device, sent)
    for _ in range(3):
        await device.socket.ack(number)
    await device.socket.ack(number, {"junk": True}, [1, 2])
    await world.barrier(device)

    async def delivered():
        return (await world.api.explain(sent, user=device.user))["recipients"]["items"][0]["state"][
            "delivered_at"
        ]

    first = await world.api.until(delivered)
    await device.socket.ack(number)
    await world.barrier(device)
    assert await delivered() == first
    assert device.open


async def test_ack_of_another_users_frame_counts_for_nobody(world):
    """The id of somebody else's frame, guessed right: nothing becomes delivered."""
    victim, thief = await world.online(), await world.online()
    victim.acking = "never"
    sent = await world.api.submit(victim.user)
    await victim.sees(sent)
    number = ack_id_of(victim, sent)
    for guess in (number, number - 1, number + 1):
        await thief.socket.ack(guess)
    answer = await thief.ask("notification_ack", {"notification_id": sent, "revision": 1})
    assert answer["ok"] is False
    assert answer["error"]["code"] == "NOT_FOUND"
    await world.acks_stored()
    page = await world.api.explain(sent)
    states = [(r["user"], r["state"]["delivered_at"]) for r in page["recipients"]["items"]]
    assert states == [(victim.user, None)]
    assert await world.api.ids(thief.user) == [], "an ack opens nothing"


async def test_ack_event_does_the_same_as_the_callback(world):
    device = await world.online()
    device.acking = "never"
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    answer = await device.ask("notification_ack", {"notification_id": sent, "revision": 1})
    assert answer["ok"], answer
    await world.delivered(device.user, sent)


async def test_ack_of_what_does_not_exist_is_not_found(world):
    device = await world.online()
    unknown = "01890000-0000-7000-8000-000000000000"
    answer = await device.ask("notification_ack", {"notification_id": unknown, "revision": 1})
    assert answer["error"]["code"] == "NOT_FOUND"


async def test_ack_of_revision_that_is_not_yet_delivers_no_later_one(world):
    device = await world.online()
    device.acking = "never"
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    await device.ask("notification_ack", {"notification_id": sent, "revision": 7})
    await world.acks_stored()
    await world.api.call("PUT", f"/notifications/{sent}", {"title": "R2", "message": "M"})
    await device.until(lambda: device.items[sent]["revision"] == 2)
    await world.acks_stored()
    page = await world.api.explain(sent, user=device.user)
    recipient = page["recipients"]["items"][0]
    assert recipient["delivered_revision"] < 2
    assert recipient["state"]["status"] in ("pending", "sent")


async def test_ack_before_connect_is_dropped_and_closes_nothing(world):
    """A stock client does that after reconnecting; it must still be let in."""
    user = world.user()
    socket = await world.raw().open()
    for number in (1, 0, 2**40):
        await socket.ack(number)
    await socket.connect({"token": world.server.token(user), "ack": True})
    sent = await world.api.submit(user)
    await socket.until(lambda: any(sent in frame for frame in socket.frames))


async def test_ack_of_the_connection_before_counts(world):
    """The id stays good for an hour, so an ack that comes late over a new connection is one."""
    device = await world.online()
    device.acking = "never"
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    number = ack_id_of(device, sent)
    await device.drop()
    await device.connect()
    await device.socket.ack(number)

    await world.delivered(device.user, sent)


async def test_ack_after_cancel_is_recorded_and_status_stays(world):
    device = await world.online()
    device.acking = "never"
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    answer = await world.api.call("POST", f"/notifications/{sent}/cancel")
    assert answer.status == 200, answer
    await device.until(lambda: device.removed.get(sent) == "cancelled")
    await device.socket.ack(ack_id_of(device, sent))
    await world.barrier(device)
    page = await world.api.explain(sent, user=device.user)
    assert page["recipients"]["items"][0]["state"]["status"] == "cancelled"


async def test_ack_late_counts_and_stops_the_schedule(world):
    device = await world.online()
    device.acking = 1.4
    sent = await world.api.submit(device.user, priority="high")
    await device.sees(sent)

    await world.delivered(device.user, sent)
    seen = len(device.wires(sent))
    device.acking = "never"
    probe = await world.api.submit(device.user, priority="high")
    await device.until(lambda: len(device.wires(probe)) == 2)
    assert len(device.wires(sent)) <= seen + 1
    await asyncio.gather(*device.delayed)


async def test_session_without_ack_promise_is_delivered_by_its_pong(world):
    device = world.device()
    device.ack_promised = False
    await device.connect()
    sent = await world.api.submit(device.user, priority="high")
    await device.sees(sent)
    assert ack_id_of(device, sent) is None, "no ack is asked of who promised none"

    await world.delivered(device.user, sent)
    assert len(device.wires(sent)) == 1


async def test_session_without_ack_promise_and_without_pong_is_not_delivered(world):
    device = world.device(transport="websocket")  # the next poll would confirm as a pong does
    device.ack_promised = False
    await device.connect()
    device.socket.answer_pings = False
    sent = await world.api.submit(device.user, priority="high")
    await device.until(lambda: len(device.wires(sent)) >= 2)
    page = await world.api.explain(sent, user=device.user)
    assert page["recipients"]["items"][0]["state"]["delivered_at"] is None


async def test_pong_counts_only_when_no_acking_session_is_open(world):
    """A silent ``ack: true`` session of the user keeps it undelivered until it has closed."""
    user = world.user()
    acking, plain = world.device(user), world.device(user)
    plain.ack_promised = False
    await acking.connect()
    await plain.connect()
    acking.acking = "never"
    sent = await world.api.submit(user, priority="high")
    await plain.sees(sent)
    await acking.until(lambda: len(acking.wires(sent)) >= 2)

    async def state():
        page = await world.api.explain(sent, user=user)
        return page["recipients"]["items"][0]["state"]["delivered_at"]

    assert await state() is None
    await acking.close()
    await world.api.until(state)


def ack_id_of(device, notification_id):
    """The ack id of the newest frame that carried it; None if it asked for none."""
    for frame in reversed(device.socket.event_frames):
        if notification_id in frame and '"notification"' in frame.split(",")[0]:
            digits = frame.split("[")[0]
            return int(digits) if digits else None
    raise AssertionError(f"no frame of {notification_id}")
