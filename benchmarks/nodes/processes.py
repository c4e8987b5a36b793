"""The processes of a cluster, and the CPU seconds that each has used."""

import os
import secrets
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.server import BenchServer
from support.mongodb import MongoServer
from support.redis_server import RedisServer

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """User and system time of a process, threads that have ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def fine_cpu_s(pid):
    """The same to the nanosecond, for processes whose threads stay."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


class Spent:
    """CPU seconds per process since it was made.

    Args:
        pids: By what each process is called.
    """

    def __init__(self, pids):
        self._pids = pids
        self._before = {name: cpu_s(pid) for name, pid in pids.items()}

    def read(self):
        """Seconds by name."""
        return {name: cpu_s(pid) - self._before[name] for name, pid in self._pids.items()}


class Cluster:
    """Nodes, their store and their bus, running."""

    def __init__(self, nodes, pids):
        self.nodes = nodes
        self.pids = pids


@contextmanager
def cluster(folder, cores, count, *, has_bus=True):
    """Start ``count`` nodes over a fresh store; everything ends with the block."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        environ, pids = {}, {}
        given = os.environ.get("NOTIFY_TEST_MONGODB_URL")
        if not given:
            store = MongoServer(folder)
            store.start()
            stack.callback(store.kill)
            given, pids["store"] = store.url, store.pid
        environ["NOTIFY_STORE__URL"] = f"{given.rstrip('/')}/notify_bench_{secrets.token_hex(6)}"
        if has_bus:
            bus = RedisServer().start()
            stack.callback(bus.kill)
            pids["bus"] = bus.pid
            environ |= {
                "NOTIFY_BUS__URL": bus.url, "NOTIFY_BUS__KEY": secrets.token_urlsafe(48)
            }  # fmt: skip
        nodes = []
        for number in range(count):
            server = BenchServer(folder / f"node{number}", cores, environ=environ)
            nodes.append(stack.enter_context(server))
            pids[f"node{number}"] = server.pid
        yield Cluster(nodes, pids)
