"""Ports for servers that are told theirs before they start."""

import random
import socket

# Below what the system hands out by itself (Linux: from 32768 on): a port from there may belong to
# somebody else's connection by the time the server binds it, and again while a test has it down.
_PORTS = range(12_000, 32_000)
_draw = random.SystemRandom()  # lanes run side by side, and some seed `random`


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    while True:
        port = _draw.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
