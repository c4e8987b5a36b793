"""What one node accepted reaches the other's sessions by the bus, and the store is not asked."""

import time

from prometheus_client.parser import text_string_to_metric_families

_ROUNDS = 8
_LIVE_S = 4.0
"""By the bus it takes milliseconds, on a busy machine more; found in the store it takes longer."""


async def asked(world, server, *operations):
    """How often a node has asked the store these."""
    async with world.http.get(f"{server.url}/metrics") as answer:
        text = await answer.text()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "notify_store_seconds_count" and sample.labels["operation"] in operations
    )


async def test_told_by_the_other_node_it_is_shown_without_asking_who_hid_it(world):
    """A young one, for a session that was there before: decision 12.

    Where the machine stalls it comes late, and the store is asked, as it must be; so again.
    """
    node, other = world.servers
    assert world.api.server is node
    device = await world.online(url=other.url)
    sent = []

    async def nobody_was_asked_for():
        before = await asked(world, other, "holders")
        sent.append(await world.api.submit(device.user))
        await device.sees(sent[-1])
        await device.until(lambda: device.count == len(sent))
        return await asked(world, other, "holders") == before

    await world.api.until(nobody_was_asked_for, 60)
    assert [len(device.wires(each)) for each in sent] == [1] * len(sent)


async def test_room_joined_for_a_session_is_reached_through_the_other_node_at_once(world):
    """Only the node that has the session knows; the answer says that news arrive."""
    node, other = world.servers
    assert world.api.server is node
    device = await world.online(url=other.url)
    quick = 0
    for number in range(_ROUNDS):
        room = f"open_{number}"
        answer = await device.ask("join_room", {"room": room})
        assert answer["ok"], answer
        sent = await world.api.submit({"room": room}, audience=[device.user])
        began = time.monotonic()
        await device.sees(sent)
        quick += time.monotonic() - began < _LIVE_S
        assert len(device.wires(sent)) == 1
    assert quick >= _ROUNDS / 2


async def test_who_comes_on_one_node_after_a_broadcast_through_the_other_is_not_shown_it(world):
    """Contract 10.7, by two clocks: neither a newcomer nor one who was there is mistaken."""
    node, other = world.servers
    assert world.api.server is node
    for _ in range(_ROUNDS):
        there = await world.online(url=other.url)
        sent = await world.api.submit({"all": True}, audience=[there.user])
        late = await world.online(url=other.url)
        await there.sees(sent)
        await world.barrier(late)
        assert late.wires(sent) == []
        await there.close()
        await late.close()
