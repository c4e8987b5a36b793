"""Confirmed deliveries on their way into the store, many in one write."""

import asyncio
from collections.abc import Sequence

import structlog

from notify_server.domain.errors import NotifyError, UnavailableError
from notify_server.domain.receipt import Delivery
from notify_server.kit.aio import Background, Later, pause
from notify_server.kit.failpoints import failpoint
from notify_server.ports.store import ReceiptStore

_GATHER_S = 0.005
_BATCH = 1_000
_KEPT = 100_000
_RETRY_S = 1.0

_log = structlog.get_logger("notify.confirm")


class Confirmations:
    """Gathers deliveries for a few milliseconds and records them together.

    While the store is away they are kept, up to a bound; what is lost beyond is sent again.
    """

    def __init__(self, store: ReceiptStore, background: Background) -> None:
        self._store = store
        self._background = background
        self._waiting: list[Delivery] = []
        self._writing = asyncio.Lock()
        self._gather = Later(_GATHER_S, self._start)

    @property
    def waiting(self) -> int:
        """Confirmations that are not in the store yet."""
        return len(self._waiting)

    def add(self, delivery: Delivery) -> None:
        """Take in one confirmation."""
        if len(self._waiting) < _KEPT:
            self._waiting.append(delivery)
            self._gather.ask()

    async def flush(self) -> None:
        """Write all that was confirmed until now.

        Raises:
            UnavailableError: The store is away; what was confirmed is kept.
        """
        async with self._writing:
            while self._waiting:
                await self._write_batch()

    def _start(self) -> None:
        if self._waiting and not self._writing.locked():
            self._background.spawn(self._write_waiting(), "record deliveries")

    async def _write_waiting(self) -> None:
        try:
            await self.flush()
        except UnavailableError:
            _log.warning("deliveries_not_recorded", count=len(self._waiting))
            await pause(_RETRY_S)
            self._gather.ask()

    async def _write_batch(self) -> None:
        batch = self._waiting[:_BATCH]
        failpoint("before_ack_stored")
        try:
            await self._store.record_deliveries(batch)
        except UnavailableError:
            raise
        except NotifyError:
            await self._write_each(batch)
        del self._waiting[: len(batch)]

    async def _write_each(self, batch: Sequence[Delivery]) -> None:
        """One that can not be stored holds up no other."""
        for delivery in batch:
            try:
                await self._store.record_deliveries([delivery])
            except UnavailableError:
                raise
            except NotifyError:
                _log.exception("delivery_not_recordable", user=delivery.receipt.user)
