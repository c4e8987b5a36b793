"""A light member of a bus, without sessions: ``member.py ours|stock REDIS_URL KEY [CHANNEL…]``.

Obeys lines on standard input and answers each with one: ``send COUNT CHANNEL`` publishes, and
``count`` says how much has been heard.
"""

import asyncio
import sys

import socketio
import structlog
import uvloop

from notify_server.bus.redis import RedisBus
from notify_server.domain.notification import Content, Notification
from notify_server.domain.target import EVERYONE, Targets
from notify_server.kit.clock import SystemClock
from notify_server.ports.bus import NotificationNews

_BATCH = 20
_PAUSE_S = 0.01
_CONTENT = {"title": "Task complete", "message": "Your caption task has completed"}
_DATA = {"task_id": "123", "link": "https://example.org/tasks/123", "note": "x" * 200}


def _ignore():
    """What the bus tells of itself is of no interest here."""


class Ours:
    """The product's bus."""

    def __init__(self, url, key, channels):
        self._clock = SystemClock()
        self._bus = RedisBus(url, key, self._clock)
        self._channels = channels
        self.heard = 0

    async def open(self):
        self._bus.listen(self._hear, _ignore, _ignore)
        for channel in self._channels:
            self._bus.subscribe(channel)
        await self._bus.open()
        for channel in self._channels:
            while not self._bus.healthy:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.05)
            await self._bus.heard(channel)

    async def _hear(self, _news):
        self.heard += 1

    async def send(self, number, channel):
        now, is_all = self._clock.now(), channel == EVERYONE.key
        targets = Targets(audiences=(EVERYONE,)) if is_all else Targets(users=(channel,))
        news = NotificationNews(
            Notification(
                id=f"01a1fe51-0853-7e45-85f5-{number:012}", targets=targets,
                content=Content(**_CONTENT, data=_DATA), submitter="key:bench",
                created_at=now, updated_at=now, revised_at=now,
            )
        )  # fmt: skip
        self._bus.publish([channel], news)


class Stock:
    """python-socketio's manager for Redis, as its documentation sets it up."""

    def __init__(self, url, _key, _channels):
        self._manager = _Counting(url)
        self._server = socketio.AsyncServer(client_manager=self._manager, async_mode="asgi")

    @property
    def heard(self):
        return self._manager.heard

    async def open(self):
        self._manager.initialize()

    async def send(self, number, channel):
        room = None if channel == EVERYONE.key else channel
        payload = {"id": f"01a1fe51-0853-7e45-85f5-{number:012}", **_CONTENT, "data": _DATA}
        await self._server.emit("notification", {"notification": payload}, room=room)


class _Counting(socketio.AsyncRedisManager):
    """Knows how many messages it has heard from others."""

    heard = 0

    async def _handle_emit(self, message):
        self.heard += message.get("host_id") != self.host_id
        await super()._handle_emit(message)


async def _send(member, count, channel):
    for number in range(count):
        await member.send(number, channel)
        if number % _BATCH == _BATCH - 1:
            await asyncio.sleep(_PAUSE_S)


async def main(kind, url, key, channels):
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    member = {"ours": Ours, "stock": Stock}[kind](url, key, channels)
    await member.open()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    print("ready", flush=True)
    while line := (await reader.readline()).decode().split():
        if line[0] == "send":
            await _send(member, int(line[1]), line[2])
        print(member.heard, flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(*sys.argv[1:4], sys.argv[4:]))
