"""The store suite runs once per engine of ``support/stores.py``."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import mongo_log, mongodb
from support.stores import ENGINES, Shop

from notify_server.kit.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(params=sorted(ENGINES))
async def shop(request, tmp_path, clock):
    """Opens stores over one folder; on MongoDB nothing is asked that its table does not declare."""
    if request.param == "mongodb" and not mongodb.is_there():
        pytest.skip("no MongoDB: install mongod, or Java and Maven for scripts/services")
    shop = Shop(request.param, tmp_path, clock)
    with mongo_log.listening() as log:
        yield shop
        await shop.close()
    assert log.undeclared() == []


@pytest.fixture
async def store(shop):
    """An open, empty store."""
    return await shop.open()
