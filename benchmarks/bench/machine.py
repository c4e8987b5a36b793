"""The machine under the measurement: who runs on which core, and who used how much of it."""

import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_SYNCS = 100


@dataclass(frozen=True)
class Cores:
    """Where the server and the load run; None: wherever the system likes."""

    server: int | None
    load: int | None


def choose_cores():
    """One core for the server and another for the load, if there are two and they can be chosen."""
    if not hasattr(os, "sched_setaffinity"):
        return Cores(None, None)
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[1]) if len(allowed) > 1 else Cores(None, None)


def pin(core):
    """Keep this process, and those that it will start, on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def describe(cores, folder):
    """What the figures depend on; ``folder`` is where the data of the runs is kept."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "pinned": cores.server is not None,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "fdatasync_ms": _fdatasync_ms(folder),
    }


def _cpu_model():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _fdatasync_ms(folder):
    """Median of one small durable write."""
    sync = getattr(os, "fdatasync", os.fsync)
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            os.write(file.fileno(), b"x" * 4096)
            sync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return round(sorted(times)[_SYNCS // 2], 3)


def cpu_s(pid):
    """CPU seconds that a process has used, all its threads together; 0 where unknown."""
    try:
        threads = Path(f"/proc/{pid}/task").iterdir()
        return sum(int((t / "schedstat").read_text().split()[0]) for t in threads) / 1e9
    except (OSError, ValueError, IndexError):
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def _busy_s():
    """CPU seconds that everybody on this machine has used."""
    try:
        head = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return 0.0
    user, nice, system, _idle, _iowait, irq, soft = (int(f) for f in head.split()[1:8])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Used:
    """What a stretch of time took.

    Attributes:
        server_s, load_s: CPU seconds of the server and of this process.
        others: Cores that everybody else kept busy, on average.
    """

    wall_s: float
    server_s: float
    load_s: float
    others: float

    @property
    def server(self):
        """The server's share of a core."""
        return self.server_s / self.wall_s

    @property
    def load(self):
        """The load's share of a core."""
        return self.load_s / self.wall_s


class Meter:
    """Begins to count when it is made."""

    def __init__(self, pid):
        self._pid = pid
        self._busy, self._server, self._load = _busy_s(), cpu_s(pid), time.process_time()
        self._began = time.perf_counter()

    def read(self):
        """What was used since the beginning."""
        wall = time.perf_counter() - self._began
        server = cpu_s(self._pid) - self._server
        load = time.process_time() - self._load
        others = max(0.0, (_busy_s() - self._busy - server - load) / wall)
        return Used(wall, server, load, others)


def raise_file_limit(needed):
    """Allow as many open connections as a case needs, as far as the system lets us."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - absent on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        ceiling = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
