"""Tests of one engine's inside."""

import pytest
from support.stores import Shop

from notify_server.kit.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def store(tmp_path, clock):
    """An open, empty store on SQLite, in ``tmp_path / "store.db"``."""
    shop = Shop("sqlite", tmp_path, clock)
    yield await shop.open()
    await shop.close()
