"""The line over a store that no server holds: what commands fall back to.

Apart from ``build``, so that a command brings no HTTP and no Socket.IO server along.
"""

import random
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import structlog
from typing_extensions import override

from notify_server.app.lines import Line, build_line
from notify_server.app.stores import make_clock, make_store
from notify_server.domain.settings import Settings
from notify_server.domain.signals import Signal
from notify_server.kit.aio import Background
from notify_server.pipeline.submit import Submissions
from notify_server.ports.emitter import Emitter
from notify_server.ports.store import Store


@asynccontextmanager
async def offline(settings: Settings) -> AsyncIterator[tuple[Submissions, Store]]:
    """What submits, and the store; see ``offline_line``."""
    async with offline_line(settings) as (line, store):
        yield line.submissions, store


@asynccontextmanager
async def offline_line(settings: Settings) -> AsyncIterator[tuple[Line, Store]]:
    """The line without sessions, on the store, under its lock.

    Raises:
        ConflictError: Another process holds the store.
    """
    _log_to_stderr()
    clock, background = make_clock(settings), Background()
    store = make_store(settings, clock)
    await store.open()
    try:
        line = build_line(settings, store, _NoSessions(), background, clock, random.SystemRandom())
        yield line, store
    finally:
        await background.close()
        await store.close()


class _NoSessions(Emitter):
    """For commands that work on the store while no server runs."""

    @override
    def emit(
        self, sessions: Iterable[str], signal: Signal, ack_id: int | None = None
    ) -> Sequence[str]:
        return ()

    @override
    def mark(self, session: str) -> int:
        return 0

    @override
    def probe(self, session: str) -> int:
        return 0

    @override
    def backlog(self, session: str) -> tuple[int, int]:
        return 0, 0

    @override
    def disconnect(self, session: str) -> None:
        pass

    @override
    def cut(self, session: str, after_s: float = 0) -> None:
        pass


def _log_to_stderr() -> None:
    """What a command on the store logs, such as the audit, is no result of it."""
    # Plain tracebacks: those of the library's default show the values of variables.
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            renderer,
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
