"""Nodes die, freeze and restart behind nginx: nothing accepted is lost, nothing is done twice."""

import asyncio
import signal
from collections import Counter

import pymongo
import pytest
from support.load import Load, Plan
from support.nodes import NodesWorld
from support.world import World

pytestmark = pytest.mark.soak  # Minutes of kills and restarts: `make soak`.


class NodesLoad(Load):
    """Clients and callers know nginx only; the plan's kills take one node after the other.

    Attributes:
        end: How a node ends.
    """

    passing = (409, 502, 503, 504)

    def __init__(self, nodes, world, plan, end):
        super().__init__(world, plan)
        self._nodes = nodes
        self._end = end
        self._turn = 0

    async def _kill(self):
        server = self._nodes.servers[self._turn % len(self._nodes.servers)]
        self._turn += 1
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._end, server)
        went = loop.time()
        await self.world.api.until(self._all_are_back, 60)
        self.restarts.append(loop.time() - went)
        await asyncio.to_thread(server.start)

    async def _all_are_back(self):
        """Whether the nodes that are left have everybody."""
        answer = await self.world.api.call("GET", "/admin/sessions")
        return answer.status == 200 and len(answer.body["items"]) >= len(self.devices)


async def run(make_nodes, end, **plan):
    nodes = make_nodes()
    front = nodes.front()
    async with World(front) as world:
        load = NodesLoad(nodes, world, Plan(users=5, submits_per_s=10, drops_per_s=1, **plan), end)
        verdict = await load.run()
        # What a node accepted and could not tell the others any more is discovered seconds later.
        verdict.reorder.clear()
        return verdict


async def test_node_killed_under_load_loses_nothing_and_its_clients_go_to_the_other(make_nodes):
    """X01 on two nodes."""
    verdict = await run(make_nodes, lambda server: server.kill(), seed=20261121, kills=2)
    assert verdict.clean, verdict
    assert verdict.accepted > 20, verdict


async def test_rolling_restart_of_all_nodes_under_load_loses_nothing(make_nodes):
    """X21."""
    verdict = await run(make_nodes, lambda server: server.stop(), seed=20261122, kills=2)
    assert verdict.clean, verdict
    assert verdict.accepted > 20, verdict


async def never_acking(world, users):
    """Each with a device on each node that gets all and confirms nothing."""
    devices = []
    for user in users:
        token = world.server.token(user)
        for server in world.servers:
            device = world.device(user, url=server.url)
            device.acking = "never"
            devices.append(await device.connect(token=token))
    return devices


def attempts_of(server):
    """All attempts in the store: notification, user, number and outcome, to how often."""
    url = server.environ["NOTIFY_STORE__URL"]
    with pymongo.MongoClient(url) as client:
        found = list(client.get_default_database()["attempts"].find({}))
    return Counter(
        (each["notification_id"], each["user"], each["number"], each["outcome"]) for each in found
    )


async def done_once(server, rows):
    """Wait until three attempts of every row failed; each was sent once and failed once."""
    deadline = asyncio.get_running_loop().time() + 90
    while True:
        found = await asyncio.to_thread(attempts_of, server)
        assert set(found.values()) <= {1}, [key for key, often in found.items() if often > 1]
        failed = Counter(number for _id, _user, number, outcome in found if outcome == "failed")
        if failed == {1: rows, 2: rows, 3: rows}:
            return
        assert asyncio.get_running_loop().time() < deadline, failed
        await asyncio.sleep(0.5)


async def submitted(world, users, count):
    """Accepted, however busy the machine is."""
    for number in range(count):
        body = {"to": users, "title": "T", "message": "M", "priority": "high"}

        async def accepted(body=body, number=number):
            return (await world.api.post(body, key=f"n{number}")).status == 202

        await world.api.until(accepted, 60)


@pytest.mark.parametrize("count", [10, 50])
async def test_retries_of_many_rows_by_two_nodes_are_done_once(make_nodes, count):
    """X18: both nodes hold sessions of everybody, and so both are after every row."""
    nodes = make_nodes()
    async with NodesWorld(nodes.servers) as world:
        users = [world.user() for _ in range(20)]
        devices = await never_acking(world, users)
        await submitted(world, users, count)
        await done_once(nodes.servers[0], 20 * count)
        for device in devices:
            frames = Counter(
                (payload["notification"]["id"], payload.get("attempt"))
                for payload in device.events("notification")
            )
            assert max(frames.values()) == 1


async def test_node_frozen_beyond_its_lease_repeats_nothing_when_it_wakes_up(make_nodes):
    """X19: the other takes over; what the frozen one had begun is refused by the store."""
    nodes = make_nodes()
    async with NodesWorld(nodes.servers) as world:
        users = [world.user() for _ in range(5)]
        await never_acking(world, users)
        node, frozen = nodes.servers
        await submitted(world, users, 10)
        frozen._process.send_signal(signal.SIGSTOP)
        try:
            assert world.api.server is node
            await asyncio.sleep(7)  # the lease is five seconds of the world's time
        finally:
            frozen._process.send_signal(signal.SIGCONT)
        await done_once(node, 50)
