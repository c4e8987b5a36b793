"""Fixtures over the rig; ``conftest.py`` of each lane that needs a server imports them."""

import pytest
from support.server import Server
from support.world import World

SHARED_TOML = """
[rooms]
allow = ["open_*"]

[namespaces."/ops"]
roles = ["OPS"]

[retry.high]
attempts = 3
base_delay_s = 0.2
ack_timeout_s = 0.5
remind_s = 1
fallback = ["email"]
offline_grace_s = 1

[retry.urgent]
attempts = 1
ack_timeout_s = 0.5
base_delay_s = 0.2
remind_s = 1
"""
"""High and urgent are quick here, so that schedules can be watched; the rest is the default."""


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server that most tests share: each uses people of its own."""
    shared = Server(tmp_path_factory.mktemp("shared"), SHARED_TOML)
    shared.start()
    yield shared
    assert shared.stop() == 0


@pytest.fixture
def make_server(tmp_path):
    """Servers of one test's own, not started; killed when it ends."""
    made = []

    def make(extra_toml="", name=None):
        made.append(Server(tmp_path / (name or f"server{len(made)}"), extra_toml))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture
async def world(server):
    """People on the shared server."""
    async with World(server) as people:
        yield people
    assert server.running, server.tail()
