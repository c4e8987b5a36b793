"""X01 with twenty kills, X02 two hundred times, X28's churn: ``pytest -m soak tests/soak``."""

import asyncio
import random
from pathlib import Path

import aiohttp
import pytest
from support.load import OPEN_ROOMS, Load, Plan
from support.world import World

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_soak_twenty_kills_under_load(make_server, seed):
    server = make_server(OPEN_ROOMS)
    server.start()
    async with World(server) as world:
        load = Load(world, Plan(seed=seed, users=30, submits_per_s=50, kills=20, between_s=4))
        verdict = await load.run()
        assert verdict.clean, verdict


async def test_soak_exit_after_commit_two_hundred_times(make_server):
    server = make_server()
    server.start()
    async with World(server) as world:
        device = await world.online()
        await device.close()
        await asyncio.to_thread(server.stop)
        chance = random.Random(2)
        for number in range(200):
            await asyncio.to_thread(server.start, f"after_store:exit:{chance.randint(1, 4)}")
            await device.connect()
            await _submit_until_it_dies(world, device, number)
            await asyncio.to_thread(server.wait_exit)
        await asyncio.to_thread(server.start)
        await device.connect()
        verdict = await world.judge(device)
        assert verdict.clean, verdict


async def _submit_until_it_dies(world, device, number):
    for n in range(10):
        op = f"{number}-{n}"
        body = {"to": device.user, "title": op, "message": "m", "data": {"op": op}}
        world.journal.submitted(op, body, [device.user], None)
        try:
            answer = await world.api.post(body)
        except (OSError, aiohttp.ClientError):
            return
        world.journal.submitted(op, body, [device.user], answer.body)
    raise AssertionError("the failpoint was never reached")


async def test_soak_churn_leaves_nothing_behind(make_server):
    """X28 in short: connects and disconnects until memory and descriptors have had their say."""
    server = make_server()
    server.start()
    async with World(server) as world:
        await _churn(world, 500)
        assert await world.ghosts() == []
        before = _usage(server.pid)
        for _ in range(10):
            await _churn(world, 500)
        assert await world.ghosts() == []
        after = _usage(server.pid)
    print(f"before {before}, after {after}")
    assert after["fds"] <= before["fds"] + 10
    assert after["rss_mb"] <= before["rss_mb"] + 20


async def _churn(world, count):
    gate = asyncio.Semaphore(50)

    async def one():
        async with gate:
            # Sent frames are remembered for an hour, which is no leak: few of them here.
            device = await world.online()
            if random.random() < 0.05:
                await device.sees(await world.api.submit(device.user))
            await (device.close() if random.random() < 0.5 else device.drop())

    await asyncio.gather(*(one() for _ in range(count)))


def _usage(pid):
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    rss = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return {"rss_mb": int(rss.split()[1]) / 1024, "fds": descriptors}
