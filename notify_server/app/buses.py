"""The way to other nodes that the configuration names, and the rates that go with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Protocol

from notify_server.bus.local import LocalBus
from notify_server.domain.settings import Settings
from notify_server.kit.clock import Clock
from notify_server.kit.rates import Rate, TokenBuckets, parse_rate
from notify_server.ports.bus import Bus
from notify_server.ports.rates import RateCounter

_REDIS_BUS = "notify_server.bus.redis:RedisBus"
_REDIS_RATES = "notify_server.bus.rates:SharedRates"
"""Imported where a bus is named: a process that is alone starts without redis-py."""


class _Rates(Protocol):
    """Rates that all nodes count together; ``bus/rates.py``."""

    def counter(self, name: str, rate: Rate | None) -> RateCounter:
        """One configured rate."""

    async def close(self) -> None:
        """Let go."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """What joins this process to others.

    Attributes:
        bus: Open.
        rates: None: there is only this process.
    """

    bus: Bus
    clock: Clock
    rates: _Rates | None = None

    @property
    def are_several(self) -> bool:
        """Whether there may be others."""
        return self.rates is not None

    def counter(self, name: str, rate: str) -> RateCounter:
        """A configured rate, counted by all nodes together."""
        parsed = parse_rate(rate)
        if self.rates is None:
            return TokenBuckets(parsed, self.clock)
        return self.rates.counter(name, parsed)


def alone(clock: Clock) -> Nodes:
    """One process."""
    return Nodes(LocalBus(), clock)


@asynccontextmanager
async def join_nodes(settings: Settings, clock: Clock) -> AsyncIterator[Nodes]:
    """Connect to the bus that the configuration names, if it names one."""
    url = settings.bus.url
    if not url:
        yield alone(clock)
        return
    bus: Bus = resolve_name(_REDIS_BUS)(url, settings.bus.key, clock)
    rates: _Rates = resolve_name(_REDIS_RATES)(url, clock)
    await bus.open()
    try:
        yield Nodes(bus, clock, rates)
    finally:
        await bus.close()
        await rates.close()
