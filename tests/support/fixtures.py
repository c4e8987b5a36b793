"""Fixtures over the rig; ``conftest.py`` of each lane that needs a server imports them."""

import os

import pytest
from support.nodes import Nodes, NodesWorld
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
ack_timeout_s = 1
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


_NODES = {}


def make_world(server):
    """One server's people, or those of all nodes that it is one of."""
    nodes = _NODES.get(server.url)
    return World(server) if nodes is None else NodesWorld(nodes.servers)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server that most tests share: each uses people of its own."""
    if os.environ.get("NOTIFY_TEST_NODES"):
        nodes = Nodes(tmp_path_factory.mktemp("nodes"), SHARED_TOML).start()
        _NODES[nodes.servers[0].url] = nodes
        yield nodes.servers[0]
        codes = [one.stop() for one in nodes.servers]
        nodes.stop()
        assert codes == [0] * len(codes)
        return
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
    """People on the shared server; where it is one of several nodes, on all of them."""
    async with make_world(server) as people:
        yield people
    assert server.running, server.tail()
