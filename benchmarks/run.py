"""Measure the server: ``make bench``, or ``make bench ARGS="--quick"``.

The server runs as its own process on one core and the load on another. Times never fail a run;
a call that is refused or a notification that is lost does.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop
from bench import broadcasts, reads, reconnects, report, shown, submits
from bench.machine import choose_cores, describe, pin, raise_file_limit

RESULTS = Path(__file__).parent / "results" / "latest.json"
SECTIONS = ("submits", "shown", "broadcasts", "reconnects", "reads")


@dataclass(frozen=True)
class Sizes:
    """How much of what.

    Attributes:
        seconds: Of each repetition, after ``warm_s``.
        users: Who is submitted to, without being connected.
        shown_clients: Connected while it is measured how soon a submit is shown.
        known_users: Few and many, for broadcasts.
        returning: Clients that come back at once, each with ``waiting`` notifications.
        histories: Read notifications of a user, for reads per connect of ``readers`` users.
    """

    repeats: int = 3
    seconds: float = 5.0
    warm_s: float = 1.0
    users: int = 10_000
    shown_clients: int = 500
    broadcasts: int = 400
    known_users: tuple[int, ...] = (10, 100_000)
    returning: int = 2_000
    waiting: int = 20
    readers: int = 50
    histories: tuple[int, ...] = (0, 2_000)


QUICK = Sizes(
    repeats=1, seconds=0.3, warm_s=0.1, users=100, shown_clients=10, broadcasts=20,
    known_users=(10, 200), returning=20, waiting=5, readers=4, histories=(0, 20),
)  # fmt: skip


async def measure(folder, cores, sizes, only, profile):
    """Every section that was asked for, in order."""
    figures = []

    def say(name):
        print(f"{name} …", file=sys.stderr, flush=True)

    def samples(name):
        return Path(profile) / f"{name}.txt" if profile else None

    if "submits" in only or "shown" in only:
        say("submits")
        figures += await submits.measure(folder / "submits", cores, sizes, samples("submits"))
    if "shown" in only:
        say("shown")
        best = max(f.median for f in figures if "single" in f.what and f.unit == "submits/s")
        rates = {"quarter of the maximum": best / 4, "half of the maximum": best / 2}
        at = folder / "shown"
        figures += await shown.measure(at, cores, sizes, rates, samples("shown"))
    if "broadcasts" in only:
        say("broadcasts")
        figures += await broadcasts.measure(folder / "broadcasts", cores, sizes)
    if "reconnects" in only:
        say("reconnects")
        at = folder / "reconnects"
        figures += await reconnects.measure(at, cores, sizes, samples("reconnects"))
    if "reads" in only:
        say("reads")
        figures += await reads.measure(folder / "reads", sizes)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the figures are kept")
    parser.add_argument("--profile", type=Path, help="a folder for py-spy's samples of the server")
    given = parser.parse_args()
    sizes = QUICK if given.quick else Sizes()
    cores = choose_cores()
    pin(cores.load)
    raise_file_limit(2 * sizes.returning + 1_000)
    # Beside the results and not among temporary files, which may be kept in memory: a durable
    # write must cost what it costs.
    RESULTS.parent.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=RESULTS.parent) as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        machine = describe(cores, folder)
        figures = runner.run(measure(Path(folder), cores, sizes, given.only, given.profile))
    report.save(given.output, figures, machine, asdict(sizes))
    print(report.machine_line(machine))
    print(report.table(figures))
    print(f"\nFor the README ({given.output}):\n")
    print(report.markdown(figures, machine))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
