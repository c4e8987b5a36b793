"""One node against two, and what a send to a user of one node costs the other seven.

The load is the same: notifications in bulk, each to one connected user, stored, delivered,
acknowledged, the receipt committed. With two nodes every second one is submitted to the node that
its user is not on. What the processes use at rest is taken off, and the account stays open until
discovery has looked for the last one for the last time.
"""

import asyncio
import itertools
import json
import shutil
import time

import orjson
from bench import seed
from bench.posts import Closed, Post
from bench.server import token
from bench.submits import bodies
from transport.load import Load, write_hellos

from nodes.processes import Spent, cluster

_PATH = "/socket.io/?EIO=4&transport=websocket"
_ITEMS = 20
_PATIENCE_S = 120


class Deliveries:
    """Measures clusters.

    Args:
        binary: The load's.
        sizes: ``clients``, ``deliveries``, ``idle_s``, ``settle_s``.
        add: Called with a figure's name, a process and its CPU seconds per delivery.
    """

    def __init__(self, binary, cores, folder, sizes, add):
        self._binary = binary
        self._cores = cores
        self._folder = folder
        self._sizes = sizes
        self._add = add
        self._turn = itertools.count()

    def run(self, name, count, *, has_bus=True, only=None):
        """One cluster of ``count`` nodes.

        Args:
            only: The number of the node that has all the clients; None: they are spread.
        """
        folder = self._folder / f"{next(self._turn)}-{count}"
        homes = range(count) if only is None else [only]
        users = seed.names(self._sizes.clients)
        of_node = {home: users[at :: len(homes)] for at, home in enumerate(homes)}
        with cluster(folder, self._cores, count, has_bus=has_bus) as made:
            loads = {home: self._load(folder, made.nodes[home], of_node[home]) for home in homes}
            try:
                for home, load in loads.items():
                    load.__enter__()
                    load.connect(len(of_node[home]))
                enter = made.nodes if only is None else made.nodes[:1]
                self._send(enter, loads, users, self._sizes.deliveries // 4)  # warm
                time.sleep(self._sizes.settle_s)
                idle = self._idle(made)
                self._measure(name, made, enter, loads, users, idle)
            finally:
                for load in loads.values():
                    load.__exit__()
        shutil.rmtree(folder)

    def _load(self, folder, node, users):
        lines = [json.dumps({"token": token(user), "ack": True}) for user in users]
        hellos = write_hellos(folder / f"hello-{node.port}", lines)
        return Load(self._binary, "socketio", _PATH, node.port, hellos=hellos, is_full=True)

    def _idle(self, made):
        """CPU seconds per second of each process that has nothing to do."""
        spent, began = Spent(made.pids), time.perf_counter()
        time.sleep(self._sizes.idle_s)
        wall = time.perf_counter() - began
        return {name: used / wall for name, used in spent.read().items()}

    def _measure(self, name, made, enter, loads, users, idle):
        count = self._sizes.deliveries
        spent, began = Spent(made.pids), time.perf_counter()
        self._send(enter, loads, users, count)
        time.sleep(self._sizes.settle_s)
        wall = time.perf_counter() - began
        used = {at: max(0.0, s - idle[at] * wall) / count for at, s in spent.read().items()}
        for process, seconds in used.items():
            self._add(name, process, seconds)
        self._add(name, "nodes", sum(s for at, s in used.items() if at.startswith("node")))
        for process, share in idle.items():
            self._add(f"{name}, at rest", process, share)

    def _send(self, nodes, loads, users, count):
        """Submit and wait until every one is delivered and acknowledged."""
        before = {home: load.ask("wait 0 0")["total"] for home, load in loads.items()}
        asyncio.run(_post(nodes, users, count))
        ends = time.perf_counter() + _PATIENCE_S
        while True:
            came = sum(load.ask("wait 0 0")["total"] - before[home] for home, load in loads.items())
            if came >= count:
                break
            if time.perf_counter() > ends:
                raise SystemExit(f"Of {count} deliveries came {came}")
            for load in loads.values():
                load.ask("wait 1000000000 0.2")  # the generators work only while they are asked


async def _post(nodes, users, count):
    """Half of the calls to either of two nodes."""
    stream = bodies(users)
    posts = {node.port: Post(node, "/api/v1/notifications/bulk") for node in nodes}
    shares = [count // len(nodes)] * len(nodes)
    shares[0] += count - sum(shares)
    async with asyncio.TaskGroup() as group:
        for node, share in zip(nodes, shares, strict=True):
            group.create_task(_post_to(node, posts[node.port], stream, share))


async def _post_to(node, post, stream, count):
    sizes = [min(_ITEMS, count - at) for at in range(0, count, _ITEMS)]
    requests = iter(
        [post.of(orjson.dumps({"items": [next(stream) for _ in range(n)]})) for n in sizes]
    )
    async with Closed(node, lambda: next(requests, None), 1) as calls:
        calls.start()
        await calls.finished()
