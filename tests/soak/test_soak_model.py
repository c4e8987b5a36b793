"""The model-based test for minutes: ``pytest -m soak tests/soak``."""

import asyncio

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from support.model import Delivery

LONG = settings(
    max_examples=300,
    stateful_step_count=60,
    derandomize=False,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # shrinking over real restarts takes longer than reading the steps
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_soak_model_agrees_with_the_server(make_server):
    server = make_server()
    server.start()
    with asyncio.Runner() as runner:
        machine = type("Machine", (Delivery,), {"server": server, "runner": runner})
        run_state_machine_as_test(machine, settings=LONG)
