"""The bar chart of the README: one panel per row, one bar per peer."""

from html import escape
from pathlib import Path

from bench.report import shown

from transport.figures import ROWS
from transport.peers import PEERS

_PANELS = ("broadcast", "burst", "acked", "memory", "durable", "latency")
_OURS = frozenset({"ours", "product"})
_WIDTH, _LABEL, _BAR, _STEP, _HEAD = 760, 190, 18, 24, 42
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#57606a}.t{font-weight:600;fill:#24292f}"
    "rect{fill:#8c959f}.o{fill:#1f6feb}.s{stroke:#24292f;stroke-width:1.5}"
    ".b{fill:#fff}"
    "@media(prefers-color-scheme:dark){.b{fill:#0d1117}.t{fill:#e6edf3}text{fill:#9198a1}"
    ".s{stroke:#e6edf3}}"
)


def write(path, figures, machine):
    """Draw what was measured with the least and the most clients of each row."""
    parts, y = [], 12
    for (row, clients), peers in figures.rows().items():
        if row in _PANELS and clients == max(figures.clients_of(row, next(iter(peers)))):
            panel, height = _panel(row, clients, peers, y)
            parts += panel
            y += height
    caption = f"{machine['cpu']}, server on one core, load on another; median, least and most."
    parts.append(f'<text x="12" y="{y + 10}">{escape(caption)}</text>')
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 24}" '
        f'width="{_WIDTH}" height="{y + 24}" role="img"><title>notify-server and its peers</title>'
        f'<style>{_STYLE}</style><rect class="b" width="100%" height="100%"/>'
    )
    path.write_text(head + "".join(parts) + "</svg>\n", encoding="utf-8")


def _panel(row, clients, peers, top):
    title, unit = ROWS[row]
    parts = [_text(12, top + 20, f"{title}, {clients:,} clients ({unit})", "t")]
    most = max(max(figure.values) for figure in peers.values())
    room = _WIDTH - _LABEL - 90
    for number, (peer, figure) in enumerate(peers.items()):
        y = top + _HEAD - 8 + number * _STEP
        width = figure.median / most * room
        kind = ' class="o"' if peer in _OURS else ""
        parts.append(_text(12, y + 14, PEERS[peer].title if peer in PEERS else peer))
        parts.append(
            f'<rect{kind} x="{_LABEL}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="2"/>'
        )
        low, high = (
            _LABEL + value / most * room for value in (min(figure.values), max(figure.values))
        )
        parts.append(f'<path class="s" d="M{low:.1f} {y + 9}H{high:.1f}"/>')
        parts.append(_text(max(_LABEL + width, high) + 6, y + 14, shown(figure.median)))
    return parts, _HEAD + len(peers) * _STEP


def _text(x, y, text, kind=""):
    chosen = f' class="{kind}"' if kind else ""
    return f'<text{chosen} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
