"""Holding callers to a rate, as the edges see it.

``kit/rates.TokenBuckets`` counts in this process; nodes that share a count ask for it elsewhere,
which is why asking is a coroutine.
"""

from typing import Protocol


class RateCounter(Protocol):
    """Counts what each key does against one configured rate."""

    async def take(self, key: str, cost: int = 1) -> float:
        """Count ``cost``, unless that is too much just now.

        Args:
            key: Who, e.g. the caller's name or a client's address.
            cost: How much; more than the rate allows at once is allowed when nothing was taken
                lately.

        Returns:
            Seconds to wait; 0: allowed, and counted.
        """
