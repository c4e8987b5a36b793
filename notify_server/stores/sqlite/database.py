"""The open file: its lock, its writer and its readers, behind three calls.

The parts of the store (notifications, receipts, users, keys) know only this.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

from notify_server.domain.errors import NotifyError, UnavailableError
from notify_server.kit.clock import Clock
from notify_server.kit.metrics import FAST_S, Gauge, Histogram, Meter
from notify_server.stores.sqlite.desk import Desk, Window
from notify_server.stores.sqlite.faults import translate
from notify_server.stores.sqlite.lock import FileLock
from notify_server.stores.sqlite.readers import Readers
from notify_server.stores.sqlite.schema import prepare_reader, prepare_writer
from notify_server.stores.sqlite.writer import Writer

T = TypeVar("T")

PATIENCE_S = 5.0
"""How long a caller waits for an operation before it hears that the store is away."""
_READERS = 3


class Database:
    """One SQLite file, held by this process alone."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = FileLock(path)
        self._connections: list[sqlite3.Connection] = []
        self._counted: list[Window] = []
        self._readers: Readers | None = None
        self._writer: Writer | None = None
        self._commits = Histogram(
            "notify_store_commit_seconds", "Writes, until they are durable.", bounds=FAST_S
        )
        self._waiting = Gauge(
            "notify_store_queue", "Writes that wait for the one that writes.",
            read=lambda: {(): 0 if self._writer is None else self._writer.waiting},
        )  # fmt: skip

    def now(self) -> datetime:
        """The moment, by the clock that stamps what is written."""
        return self._clock.now()

    async def open(self) -> None:
        """Lock and prepare the file, start the writer; the second time does nothing.

        Raises:
            ConflictError: Another process holds it, or a newer version of the program made it.
            UnavailableError: It can not be made or read.
        """
        if self._readers is not None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._connect()
        except Exception as error:
            self._let_go()
            raise translate(error) from error

    async def close(self) -> None:
        """Finish what was handed in, then let go; the second time does nothing."""
        writer, readers = self._writer, self._readers
        self._writer = self._readers = None
        if writer is not None:
            await writer.stop()
        if readers is not None:
            await readers.stop()
        self._let_go()

    async def read(self, question: Callable[[Window], T]) -> T:
        """Ask on a reading connection, in its thread; what is asked in one turn goes together.

        Raises:
            UnavailableError: Not open, not readable, or no answer within PATIENCE_S.
        """
        if self._readers is None:
            raise UnavailableError("The store is not open.")
        return cast(T, await self._readers.ask(question))

    async def write(self, operation: Callable[[Desk], T]) -> T:
        """Do one operation in the writer; when this returns, it is durable.

        Cancelling the caller does not cancel the write.

        Raises:
            NotifyError: What the operation raised; UnavailableError: it may have happened or not.
        """
        (outcome,) = await self.write_each([operation])
        if isinstance(outcome, NotifyError):
            raise outcome
        return outcome

    async def write_each(self, operations: Sequence[Callable[[Desk], T]]) -> list[T | NotifyError]:
        """Do operations in order, each by itself; what one raises is its outcome.

        Raises:
            UnavailableError: Not open, or no answer within PATIENCE_S.
        """
        if not operations:
            return []
        if self._writer is None:
            raise UnavailableError("The store is not open.")
        outcomes = self._writer.hand_in(operations, PATIENCE_S)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return cast(list[T | NotifyError], await asyncio.shield(outcomes))
        except TimeoutError as error:
            raise UnavailableError("The store did not answer in time.") from error

    def meters(self) -> list[Meter]:
        """How long transactions take, and what waits for one."""
        return [self._commits, self._waiting]

    async def fold_log(self) -> bool:
        """Leave nothing in the log beside the file; False: a reader was in the way."""

        def ask(desk: Desk) -> Desk:
            desk.is_to_fold = True
            return desk

        return not (await self.write(ask)).is_to_fold

    def counts(self) -> dict[str, int]:
        """Questions asked, rows written and transactions committed since it was opened."""
        writer = self._writer
        return {
            "reads": sum(window.reads for window in self._counted),
            "writes": 0 if writer is None else writer.written,
            "commits": 0 if writer is None else writer.commits,
        }

    def _connect(self) -> None:
        # Made here with its mode: SQLite gives the same one to the files beside it.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = self._new_connection("rw")
        prepare_writer(connection)
        desk = Desk(connection, self._clock)
        self._counted.append(desk)
        windows = [self._new_window() for _ in range(_READERS)]
        self._counted += windows
        self._readers = Readers(windows, PATIENCE_S)
        self._readers.start()
        self._writer = Writer(connection, desk, self._clock, self._commits)
        self._writer.start()

    def _new_window(self) -> Window:
        reading = self._new_connection("ro")
        prepare_reader(reading)
        return Window(reading)

    def _new_connection(self, mode: str) -> sqlite3.Connection:
        """Open one; it is used by one thread at a time, not by the one that opens it."""
        connection = sqlite3.connect(
            f"{self._path.resolve().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        self._connections.append(connection)
        return connection

    def _let_go(self) -> None:
        """Close the readers first: the writer, last, folds the log into the file."""
        while self._connections:
            self._connections.pop().close()
        self._counted = []
        self._lock.release()
