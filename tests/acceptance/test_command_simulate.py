"""simulate against a real server."""

import json
import sys

import pytest


def test_simulate_over_both_transports_loses_and_doubles_nothing(server):
    figures = json.loads(
        server.cli(
            *("simulate", "--users", "20", "--rate", "40", "--duration", "2s", "--json"),
            *("--polling", "0.5", "--recipients", "2", "--reads", "0.5"),
        )
    )
    assert figures["sent"] == 80
    assert figures["received"] == figures["expected"] == 160
    assert figures["acked"] >= 160
    assert figures["read"] > 0
    assert (figures["lost"], figures["doubled"], figures["refused"]) == (0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is Linux's")
def test_simulate_of_more_users_than_one_address_may_have_connects_all(make_server):
    """Loopback has more than one address; a table for people comes without --json."""
    server = make_server()
    text = server.config.read_text()
    assert "connections_per_ip = 2000" in text
    server.config.write_text(text.replace("connections_per_ip = 2000", "connections_per_ip = 150"))
    server.start()
    out = server.cli("simulate", "--users", "200", "--rate", "20", "--duration", "1s")
    assert "latency p99" in out
