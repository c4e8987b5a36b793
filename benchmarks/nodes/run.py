"""What several nodes cost in CPU seconds: ``make bench-nodes``, or with ``ARGS=--quick``.

Throughput says little where all processes share two cores, so nothing here is divided by time.
Setups take turns in every repetition. Times never fail a run, a lost delivery does.
"""

import argparse
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "tests"))

from bench import report
from bench.machine import choose_cores, describe, pin, raise_file_limit
from bench.report import Figure
from support import mongodb, redis_server
from transport import build

from nodes.buses import KINDS, Buses
from nodes.deliveries import Deliveries

RESULTS = Path(__file__).resolve().parents[1] / "results" / "nodes.json"
SECTIONS = ("buses", "two", "eight")


@dataclass(frozen=True)
class Sizes:
    """How much of what.

    Attributes:
        clients: Connected, to all nodes together.
        deliveries: Notifications to one user each.
        idle_s, bus_idle_s: How long processes are watched at rest.
        settle_s: Until discovery looks for none of them any more.
        sends: On the bare bus.
    """

    repeats: int = 3
    clients: int = 400
    deliveries: int = 2_000
    idle_s: float = 10.0
    settle_s: float = 22.0
    sends: int = 5_000
    bus_idle_s: float = 5.0


QUICK = Sizes(
    repeats=1, clients=20, deliveries=400, idle_s=0.5, settle_s=0.5, sends=200, bus_idle_s=0.5
)


class Results:
    """Collects figures in the order in which they were first seen."""

    def __init__(self):
        self.figures = {}

    def add(self, section, name, process, seconds):
        """One more repetition."""
        is_share = name.endswith("at rest")
        unit, factor = ("% of a core", 100) if is_share else ("µs", 1e6)
        figure = self.figures.setdefault(
            (section, name, process), Figure(section, f"{name}: {process}", unit)
        )
        figure.add(seconds * factor)
        print(f"  {figure.what}: {report.shown(seconds * factor)} {unit}", file=sys.stderr)


def measure(only, sizes, deliveries, buses, folder):
    """All repetitions, the setups taking turns."""
    for repeat in range(sizes.repeats):
        print(f"repetition {repeat + 1} of {sizes.repeats} …", file=sys.stderr, flush=True)
        if "buses" in only:
            for kind in KINDS:
                buses.run(kind)
        if "two" in only:
            deliveries.run("one node, no bus", 1, has_bus=False)
            deliveries.run("one node", 1)
            deliveries.run("two nodes", 2)
        if "eight" in only:
            deliveries.run("eight nodes, all users on the second", 8, only=1)


def markdown(figures):
    """Without the shares of cores, which say nothing here."""
    lines = ["| measured | median | min … max | unit |", "|---|---:|---:|---|"]
    for figure in figures:
        low, high = report.shown(min(figure.values)), report.shown(max(figure.values))
        cells = (figure.what, report.shown(figure.median), f"{low} … {high}", figure.unit)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--repeat", type=int, help="how often")
    parser.add_argument("--deliveries", type=int, help="notifications of one measurement")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the figures are kept")
    given = parser.parse_args()
    sizes = asdict(QUICK if given.quick else Sizes())
    asked = {"repeats": given.repeat, "deliveries": given.deliveries}
    sizes = Sizes(**sizes | {name: value for name, value in asked.items() if value})
    if not (mongodb.is_there() and redis_server.is_there()):
        raise SystemExit("Several nodes need a MongoDB (or scripts/services) and redis-server.")
    cores = choose_cores()
    pin(cores.load)
    raise_file_limit(sizes.clients + 1_000)
    RESULTS.parent.mkdir(exist_ok=True)
    results = Results()
    with tempfile.TemporaryDirectory(prefix="run-", dir=RESULTS.parent) as at:
        folder = Path(at)
        machine = describe(cores, folder)

        def add(section):
            return lambda *figure: results.add(section, *figure)

        deliveries = Deliveries(
            build.load(), cores, folder, sizes, add("CPU per delivered notification")
        )
        measure(given.only, sizes, deliveries, Buses(sizes, add("CPU per send on the bus")), folder)
    figures = list(results.figures.values())
    report.save(given.output, figures, machine, asdict(sizes))
    print(report.machine_line(machine))
    print(markdown(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
