"""X01-X03, F13: the process or the network dies at the worst moment; nothing accepted is lost."""

import asyncio

import aiohttp
import pytest
from support.load import OPEN_ROOMS, Load, Plan
from support.proxy import Proxy
from support.world import World


async def test_kill_under_load_loses_nothing_and_shows_nothing_twice(make_server):
    """X01: kill -9 at random moments while devices drop and submits go on."""
    server = make_server(OPEN_ROOMS)
    server.start()
    async with World(server) as world:
        load = Load(world, Plan(seed=20260801, users=9, submits_per_s=30, kills=3, between_s=1.2))
        verdict = await load.run()
        assert verdict.clean, verdict
        assert verdict.accepted > 50, verdict


async def test_exit_after_commit_still_delivers_and_counts_once(make_server):
    """X02: stored, then dead before anything was emitted or answered; the caller asks again."""
    server = make_server()
    server.start()
    async with World(server) as world:
        device = await world.online()
        idle = await world.known(world.user())
        await device.close()
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start, "after_store:exit")
        await device.connect()
        bodies = [
            {"to": to, "title": "T", "message": "M", "data": {"op": f"x02-{n}"}}
            for n, to in enumerate([device.user, [device.user, idle.user], {"all": True}])
        ]
        audiences = [[device.user], [device.user, idle.user], [device.user, idle.user]]
        for n, body in enumerate(bodies):
            if n:
                await asyncio.to_thread(server.start, "after_store:exit")
                await device.connect()
            with pytest.raises((aiohttp.ClientError, OSError)):
                await world.api.post(body, key=f"x02-{n}")
            assert await asyncio.to_thread(server.wait_exit) == 70
        await asyncio.to_thread(server.start)
        await device.connect()
        assert {p["notification"]["data"]["op"] for p in device.events("notification")} == {
            "x02-0",
            "x02-1",
            "x02-2",
        }
        for n, (body, audience) in enumerate(zip(bodies, audiences, strict=True)):
            answer = await world.api.post(body, key=f"x02-{n}")
            assert answer.status == 202, answer
            assert answer.headers.get("Idempotency-Replay") == "true"
            world.journal.submitted(f"x02-{n}", body, audience, answer.body)
        await idle.connect()
        verdict = await world.judge(device, idle)
        assert verdict.clean, verdict


async def test_exit_before_ack_is_stored_sends_again_and_shows_once(make_server):
    """X03: the client acknowledged, the server died before it wrote that down."""
    server = make_server()
    server.start("before_ack_stored:exit")
    async with World(server) as world:
        device = await world.online()
        sent = await world.api.submit(device.user, audience=[device.user])
        await device.sees(sent)
        await asyncio.to_thread(server.wait_exit)
        await device.socket.closed.wait()
        await asyncio.to_thread(server.start)
        await device.connect(cursor=False)
        assert len(device.wires(sent)) == 2
        assert device.wires(sent)[1]["replayed"] is True
        assert device.shown == [sent]

        await world.delivered(device.user, sent)
        verdict = await world.judge(device)
        assert verdict.clean, verdict


async def test_server_killed_without_ack_does_not_say_delivered(make_server):
    """X03, the other half: nothing becomes delivered without the client's word."""
    server = make_server()
    server.start()
    async with World(server) as world:
        device = await world.online()
        device.acking = "never"
        sent = await world.api.submit(device.user)
        await device.sees(sent)
        server.kill()
        await asyncio.to_thread(server.start)
        page = await world.api.explain(sent, user=device.user)
        assert page["recipients"]["items"][0]["state"]["delivered_at"] is None


async def test_restart_keeps_inbox_states_and_counts(make_server):
    server = make_server()
    server.start()
    async with World(server) as world:
        device = await world.online()
        ids = [await world.api.submit(device.user) for _ in range(4)]
        await device.sees(*ids)
        await device.ask("mark_read", {"notification_id": ids[0]})
        await device.ask("dismiss", {"notification_id": ids[1]})
        await device.ask("pin", {"notification_id": ids[2]})
        before = await world.api.inbox(device.user), await world.api.counts(device.user)
        server.kill()
        await asyncio.to_thread(server.start)
        assert (await world.api.inbox(device.user), await world.api.counts(device.user)) == before
        await device.connect()
        await world.counts_agree(device)


async def test_tcp_cut_in_the_middle_of_bursts_loses_nothing(world):
    """F13: what was written to a dead connection comes again."""
    user = world.user()
    async with Proxy(world.server.port) as proxy:
        device = world.device(user, url=proxy.url)
        await device.connect()
        for n in range(4):
            bodies = [world.api.submit(user, audience=[user], data={}) for _ in range(25)]
            burst = asyncio.gather(*bodies)
            await device.until(lambda n=n: len(device.items) >= 25 * n + 5)
            proxy.cut()
            await burst
            while not device.socket.closed.is_set():  # by long-polling nothing may be under way
                await asyncio.sleep(0.05)
                proxy.cut()
            await device.stay_connected()
            await device.until(lambda n=n: len(device.items) == 25 * (n + 1))
        verdict = await world.judge(device)
        await device.close()
    assert verdict.clean, verdict
    assert verdict.accepted == 100


async def test_ack_lost_by_network_is_asked_for_again(world):
    """X26: the frame arrived, its ack did not."""
    user = world.user()
    async with Proxy(world.server.port) as proxy:
        # Without what goes up there is no long-polling at all.
        device = world.device(user, url=proxy.url, transport="websocket")
        await device.connect()
        proxy.swallow_up = True
        sent = await world.api.submit(user, audience=[user])
        await device.sees(sent)
        assert (await world.api.item(user, sent))["delivered_at"], "listing it is receiving it"
        other = await world.api.submit(user, audience=[user], priority="high")
        await device.until(lambda: len(device.wires(other)) >= 2)
        proxy.cut()
        proxy.swallow_up = False
        await device.socket.closed.wait()
        await device.stay_connected()
        await world.barrier(device)
        verdict = await world.judge(device)
        await device.close()
    assert verdict.clean, verdict
