"""What was measured of whom, and what it is measured against."""

import statistics
from dataclasses import dataclass

from bench.report import Figure, shown

SMALLER_IS_BETTER = frozenset({"memory", "latency", "targeted", "product targeted"})

ROWS = {
    "broadcast": ("broadcast", "deliveries/s"),
    "burst": ("50 broadcasts at once", "deliveries/s"),
    "acked": ("acknowledged broadcast", "deliveries/s"),
    "durable": ("submitted in bulk, stored, delivered, acknowledged, receipt committed", "/s"),
    "memory": ("memory per idle connection", "KB"),
    "connects": ("connects", "connects/s"),
    "latency": ("submit to shown at half of stock's maximum, p99", "ms"),
    "latency p50": ("submit to shown at half of stock's maximum, p50", "ms"),
    "targeted": ("server CPU of a send to one user", "µs"),
    "product targeted": ("server CPU of a durable submit to one user, acknowledged", "µs"),
}


@dataclass(frozen=True)
class Goal:
    """How ``us`` shall compare with ``them`` in a row: at least ``factor``, or at most.

    Attributes:
        them: A peer; None: ``factor`` is a value and no ratio.
        tenfold: ``them`` is the same server with a tenth of the clients.
    """

    row: str
    us: str
    them: str | None
    factor: float
    tenfold: bool = False

    def is_met(self, value):
        """Whether a ratio (or a value) is what is wanted."""
        return value <= self.factor if self.row in SMALLER_IS_BETTER else value >= self.factor


GOALS = (
    Goal("broadcast", "ours", "stock", 8),
    Goal("broadcast", "ours", "node", 1.9),
    Goal("broadcast", "ours", "centrifuge", 1.2),
    Goal("broadcast", "ours", "floor", 0.65),
    Goal("burst", "ours", "node", 15),
    Goal("burst", "ours", "centrifuge", 10),
    Goal("acked", "ours", "stock", 8),
    Goal("acked", "ours", "node", 2),
    Goal("durable", "product", "channels-uvicorn", 10),
    Goal("memory", "product", None, 10),
    Goal("memory", "product", "node", 1 / 2),
    Goal("memory", "product", "stock", 1 / 3),
    Goal("memory", "product", "centrifuge", 1 / 3),
    Goal("connects", "product", "node", 1),
    Goal("latency", "ours", "stock", 1 / 5),
    Goal("targeted", "ours", "ours", 1.1, tenfold=True),
    Goal("product targeted", "product", "product", 1.1, tenfold=True),
)


class Figures:
    """One figure per row, number of clients and peer, in the order in which they were met."""

    def __init__(self):
        self._all = {}

    def add(self, row, clients, peer, value, used=None, note=""):
        """One more repetition."""
        title, unit = ROWS[row]
        key = (row, clients, peer)
        if key not in self._all:
            self._all[key] = Figure(f"{title}, {clients:,} clients", peer, unit)
        self._all[key].add(value, used)
        self._all[key].note = note or self._all[key].note

    def get(self, row, clients, peer):
        """The figure, or None."""
        return self._all.get((row, clients, peer))

    def clients_of(self, row, peer):
        """With how many clients a row was measured."""
        return sorted(c for r, c, p in self._all if (r, p) == (row, peer))

    def rows(self):
        """``(row, clients) -> {peer: Figure}``, rows in the order of ``ROWS``."""
        found = {}
        for row in ROWS:
            for (name, clients, peer), figure in self._all.items():
                if name == row:
                    found.setdefault((row, clients), {})[peer] = figure
        return found

    def ordered(self):
        """All of them, row by row."""
        return [figure for peers in self.rows().values() for figure in peers.values()]


