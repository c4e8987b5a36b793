"""Everybody comes back at once: the server was restarted, or a network was gone for a while."""

import asyncio
import random
import shutil
import statistics
from collections import Counter
from datetime import timedelta

from bench import seed
from bench.report import Figure, percentile
from bench.server import BenchServer, token
from bench.sockets import Client, now

_SPREAD_S = 1.0
_AWAY = timedelta(minutes=10)
_DEADLINE_S = 120.0


class _Returning:
    """One page: comes back as a stock client does, until it holds all that waits for it."""

    def __init__(self, user, cursor, wanted, crowd):
        self._token = token(user)
        self._cursor = cursor
        self._wanted = wanted
        self._crowd = crowd
        self._client = None
        self._held = set()
        self._tries = 0
        self._began = 0.0

    async def start(self, port, delay):
        """Come after ``delay`` seconds."""
        await asyncio.sleep(delay)
        self._began = now()
        await self._connect(port)

    async def _connect(self, port):
        loop = asyncio.get_running_loop()
        self._client = Client(
            self._token,
            self._cursor,
            self._arrived,
            on_closed=lambda _c, why: self._back(port, why),
        )
        try:
            await loop.create_connection(lambda: self._client, "127.0.0.1", port)
        except OSError:
            self._back(port, "no connection")

    def _back(self, port, why):
        """The stock delays: a second, doubled up to five, half of it up to chance."""
        self._crowd.refusals[why] += 1
        self._tries += 1
        delay = min(5.0, 2 ** (self._tries - 1)) * random.uniform(0.5, 1.5)
        self._crowd.spawn(self._again(port, delay))

    async def _again(self, port, delay):
        await asyncio.sleep(delay)
        await self._connect(port)

    def _arrived(self, _client, notification):
        if notification["id"] in self._held:
            self._crowd.doubles += 1
            return
        self._held.add(notification["id"])
        if len(self._held) == self._wanted:
            self._crowd.complete(now() - self._began)

    def close(self):
        if self._client is not None:
            self._client.close()


class _Crowd:
    """All of them, and when each was done."""

    def __init__(self, size):
        self._size = size
        self._tasks = set()
        self.times = []
        self.refusals = Counter()
        self.doubles = 0
        self.done = asyncio.Event()
        self.done_at = 0.0

    def spawn(self, work):
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def complete(self, seconds):
        self.times.append(seconds)
        if len(self.times) == self._size:
            self.done_at = now()
            self.done.set()

    def stop(self):
        for task in self._tasks:
            task.cancel()


async def measure(folder, cores, sizes, profile=None):
    """Figures of a crowd that returns."""
    users = seed.names(sizes.returning)
    stamp = await _prepare(folder / "template", users, sizes.waiting)
    section = (
        f"{len(users):,} clients with {sizes.waiting} waiting notifications each come back "
        f"within {_SPREAD_S:g} s"
    )
    figures = {
        name: Figure(section, what, unit)
        for name, what, unit in (
            ("median", "a client has all that waited: median", "s"),
            ("p99", "a client has all that waited: p99", "s"),
            ("total", "all clients have it", "s"),
            ("cpu", "server CPU in all", "s"),
            ("each", "server CPU per client", "ms"),
        )
    }
    for repeat in range(sizes.repeats):
        at = folder / f"repeat-{repeat}"
        shutil.copytree(folder / "template", at)
        with BenchServer(at, cores, profile) as server:
            crowd, used, total = await _return(server, users, stamp, sizes)
        shutil.rmtree(at)
        figures["median"].add(statistics.median(crowd.times), used)
        figures["p99"].add(percentile(crowd.times, 0.99), used)
        figures["total"].add(total, used)
        figures["cpu"].add(used.server_s)
        figures["each"].add(used.server_s / len(users) * 1000)
        figures["total"].note = _told(crowd) or figures["total"].note
    return list(figures.values())


def _told(crowd):
    """What else happened to them."""
    told = [f"{count} sent away ({why})" for why, count in crowd.refusals.most_common(3)]
    if crowd.doubles:
        told.append(f"{crowd.doubles} frames came twice")
    return ", ".join(told)


async def _prepare(folder, users, waiting):
    """Seed once; returns when the users were last connected."""
    async with seed.opened(folder / "data", _AWAY) as (store, clock):
        await seed.know(store, users)
        stamp = clock.now() - timedelta(seconds=30)
        for _ in range(waiting):
            clock.advance(timedelta(seconds=10))
            await seed.accept(store, (seed.submission([user]) for user in users))
    return stamp


async def _return(server, users, stamp, sizes):
    crowd = _Crowd(len(users))
    pages = [_Returning(user, seed.cursor(user, stamp), sizes.waiting, crowd) for user in users]
    chance = random.Random(3)
    meter, began = server.meter(), now()
    for page in pages:
        crowd.spawn(page.start(server.port, chance.uniform(0, _SPREAD_S)))
    try:
        async with asyncio.timeout(_DEADLINE_S):
            await crowd.done.wait()
    except TimeoutError:
        missing = len(users) - len(crowd.times)
        raise SystemExit(f"{missing} clients never had it all: {crowd.refusals}") from None
    used = meter.read()
    crowd.stop()
    for page in pages:
        page.close()
    return crowd, used, crowd.done_at - began
