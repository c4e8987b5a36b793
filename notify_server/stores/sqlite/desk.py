"""Where statements meet a connection: a window to read through, and the writer's desk.

A ``Window`` belongs to one thread at a time; the ``Desk`` only ever to the writer's.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from notify_server.kit.clock import Clock, to_ms
from notify_server.kit.ids import Uuid7Generator
from notify_server.stores.sqlite import reads
from notify_server.stores.sqlite.reads import Read
from notify_server.stores.sqlite.rows import Row, Value
from notify_server.stores.sqlite.writes import Write


class Window:
    """Asks declared questions and counts them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.reads = 0

    def rows(self, read: Read, values: Sequence[Value] = ()) -> list[Row]:
        """All rows of the answer."""
        self.reads += 1
        return self._connection.execute(read.sql, values).fetchall()

    def row(self, read: Read, values: Sequence[Value] = ()) -> Row | None:
        """The first row of the answer, or None."""
        self.reads += 1
        answer: Row | None = self._connection.execute(read.sql, values).fetchone()
        return answer


class Desk(Window):
    """What an operation of the writer works with: questions, changes, the time and new ids."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock) -> None:
        super().__init__(connection)
        self._clock = clock
        self.is_to_fold = False
        """Whether the log is to be folded into the file after this commit; False again after it."""
        self._ids = Uuid7Generator()
        newest = self.row(reads.NEWEST_ID)
        if newest is not None and newest[0] is not None:
            self._ids.observe(newest[0])

    def now(self) -> datetime:
        """The writer's time, which stamps what it writes."""
        return self._clock.now()

    def next_id(self, now: datetime) -> str:
        """An id above every one in the store."""
        return self._ids.next(to_ms(now))

    def write(self, write: Write, values: Sequence[Value]) -> int:
        """Make one change; returns how many rows it met."""
        return self._connection.execute(write.sql, values).rowcount

    def write_many(self, write: Write, values: Iterable[Sequence[Value]]) -> None:
        """Make the same change for each."""
        self._connection.executemany(write.sql, values)
