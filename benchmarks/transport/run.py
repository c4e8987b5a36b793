"""The transport against its peers: ``python benchmarks/transport/run.py --quick``.

Every repetition runs every peer once, one after the other, each on the server's core and the load
on the other; ratios are taken within a repetition. Times never fail a run, a lost delivery does.
"""

import argparse
import signal
import sys
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import report
from bench.machine import choose_cores, describe, pin, raise_file_limit

from transport import build, figures, picture
from transport.peers import PEERS, is_beyond
from transport.visits import Visit
from transport.whole import PRODUCT, Whole

_BENCHMARKS = Path(__file__).resolve().parent.parent
RESULTS = _BENCHMARKS / "results" / "transport.json"
PICTURE = _BENCHMARKS.parent / "docs" / "images" / "bench.svg"


@dataclass(frozen=True)
class Sizes:
    """How much of what.

    Attributes:
        clients: Connected at a time.
        seconds, warm_s: Of each measurement, and before the first.
        idle_s: How long connections rest before memory is read.
        latency_broadcasts: So many at the given rate, within ``latency_s`` seconds.
        targeted: Sends to one client.
        slow_clients: With more, slow peers are not asked for bursts.
        durable, durable_slow: Notifications of the durable row, for the product and for Channels.
        durable_clients: To whom they go.
        submits: Each to one user of the product.
    """

    clients: tuple[int, ...] = (1_000, 5_000)
    repeats: int = 5
    seconds: float = 3.0
    warm_s: float = 1.0
    idle_s: float = 2.0
    latency_broadcasts: int = 40
    latency_s: float = 20.0
    targeted: int = 20_000
    targeted_clients: tuple[int, ...] = (500, 5_000)
    slow_clients: int = 1_000
    durable: int = 20_000
    durable_slow: int = 2_000
    durable_clients: tuple[int, ...] = (1_000, 5_000)
    submits: int = 3_000


QUICK = Sizes(
    clients=(200,), repeats=1, seconds=0.4, warm_s=0.1, idle_s=0.2, latency_broadcasts=5,
    targeted=1_000, targeted_clients=(20, 200), durable=1_000, durable_slow=200,
    durable_clients=(100,), submits=200,
)  # fmt: skip


def make(names):
    """Command lines of the peers that this machine can run; says which it cannot."""
    commands = {}
    for name in names:
        if name == PRODUCT:
            continue
        try:
            commands[name] = PEERS[name].make()
        except build.MissingToolError as missing:
            print(f"{name} is left out: {missing}", file=sys.stderr)
    return commands


def turns(visit, whole, names, sizes):
    """Everything that one repetition does: ``(who, what, how, clients)``, in order."""
    peers = [PEERS[name] for name in names if name != PRODUCT]
    product = [PRODUCT] if PRODUCT in names else []
    for clients in sizes.clients:
        for peer in peers:
            yield peer.name, "deliveries", partial(visit.run, peer), clients
        for name in product:
            yield name, "connects", whole.connect, clients
    for clients in sizes.targeted_clients:
        for peer in _having("targeted", peers):
            yield peer.name, "sends to one", partial(visit.run_targeted, peer), clients
        for name in product:
            yield name, "submits to one", whole.targeted, clients
    for clients in sizes.durable_clients:
        yield from _durable_turns(whole, peers, product, clients)


def _durable_turns(whole, peers, product, clients):
    for peer in _having("durable", peers):
        if not is_beyond(peer, clients):
            yield peer.name, "durable", partial(whole.durable_channels, peer.name), clients
    for name in product:
        yield name, "durable", whole.durable, clients


def _having(row, peers):
    return [peer for peer in peers if row in peer.rows]


def measure(visit, whole, names, sizes):
    """All repetitions, the peers taking turns."""
    for repeat in range(sizes.repeats):
        for name, what, call, clients in turns(visit, whole, names, sizes):
            title = f"{repeat + 1}/{sizes.repeats}: {name}, {what}, {clients:,} clients …"
            print(title, file=sys.stderr, flush=True)
            call(clients)


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    known = [*PEERS, PRODUCT]  # stock first: others need its rate
    parser.add_argument("--only", help=f"some of {','.join(known)}")
    parser.add_argument("--clients", type=int, nargs="+", help="how many are connected")
    parser.add_argument("--repeat", type=int, help="how often")
    parser.add_argument("--seconds", type=float, help="of each measurement")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the figures are kept")
    parser.add_argument("--picture", action="store_true", help=f"write {PICTURE.name}")
    given = parser.parse_args()
    chosen = given.only.split(",") if given.only else known
    unknown = set(chosen) - set(known)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    given.only = [name for name in known if name in chosen]
    return given


def sizes_of(given):
    """What was asked for."""
    sizes = asdict(QUICK if given.quick else Sizes())
    if given.clients:
        sizes["clients"] = sizes["durable_clients"] = tuple(given.clients)
    if given.repeat:
        sizes["repeats"] = given.repeat
    if given.seconds:
        sizes["seconds"] = given.seconds
    return Sizes(**sizes)


def _leave(*_):
    raise SystemExit("stopped")


def main():
    given = parse()
    signal.signal(signal.SIGTERM, _leave)  # what was started is stopped, too
    sizes = sizes_of(given)
    binary = build.load()
    commands = make(given.only)
    cores = choose_cores()
    pin(cores.load)
    raise_file_limit(max(sizes.clients + sizes.targeted_clients) + 1_000)
    names = [name for name in given.only if name in commands or name == PRODUCT]
    RESULTS.parent.mkdir(exist_ok=True)
    found = figures.Figures()
    with tempfile.TemporaryDirectory(prefix="run-", dir=RESULTS.parent) as folder:
        machine = describe(cores, folder)
        common = (binary, commands, cores, Path(folder), sizes, found)
        measure(Visit(*common), Whole(*common), names, sizes)
    verdicts = figures.judge(found)
    report.save(given.output, found.ordered(), machine, asdict(sizes))
    print(report.machine_line(machine))
    print(report.table(found.ordered()))
    print(f"\n{figures.load_line(found)}")
    print(f"\n{figures.verdict_table(verdicts)}")
    print(f"\nFor the README ({given.output}):\n")
    print(f"{report.machine_line(machine)}\n\n{figures.markdown(found)}")
    print(f"\n{figures.verdict_markdown(verdicts)}")
    if given.picture:
        picture.write(PICTURE, found, machine)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
