"""What a node has to tell the others, until Redis has taken it.

Nobody who tells ever waits for Redis (F26): what is told is sealed and queued, and one task
publishes it in its order. What is too much, or waits for too long, is dropped, and the others are
told that something was.
"""

import asyncio
from collections import Counter, deque
from itertools import islice
from typing import NamedTuple

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from notify_server.bus.envelopes import Envelopes
from notify_server.bus.peers import Sign
from notify_server.kit.aio import pause
from notify_server.kit.clock import Clock
from notify_server.ports.bus import News

_TRY_S = 2.0
_RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_MOST_WAITING = 10_000
_KEPT_S = 30.0
"""What could not be published for so long is dropped: soon nobody would believe it any more."""
_BATCH = 500

_log = structlog.get_logger("notify.bus")


class _Sealed(NamedTuple):
    """What waits to be published; ``at`` in monotonic seconds."""

    number: int
    at: float
    channels: tuple[str, ...]
    envelope: bytes


class Outbox:
    """What waits, and the task that publishes it."""

    def __init__(
        self, url: str, node: str, envelopes: Envelopes, clock: Clock, stats: Counter[str]
    ) -> None:
        """``stats``: ``sent`` and ``dropped`` are counted there."""
        self._url = url
        self._node = node
        self._envelopes = envelopes
        self._clock = clock
        self._stats = stats
        self._number = 0
        self._waiting: deque[_Sealed] = deque()
        self._news = asyncio.Event()
        self._has_lost = False

    def __len__(self) -> int:
        return len(self._waiting)

    def take_lost(self) -> bool:
        """Whether something was lost since this was last asked."""
        lost, self._has_lost = self._has_lost, False
        return lost

    def put(self, names: tuple[str, ...], news: News | None, sign: Sign = Sign.HERE) -> None:
        """Queue one envelope for these channels; the oldest goes where there are too many."""
        if len(self._waiting) >= _MOST_WAITING:
            self._drop_oldest()
        self._number += 1
        envelope = self._envelopes.seal(self._node, self._number, news, sign)
        self._waiting.append(_Sealed(self._number, self._clock.monotonic(), names, envelope))
        self._news.set()

    def _drop_oldest(self) -> None:
        self._waiting.popleft()
        self.note_lost(1)

    def note_lost(self, count: int) -> None:
        """The others are to look in the store; the next sign of life says so."""
        self._stats["dropped"] += count
        self._has_lost = True

    async def run(self) -> None:
        """Publish what waits, for ever.

        What failed is published again, in its order: who has had it takes it for a double.
        """
        client = connect(self._url)
        failures = 0
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                while self._waiting:
                    if await self._sent_batch(client, is_first_try=failures == 0):
                        failures = 0
                        continue
                    await pause(pause_s(failures))
                    failures += 1
                    self._drop_late()
        finally:
            await client.aclose()

    async def _sent_batch(self, client: redis.Redis, *, is_first_try: bool) -> bool:
        batch = list(islice(self._waiting, _BATCH))
        try:
            pipeline = client.pipeline(transaction=False)
            for sealed in batch:
                for channel in sealed.channels:
                    _ = pipeline.publish(channel, sealed.envelope)  # a pipeline only notes it
            async with asyncio.timeout(_TRY_S):
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            if is_first_try:
                _log.warning("bus_not_sent", count=len(batch), error=type(error).__name__)
            return False
        except Exception:  # noqa: BLE001 - the loop that publishes for ever
            _log.exception("bus_batch_not_sendable")
            self.note_lost(len(batch))
        else:
            self._stats["sent"] += len(batch)
        while self._waiting and self._waiting[0].number <= batch[-1].number:
            self._waiting.popleft()
        return True

    def _drop_late(self) -> None:
        until = self._clock.monotonic() - _KEPT_S
        while self._waiting and self._waiting[0].at < until:
            self._drop_oldest()


def connect(url: str) -> redis.Redis:
    """A client that tries once, and not for long: whoever calls tries again."""
    return redis.Redis.from_url(
        url,
        socket_timeout=_TRY_S,
        socket_connect_timeout=_TRY_S,
        retry=Retry(NoBackoff(), 0),
    )


def pause_s(failures: int) -> float:
    """How long to wait until the next try."""
    return _RETRY_S[min(failures, len(_RETRY_S) - 1)]
