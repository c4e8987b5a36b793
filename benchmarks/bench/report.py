"""Figures as they are measured, kept and shown."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Figure:
    """One thing that was measured several times.

    Attributes:
        what: One line, as the table shows it.
        values: One per repetition.
        used: What each repetition used (``machine.Used``); empty where that says nothing.
        note: What a reader must know to judge it.
    """

    section: str
    what: str
    unit: str
    values: list[float] = field(default_factory=list)
    used: list = field(default_factory=list)
    note: str = ""

    def add(self, value, used=None):
        """One more repetition."""
        self.values.append(value)
        if used is not None:
            self.used.append(used)

    @property
    def median(self):
        return statistics.median(self.values)

    def share(self, name):
        """The median share of a core of ``server``, ``load`` or ``others``, as text."""
        if not self.used:
            return ""
        return f"{statistics.median(getattr(used, name) for used in self.used):.0%}"


def percentile(values, share):
    """The value below which ``share`` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def shown(value):
    """Three digits are all that such figures are good for."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


_HEAD = ("measured", "median", "min … max", "unit", "server", "load", "others", "note")


def _cells(figure):
    spread = f"{shown(min(figure.values))} … {shown(max(figure.values))}"
    shares = [figure.share(name) for name in ("server", "load", "others")]
    return [figure.what, shown(figure.median), spread, figure.unit, *shares, figure.note]


def table(figures):
    """For a terminal."""
    lines = []
    for section in dict.fromkeys(figure.section for figure in figures):
        rows = [_HEAD, *(_cells(f) for f in figures if f.section == section)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
        lines += ["", section]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def machine_line(machine):
    """What the figures depend on, in a sentence."""
    pinned = (
        "server on one core, load on another" if machine["pinned"] else "server and load not pinned"
    )
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}, one durable write {machine['fdatasync_ms']} ms; {pinned}. "
        "Shares are of one core; others is what else ran on the machine."
    )


def markdown(figures, machine):
    """For the README."""
    lines = [machine_line(machine), ""]
    lines += ["| measured | median | min … max | unit | server CPU | load CPU | others |"]
    lines += ["|---|---:|---:|---|---:|---:|---:|"]
    lines += ["| " + " | ".join(_cells(figure)[:-1]) + " |" for figure in figures]
    return "\n".join(lines)


def save(path, figures, machine, sizes):
    """Keep everything, each repetition for itself."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {"machine": machine, "sizes": sizes, "figures": [asdict(f) for f in figures]}
    path.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
