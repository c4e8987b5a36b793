"""How much of something one caller may do in a while: token buckets, one per key.

Submits, handshakes and events are all held to their rate by this (``[rate_limits]``).
"""

import re
from collections import OrderedDict
from typing import NamedTuple

from notify_server.kit.clock import Clock

_RATE = re.compile(r"([1-9][0-9]{0,8})/(second|minute|hour)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_ROUNDING = 1e-9
"""Who waited as long as they were told must not fail by the last bit of a float."""

MOST_KEYS = 50_000


class Rate(NamedTuple):
    """``most`` at once, and as many again within ``window_s`` seconds."""

    most: int
    window_s: int

    @property
    def per_s(self) -> float:
        """How many in one second, on average."""
        return self.most / self.window_s

    def times(self, number: int) -> "Rate":
        """So many times as much."""
        return Rate(self.most * number, self.window_s)


def parse_rate(text: str) -> Rate | None:
    """Read ``"<n>/<second|minute|hour>"``; None for ``"off"``.

    Raises:
        ValueError: It is neither; says what was expected.
    """
    if text == "off":
        return None
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f'expected "<n>/<second|minute|hour>" or "off", got {text!r}')
    return Rate(int(match[1]), _SECONDS[match[2]])


class TokenBuckets:
    """One rate for each of many keys, counted in this process (a ``ports/rates.RateCounter``).

    The keys that were idle for longest are forgotten, so a flood of keys costs no memory; a
    forgotten key starts with a full bucket.
    """

    def __init__(self, rate: Rate | None, clock: Clock, most_keys: int = MOST_KEYS) -> None:
        """``rate`` None: everything is allowed."""
        self._rate = rate
        self._clock = clock
        self._most_keys = most_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def take(self, key: str, cost: int = 1) -> float:
        """Take ``cost`` from the key's bucket, all or nothing.

        What costs more than a whole bucket is allowed when the bucket is full, and paid off before
        anything else is: else it could never be done.

        Returns:
            0 when it is allowed; else the seconds after which it will be, with nothing taken.
        """
        if self._rate is None:
            return 0.0
        most, now = self._rate.most, self._clock.monotonic()
        left, since = self._buckets.pop(key, (float(most), now))
        left = min(float(most), left + (now - since) * self._rate.per_s)
        missing = min(cost, most) - left
        is_allowed = missing <= _ROUNDING
        self._buckets[key] = (left - cost if is_allowed else left, now)
        if len(self._buckets) > self._most_keys:
            self._buckets.popitem(last=False)
        return 0.0 if is_allowed else missing / self._rate.per_s

    def forget(self, key: str) -> None:
        """The key will not come again."""
        self._buckets.pop(key, None)

    def __len__(self) -> int:
        return len(self._buckets)
