"""The one thread that writes: whole batches, one transaction each (group commit).

All jobs that wait when a transaction begins share it and its one sync to disk, so a hundred
concurrent submits cost hardly more than one. An operation that fails harms no other: those that
were handed in together share a savepoint, and if one of them fails, each is done again in its own.
Nobody is answered before the commit has returned (F31), and a batch is answered by one call into
the event loop.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from notify_server.domain.errors import UnavailableError
from notify_server.kit.clock import Clock
from notify_server.kit.metrics import Histogram
from notify_server.stores.sqlite.desk import Desk
from notify_server.stores.sqlite.faults import translate

Operation = Callable[[Desk], object]
Outcomes = list[object]

_log = logging.getLogger(__name__)

_MAX_OPERATIONS = 1000
"""Operations in one transaction: the pause that a full batch makes for the next one stays short."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Operations that were handed in together.

    Attributes:
        outcomes: Gets one value or NotifyError per operation.
        deadline: Monotonic seconds; the caller is gone then, so what has not begun never does.
    """

    operations: Sequence[Operation]
    outcomes: asyncio.Future[Outcomes]
    deadline: float


class Writer:
    """Owns the writing connection from ``start`` to ``stop``; made and used on the event loop."""

    def __init__(
        self, connection: sqlite3.Connection, desk: Desk, clock: Clock, seconds: Histogram
    ) -> None:
        self._connection = connection
        self._desk = desk
        self._clock = clock
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._stopped = asyncio.Event()
        self.commits = 0
        self.written = 0

    def start(self) -> None:
        """Begin to take jobs."""
        self._thread.start()

    async def stop(self) -> None:
        """Finish every job handed in so far, then end the thread."""
        self._jobs.put(None)
        await self._stopped.wait()
        self._thread.join()

    @property
    def waiting(self) -> int:
        """Jobs of which none has begun."""
        return self._jobs.qsize()

    def hand_in(
        self, operations: Sequence[Operation], patience_s: float
    ) -> asyncio.Future[Outcomes]:
        """Queue operations to be done in order; the answer comes after their commit."""
        outcomes: asyncio.Future[Outcomes] = self._loop.create_future()
        self._jobs.put(Job(operations, outcomes, self._clock.monotonic() + patience_s))
        return outcomes

    def _run(self) -> None:
        try:
            going = True
            while going:
                jobs, going = self._take()
                if jobs:
                    answers = self._commit(jobs)
                    self._loop.call_soon_threadsafe(_answer, jobs, answers)
            self._loop.call_soon_threadsafe(self._stopped.set)
        except RuntimeError:
            # The loop is closed: nobody is left who could be answered or could hand in more.
            _log.warning("The event loop ended before the store was closed", exc_info=True)

    def _take(self) -> tuple[list[Job], bool]:
        """Wait for a job, then take all that wait with it; False when no more will come."""
        jobs: list[Job] = []
        operations = 0
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            operations += len(job.operations)
            if operations >= _MAX_OPERATIONS:
                return jobs, True
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return jobs, True
        return jobs, False

    def _commit(self, jobs: Sequence[Job]) -> list[Outcomes]:
        """Do them all in one transaction; when that fails as a whole, so has each of them."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            began = self._clock.monotonic()
            answers = [self._do(job, began) for job in jobs]
            self._connection.execute("COMMIT")
            self._seconds.observe(self._clock.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - each becomes an answer; translate() logs it
            failure = translate(error)
            self._roll_back()
            return [[failure] * len(job.operations) for job in jobs]
        self.commits += 1
        self.written = self._connection.total_changes
        if self._desk.is_to_fold:
            self._fold()
        return answers

    def _fold(self) -> None:
        """Carry the log into the file and cut it to nothing, so that it keeps no old page."""
        try:
            (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._desk.is_to_fold = bool(busy)
        except sqlite3.Error:
            _log.exception("The store's log could not be folded")

    def _do(self, job: Job, now: float) -> Outcomes:
        if now > job.deadline:
            return [UnavailableError("The store did not come to it in time.")] * len(job.operations)
        if len(job.operations) > 1:
            together = self._attempt_all(job.operations)
            if together is not None:
                return together
        return [self._attempt(operation) for operation in job.operations]

    def _attempt_all(self, operations: Sequence[Operation]) -> Outcomes | None:
        """Do all inside one savepoint; None: one of them failed, and nothing has been done."""
        outcomes: Outcomes | None = None
        self._connection.execute("SAVEPOINT operations")
        try:
            outcomes = [operation(self._desk) for operation in operations]
        except Exception:
            # Each is done again by itself and then says what failed.
            if not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO operations")
        self._connection.execute("RELEASE operations")
        return outcomes

    def _attempt(self, operation: Operation) -> object:
        """Do one inside a savepoint; raises only when the transaction itself is lost."""
        self._connection.execute("SAVEPOINT operation")
        try:
            result = operation(self._desk)
        except Exception as error:
            # A full disk or a failing one makes SQLite give up the whole transaction by itself.
            if not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO operation")
            result = translate(error)
        self._connection.execute("RELEASE operation")
        return result

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            _log.exception("A failed transaction could not be rolled back")


def _answer(jobs: Sequence[Job], answers: Sequence[Outcomes]) -> None:
    for job, outcomes in zip(jobs, answers, strict=True):
        if not job.outcomes.done():
            job.outcomes.set_result(outcomes)
