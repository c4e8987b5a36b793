"""What people and operators see of two nodes: the same as of one."""

import time
from contextlib import AsyncExitStack

import aiohttp
import pytest
import redis.asyncio as redis
from prometheus_client.parser import text_string_to_metric_families
from support.nodes import NodesWorld

from notify_server.bus.envelopes import Envelopes
from notify_server.kit.clock import SystemClock
from notify_server.ports.bus import KickNews


async def figure(world, server, name, **labels):
    """The sum of what a node's page shows under this name."""
    async with world.http.get(f"{server.url}/metrics") as answer:
        text = await answer.text()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def on_both(world, user=None, roles=(), **options):
    """One person with a device on each node."""
    user = user or world.user()
    devices = [world.device(user, roles, url=server.url, **options) for server in world.servers]
    token = world.server.token(user, roles)
    return [await device.connect(token=token) for device in devices]


async def test_a_person_on_two_nodes_sees_everything_once_on_each(world):
    one, two = await on_both(world, roles=["TWO"])
    sent = [await world.api.submit(one.user, audience=[one.user]) for _ in range(20)]
    sent.append(await world.api.submit({"role": "TWO"}, audience=[one.user]))
    for device in (one, two):
        await device.sees(*sent)
    await world.barrier(one)
    for device in (one, two):
        assert [len(device.wires(each)) for each in sent] == [1] * len(sent)
    verdict = await world.judge(one, two)
    assert verdict.clean, verdict


async def test_a_submission_at_one_node_reaches_sessions_of_the_other_at_once(world):
    """By the bus: what is only discovered takes up to five seconds."""
    node, other = world.servers
    device = await world.online(url=other.url)
    assert world.api.server is node
    took = []
    for _ in range(5):
        began = time.monotonic()
        await device.sees(await world.api.submit(device.user))
        took.append(time.monotonic() - began)
    assert min(took) < 1


async def test_a_read_on_one_node_shows_on_the_other(world):
    """X31."""
    one, two = await on_both(world)
    took = []
    for _ in range(5):
        sent = await world.api.submit(one.user)
        await two.sees(sent)
        await one.sees(sent)
        began = time.monotonic()
        answer = await one.ask("mark_read", {"notification_id": sent})
        assert answer["ok"], answer
        await two.until(lambda sent=sent: two.items[sent].get("is_read"))
        took.append(time.monotonic() - began)
    assert min(took) < 1
    await world.counts_agree(one, two)
    assert (two.count, len(two.shown)) == (0, 5)


async def test_sessions_presence_and_figures_are_of_all_nodes(world):
    one, _two = await on_both(world)
    for server in world.servers:
        call = aiohttp.ClientTimeout(20)
        bearer = {"Authorization": f"Bearer {server.api_key}"}

        async def get(path, server=server, bearer=bearer, call=call):
            url = f"{server.url}/api/v1/admin/{path}"
            async with world.http.get(url, headers=bearer, timeout=call) as answer:
                assert answer.status == 200
                return await answer.json()

        async def both_are_there(get=get):
            found = (await get(f"sessions?user={one.user}"))["items"]
            return len(found) == 2 and len({session["sid"] for session in found}) == 2

        await world.api.until(both_are_there)
        presence = await get(f"presence?user={one.user}")
        assert (presence["online"], len(presence["sessions"])) == (True, 2)
        stats = await get(f"stats?user={one.user}")
        assert stats["users_online"] >= 1
        assert stats["sessions"]["by_namespace"]["/"] >= 2
        assert len(stats["user"]["sessions"]) == 2


@pytest.mark.parametrize("way", ["http", "line"])
async def test_an_operator_sends_away_a_session_of_the_other_node(world, way):
    node, other = world.servers
    there = await world.online(url=other.url)
    stays = await world.online(there.user, url=node.url)
    boss = await world.online(roles=["ADMIN"], line="/admin", url=node.url)
    found = (await boss.ask("get_sessions", {"user": there.user}))["items"]
    assert len(found) == 2
    here = [s["sid"] for s in found if s["sid"] == stays.socket.sid]
    (sid,) = [s["sid"] for s in found if s["sid"] not in here]
    if way == "http":
        assert (await world.api.call("DELETE", f"/admin/sessions/{sid}")).status == 204
        assert (await world.api.call("DELETE", "/admin/sessions/nobody")).status == 404
    else:
        assert (await boss.ask("disconnect_session", {"sid": sid}))["ok"]
    await there.until(lambda: there.socket.disconnected)
    assert stays.open
    assert not stays.socket.disconnected


async def test_revoked_tokens_end_sessions_of_all_nodes(world):
    one, two = await on_both(world)
    answer = await world.api.call("POST", f"/admin/users/{one.user}/revoke")
    assert answer.status in (200, 204), answer
    for device in (one, two):
        await device.until(lambda device=device: device.socket.disconnected)


async def test_forged_news_are_dropped_and_counted_by_every_node(world, nodes):
    """F30, S29: whoever can publish on Redis can not speak for a node."""
    one, two = await on_both(world)
    before = [
        await figure(world, server, "notify_bus_envelopes_total", event="bad")
        for server in world.servers
    ]
    sessions = (await world.api.call("GET", "/admin/sessions", user=one.user)).body["items"]
    stranger = Envelopes("another key than that of the nodes", SystemClock())
    client = redis.Redis.from_url(nodes.bus_url)
    for number, session in enumerate(sessions):
        forged = stranger.seal("node:forged", number + 1, KickNews(session["sid"]))
        await client.publish("notify:nodes", forged)
    await client.publish("notify:nodes", b"no envelope at all")
    await client.aclose()

    async def counted():
        now = [
            await figure(world, server, "notify_bus_envelopes_total", event="bad")
            for server in world.servers
        ]
        return all(after >= was + 3 for was, after in zip(before, now, strict=True))

    await world.api.until(counted)
    await world.barrier(one, two)
    assert one.open
    assert two.open


async def test_long_polling_through_nginx_stays_on_its_node(front, nodes):
    """Sticky by address: clients of many addresses, each on one node for all its requests."""
    async with NodesWorld([front]) as world, AsyncExitStack() as stack:
        devices = []
        for number in range(2, 22):
            connector = aiohttp.TCPConnector(local_addr=(f"127.0.0.{number}", 0))
            http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            device = world.device(transport="polling")
            device.http = http
            devices.append(await device.connect())
        held = [
            await figure(world, one, "notify_sessions", transport="polling")
            for one in nodes.servers
        ]
        for device in devices:
            sent = [await world.api.submit(device.user) for _ in range(3)]
            await device.sees(*sent)
            assert device.shown == sent
            await device.close()
    assert sum(held) == len(devices)
    assert all(held), held
