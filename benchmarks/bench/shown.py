"""From the submit to the frame in a connected client's hands, at a load that leaves room."""

import asyncio
import contextlib
import random

import orjson

from bench import seed
from bench.posts import Paced, Post
from bench.report import Figure, percentile
from bench.server import BenchServer, token
from bench.sockets import Client, now, open_all

SECTION = "Submit to shown, every frame acknowledged"
_CONNECTIONS = 128
_LAST_S = 20.0


class _Run:
    """One repetition: what was sent when, and what has arrived."""

    def __init__(self):
        self.sent = {}
        self.latencies = []
        self.doubles = 0
        self._all_came = asyncio.Event()

    def arrived(self, notification):
        """A client holds it."""
        began = self.sent.pop(notification["data"]["n"], None)
        if began is None:
            self.doubles += 1
        else:
            self.latencies.append(now() - began)
        if not self.sent:
            self._all_came.set()

    async def wait(self):
        """Until all came, or it takes too long."""
        self._all_came.clear()
        if self.sent:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_S):
                    await self._all_came.wait()


async def measure(folder, cores, sizes, rates, profile=None):
    """Latencies at each of the rates (name → submits a second)."""
    users = seed.names(sizes.shown_clients)
    async with seed.opened(folder / "data") as (store, _clock):
        await seed.know(store, users)
    figures = []
    with BenchServer(folder, cores, profile) as server:
        run = _Run()

        def arrived(_client, notification):
            run.arrived(notification)

        clients = [Client(token(user), None, arrived) for user in users]
        await open_all(server, clients)
        for name, rate in rates.items():
            title = f"{name}, {rate:,.0f}/s to {len(users):,} clients"
            half, tail = (Figure(SECTION, f"{title}: {p}", "ms") for p in ("p50", "p99"))
            for _ in range(sizes.repeats):
                run = _Run()
                used = await _repeat(server, users, rate, run, sizes)
                half.add(percentile(run.latencies, 0.5) * 1000, used)
                tail.add(percentile(run.latencies, 0.99) * 1000, used)
                if run.sent or run.doubles:
                    tail.note = f"{len(run.sent)} never came, {run.doubles} came twice"
            figures += [half, tail]
        for client in clients:
            client.close()
    return figures


async def _repeat(server, users, rate, run, sizes):
    post = Post(server, "/api/v1/notifications")
    chance = random.Random(2)
    async with Paced(server, _CONNECTIONS) as calls:
        number = 0
        meter = server.meter()
        began = due = now()
        while due - began < sizes.seconds + sizes.warm_s:
            due += chance.expovariate(rate)
            if due > now():
                await asyncio.sleep(max(0.0, due - now()))
            body = {
                "to": [chance.choice(users)],
                "title": "Task complete",
                "message": "Your caption task has completed",
                "type": "success",
                "data": {"task_id": "123", "n": number},
            }
            # Stamped when it is handed over, before it waits for a free connection.
            run.sent[number] = now()
            calls.send(post.of(orjson.dumps(body)))
            number += 1
        used = meter.read()
        await run.wait()
        calls.check()
    return used
