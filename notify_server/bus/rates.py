"""Rates that all nodes count together, in Redis; each by itself while Redis does not answer."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from typing_extensions import override

from notify_server.kit.aio import end
from notify_server.kit.clock import Clock
from notify_server.kit.rates import Rate, TokenBuckets
from notify_server.ports.rates import RateCounter

PATIENCE_S = 0.2
"""A caller waits no longer than that to be counted."""
_BATCH = 100
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


class _Asked(NamedTuple):
    """One taking that waits for its answer: how long to wait, or None: it is not known."""

    key: str
    rate: Rate
    cost: int
    answer: asyncio.Future[float | None]


class SharedRates:
    """The rates of a process: what is asked meanwhile goes to Redis together, on one connection."""

    def __init__(self, url: str, clock: Clock, prefix: str = "notify:rate:") -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=1.0,
            socket_connect_timeout=1.0,
            retry=Retry(NoBackoff(), 0),
        )
        self._take = self._client.register_script(_TAKE)
        self._clock = clock
        self._prefix = prefix
        self._asks_again_at = 0.0
        self._waiting: deque[_Asked] = deque()
        self._task: asyncio.Task[None] | None = None

    def counter(self, name: str, rate: Rate | None) -> RateCounter:
        """One configured rate; ``name`` keeps its keys apart from those of others."""
        return SharedRate(self, f"{self._prefix}{name}:", rate, self._clock)

    async def take(self, key: str, rate: Rate, cost: int) -> float | None:
        """Ask Redis; None when it does not answer in time."""
        if self._clock.monotonic() < self._asks_again_at:
            return None
        loop = asyncio.get_running_loop()
        asked = _Asked(key, rate, cost, loop.create_future())
        self._waiting.append(asked)
        if self._task is None:
            self._task = loop.create_task(self._ask())
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await asked.answer
        except TimeoutError as error:
            self._rest(error)
            return None

    async def _ask(self) -> None:
        """Have Redis answer all that wait; its task exists only while there are some."""
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                live = [asked for asked in batch if not asked.answer.done()]
                for asked, answer in zip(live, await self._answers(live), strict=True):
                    if not asked.answer.done():
                        asked.answer.set_result(answer)
        finally:
            self._task = None

    async def _answers(self, batch: Sequence[_Asked]) -> Sequence[float | None]:
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for asked in batch:
                    rate = asked.rate
                    await self._take(
                        [asked.key], [rate.most, rate.per_s, asked.cost], client=pipeline
                    )
                return [float(answer) for answer in await pipeline.execute()]
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)
            return [None] * len(batch)

    def _rest(self, error: Exception) -> None:
        if self._clock.monotonic() >= self._asks_again_at:
            _log.warning("rates_counted_here", error=type(error).__name__)
        self._asks_again_at = self._clock.monotonic() + _REST_S

    async def close(self) -> None:
        """Let go."""
        if self._task is not None:
            await end([self._task])
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
