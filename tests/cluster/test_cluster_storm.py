"""X16: everybody is cut off at once and comes back as stock clients do."""

import asyncio
from collections import Counter

import pytest
from support.crowd import Crowd
from support.figures import samples
from support.nodes import NodesWorld

pytestmark = pytest.mark.timeout(600)

COMING = 2_000
PAGE = 500
"""What one submission may name."""

JOBS = frozenset({"due", "expired", "note_expired_until", "revoked", "buried", "changed"})
WRITES = frozenset({"record_deliveries", "save_user", "put_member"})
"""Calls of the store that are no reads of a connect: the ticker's, and what clients confirm."""


async def asked(world):
    """How often each call of the store was made, by all nodes together."""
    counted = Counter()
    for server in world.servers:
        for sample in await samples(world.http, server):
            if sample.name == "notify_store_seconds_count":
                counted[sample.labels["operation"]] += int(sample.value)
    return counted


async def test_reconnect_storm_brings_everybody_up_to_date_and_drops_nobody_else(nodes):
    """Each is sent the one that waits, and nothing else, at five reads of the store or less."""
    async with (
        NodesWorld(nodes.servers) as world,
        Crowd([server.url for server in nodes.servers]) as crowd,
    ):
        calm = [await world.online(url=server.url) for server in nodes.servers]
        users = [world.user() for _ in range(COMING)]
        crowd.join({user: world.server.token(user) for user in users}, per_s=100)
        await crowd.until(lambda member: member.is_live, 200)
        crowd.drop_all()
        waiting = [await world.api.submit(users[at : at + PAGE]) for at in range(0, COMING, PAGE)]

        async def all_gone():
            return len(await world.api.sessions()) == len(calm)

        await world.api.until(all_gone, 60, every=0.5)
        before, ends = await asked(world), crowd.ends.total()
        crowd.all_come_back()
        for device in calm:  # in the middle of it
            await device.sees(await world.api.submit(device.user), timeout=60)
        await crowd.until(lambda member: member.is_live, 200)
        after = await asked(world)
        for at, member in enumerate(crowd.members):
            assert set(member.shown) == {waiting[at // PAGE]}
        reads = {
            name: often
            for name, often in (after - before).items()
            if name not in JOBS and name not in WRITES
        }
        # Who is sent away, because too many stand at the door, asks again when they come again.
        comes = COMING + crowd.ends.total() - ends
        assert sum(reads.values()) <= 5 * comes + 20, (reads, comes)
        assert [device.connections for device in calm] == [1] * len(calm)
        assert all(device.open for device in calm)
        verdict = await world.judge(*calm)
        assert verdict.clean, verdict
        await asyncio.gather(*(device.close() for device in calm))
