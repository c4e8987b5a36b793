"""Redis is killed, deaf or stalled: nothing is lost, nothing waits for it, it heals (F26-F28)."""

import asyncio
import statistics
import time
from types import SimpleNamespace

import pytest
import redis.asyncio as redis
from support.figures import figure
from support.nodes import NodesWorld
from support.ports import free_port
from support.proxy import Proxy

LATE_S = 30
"""What is discovered comes within ten seconds; a test machine may be slow."""


@pytest.fixture(scope="module")
def place(make_shared):
    """A node that has Redis directly, and one that has it behind a proxy."""
    port = free_port()
    nodes = make_shared(count=1)
    nodes.add("behind", f"redis://127.0.0.1:{port}")
    return SimpleNamespace(nodes=nodes, port=port)


@pytest.fixture
async def proxy(place):
    """What stands between the second node and Redis."""
    async with Proxy(place.nodes.redis.port, place.port) as between:
        yield between


@pytest.fixture
async def world(place, proxy):
    """People of both nodes, once both are well."""
    async with NodesWorld(place.nodes.servers) as people:
        for server in people.servers:
            await becomes(people, server, "ok")
        yield people
    assert all(server.running for server in place.nodes.servers)


async def status(world, server):
    """What a node says of itself, as its readiness and as a figure."""
    async with world.http.get(f"{server.url}/health/ready") as answer:
        said = answer.status, (await answer.json())["status"]
    return *said, await figure(world, server, "notify_bus_healthy")


async def becomes(world, server, wanted):
    """Degraded is not down: traffic still goes there."""

    async def asked():
        return await status(world, server) == (200, wanted, int(wanted == "ok"))

    await world.api.until(asked, LATE_S)


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
async def test_redis_away_delays_other_nodes_and_holds_nobody_up(place, world, trouble):
    """X10, X12: the node degrades, users of it get all at once, those of the other soon.

    Revocations are looked for in the store.
    """
    node, other = world.servers
    near, far = await world.online(url=node.url), await world.online(url=other.url)
    revoked = await world.online(url=other.url)
    await at_once(world, far)
    well = await submits_quickly(world, near.user)
    if trouble == "killed":
        place.nodes.redis.kill()
    else:
        place.nodes.redis.stall()
    assert await submits_quickly(world, near.user) < well + 0.5
    sent = await world.api.submit([near.user, far.user], audience=[near.user, far.user])
    await near.sees(sent)
    await far.sees(sent, timeout=LATE_S)
    for server in world.servers:
        await becomes(world, server, "degraded")
    answer = await world.api.call("POST", f"/admin/users/{revoked.user}/revoke")
    assert answer.status in (200, 204), answer
    await revoked.until(lambda: revoked.socket.disconnected, LATE_S)
    assert not far.socket.disconnected
    if trouble == "killed":
        place.nodes.redis.start()
    else:
        place.nodes.redis.go_on()
    for server in world.servers:
        await becomes(world, server, "ok")
    await at_once(world, far)
    verdict = await world.judge(near, far)
    assert verdict.clean, verdict


@pytest.mark.parametrize("way", ["from Redis", "to Redis", "both"])
async def test_node_that_is_cut_off_from_redis_finds_what_it_missed(world, proxy, way):
    """X11: bytes vanish, in one direction or in both; no connection ends."""
    node, other = world.servers
    near, far = await world.online(url=node.url), await world.online(url=other.url)
    await at_once(world, far)
    proxy.swallow_down, proxy.swallow_up = way != "to Redis", way != "from Redis"
    to_far = await world.api.submit(far.user, audience=[far.user])
    await far.sees(to_far, timeout=LATE_S)
    await becomes(world, other, "degraded")
    world.api.server = other
    to_near = await world.api.submit(near.user, audience=[near.user])
    await near.sees(to_near, timeout=LATE_S)
    world.api.server = node
    assert await status(world, node) == (200, "ok", 1)
    proxy.swallow_down = proxy.swallow_up = False
    proxy.cut()
    await becomes(world, other, "ok")
    await at_once(world, far)
    verdict = await world.judge(near, far)
    assert verdict.clean, verdict


async def test_redis_that_forgets_everything_and_ends_connections_loses_nothing(place, world):
    """X10: what is on the way is found in the store; nothing that is kept in Redis matters."""
    node, other = world.servers
    near, far = await world.online(url=node.url), await world.online(url=other.url)
    await at_once(world, far)
    users = [near.user, far.user]
    client = redis.Redis.from_url(place.nodes.redis.url)
    sent = []
    for _ in range(5):
        sent.append(await world.api.submit(users, audience=users))
        await client.flushall()
        await client.client_kill_filter(_type="pubsub")
        await client.client_kill_filter(_type="normal", skipme=True)
        sent.append(await world.api.submit(users, audience=users))
    await client.aclose()
    for device in (near, far):
        await device.sees(*sent, timeout=LATE_S)
    await asyncio.gather(*(becomes(world, server, "ok") for server in world.servers))
    await at_once(world, far)
    verdict = await world.judge(near, far)
    verdict.reorder.clear()  # what is discovered comes behind what was heard
    assert verdict.clean, verdict
