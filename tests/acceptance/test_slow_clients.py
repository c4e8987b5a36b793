"""F35, X13: clients that do not read, and older clients."""

import asyncio
import time

from support.proxy import Proxy
from support.world import World


async def test_slow_session_is_caught_up_from_its_first_lost_frame(world):
    """It reads nothing while far more arrives than may be queued; then it has everything."""
    user = world.user()
    async with Proxy(world.server.port) as proxy:
        slow = await world.device(user, url=proxy.url).connect()
        quick = await world.online(user)
        proxy.hold_down.clear()
        ids = []
        for start in range(0, 1200, 100):
            items = [
                {"to": user, "title": str(start + n), "message": "m", "data": {"x": "a" * 8000}}
                for n in range(100)
            ]
            answer = await world.api.post({"items": items}, path="/notifications/bulk")
            ids += [row["id"] for row in answer.body["items"]]
        await quick.sees(*ids, timeout=30)
        proxy.hold_down.set()
        await slow.socket.until(
            lambda: (
                (len(slow.items) == 1200 and len(slow.replays) > 1) or slow.socket.closed.is_set()
            ),
            30,
            "all of them and a replay_done",
        )
        if slow.socket.closed.is_set():
            await slow.connect()
            assert slow.replays[-1]["recovered"] is False or len(slow.items) == 1200
        else:
            assert len(slow.replays) >= 2, "a caught-up session says so"
            assert slow.shown == ids
        await world.counts_agree(slow, quick, timeout=30)
        await slow.close()


async def test_session_that_never_reads_costs_the_others_nothing(world):
    """The silent one is cut off or kept small; who reads gets each at once."""
    silent_user, reader = world.user(), await world.online()
    async with Proxy(world.server.port) as proxy:
        silent = await world.device(silent_user, url=proxy.url).connect()
        proxy.hold_down.clear()
        took = []
        for _ in range(40):
            to = [silent_user, reader.user]
            began = time.monotonic()
            sent = await world.api.submit(to, data={"x": "a" * 30_000})
            await reader.sees(sent)
            took.append(time.monotonic() - began)
        assert sorted(took)[len(took) // 2] < 1, took
        await silent.drop()
        proxy.hold_down.set()


async def test_retry_switched_off_sends_once_and_again_at_return(make_server):
    toml = "[retry]\nenabled = false\n[retry.high]\nack_timeout_s = 0.5\nbase_delay_s = 0.1\n"
    server = make_server(toml)
    server.start()
    async with World(server) as world:
        device = await world.online()
        device.acking = "never"
        sent = await world.api.submit(device.user, priority="high")
        await device.sees(sent)
        await asyncio.sleep(2)
        assert len(device.wires(sent)) == 1
        await device.drop()
        device.acking = "store"
        await device.connect(cursor=False)
        assert len(device.wires(sent)) == 2

        await world.delivered(device.user, sent)


async def test_older_clients_get_the_names_that_they_know(make_server):
    server = make_server("[compat]\nbadge_update = true\nlegacy_fields = true\n")
    server.start()
    async with World(server) as world:
        device = await world.online()
        sender = {"id": "9", "name": "John", "avatar_url": None}
        sent = await world.api.submit(device.user, type="success", sender=sender)
        await device.sees(sent)
        assert device.items[sent]["notification_type"] == "success"
        assert device.items[sent]["sender_name"] == "John"
        await device.until(lambda: device.events("badge_update")[-1] == {"unread_count": 1})
        await device.ask("mark_read", {"notification_id": sent})
        await device.until(lambda: device.events("badge_update")[-1] == {"unread_count": 0})
