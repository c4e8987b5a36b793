"""The line over a real store in ``tmp_path``; time stands still until a test moves it."""

import pytest
from doubles.hub_bus import Hub
from support.line_rig import LineRig
from support.stores import Shop

from notify_server.kit.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def store(tmp_path, clock):
    shop = Shop("sqlite", tmp_path, clock)
    yield await shop.open()
    await shop.close()


@pytest.fixture
async def make_rig(store, clock):
    """Lines over the one store: ``await make_rig(settings)``."""
    rigs = []

    async def make(settings=None, seed=1, bus=None):
        rigs.append(await LineRig(store, clock, settings, seed, bus).start())
        return rigs[-1]

    yield make
    for rig in rigs:
        await rig.stop()


@pytest.fixture
async def rig(make_rig):
    return await make_rig()


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
async def rigs(make_rig, hub):
    """Two nodes over the one store."""
    return [await make_rig(seed=seed, bus=hub.place()) for seed in (1, 2)]
