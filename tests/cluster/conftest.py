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

STOP_S = 60
"""That nodes end by themselves is seen here; how soon they do, in tests of stopping."""


def pytest_collection_modifyitems(items):
    why = missing()
    if why:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"no {why}"))


@pytest.fixture(scope="module")
def make_shared(tmp_path_factory):
    """Nodes that the tests of a module share."""
    made = []

    def make(**options):
        folder = tmp_path_factory.mktemp("nodes")
        made.append(Nodes(folder, NODES_TOML, **options).start())
        return made[-1]

    try:
        yield make
        codes = [server.stop(STOP_S) for nodes in made for server in nodes.servers]
        assert set(codes) <= {0}, codes
    finally:
        for nodes in made:
            nodes.stop()


@pytest.fixture(scope="module")
def nodes(make_shared):
    """Two nodes; who stops one uses others."""
    return make_shared()


@pytest.fixture(scope="module")
def front(nodes):
    """The shared nodes as clients see them."""
    return nodes.front()


@pytest.fixture
async def world(nodes):
    """People whose devices connect to one node after the other."""
    async with NodesWorld(nodes.servers) as people:
        yield people
    assert all(server.running for server in nodes.servers)
