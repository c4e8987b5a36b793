"""Confirmed deliveries on their way into the store, many in one write."""

import structlog

from notify_server.domain.errors import UnavailableError
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
        self._is_writing = False
        self._gather = Later(_GATHER_S, self._start)

    def add(self, delivery: Delivery) -> None:
        """Take in one confirmation."""
        if len(self._waiting) < _KEPT:
            self._waiting.append(delivery)
            self._gather.ask()

    async def flush(self) -> None:
        """Write what waits; at the end of a drain."""
        self._gather.stop()
        while self._waiting and not self._is_writing:
            await self._write()

    def _start(self) -> None:
        if self._waiting and not self._is_writing:
            self._background.spawn(self._write(), "record deliveries")

    async def _write(self) -> None:
        self._is_writing = True
        batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        failpoint("before_ack_stored")
        try:
            await self._store.record_deliveries(batch)
        except UnavailableError:
            _log.warning("deliveries_not_recorded", count=len(batch))
            self._waiting = batch + self._waiting
            await pause(_RETRY_S)
        finally:
            self._is_writing = False
            if self._waiting:
                self._gather.ask()
