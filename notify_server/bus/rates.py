"""Rates that all nodes count together, in Redis; each by itself while Redis does not answer."""

import asyncio

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from typing_extensions import override

from notify_server.kit.clock import Clock
from notify_server.kit.rates import Rate, TokenBuckets
from notify_server.ports.rates import RateCounter

PATIENCE_S = 0.05
"""A caller waits no longer than that to be counted."""
_REST_S = 1.0
"""After a failure Redis is not asked for so long."""

# The bucket of kit/rates, kept in one hash; the clock is Redis' own, so that nodes agree.
_TAKE = """
local most, per_s, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local held = redis.call('HMGET', KEYS[1], 'left', 'since')
local left = tonumber(held[1] or most)
left = math.min(most, left + (now - tonumber(held[2] or now)) * per_s)
local missing = math.min(cost, most) - left
if missing <= 0.000000001 then left = left - cost end
redis.call('HSET', KEYS[1], 'left', tostring(left), 'since', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil((most - left) / per_s * 1000) + 1000)
if missing <= 0.000000001 then return '0' end
return tostring(missing / per_s)
"""

_log = structlog.get_logger("notify.rates")


class SharedRates:
    """One connection pool for the rates of a process."""

    def __init__(self, url: str, clock: Clock, prefix: str = "notify:rate:") -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=1.0,
            socket_connect_timeout=1.0,
            retry=Retry(NoBackoff(), 0),
            max_connections=32,
        )
        self._take = self._client.register_script(_TAKE)
        self._clock = clock
        self._prefix = prefix
        self._asks_again_at = 0.0

    def counter(self, name: str, rate: Rate | None) -> RateCounter:
        """One configured rate; ``name`` keeps its keys apart from those of others."""
        return SharedRate(self, f"{self._prefix}{name}:", rate, self._clock)

    async def take(self, key: str, rate: Rate, cost: int) -> float | None:
        """Ask Redis; None when it does not answer in time."""
        if self._clock.monotonic() < self._asks_again_at:
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._take([key], [rate.most, rate.per_s, cost])
        except (RedisError, OSError, TimeoutError) as error:
            self._asks_again_at = self._clock.monotonic() + _REST_S
            _log.warning("rates_counted_here", error=type(error).__name__)
            return None
        return float(answer)

    async def close(self) -> None:
        """Let go."""
        await self._client.aclose()


class SharedRate(RateCounter):
    """A rate that all nodes count together."""

    def __init__(self, rates: SharedRates, prefix: str, rate: Rate | None, clock: Clock) -> None:
        self._rates = rates
        self._prefix = prefix
        self._rate = rate
        self._here = TokenBuckets(rate, clock)

    @override
    async def take(self, key: str, cost: int = 1) -> float:
        if self._rate is None:
            return 0.0
        wait_s = await self._rates.take(self._prefix + key, self._rate, cost)
        return await self._here.take(key, cost) if wait_s is None else wait_s
