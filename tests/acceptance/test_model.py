"""A small fixed sample of the model-based test; the long one is in the soak lane."""

import asyncio

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from support.model import Delivery

SMALL = settings(
    max_examples=4,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # shrinking over real restarts takes longer than reading the steps
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def machine(make_server):
    """The state machine on a server of its own, with one event loop for all its steps."""
    server = make_server()
    server.start()
    with asyncio.Runner() as runner:
        yield type("Machine", (Delivery,), {"server": server, "runner": runner})


def test_model_agrees_with_the_server(machine):
    run_state_machine_as_test(machine, settings=SMALL)
