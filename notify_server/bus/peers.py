"""The other nodes as one node hears them: what it has had of each, and whether one fell silent.

Each numbers what it says. Redis gives a connection all that is published on its channels, in order,
as long as it stands; so what a node said before a sign of life has arrived. What may be missing is
what a node could not publish: it says so itself, or it is silent.
"""

from enum import StrEnum

AWAY_S = 4.0
"""A node that says nothing for so long is believed to be gone."""
SILENT_S = 600.0
"""One that went without a word may be accepting where nobody hears it: for so long it may."""


class Sign(StrEnum):
    """What a node says of itself."""

    HERE = "here"
    LOST = "lost"
    """Something that it told went out to nobody."""
    LEAVES = "leaves"
    """It has told everything, and stops."""


class Peers:
    """All nodes that were heard of lately."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}
        self._left: dict[str, float] = {}

    def count(self, now: float) -> int:
        """How many are believed to be there; ``now`` in monotonic seconds, as everywhere here."""
        return sum(now - at < AWAY_S for _, at in self._seen.values())

    def are_heard(self, now: float) -> bool:
        """Whether none is silent that has not said that it leaves."""
        return not any(AWAY_S <= now - at < SILENT_S for _, at in self._seen.values())

    def is_double(self, node: str, number: int, now: float) -> bool:
        """Whether this came by another channel already, or is published for the second time."""
        known, _at = self._seen.get(node, (0, now))
        if node in self._left:
            return True
        self._seen[node] = (max(known, number), now)
        self._forget(now)
        return number <= known

    def is_back(self, node: str, now: float) -> bool:
        """Whether it is new, or was silent until now; asked before ``is_double``."""
        if node in self._left:
            return False
        seen = self._seen.get(node)
        return seen is None or now - seen[1] >= AWAY_S

    def leave(self, node: str, now: float) -> None:
        """It stops."""
        self._seen.pop(node, None)
        self._left[node] = now

    def _forget(self, now: float) -> None:
        if len(self._seen) + len(self._left) > 1_000:
            self._seen = {n: seen for n, seen in self._seen.items() if now - seen[1] < AWAY_S}
            self._left = {n: at for n, at in self._left.items() if now - at < SILENT_S}
