"""Questions that the store is asked for one connect, whatever the user's history.

Measured on the line itself, in this process, with an emitter that only remembers.
"""

import random
import time
from datetime import timedelta

from bench import seed
from bench.report import Figure
from bench.server import ISSUED_AT
from notify_server.app.lines import build_line
from notify_server.domain.claims import Claims
from notify_server.domain.signals import NotificationFrame
from notify_server.domain.target import EVERYONE
from notify_server.kit.aio import Background, pause
from notify_server.pipeline.sessions import Phase, Session

SECTION = "One connect, measured in the line itself"
_LONG_AGO = timedelta(days=1)


class _Recorder:
    """An emitter port that counts frames and delivers nothing."""

    def __init__(self):
        self.frames = 0

    def emit(self, sessions, signal, ack_id=None):
        self.frames += isinstance(signal, NotificationFrame) * len(list(sessions))
        return ()

    def mark(self, session):
        return 0

    def probe(self, session):
        return 0

    def backlog(self, session):
        return 0, 0

    def disconnect(self, session):
        raise SystemExit("a session was refused")

    cut = disconnect


async def measure(folder, sizes):
    """Reads per connect for a short and a long history, for newcomers and for those who return."""
    figures = []
    for history in sizes.histories:
        at = folder / f"history-{history}"
        users = seed.names(sizes.readers)
        async with seed.opened(at / "data", _LONG_AGO) as (store, clock):
            await seed.know(store, users)
            await seed.read_history(store, clock, users, history)
        async with seed.opened(at / "data") as (store, clock):
            stamp = clock.now() - timedelta(seconds=30)
            for _ in range(sizes.waiting):
                await seed.accept(store, (seed.submission([user]) for user in users))
            await seed.accept(
                store, (seed.submission((), [EVERYONE]) for _ in range(sizes.waiting))
            )
        for name, cursor in (("without a cursor", None), ("with a cursor", stamp)):
            figures += await _case(at, users, cursor, f"history of {history:,}, {name}", sizes)
    return figures


async def _case(at, users, cursor, name, sizes):
    reads = Figure(SECTION, f"{name}: reads", "reads/connect")
    taken = Figure(SECTION, f"{name}: CPU of line and store", "ms/connect")
    for _ in range(sizes.repeats):
        async with seed.opened(at / "data") as (store, clock):
            settings, emitter = seed.settings_for(at), _Recorder()
            background = Background()
            line = build_line(settings, store, emitter, background, clock, random.Random(4))
            # The first loads the feed of everybody, which all share.
            await _connect(line, background, clock, users[0], cursor, 0)
            before, began = await store.stats(), time.process_time()
            for number, user in enumerate(users[1:], 1):
                await _connect(line, background, clock, user, cursor, number)
            cpu, after = time.process_time() - began, await store.stats()
            await background.close()
        reads.add((after["reads"] - before["reads"]) / (len(users) - 1))
        taken.add(cpu / (len(users) - 1) * 1000)
        reads.note = f"{emitter.frames / len(users):g} frames"
    return [reads, taken]


async def _connect(line, background, clock, user, cursor, number):
    """What the gateway does with a session, from its token to ``replay_done``."""
    expires = ISSUED_AT + timedelta(hours=1)
    claims = Claims(user, frozenset(), (), ISSUED_AT, expires)
    person = await line.people.admit(claims)
    session = Session(
        f"session-{number}", user, "/", acks=True, opened_at=clock.now(),
        issued_at=claims.issued_at, expires_at=claims.expires_at, cursor=cursor,
    )  # fmt: skip
    line.registry.add(session, person)
    line.counting.open(user, "/")
    line.catch_up.start(session)
    background.spawn(line.people.recheck(session), "recheck session")
    while session.phase is not Phase.LIVE or len(background):
        await pause(0)
