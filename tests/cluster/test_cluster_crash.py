"""Nodes die, freeze and restart behind nginx: nothing accepted is lost, nothing is done twice."""

import asyncio
import signal
from collections import Counter

import aiohttp
import pymongo
from support.load import Load, Plan
from support.nodes import NodesWorld
from support.world import World


class NodesLoad(Load):
    """Clients and callers know nginx only; the plan's kills take one node after the other.

    Attributes:
        end: How a node ends.
    """

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
        while not all(device.open for device in self.devices):  # noqa: ASYNC110
            assert loop.time() < went + 60, "clients did not come to the other node"
            await asyncio.sleep(0.05)
        self.restarts.append(loop.time() - went)
        await asyncio.to_thread(server.start)

    async def _submit(self, number):
        """A gateway's error is an answer that got lost."""
        real = self.world.api.post

        async def post(*args, **kwargs):
            answer = await real(*args, **kwargs)
            if answer.status in (502, 504):
                raise aiohttp.ServerDisconnectedError
            return answer

        self.world.api.post, before = post, self.world.api.post
        try:
            await super()._submit(number)
        finally:
            self.world.api.post = before


async def run(make_nodes, end, **plan):
    nodes = make_nodes()
    front = nodes.front()
    async with World(front) as world:
        load = NodesLoad(nodes, world, Plan(users=8, submits_per_s=20, **plan), end)
        return await load.run()


async def test_node_killed_under_load_loses_nothing_and_its_clients_go_to_the_other(make_nodes):
    """X01 on two nodes."""
    verdict = await run(make_nodes, lambda server: server.kill(), seed=20261121, kills=2)
    assert verdict.clean, verdict
    assert verdict.accepted > 40, verdict


async def test_rolling_restart_of_all_nodes_under_load_loses_nothing(make_nodes):
    """X21."""
    verdict = await run(make_nodes, lambda server: server.stop(), seed=20261122, kills=2)
    assert verdict.clean, verdict
    assert verdict.accepted > 40, verdict


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
    """All attempts in the store: (notification, user, revision, number) to how often."""
    url = server.environ["NOTIFY_STORE__URL"]
    with pymongo.MongoClient(url) as client:
        found = client.get_default_database()["attempts"].find({})
        return Counter(
            (each["notification_id"], each["user"], each["revision"], each["number"])
            for each in found
        )


async def done_once(server, rows):
    """Wait until every row had its three attempts; each must stand there once."""
    deadline = asyncio.get_running_loop().time() + 90
    while True:
        found = await asyncio.to_thread(attempts_of, server)
        assert set(found.values()) <= {1}, [key for key, often in found.items() if often > 1]
        if len(found) >= rows * 3 or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.5)
    assert len(found) == rows * 3
    assert {number for *_row, number in found} == {1, 2, 3}


async def test_retries_of_a_thousand_rows_by_two_nodes_are_done_once(make_nodes):
    """X18: both nodes hold sessions of everybody, and so both are after every row."""
    nodes = make_nodes()
    async with NodesWorld(nodes.servers) as world:
        users = [world.user() for _ in range(20)]
        devices = await never_acking(world, users)
        for _ in range(50):
            await world.api.submit(users, priority="high")
        await done_once(nodes.servers[0], 1_000)
        for device in devices:
            frames = Counter(
                (payload["notification"]["id"], payload["attempt"])
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
        for _ in range(20):
            await world.api.submit(users, priority="high")
        frozen._process.send_signal(signal.SIGSTOP)
        try:
            assert world.api.server is node
            await asyncio.sleep(7)  # the lease is five seconds of the world's time
        finally:
            frozen._process.send_signal(signal.SIGCONT)
        await done_once(node, 100)
