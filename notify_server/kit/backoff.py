"""Waiting longer after each failure, with full jitter.

Source: "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): full jitter spreads best.
"""

import random
from datetime import timedelta


def full_jitter(base: timedelta, failures: int, rng: random.Random) -> timedelta:
    """Draw the pause after the ``failures``-th failure: uniform in (0, base * 2^(failures-1)].

    Args:
        base: Longest pause after the first failure.
        failures: Failures so far, 1-based.
        rng: Where chance comes from; seeded in tests.

    Raises:
        ValueError: If ``failures`` < 1.
    """
    if failures < 1:
        raise ValueError(f"failures is 1-based, got {failures}")
    ceiling: timedelta = base * (1 << (failures - 1))
    return ceiling * (1.0 - rng.random())
