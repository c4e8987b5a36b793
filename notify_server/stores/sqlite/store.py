"""The whole store on SQLite; ``app`` makes one per process."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from typing_extensions import override

from notify_server.kit.clock import Clock, to_ms
from notify_server.kit.metrics import Meter
from notify_server.ports.store import Store
from notify_server.stores.sqlite import reads, writes
from notify_server.stores.sqlite.audit import SqliteAudit
from notify_server.stores.sqlite.database import Database
from notify_server.stores.sqlite.desk import Desk, Window
from notify_server.stores.sqlite.erasure import SqliteErasure
from notify_server.stores.sqlite.keys import SqliteKeys
from notify_server.stores.sqlite.notifications import SqliteNotifications
from notify_server.stores.sqlite.reads import Read
from notify_server.stores.sqlite.receipts import SqliteReceipts
from notify_server.stores.sqlite.transfer import SqliteTransfer
from notify_server.stores.sqlite.users import SqliteUsers


class SqliteStore(
    SqliteNotifications,
    SqliteReceipts,
    SqliteUsers,
    SqliteKeys,
    SqliteAudit,
    SqliteErasure,
    SqliteTransfer,
    Store,
):
    """Its parts over one open file.

    Args:
        path: The data file; made with its folder if absent, readable by its owner only.
        clock: Stamps what is written.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(Database(path, clock))
        self._clock = clock

    @override
    async def open(self) -> None:
        await self._database.open()

    @override
    async def close(self) -> None:
        await self._database.close()

    @override
    async def ping(self) -> None:
        await self._database.write(_check_health)
        await self._database.read(lambda window: window.row(reads.CHECKED_AT))

    @override
    def meters(self) -> Sequence[Meter]:
        return self._database.meters()

    @override
    async def sizes(self, limit: int) -> Mapping[str, int]:
        asked: dict[str, tuple[Read, tuple[int, ...]]] = {
            "notifications": (reads.COUNT_NOTIFICATIONS, (limit,)),
            "receipts": (reads.COUNT_RECEIPTS, (limit,)),
            "users": (reads.COUNT_USERS, (limit,)),
            "due": (reads.COUNT_DUE, (to_ms(self._clock.now()), limit)),
        }
        return await self._database.read(
            lambda window: {name: _number(window, *each) for name, each in asked.items()}
        )

    @override
    async def stats(self) -> Mapping[str, int]:
        return self._database.counts()


def _number(window: Window, read: Read, values: tuple[int, ...]) -> int:
    row = window.row(read, values)
    return 0 if row is None else int(row[0])


def _check_health(desk: Desk) -> None:
    """A write that changes nothing of worth, durable like any other."""
    desk.write(writes.CHECK_HEALTH, (to_ms(desk.now()),))
