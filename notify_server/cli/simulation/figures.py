"""What a simulation counts, and what of it came to: received, doubled, lost, how late."""

from array import array
from collections.abc import Iterable
from math import ceil
from typing import Any


class Figures:
    """The counts of one run; clients and the sender write, the display reads."""

    def __init__(self, users: int) -> None:
        """``users``: how many clients there will be."""
        self.users = users
        self.connected = 0
        self.came_back = 0
        self.sent = 0
        self.refused = 0
        self.expected = 0
        self.acked = 0
        self.read = 0
        self.doubled = 0
        self.again = 0
        self._open: set[int] = set()
        self._received: set[int] = set()
        self._latencies_ms = array("d")

    def accepted(self, number: int, users: Iterable[int]) -> None:
        """The server has taken notification ``number`` for these users."""
        self.sent += 1
        for user in users:
            pair = number * self.users + user
            self.expected += 1
            if pair not in self._received:
                self._open.add(pair)

    def arrived(self, number: int, user: int, latency_ms: float, *, is_marked: bool) -> bool:
        """A frame of notification ``number`` has come to a user.

        Args:
            number: Of the notification.
            user: Of the client.
            latency_ms: Since it was handed to the server.
            is_marked: The frame says itself that it is sent again (attempt, replay, reminder),
                so that a client drops it.

        Returns:
            Whether it is the first.
        """
        pair = number * self.users + user
        if pair in self._received:
            if is_marked:
                self.again += 1
            else:
                self.doubled += 1
            return False
        self._received.add(pair)
        self._open.discard(pair)
        self._latencies_ms.append(latency_ms)
        return True

    @property
    def received(self) -> int:
        """Notifications that came, each once per user."""
        return len(self._received)

    @property
    def missing(self) -> int:
        """Accepted, and not there yet; at the end this is what was lost."""
        return len(self._open)

    @property
    def is_whole(self) -> bool:
        """Everything that was sent was accepted, and came once."""
        return not (self.missing or self.doubled or self.refused)

    def percentiles(self) -> dict[str, float]:
        """Latency in ms from the call that sends to the frame: p50, p95, p99, max."""
        ordered = sorted(self._latencies_ms)
        if not ordered:
            return {"p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}
        rank = {f"p{p}": ordered[ceil(len(ordered) * p / 100) - 1] for p in (50, 95, 99)}
        return {name: round(value, 1) for name, value in {**rank, "max": ordered[-1]}.items()}

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "users": self.users,
            "connected": self.connected,
            "came_back": self.came_back,
            "sent": self.sent,
            "refused": self.refused,
            "expected": self.expected,
            "received": self.received,
            "acked": self.acked,
            "read": self.read,
            "sent_again": self.again,
            "doubled": self.doubled,
            "lost": self.missing,
            "latency_ms": self.percentiles(),
        }
