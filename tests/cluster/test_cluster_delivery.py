"""What people and operators see of three nodes: the same as of one."""

import time
from contextlib import AsyncExitStack

import aiohttp
import pytest
import redis.asyncio as redis
from support.figures import figure
from support.nodes import NodesWorld

from notify_server.bus.envelopes import Envelopes
from notify_server.kit.clock import SystemClock
from notify_server.ports.bus import KickNews


@pytest.fixture(scope="module")
def nodes(make_shared):
    return make_shared(count=3)


async def on_each(world, user=None, roles=(), **options):
    """One person with a device on each node."""
    user = user or world.user()
    devices = [world.device(user, roles, url=server.url, **options) for server in world.servers]
    token = world.server.token(user, roles)
    return [await device.connect(token=token) for device in devices]


async def test_a_person_on_three_nodes_sees_everything_once_on_each(world):
    devices = await on_each(world, roles=["THREE"])
    user = devices[0].user
    sent = [await world.api.submit(user, audience=[user]) for _ in range(20)]
    sent.append(await world.api.submit({"role": "THREE"}, audience=[user]))
    for device in devices:
        await device.sees(*sent)
    await world.barrier(*devices)
    for device in devices:
        assert [len(device.wires(each)) for each in sent] == [1] * len(sent)
    verdict = await world.judge(*devices)
    assert verdict.clean, verdict


async def test_a_submission_at_one_node_reaches_sessions_of_the_other_at_once(world):
    """By the bus: what is only discovered takes up to five seconds."""
    device = await world.online(url=world.servers[2].url)
    assert world.api.server is world.servers[0]
    took = []
    for _ in range(5):
        began = time.monotonic()
        await device.sees(await world.api.submit(device.user))
        took.append(time.monotonic() - began)
    assert min(took) < 1


async def test_what_is_sent_while_the_first_session_of_a_user_opens_arrives_at_once(world):
    """F29: a node listens for the user before it reads what there is."""
    took = []
    for _ in range(5):
        device = world.device(url=world.servers[1].url)
        await device.connect(wait=False)
        began = time.monotonic()
        await device.sees(await world.api.submit(device.user))
        took.append(time.monotonic() - began)
    assert min(took) < 1


async def test_a_read_on_one_node_shows_on_the_other(world):
    """X31."""
    one, two, three = devices = await on_each(world)
    took = []
    for _ in range(5):
        sent = await world.api.submit(one.user)
        for device in devices:
            await device.sees(sent)
        began = time.monotonic()
        answer = await one.ask("mark_read", {"notification_id": sent})
        assert answer["ok"], answer
        for device in (two, three):
            await device.until(lambda d=device, sent=sent: d.items[sent].get("is_read"))
        took.append(time.monotonic() - began)
    assert min(took) < 1
    await world.counts_agree(*devices)
    assert {(device.count, len(device.shown)) for device in devices} == {(0, 5)}


async def test_sessions_presence_and_figures_are_of_all_nodes(world):
    one, *_others = await on_each(world)
    for server in world.servers:
        call = aiohttp.ClientTimeout(20)
        bearer = {"Authorization": f"Bearer {server.api_key}"}

        async def get(path, server=server, bearer=bearer, call=call):
            url = f"{server.url}/api/v1/admin/{path}"
            async with world.http.get(url, headers=bearer, timeout=call) as answer:
                assert answer.status == 200
                return await answer.json()

        async def all_are_there(get=get):
            found = (await get(f"sessions?user={one.user}"))["items"]
            return len(found) == 3 and len({session["sid"] for session in found}) == 3

        async def presence_tells_all(get=get):
            presence = await get(f"presence?user={one.user}")
            return presence["online"] and len(presence["sessions"]) == 3

        async def figures_are_of_all(get=get):
            stats = await get(f"stats?user={one.user}")
            assert stats["users_online"] >= 1
            by_line = stats["sessions"]["by_namespace"]
            return by_line["/"] >= 3 and len(stats["user"]["sessions"]) == 3

        # A node that does not answer within half a second is left out: so again.
        await world.api.until(all_are_there)
        await world.api.until(presence_tells_all)
        await world.api.until(figures_are_of_all)


@pytest.mark.parametrize("way", ["http", "line"])
async def test_an_operator_sends_away_a_session_of_the_other_node(world, way):
    node, other, _third = world.servers
    there = await world.online(url=other.url)
    stays = await world.online(there.user, url=node.url)
    boss = await world.online(roles=["ADMIN"], line="/admin", url=node.url)

    async def both():
        found = (await boss.ask("get_sessions", {"user": there.user}))["items"]
        return found if len(found) == 2 else None

    found = await world.api.until(both)
    here = [s["sid"] for s in found if s["sid"] == stays.socket.sid]
    (sid,) = [s["sid"] for s in found if s["sid"] not in here]
    if way == "http":
        assert await _sent_away(world, sid) == 204
        assert await _sent_away(world, "nobody") == 404
    else:

        async def sent_away():
            return (await boss.ask("disconnect_session", {"sid": sid}))["ok"]

        await world.api.until(sent_away)
    await there.until(lambda: there.socket.disconnected)
    assert stays.open
    assert not stays.socket.disconnected


async def _sent_away(world, sid):
    """The answer, once all nodes have answered in time."""

    async def answered():
        status = (await world.api.call("DELETE", f"/admin/sessions/{sid}")).status
        return None if status == 503 else status

    return await world.api.until(answered)


async def test_revoked_tokens_end_sessions_of_all_nodes(world):
    devices = await on_each(world)
    answer = await world.api.call("POST", f"/admin/users/{devices[0].user}/revoke")
    assert answer.status in (200, 204), answer
    for device in devices:
        await device.until(lambda device=device: device.socket.disconnected)


async def test_forged_news_are_dropped_and_counted_by_every_node(world, nodes):
    """F30, S29: whoever can publish on Redis can not speak for a node."""
    devices = await on_each(world)
    user = devices[0].user
    before = [
        await figure(world, server, "notify_bus_envelopes_total", event="bad")
        for server in world.servers
    ]

    async def all_three():
        found = (await world.api.call("GET", "/admin/sessions", user=user)).body["items"]
        return found if len(found) == 3 else None

    sessions = await world.api.until(all_three)
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
        return all(after >= was + 4 for was, after in zip(before, now, strict=True))

    await world.api.until(counted)
    await world.barrier(*devices)
    assert all(device.open for device in devices)


async def test_long_polling_through_nginx_stays_on_its_node(front, nodes):
    """Sticky by address: clients of many addresses, each on one node for all its requests."""
    async with NodesWorld([front]) as world, AsyncExitStack() as stack:
        devices = []
        for number in range(2, 32):
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
