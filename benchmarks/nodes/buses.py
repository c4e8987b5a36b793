"""What a send costs the members of a bus: ours against python-socketio's Redis manager.

Eight processes without sessions on one ``redis-server``; the first sends, to a user of the second
or to everybody. What they use at rest is taken off.
"""

import secrets
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from support.redis_server import RedisServer

from nodes.processes import fine_cpu_s

MEMBERS = 8
KINDS = ("ours", "stock")
_EVERYBODY = "all:"
_MEMBER = Path(__file__).parent / "member.py"
_SETTLE_S = 1.0
_PATIENCE_S = 60


class Buses:
    """Measures buses.

    Args:
        sizes: ``sends``, ``bus_idle_s``.
        add: Called with a figure's name, a process and its CPU seconds per send.
    """

    def __init__(self, sizes, add):
        self._sizes = sizes
        self._add = add

    def run(self, kind):
        """All figures of one kind of bus."""
        with ExitStack() as stack:
            redis = RedisServer().start()
            stack.callback(redis.kill)
            key = secrets.token_urlsafe(48)
            members = [
                stack.enter_context(_Member(kind, redis.url, key, [f"user-{at}", _EVERYBODY]))
                for at in range(MEMBERS)
            ]
            pids = {"bus": redis.pid} | {f"{at}": each.pid for at, each in enumerate(members)}
            time.sleep(_SETTLE_S)
            members[0].ask(f"send {self._sizes.sends // 10} {_EVERYBODY}")  # warm
            time.sleep(_SETTLE_S)
            idle = _rest(pids, self._sizes.bus_idle_s)
            heard_by_one = 1 if kind == "ours" else MEMBERS - 1
            for name, channel, hearers in (
                ("send to a user of one", "user-1", heard_by_one),
                ("broadcast", _EVERYBODY, MEMBERS - 1),
            ):
                self._measure(f"{kind}: {name}", members, pids, idle, channel, hearers)

    def _measure(self, name, members, pids, idle, channel, hearers):
        count = self._sizes.sends
        heard = sum(member.ask("count") for member in members)
        before, began = {at: fine_cpu_s(pid) for at, pid in pids.items()}, time.perf_counter()
        members[0].ask(f"send {count} {channel}")
        while sum(each.ask("count") for each in members) - heard < count * hearers:
            if time.perf_counter() - began > _PATIENCE_S:
                raise SystemExit(f"{name}: not everything was heard")
            time.sleep(0.2)
        wall = time.perf_counter() - began
        used = {
            at: max(0.0, fine_cpu_s(pid) - before[at] - idle[at] * wall) / count
            for at, pid in pids.items()
        }
        others = [used[str(at)] for at in range(2, MEMBERS)]
        self._add(name, "Redis", used["bus"])
        self._add(name, "the sender", used["0"])
        self._add(name, "the node that has the user", used["1"])
        self._add(name, "each of the other six", sum(others) / len(others))


def _rest(pids, seconds):
    """CPU seconds per second of each that has nothing to do."""
    before, began = {at: fine_cpu_s(pid) for at, pid in pids.items()}, time.perf_counter()
    time.sleep(seconds)
    wall = time.perf_counter() - began
    return {at: (fine_cpu_s(pid) - before[at]) / wall for at, pid in pids.items()}


class _Member:
    """One process of ``member.py`` while it is entered."""

    def __init__(self, kind, url, key, channels):
        self._command = [sys.executable, str(_MEMBER), kind, url, key, *channels]
        self._process = None

    def __enter__(self):
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True)
        if self._process.stdout.readline().strip() != "ready":
            raise SystemExit("a member of the bus did not start")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    @property
    def pid(self):
        return self._process.pid

    def ask(self, line):
        """Have it do something; returns how much it has heard so far."""
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())
