"""Filling a store before the server opens it, through the store port."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench.server import ISSUED_AT
from notify_server.app.stores import make_store
from notify_server.domain.notification import Content, Submission
from notify_server.domain.receipt import Step
from notify_server.domain.settings import ServerSettings, Settings
from notify_server.domain.signals import Cursor
from notify_server.domain.target import Targets, UserRecord
from notify_server.kit.clock import ManualClock, SystemClock
from notify_server.wire.cursor import encode_cursor

_BATCH = 1_000
_NAMED = 500
WAITS = timedelta(days=3)


def settings_for(data_dir):
    """The defaults over a folder."""
    return Settings(server=ServerSettings(data_dir=Path(data_dir)))


@asynccontextmanager
async def opened(data_dir, ago=timedelta(0)):
    """The store of a folder; yields it with its clock, which stands still in the past if asked."""
    clock = ManualClock(SystemClock().now() - ago) if ago else SystemClock()
    store = make_store(settings_for(data_dir), clock)
    await store.open()
    try:
        yield store, clock
    finally:
        await store.close()


def names(count):
    """Users that every case names alike."""
    return [f"user-{number:06}" for number in range(count)]


async def know(store, users):
    """Have users known as if each had shown the token of this run before."""
    for start in range(0, len(users), _BATCH):
        records = (
            UserRecord(user, known_since=ISSUED_AT, token_iat=ISSUED_AT)
            for user in users[start : start + _BATCH]
        )
        await asyncio.gather(*(store.save_user(record) for record in records))


def submission(users=(), audiences=(), title="t"):
    """One as a service sends it."""
    return Submission(
        targets=Targets(users=tuple(users), audiences=tuple(audiences)),
        content=Content(title, "Your caption task has completed", data={"task_id": "123"}),
        submitter="key:bench",
        waits=WAITS,
    )


async def accept(store, submissions):
    """Store them in batches."""
    pending = list(submissions)
    accepted = []
    for start in range(0, len(pending), _BATCH):
        accepted += await store.accept(pending[start : start + _BATCH])
    return [one.notification for one in accepted]


async def read_history(store, clock, users, length):
    """Give each user ``length`` older notifications, delivered and read."""
    for start in range(0, len(users), _NAMED):
        some = users[start : start + _NAMED]
        made = await accept(store, (submission(some, title="old") for _ in range(length)))
        for user in some:
            await _read_all(store, clock, user, [one.id for one in made])


async def _read_all(store, clock, user, ids):
    for start in range(0, len(ids), _NAMED):
        entries = await store.entries(user, ids[start : start + _NAMED])
        now = clock.now()
        await store.save(
            [
                replace(
                    entry.receipt, delivered_revision=1, delivered_at=now, seen_at=now,
                    read_at=now, step=Step.IDLE, due_at=None,
                )
                for entry in entries
            ]
        )  # fmt: skip


def cursor(user, stamp):
    """What a page of the user holds that was last connected at ``stamp``."""
    return encode_cursor(Cursor(user, "/", stamp))
