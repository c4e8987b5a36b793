"""Real sockets to the product in this process; its clock stands still until a test moves it."""

import sys
from pathlib import Path

import aiohttp
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.client import Device
from support.inside import Inside
from support.stores import Shop

from notify_server.kit.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def make_inside(tmp_path, clock):
    """The product over one store: ``await make_inside(settings)``."""
    shop, made = Shop("sqlite", tmp_path, clock), []
    store = await shop.open()

    async def make(settings=None):
        made.append(await Inside(store, clock, settings).start())
        return made[-1]

    yield make
    for one in made:
        await one.stop()
    await shop.close()


@pytest.fixture
async def inside(make_inside):
    return await make_inside()


@pytest.fixture
async def device():
    """Clients: ``device(inside, "ann", roles=…)``; they end with the test."""
    devices = []
    async with aiohttp.ClientSession() as http:

        def make(server, user, roles=(), **options):
            devices.append(Device(server, http, user, roles, **options))
            return devices[-1]

        yield make
        for one in devices:
            await one.close()
