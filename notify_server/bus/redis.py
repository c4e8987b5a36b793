"""The bus on Redis: publish and subscribe, nothing kept there.

One task publishes what waits, one listens, one watches. A sign of life on the node's own channel
shows that both ways work (F28): a connection that is open and deaf is torn down and made anew. No
caller ever waits for Redis (F26); what is lost meanwhile is found in the store.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress

import structlog
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError
from typing_extensions import override

from notify_server.bus.envelopes import (
    BadEnvelopeError,
    Envelope,
    Envelopes,
    UnknownNewsError,
)
from notify_server.bus.outbox import Outbox, connect, pause_s
from notify_server.bus.peers import Peers, Sign
from notify_server.kit.aio import end, pause
from notify_server.kit.clock import Clock
from notify_server.kit.ids import random_id
from notify_server.ports.bus import NODES, Bus, Call, Listener, News

BEAT_S = 1.0
"""Between two signs of life."""
DEAF_S = 5.0
"""Without our own sign of life for so long, the bus is believed to be away."""
HEARD_S = 0.25
"""How long a newcomer waits until its channel is listened to."""
_EVENTS = ("sent", "received", "dropped", "bad", "unknown", "resets")

_log = structlog.get_logger("notify.bus")


class RedisBus(Bus):
    """One node's place on the bus."""

    def __init__(self, url: str, key: str, clock: Clock, prefix: str = "notify:") -> None:
        """``prefix``: stands before every channel, for several products on one Redis."""
        self._url = url
        self._prefix = prefix
        self._clock = clock
        self._envelopes = Envelopes(key, clock)
        self._node = random_id("node:")
        self._stats: Counter[str] = Counter(dict.fromkeys(_EVENTS, 0))
        self._outbox = Outbox(url, self._node, self._envelopes, clock, self._stats)
        self._wanted: set[str] = {NODES, self._node}
        self._asked: set[str] = set()
        self._listened: set[str] = set()
        self._changed = asyncio.Event()
        self._hearing: dict[str, asyncio.Event] = {}
        self._heard_at = -DEAF_S
        self._peers = Peers()
        self._listener: Listener | None = None
        self._resumed: Call = lambda: None
        self._missed: Call = lambda: None
        self._tasks: list[asyncio.Task[None]] = []
        self._was_healthy = False

    @property
    @override
    def node(self) -> str:
        return self._node

    @property
    @override
    def healthy(self) -> bool:
        return self._clock.monotonic() - self._heard_at < DEAF_S

    @property
    @override
    def hears_all(self) -> bool:
        return self.healthy and self._peers.are_heard(self._clock.monotonic())

    @property
    @override
    def nodes(self) -> int:
        return 1 + self._peers.count(self._clock.monotonic())

    @property
    @override
    def stats(self) -> Mapping[str, int]:
        return self._stats

    @override
    def listen(self, listener: Listener, resumed: Call, missed: Call) -> None:
        self._listener, self._resumed, self._missed = listener, resumed, missed

    @override
    def subscribe(self, channel: str) -> None:
        if channel not in self._wanted:
            self._wanted.add(channel)
            self._changed.set()

    @override
    def unsubscribe(self, channel: str) -> None:
        if channel in self._wanted:
            self._wanted.discard(channel)
            self._hearing.pop(channel, None)
            self._changed.set()

    @override
    async def heard(self, channel: str) -> bool:
        if channel in self._listened or not self.healthy:
            return channel in self._listened
        event = self._hearing.setdefault(channel, asyncio.Event())
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARD_S):
                await event.wait()
        return channel in self._listened

    @override
    def publish(self, channels: Iterable[str], news: News) -> None:
        names = tuple(self._prefix + channel for channel in channels)
        if not names:
            return
        try:
            self._outbox.put(names, news)
        except Exception:  # noqa: BLE001 - what is told here is done; the store tells the others
            self._outbox.note_lost(1)
            _log.exception("bus_news_not_sealed", kind=type(news).__name__)

    @override
    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(each()) for each in (self._outbox.run, self._hear, self._beat)
        ]

    @override
    async def close(self) -> None:
        self._outbox.put((self._prefix + NODES,), None, Sign.LEAVES)
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0 if self.healthy else 0):
                while len(self._outbox):
                    await pause(0.01)
        await end(self._tasks)
        self._tasks = []

    # -- telling -------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Say that we are here, on a channel that we hear ourselves."""
        while True:
            sign = Sign.LOST if self._outbox.take_lost() else Sign.HERE
            self._outbox.put((self._prefix + NODES,), None, sign)
            self._tell_health()
            await pause(BEAT_S)

    def _tell_health(self) -> None:
        if self.healthy != self._was_healthy:
            self._was_healthy = self.healthy
            _log.info("bus_healthy") if self.healthy else _log.warning("bus_away")

    # -- hearing -------------------------------------------------------------------------------

    async def _hear(self) -> None:
        """Listen, for ever; a connection that fails or is deaf is made anew."""
        failures = 0
        while True:
            began = self._clock.monotonic()
            client = connect(self._url)
            pubsub = client.pubsub()
            try:
                await self._listen_on(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                failures = 0 if self._heard_at > began else failures  # it held until now
                if failures == 0:
                    _log.warning("bus_lost", error=type(error).__name__)
            except Exception:  # noqa: BLE001 - the loop that listens for ever
                _log.exception("bus_listening_failed")
            finally:
                self._asked.clear()
                self._listened.clear()
                for each in (pubsub, client):
                    with suppress(RedisError, OSError, TimeoutError):
                        await each.aclose()
            self._stats["resets"] += 1
            await pause(pause_s(failures))
            failures += 1

    async def _listen_on(self, pubsub: PubSub) -> None:
        """Until nothing has been heard for too long."""
        began = self._clock.monotonic()
        await self._reconcile(pubsub)
        reader = asyncio.get_running_loop().create_task(self._read(pubsub))
        reader.add_done_callback(self._read_ended)
        try:
            while not reader.done():
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await self._changed.wait()
                self._changed.clear()
                await self._reconcile(pubsub)
                if self._clock.monotonic() - max(self._heard_at, began) > DEAF_S:
                    raise TimeoutError
            await reader
        finally:
            await end([reader])

    def _read_ended(self, reader: asyncio.Task[None]) -> None:
        self._changed.set()
        if not reader.cancelled():
            reader.exception()  # raised where it is awaited, unless that has failed itself

    async def _reconcile(self, pubsub: PubSub) -> None:
        """Listen to what is wanted, and to nothing else."""
        more, less = self._wanted - self._asked, self._asked - self._wanted
        self._asked = set(self._wanted)
        self._listened -= less
        if less:
            await pubsub.unsubscribe(*(self._prefix + channel for channel in less))
        if more:
            await pubsub.subscribe(*(self._prefix + channel for channel in more))

    async def _read(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(timeout=BEAT_S)
            if message is None:
                continue
            channel = message["channel"].decode().removeprefix(self._prefix)
            if message["type"] == "subscribe":
                self._begun(channel)
            elif message["type"] == "message":
                await self._take(message["data"])

    def _begun(self, channel: str) -> None:
        """From now on what is published there arrives; what came before is in the store."""
        if channel in self._asked:
            self._listened.add(channel)
        event = self._hearing.pop(channel, None)
        if event is not None:
            event.set()
        if channel == self._node:
            self._resumed()

    async def _take(self, sealed: bytes) -> None:
        try:
            envelope = self._envelopes.open(sealed)
        except BadEnvelopeError as error:
            self._stats["unknown" if isinstance(error, UnknownNewsError) else "bad"] += 1
            _log.warning("bus_envelope_refused", why=str(error))
            self._missed()
            return
        if self._is_double(envelope):
            return
        if envelope.news is None:
            self._take_sign(envelope)
        elif self._listener is not None:
            self._stats["received"] += 1
            try:
                await self._listener(envelope.news)
            except Exception:  # noqa: BLE001 - one that can not be heard must not deafen the node
                _log.exception("bus_news_failed", kind=type(envelope.news).__name__)
                self._missed()

    def _is_double(self, envelope: Envelope) -> bool:
        """Our own, or one that came by another channel already."""
        now = self._clock.monotonic()
        if envelope.node == self._node:
            self._heard_at = now
            return True
        if self._peers.is_back(envelope.node, now):
            self._missed()
        return self._peers.is_double(envelope.node, envelope.number, now)

    def _take_sign(self, envelope: Envelope) -> None:
        if envelope.sign is Sign.LEAVES:
            self._peers.leave(envelope.node, self._clock.monotonic())
        if envelope.sign is not Sign.HERE:
            self._missed()