@dataclass(frozen=True)
class Verdict:
    """How a goal was met: the median over the repetitions, least and most.

    Attributes:
        by_cpu: The median ratio per CPU second of the server instead of per second; None where
            that says nothing. It is the one to look at when something else runs on the machine.
    """

    goal: Goal
    clients: int
    median: float
    least: float
    most: float
    by_cpu: float | None

    @property
    def is_met(self):
        return self.goal.is_met(self.median)

    def cells(self):
        """For a table, one per ``VERDICT_HEAD``."""
        goal = self.goal
        against = goal.them or "in itself"
        if goal.tenfold:
            against = "a tenth of the clients"
        sign = "≤" if goal.row in SMALLER_IS_BETTER else "≥"
        unit = f" {ROWS[goal.row][1]}" if goal.them is None else " times"
        return [
            f"{ROWS[goal.row][0]}, {self.clients:,} clients",
            against,
            f"{sign} {shown(goal.factor)}{unit}",
            f"{shown(self.median)}{unit}",
            f"{shown(self.least)} … {shown(self.most)}",
            "" if self.by_cpu is None else f"{shown(self.by_cpu)} times",
            "yes" if self.is_met else "no",
        ]


def judge(figures):
    """Each goal, for each number of clients, whose both sides were measured.

    Ratios are taken within a repetition, where both ran one after the other.
    """
    verdicts = []
    for goal in GOALS:
        for clients in figures.clients_of(goal.row, goal.us):
            us = figures.get(goal.row, clients, goal.us)
            base = clients // 10 if goal.tenfold else clients
            them = figures.get(goal.row, base, goal.them)
            if goal.them is None:
                verdicts.append(_verdict(goal, clients, us.values, None))
            elif them is not None:
                ratios = _ratios(us.values, them.values)
                by_cpu = None
                if ROWS[goal.row][1].endswith("/s"):
                    by_cpu = statistics.median(_ratios(_per_cpu_s(us), _per_cpu_s(them)))
                verdicts.append(_verdict(goal, clients, ratios, by_cpu))
    return verdicts


def _verdict(goal, clients, values, by_cpu):
    return Verdict(goal, clients, statistics.median(values), min(values), max(values), by_cpu)


def _ratios(us, them):
    return [a / b for a, b in zip(us, them, strict=True)]


def _per_cpu_s(figure):
    return [v / max(u.server, 1e-9) for v, u in zip(figure.values, figure.used, strict=True)]


def load_line(figures):
    """Whether the load was in the way: its CPU beside the server's, where it was the most."""
    shares = [
        (used.load / max(used.server, 1e-9), figure)
        for figure in figures.ordered()
        if "deliveries" in figure.unit
        for used in figure.used
    ]
    if not shares:
        return ""
    share, figure = max(shares, key=lambda pair: pair[0])
    return (
        f"The load used at most {share:.0%} of the server's CPU ({figure.what}, {figure.section})."
    )


VERDICT_HEAD = ("figure", "against", "wanted", "measured", "min … max", "by CPU", "met")


def verdict_table(verdicts):
    """For a terminal."""
    rows = [VERDICT_HEAD, *(verdict.cells() for verdict in verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(VERDICT_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def verdict_markdown(verdicts):
    """For the README."""
    lines = ["| " + " | ".join(VERDICT_HEAD) + " |", "|---|---|---:|---:|---:|---:|---|"]
    return "\n".join(lines + ["| " + " | ".join(v.cells()) + " |" for v in verdicts])


def markdown(figures):
    """Every row that was measured, a column per peer: the medians."""
    rows = figures.rows()
    peers = list(dict.fromkeys(peer for found in rows.values() for peer in found))
    lines = ["| figure | clients | " + " | ".join(peers) + " | unit |"]
    lines += ["|---|---:|" + "---:|" * len(peers) + "---|"]
    for (row, clients), found in rows.items():
        title, unit = ROWS[row]
        cells = [shown(found[peer].median) if peer in found else "" for peer in peers]
        lines.append(f"| {title} | {clients:,} | " + " | ".join(cells) + f" | {unit} |")
    return "\n".join(lines)
