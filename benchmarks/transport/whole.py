"""The whole product, where it is what the claim is about; and what it is compared with.

Durable: submitted in bulk, stored, delivered, acknowledged, and each receipt committed, which is
read in the server's own file. Full connects: JWT, count, replay of nothing.
"""

import asyncio
import json
import shutil
import sqlite3
import time
from contextlib import closing

import orjson
from bench import seed
from bench.posts import Closed, Post
from bench.server import BenchServer, token
from bench.submits import bodies

from transport.load import Load, used, write_hellos
from transport.peers import PEERS, Running, rss
from transport.visits import SETTLE_S, WARM_CLIENTS, note_of

PRODUCT = "product"
_PATH = "/socket.io/?EIO=4&transport=websocket"
_IN_FLIGHT = 2
_PATIENCE_S = 120


class Whole:
    """Measures like ``visits.Visit``, with the product in place of the transport.

    Args:
        binary: The load's.
        commands: Command line per peer.
        figures: Where the results go.
    """

    def __init__(self, binary, commands, cores, folder, sizes, figures):
        self._binary = binary
        self._commands = commands
        self._cores = cores
        self._folder = folder
        self._sizes = sizes
        self._figures = figures
        self._tokens = {}

    def connect(self, clients):
        """Full connects of users who were here before, and what each holds."""
        warm = min(WARM_CLIENTS, clients // 2)
        with self._product(clients) as server, self._load(server, clients) as load:
            load.connect(warm)
            time.sleep(SETTLE_S)
            pid = _pid(server)
            before, meter = rss(pid), server.meter()
            answer = load.connect(clients - warm)
            spent = used(meter, answer)
            rate = (clients - warm) / answer["wall_s"]
            self._figures.add("connects", clients, PRODUCT, rate, spent, note_of(answer))
            time.sleep(self._sizes.idle_s)
            each = (rss(pid) - before) / (clients - warm) / 1024
            self._figures.add("memory", clients, PRODUCT, each)

    def durable(self, clients):
        """The whole way of a notification, in bulk."""
        with self._product(clients) as server, self._load(server, clients) as load:
            load.connect(clients)
            file = server.data_dir / "notify.db"
            path, bulk = "/api/v1/notifications/bulk", 1_000
            self._durable(server, load, path, bulk, file, clients, PRODUCT, self._sizes.durable)

    def targeted(self, clients):
        """Durable submits, each to one of the connected users, who acknowledges."""
        count = self._sizes.submits
        with self._product(clients) as server, self._load(server, clients) as load:
            load.connect(clients)
            post = Post(server, "/api/v1/notifications")
            stream = bodies(seed.names(clients))
            for is_warm in (False, True):
                requests = [post.of(orjson.dumps(next(stream))) for _ in range(count)]
                meter, load_before = server.meter(), load.cpu_s()
                asyncio.run(_post(server, requests))
                answer = load.ask(f"wait {count * (1 + is_warm)} {_PATIENCE_S}")
                answer["cpu_s"] = load.cpu_s() - load_before
                spent = used(meter, answer)
                if is_warm:
                    _demand(answer, 2 * count)
                    cost = spent.server_s / count * 1e6
                    self._figures.add("product targeted", clients, PRODUCT, cost, spent)

    def durable_channels(self, name, clients):
        """The same with a Channels consumer and the ORM."""
        folder = self._fresh(name)
        file = folder / "bench.db"
        lines = [f"?user={user}" for user in seed.names(clients)]
        hellos = write_hellos(self._folder / "channels-hello", lines)
        log = self._folder / f"{name}.log"
        environ = {"BENCH_DB": str(file)}
        peer = PEERS[name]
        with (
            Running(peer, self._commands[name], self._cores, log, environ) as server,
            Load(self._binary, peer.protocol, peer.path, server.port, hellos=hellos) as load,
        ):
            load.connect(clients)
            count = self._sizes.durable_slow
            self._durable(server, load, "/bulk", 500, file, clients, name, count)

    def _durable(self, server, load, path, bulk, file, clients, name, count):
        post, stream = Post(server, path), bodies(seed.names(clients))
        requests = [
            post.of(orjson.dumps({"items": [next(stream) for _ in range(min(bulk, count - at))]}))
            for at in range(0, count, bulk)
        ]
        meter, began, load_before = server.meter(), time.perf_counter(), load.cpu_s()
        asyncio.run(_post(server, requests))
        answer = load.ask(f"wait {count} {_PATIENCE_S}")
        _demand(answer, count)
        while (committed := _committed(file, name)) < count:
            if time.perf_counter() - began > 2 * _PATIENCE_S:
                raise SystemExit(f"{name} has only {committed} of {count} receipts")
            time.sleep(0.005)
        wall = time.perf_counter() - began
        answer["cpu_s"] = load.cpu_s() - load_before  # while it was posted, too
        spent = used(meter, answer)
        self._figures.add("durable", clients, name, count / wall, spent)

    def _fresh(self, name):
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def _product(self, clients):
        folder = self._fresh(PRODUCT)
        asyncio.run(_know(folder, seed.names(clients)))
        return BenchServer(folder, self._cores)

    def _load(self, server, clients):
        lines = [
            json.dumps({"token": self._token(user), "ack": True}) for user in seed.names(clients)
        ]
        hellos = write_hellos(self._folder / "product-hello", lines)
        return Load(self._binary, "socketio", _PATH, server.port, hellos=hellos, is_full=True)

    def _token(self, user):
        if user not in self._tokens:
            self._tokens[user] = token(user)
        return self._tokens[user]


async def _know(folder, users):
    async with seed.opened(folder / "data") as (store, _clock):
        await seed.know(store, users)


async def _post(server, requests):
    left = iter(requests)
    async with Closed(server, lambda: next(left, None), _IN_FLIGHT) as calls:
        calls.start()
        await calls.finished()


def _demand(answer, count):
    if answer["total"] != count or answer["lost_connections"]:
        raise SystemExit(f"Of {count} deliveries came: {answer}")


def _committed(file, name):
    """Receipts that say delivered, read beside the server."""
    table = "receipts" if name == PRODUCT else "bench_receipt"
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        query = f"SELECT count(*) FROM {table} WHERE delivered_at IS NOT NULL"
        return connection.execute(query).fetchone()[0]


def _pid(server):
    return json.loads((server.data_dir / "run.json").read_text())["pid"]
