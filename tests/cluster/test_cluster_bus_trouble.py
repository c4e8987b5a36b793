"""Redis is killed, deaf or stalled: nothing is lost, nothing waits for it, it heals (F26-F28)."""

import asyncio
import statistics
import time

import pytest
from support.nodes import NodesWorld
from support.proxy import Proxy

pytestmark = pytest.mark.soak  # Minutes of waiting for outages to be noticed: `make soak`.

LATE_S = 30
"""What is discovered comes within ten seconds; a test machine may be slow."""


async def status(world, server):
    """What a node says of itself."""
    async with world.http.get(f"{server.url}/health/ready") as answer:
        return answer.status, (await answer.json())["status"]


async def becomes(world, server, wanted):
    async def asked():
        return await status(world, server) == (200, wanted)

    await world.api.until(asked, 30)


async def at_once(world, device):
    """Wait until the bus carries what is submitted at the other node: it comes within a second."""
    for _ in range(20):
        began = time.monotonic()
        await device.sees(await world.api.submit(device.user), timeout=LATE_S)
        if time.monotonic() - began < 1:
            return
    raise AssertionError("still late")


async def submits_quickly(world, user, count=20):
    """Seconds that the middle one of some submissions takes."""
    took = []
    for _ in range(count):
        began = time.monotonic()
        await world.api.submit(user)
        took.append(time.monotonic() - began)
    return statistics.median(took)


@pytest.mark.parametrize("trouble", ["killed", "stalled"])
async def test_redis_away_delays_other_nodes_and_holds_nobody_up(make_nodes, trouble):
    """X10, X12: the node degrades, users of it get all at once, those of the other soon.

    Revocations are looked for in the store.
    """
    nodes = make_nodes()
    async with NodesWorld(nodes.servers) as world:
        node, other = nodes.servers
        near, far = await world.online(url=node.url), await world.online(url=other.url)
        revoked = await world.online(url=other.url)
        await at_once(world, far)
        well = await submits_quickly(world, near.user)
        if trouble == "killed":
            nodes.redis.kill()
        else:
            nodes.redis.stall()
        assert await submits_quickly(world, near.user) < well + 0.5
        sent = await world.api.submit([near.user, far.user], audience=[near.user, far.user])
        await near.sees(sent, timeout=5)
        await far.sees(sent, timeout=LATE_S)
        for server in nodes.servers:
            await becomes(world, server, "degraded")
        answer = await world.api.call("POST", f"/admin/users/{revoked.user}/revoke")
        assert answer.status in (200, 204), answer
        await revoked.until(lambda: revoked.socket.disconnected, LATE_S)
        assert not far.socket.disconnected
        if trouble == "killed":
            nodes.redis.start()
        else:
            nodes.redis.go_on()
        for server in nodes.servers:
            await becomes(world, server, "ok")
        await at_once(world, far)
        verdict = await world.judge(near, far)
        assert verdict.clean, verdict


@pytest.mark.parametrize("way", ["from Redis", "to Redis"])
async def test_node_that_is_cut_off_from_redis_finds_what_it_missed(make_nodes, way):
    """X11: bytes vanish in one direction; no connection ends."""
    nodes = make_nodes(count=1)
    async with Proxy(nodes.redis.port) as proxy:
        bus_url = proxy.url.replace("http://", "redis://")
        await asyncio.to_thread(nodes.add, "behind", bus_url)
        async with NodesWorld(nodes.servers) as world:
            node, other = nodes.servers
            near, far = await world.online(url=node.url), await world.online(url=other.url)
            await at_once(world, far)
            proxy.swallow_down, proxy.swallow_up = way == "from Redis", way == "to Redis"
            to_far = await world.api.submit(far.user, audience=[far.user])
            await far.sees(to_far, timeout=LATE_S)
            await becomes(world, other, "degraded")
            world.api.server = other
            to_near = await world.api.submit(near.user, audience=[near.user])
            await near.sees(to_near, timeout=LATE_S)
            world.api.server = node
            assert await status(world, node) == (200, "ok")
            proxy.swallow_down = proxy.swallow_up = False
            proxy.cut()
            await becomes(world, other, "ok")
            await at_once(world, far)
            verdict = await world.judge(near, far)
            assert verdict.clean, verdict
