"""Figures that the parts keep of themselves: plain numbers, cheap to add to.

A part owns its meters and adds to them where things happen; ``rest/metrics.py`` reads them when
somebody asks, and is the only one to know in which form they travel. Labels are few and from closed
lists: never an id of anybody or anything.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate

FAST_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds for what happens inside the process."""

ROUND_TRIP_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0)
"""Bounds for what clients take part in."""

Labels = tuple[str, ...]


class Meter:
    """One figure: its name, a sentence for people, and the names of its labels."""

    def __init__(self, name: str, text: str, *labels: str) -> None:
        self.name = name
        self.text = text
        self.labels = labels


class Counter(Meter):
    """How often something happened since the start."""

    def __init__(self, name: str, text: str, *labels: str) -> None:
        super().__init__(name, text, *labels)
        self.values: dict[Labels, int] = {} if labels else {(): 0}

    def add(self, *labels: str, by: int = 1) -> None:
        """Count ``by`` more under these labels' values, in the order of the names."""
        values = self.values
        values[labels] = values.get(labels, 0) + by


class Gauge(Meter):
    """How much there is at the moment; asked only when somebody looks."""

    def __init__(
        self, name: str, text: str, *labels: str, read: Callable[[], Mapping[Labels, float]]
    ) -> None:
        super().__init__(name, text, *labels)
        self.read = read


class Tally(Meter):
    """A counter that somebody else keeps; asked only when somebody looks."""

    def __init__(
        self, name: str, text: str, *labels: str, read: Callable[[], Mapping[Labels, float]]
    ) -> None:
        super().__init__(name, text, *labels)
        self.read = read


class _Spread:
    """Counts per bound, one more for what is beyond the last, and the sum."""

    __slots__ = ("counts", "total")

    def __init__(self, bounds: int) -> None:
        self.counts = [0] * (bounds + 1)
        self.total = 0.0


class Histogram(Meter):
    """How something is spread, in seconds unless its name says otherwise."""

    def __init__(self, name: str, text: str, *labels: str, bounds: tuple[float, ...]) -> None:
        super().__init__(name, text, *labels)
        self.bounds = bounds
        self._spreads: dict[Labels, _Spread] = {} if labels else {(): _Spread(len(bounds))}

    def observe(self, value: float, *labels: str) -> None:
        """Add one value under these labels' values."""
        spread = self._spreads.get(labels)
        if spread is None:
            spread = self._spreads[labels] = _Spread(len(self.bounds))
        spread.counts[bisect_left(self.bounds, value)] += 1
        spread.total += value

    def read(self) -> Iterable[tuple[Labels, list[int], float]]:
        """Labels, the number of values up to each bound and at last of all, and their sum."""
        for labels, spread in list(self._spreads.items()):
            yield labels, list(accumulate(spread.counts)), spread.total
