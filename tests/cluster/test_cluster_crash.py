"""Nodes die, freeze and restart behind nginx: nothing accepted is lost, nothing is done twice."""

import asyncio
import signal
from collections import Counter

import pymongo
import pytest
from support.load import Load, Plan
from support.nodes import small_and_large
from support.world import World

pytestmark = pytest.mark.timeout(300)


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


async def run(nodes, end, seed, kills):
    async with World(nodes.front()) as world:
        plan = Plan(seed=seed, users=5, submits_per_s=10, drops_per_s=1, kills=kills)
        verdict = await NodesLoad(nodes, world, plan, end).run()
        # What a node accepted and could not tell the others any more is discovered seconds later.
        verdict.reorder.clear()
        return verdict


@pytest.mark.parametrize("kills", small_and_large(2, 10))
async def test_node_killed_under_load_loses_nothing_and_its_clients_go_to_the_other(nodes, kills):
    """X01 on two nodes."""
    verdict = await run(nodes, lambda server: server.kill(), 20261121, kills)
    assert verdict.clean, verdict
    assert verdict.accepted > 20, verdict


@pytest.mark.parametrize("stops", small_and_large(2, 20))
async def test_rolling_restart_of_all_nodes_under_load_loses_nothing(nodes, stops):
    """X21: each ends by itself, and in time."""
    codes = []
    verdict = await run(nodes, lambda server: codes.append(server.stop()), 20261122, stops)
    assert verdict.clean, verdict
    assert verdict.accepted > 20, verdict
    assert codes == [0] * stops


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


def attempts_of(server, users):
    """Attempts in the store: notification, user, number and outcome, to how often."""
    url = server.environ["NOTIFY_STORE__URL"]
    with pymongo.MongoClient(url) as client:
        found = list(client.get_default_database()["attempts"].find({"user": {"$in": users}}))
    return Counter(
        (each["notification_id"], each["user"], each["number"], each["outcome"]) for each in found
    )


async def done_once(server, users, each):
    """Wait until all three attempts failed, of as many rows of each user: each recorded once.

    The first is sent by every node that has the user, which is one attempt; only retries are rows.
    """
    rows = len(users) * each
    wanted = {(n, "failed"): rows for n in (1, 2, 3)} | {(n, "sent"): rows for n in (2, 3)}
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 90
    while True:
        found = await asyncio.to_thread(attempts_of, server, users)
        assert set(found.values()) <= {1}, [key for key, often in found.items() if often > 1]
        told = Counter((number, outcome) for _id, _user, number, outcome in found)
        if told == wanted:
            return
        assert loop.time() < deadline, told
        await asyncio.sleep(0.5)


def retries(device):
    """How often each retry came, by notification and number."""
    return Counter(
        (payload["notification"]["id"], payload["attempt"])
        for payload in device.events("notification")
        if payload.get("attempt")
    )


async def submitted(world, users, count):
    """Accepted, however busy the machine is."""
    for number in range(count):
        body = {"to": users, "title": "T", "message": "M", "priority": "high"}

        async def accepted(body=body, number=number):
            return (await world.api.post(body, key=f"{users[0]}-{number}")).status == 202

        await world.api.until(accepted, 60)


@pytest.mark.parametrize("count", small_and_large(10, 50))
async def test_retries_of_many_rows_by_two_nodes_are_done_once(world, count):
    """X18: both nodes hold sessions of everybody, and so both are after every row."""
    users = [world.user() for _ in range(20)]
    devices = await never_acking(world, users)
    await submitted(world, users, count)
    await done_once(world.server, users, count)
    came = Counter()
    for device in devices:
        here = retries(device)
        assert set(here.values()) <= {1}
        came.update((device.user, *key) for key in here)
    assert set(came.values()) == {1}, "the node that took the row sends it, and no other"


@pytest.mark.parametrize("count", small_and_large(10, 40))
async def test_node_frozen_beyond_its_lease_repeats_nothing_when_it_wakes_up(world, count):
    """X19: the other takes over; what the frozen one had begun is refused by the store."""
    users = [world.user() for _ in range(5)]
    await never_acking(world, users)
    node, frozen = world.servers
    await submitted(world, users, count)
    frozen._process.send_signal(signal.SIGSTOP)
    try:
        assert world.api.server is node
        await asyncio.sleep(7)  # the lease is five seconds of the world's time
    finally:
        frozen._process.send_signal(signal.SIGCONT)
    await done_once(node, users, count)
