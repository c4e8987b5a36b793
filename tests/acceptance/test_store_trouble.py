"""F2, X06, X09: the store is held up while people connect and services send."""

import asyncio
import sqlite3
import time

import aiohttp
from support.figures import LoopLag
from support.rawsocket import ClosedError
from support.world import World

HELD_S = 3


def database(server):
    """The store's file in the data directory."""
    files = [path for path in server.data_dir.iterdir() if path.is_file()]
    found = [path for path in files if path.read_bytes()[:15] == b"SQLite format 3"]
    assert len(found) == 1, found
    return found[0]


async def test_store_held_by_another_process_loses_nothing_and_leaves_no_ghost(make_server):
    """Submits wait or are asked to come again; connects end or succeed; nobody hangs half-open."""
    server = make_server()
    server.start()
    async with World(server) as world:
        watcher = await world.online()
        users = [world.user("late") for _ in range(30)]
        devices = [world.device(user) for user in users]
        path = database(server)
        lock = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        lag = await LoopLag.begin(world.http, server)
        lock.execute("BEGIN IMMEDIATE")
        try:
            connects = [asyncio.create_task(device.stay_connected()) for device in devices]
            submits = [asyncio.create_task(submit_until_202(world, watcher)) for _ in range(20)]
            await asyncio.sleep(HELD_S)
            assert watcher.open
            await lag.stayed_small()
        finally:
            lock.execute("ROLLBACK")
            lock.close()
        ids = await asyncio.gather(*submits)
        await asyncio.gather(*connects)
        await watcher.sees(*ids)
        await world.barrier(*devices)
        listed = await world.api.ids(watcher.user)
        assert sorted(listed) == sorted(set(ids))
        assert sorted(watcher.shown) == sorted(set(ids))
        for device in [watcher, *devices]:
            await device.close()
        assert await world.ghosts() == []


async def submit_until_202(world, device):
    """Ask again as the answer says; a refusal must be one that helps to come again."""
    key = world.user("key")
    body = {"to": device.user, "title": "T", "message": "M"}
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            answer = await world.api.post(body, key=key)
        except (aiohttp.ClientError, ClosedError, TimeoutError):
            continue
        if answer.status == 202:
            return answer.body["id"]
        assert answer.status in (409, 503), answer
        assert answer.status == 409 or int(answer.headers["Retry-After"]) >= 1
        await asyncio.sleep(0.2)
    raise AssertionError("never accepted")
