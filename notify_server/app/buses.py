"""The way to other nodes that the configuration names, and the rates that go with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from notify_server.bus.local import LocalBus
from notify_server.bus.rates import SharedRates
from notify_server.bus.redis import RedisBus
from notify_server.domain.settings import Settings
from notify_server.kit.clock import Clock
from notify_server.kit.rates import TokenBuckets, parse_rate
from notify_server.ports.bus import Bus
from notify_server.ports.rates import RateCounter


@dataclass(frozen=True, slots=True)
class Nodes:
    """What joins this process to others.

    Attributes:
        bus: Open.
        rates: None: there is only this process.
    """

    bus: Bus
    clock: Clock
    rates: SharedRates | None = None

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
    bus, rates = RedisBus(url, settings.bus.key, clock), SharedRates(url, clock)
    await bus.open()
    try:
        yield Nodes(bus, clock, rates)
    finally:
        await bus.close()
        await rates.close()
