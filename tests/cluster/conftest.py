"""Node processes over one MongoDB store and one Redis, nginx in front: all real."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.nodes import Nodes, NodesWorld, missing

NODES_TOML = """
[rooms]
allow = ["open_*"]

[retry.high]
attempts = 3
base_delay_s = 0.2
ack_timeout_s = 0.5
"""
"""High is quick here, so that schedules can be watched; the rest is the default."""


def pytest_collection_modifyitems(items):
    why = missing()
    if why:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"no {why}"))


@pytest.fixture(scope="session")
def nodes(tmp_path_factory):
    """Two nodes that the tests share; who stops one uses ``make_nodes``."""
    shared = Nodes(tmp_path_factory.mktemp("nodes"), NODES_TOML).start()
    try:
        yield shared
        assert [one.stop() for one in shared.servers] == [0, 0]
    finally:
        shared.stop()


@pytest.fixture(scope="session")
def front(nodes):
    """The shared nodes as clients see them."""
    return nodes.front()


@pytest.fixture
def make_nodes(tmp_path):
    """Nodes of one test's own; ended with it."""
    made = []

    def make(**options):
        made.append(Nodes(tmp_path / f"nodes{len(made)}", NODES_TOML, **options).start())
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
async def world(nodes):
    """People whose devices connect to one node after the other."""
    async with NodesWorld(nodes.servers) as people:
        yield people
    assert all(server.running for server in nodes.servers)
