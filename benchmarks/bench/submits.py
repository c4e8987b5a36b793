"""How many notifications a second are accepted, each durable before its answer."""

import asyncio
import itertools
import random

import orjson

from bench import seed
from bench.posts import Closed, Post
from bench.report import Figure
from bench.server import BenchServer

SECTION = "Submits, each to one user, answered when durable"


def bodies(users):
    """Endless single submissions, each to one of the users."""
    chance = random.Random(1)
    for number in itertools.count():
        yield {
            "to": [chance.choice(users)],
            "title": "Task complete",
            "message": "Your caption task has completed",
            "type": "success",
            "data": {"task_id": "123", "n": number},
        }


async def measure(folder, cores, sizes, profile=None):
    """Figures of every way to submit."""
    users = seed.names(sizes.users)
    figures = []
    with BenchServer(folder, cores, profile) as server:
        one = Post(server, "/api/v1/notifications")
        stream = bodies(users)
        for in_flight in (16, 64):
            requests = (one.of(orjson.dumps(body)) for body in stream)
            name = f"single POST, {in_flight} in flight"
            figures += await _rate(server, sizes, name, requests, in_flight, 1)
        many = Post(server, "/api/v1/notifications/bulk")
        for count, in_flight in ((100, 4), (1_000, 2)):
            requests = _bulks(many, stream, count)
            name = f"bulk of {count:,}, {in_flight} in flight"
            figures += await _rate(server, sizes, name, requests, in_flight, count)
    return figures


def _bulks(post, stream, count):
    while True:
        yield post.of(orjson.dumps({"items": list(itertools.islice(stream, count))}))


async def _rate(server, sizes, name, requests, in_flight, per_request):
    rate = Figure(SECTION, name, "submits/s")
    cost = Figure(SECTION, f"{name}: server CPU", "µs/submit")
    for _ in range(sizes.repeats):
        async with Closed(server, lambda: next(requests), in_flight) as load:
            load.start()
            await asyncio.sleep(sizes.warm_s)
            before, meter = load.answered, server.meter()
            await asyncio.sleep(sizes.seconds)
            used, done = meter.read(), (load.answered - before) * per_request
        rate.add(done / used.wall_s, used)
        cost.add(used.server_s / max(1, done) * 1e6)
    return [rate, cost]
