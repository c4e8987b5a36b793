"""Who is measured, and a peer's process while it runs on the server's core."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.machine import Meter, pin

from transport import build

_READY_S = 30.0
_STOP_S = 10.0


@dataclass(frozen=True)
class Peer:
    """A server that delivers to open connections.

    Attributes:
        make: Returns the command line, ports excepted; raises ``MissingToolError``.
        protocol: What ``load -m`` calls it.
        rows: What is measured of it.
        most_receivers: With more clients only connects and memory are measured, because it
            cannot deliver to them in reasonable time.
    """

    name: str
    title: str
    make: Callable[[], tuple]
    rows: frozenset
    protocol: str = "socketio"
    path: str = "/socket.io/?EIO=4&transport=websocket"
    environ: dict = field(default_factory=dict)
    is_slow: bool = False
    most_receivers: int = sys.maxsize


_PLAIN = frozenset({"connects", "memory", "broadcast", "burst"})
# Its in-memory layer looks through all channels whenever one receives: a broadcast to 5,000 takes
# more than a minute, and by then the server has closed those who answer no ping.
_CHANNELS = {"protocol": "channels", "path": "/ws/", "is_slow": True, "most_receivers": 1_000}

PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "stock",
            "python-socketio (stock)",
            partial(build.python, "stock.py"),
            _PLAIN | {"acked", "latency"},
            is_slow=True,
        ),
        Peer("ours", "notify-server", build.ours, _PLAIN | {"acked", "latency", "targeted"}),
        Peer("node", "Socket.IO on Node", build.node, _PLAIN | {"acked", "latency"}),
        Peer(
            "centrifuge",
            "centrifuge (Go)",
            build.centrifuge,
            _PLAIN | {"latency"},
            protocol="centrifuge",
            path="/connection/websocket",
            environ={"GOMAXPROCS": "1"},
        ),
        Peer(
            "channels-uvicorn",
            "Django Channels, uvicorn",
            partial(build.python, "channels_uvicorn.py"),
            _PLAIN | {"acked", "durable"},
            **_CHANNELS,
        ),
        Peer(
            "channels-daphne",
            "Django Channels, daphne",
            partial(build.python, "channels_daphne.py"),
            _PLAIN | {"acked", "durable"},
            **_CHANNELS,
        ),
        Peer("floor", "floor: send() alone", build.floor, frozenset({"broadcast"})),
    )
}


def is_beyond(peer, clients):
    """Whether a peer cannot deliver to so many; says so."""
    if clients <= peer.most_receivers:
        return False
    most = f"more than {peer.most_receivers:,} clients are beyond it (see peers.py)"
    print(f"{peer.name}: no deliveries, {most}", file=sys.stderr, flush=True)
    return True


def free_port():
    """One that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rss(pid):
    """Bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Running:
    """Serves while it is entered.

    Args:
        command: Of ``Peer.make``; a port and the port for the control connection are added.
        log: A file for whatever the process says.
        environ: Further variables.
    """

    def __init__(self, peer, command, cores, log, environ=()):
        self.peer = peer
        self.port, self.control_port = free_port(), free_port()
        self._command = [*map(str, command), str(self.port), str(self.control_port)]
        self._cores = cores
        self._log = Path(log)
        self._environ = dict(environ)
        self._process = None

    def __enter__(self):
        with self._log.open("ab") as log:
            pin(self._cores.server)
            try:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **self.peer.environ, **self._environ},
                )
            finally:
                pin(self._cores.load)
        for port in (self.port, self.control_port):
            self._wait(port)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self):
        return self._process.pid

    @property
    def api_key(self):
        return "none"  # what bench.posts sends to whom it posts

    def meter(self):
        """Count what is used from now on."""
        return Meter(self.pid)

    def _wait(self, port):
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        self._process.kill()
        raise SystemExit(f"{self.peer.name} did not start:\n{self._log.read_text()[-4000:]}")
