"""What it costs to take in a broadcast: it must not depend on how many people there are."""

import asyncio
import sqlite3
from contextlib import closing

import orjson

from bench import seed
from bench.posts import Closed, Post
from bench.report import Figure
from bench.server import BenchServer

SECTION = 'Storing a broadcast ({"all": true})'
_IN_FLIGHT = 4
_SETTLE_S = 0.3
_BODY = {"to": {"all": True}, "title": "Maintenance", "message": "Tonight at ten", "type": "system"}


async def measure(folder, cores, sizes):
    """CPU and rows per broadcast, for few and for many known users."""
    figures = []
    for count in sizes.known_users:
        at = folder / f"known-{count}"
        async with seed.opened(at / "data") as (store, _clock):
            await seed.know(store, seed.names(count))
        with BenchServer(at, cores) as server:
            figures += await _cost(server, sizes, count)
    return figures


async def _cost(server, sizes, count):
    cpu = Figure(SECTION, f"{count:,} known users: server CPU", "µs/broadcast")
    rows = Figure(SECTION, f"{count:,} known users: rows added", "rows/broadcast")
    request = Post(server, "/api/v1/notifications").of(orjson.dumps(_BODY))
    for repeat in range(sizes.repeats + 1):
        left = iter([request] * sizes.broadcasts)
        before, meter = _rows(server), server.meter()
        async with Closed(server, lambda left=left: next(left, None), _IN_FLIGHT) as load:
            load.start()
            await load.finished()
        used = meter.read()
        await asyncio.sleep(_SETTLE_S)
        if repeat:  # the first one warms up
            cpu.add(used.server_s / sizes.broadcasts * 1e6, used)
            rows.add((_rows(server) - before) / sizes.broadcasts)
    return [cpu, rows]


def _rows(server):
    """All rows of the server's file, read beside it."""
    uri = f"{(server.data_dir / 'notify.db').as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return sum(
            connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for (name,) in tables.fetchall()
        )
