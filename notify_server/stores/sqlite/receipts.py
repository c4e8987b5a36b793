"""The receipt part of the port, and what the writer does with receipts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from typing_extensions import override

from notify_server.domain.receipt import Attempt, Delivery, Entry, Receipt
from notify_server.domain.target import Position
from notify_server.kit.clock import to_ms
from notify_server.ports.store import Holders, ReceiptKey, ReceiptStore, ReceiptSummary
from notify_server.stores import rules
from notify_server.stores.sqlite import reads, writes
from notify_server.stores.sqlite.database import Database
from notify_server.stores.sqlite.desk import Desk, Window
from notify_server.stores.sqlite.erasure import is_of_the_erased
from notify_server.stores.sqlite.notifications import position_values
from notify_server.stores.sqlite.reads import Read
from notify_server.stores.sqlite.rows import (
    Value,
    attempt_from_row,
    attempt_to_row,
    confirmation_to_row,
    entry_from_row,
    receipt_from_row,
    receipt_to_row,
)
from notify_server.stores.texts import activity, to_json


class SqliteReceipts(ReceiptStore):
    """Receipts: one user's state of one notification."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def entries(self, user: str, ids: Sequence[str]) -> list[Entry]:
        if len(ids) == 1:
            return await self._listed(reads.ENTRY, user, ids[0])
        return await self._listed(reads.ENTRIES, to_json(list(dict.fromkeys(ids))), user)

    @override
    async def active(self, user: str, line: str, limit: int) -> list[Entry]:
        return await self._listed(reads.ACTIVE, user, line, limit)

    @override
    async def inbox(self, user: str, line: str, before: Position | None, limit: int) -> list[Entry]:
        return await self._listed(reads.INBOX, user, line, *position_values(before), limit)

    @override
    async def changed_entries(
        self, user: str, line: str, since: datetime, limit: int
    ) -> list[Entry]:
        return await self._listed(reads.CHANGED_ENTRIES, user, line, to_ms(since), limit)

    @override
    async def changed_ids(self, user: str, line: str, since: datetime, limit: int) -> list[str]:
        values = (user, line, to_ms(since), limit)
        return await self._database.read(
            lambda window: [id_ for (id_,) in window.rows(reads.CHANGED_IDS, values)]
        )

    @override
    async def save(self, receipts: Sequence[Receipt]) -> list[ReceiptKey]:
        if not receipts:
            return []
        return await self._database.write(lambda desk: _save(desk, receipts))

    @override
    async def record_deliveries(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        if not deliveries:
            return []
        return await self._database.write(
            lambda desk: [_record(desk, delivery) for delivery in deliveries]
        )

    @override
    async def due(self, until: datetime, limit: int) -> list[Entry]:
        return await self._listed(reads.DUE, to_ms(until), limit)

    @override
    async def recipients(self, notification_id: str, after_user: str, limit: int) -> list[Receipt]:
        values = (notification_id, after_user, limit)
        return await self._database.read(
            lambda window: [receipt_from_row(row) for row in window.rows(reads.RECIPIENTS, values)]
        )

    @override
    async def undelivered(self, ids: Sequence[str]) -> set[str]:
        values = (to_json(list(dict.fromkeys(ids))),)
        return await self._database.read(
            lambda window: {id_ for (id_,) in window.rows(reads.HAVE_UNDELIVERED, values)}
        )

    @override
    async def holders(self, notification_id: str) -> Holders:
        return await self._database.read(lambda window: _holders(window, notification_id))

    @override
    async def summary(self, notification_id: str) -> ReceiptSummary:
        return await self._database.read(lambda window: _summary(window, notification_id))

    @override
    async def add_attempts(self, attempts: Sequence[Attempt]) -> None:
        if attempts:
            await self._database.write(lambda desk: _add_attempts(desk, attempts))

    @override
    async def attempts(self, notification_id: str, user: str) -> list[Attempt]:
        values = (notification_id, user)
        return await self._database.read(
            lambda window: [attempt_from_row(row) for row in window.rows(reads.ATTEMPTS, values)]
        )

    async def _listed(self, read: Read, *values: Value) -> list[Entry]:
        return await self._database.read(
            lambda window: [entry_from_row(row) for row in window.rows(read, values)]
        )


def _save(desk: Desk, receipts: Sequence[Receipt]) -> list[ReceiptKey]:
    """Write those whose version is still the stored one; returns the others' keys.

    Where the notification has been purged meanwhile, the purge was the first writer.
    """
    late = []
    for receipt in receipts:
        key = ReceiptKey(receipt.user, receipt.notification_id)
        found = desk.row(reads.VERSIONS, key)
        if found is None or (found[1] or 0) != receipt.version or _comes_too_late(desk, receipt):
            late.append(key)
        else:
            _put(desk, replace(receipt, version=receipt.version + 1), newest_revision=found[0])
    return late


def _record(desk: Desk, delivery: Delivery) -> Receipt:
    """Confirm one; what was purged meanwhile is answered as it came, and nothing is kept."""
    given = delivery.receipt
    found = desk.row(reads.RECEIPT, (given.user, given.notification_id))
    if found is None:
        return given
    newest_revision, columns = found[0], found[1:]
    stored = None if columns[0] is None else receipt_from_row(columns)
    if stored is None and is_of_the_erased(desk, given.user, delivery.ack.at):
        return given
    base = replace(given, version=0) if stored is None else stored
    confirmed = rules.confirm(base, delivery, desk.now())
    if confirmed is stored:
        return confirmed
    if stored is None:
        _put(desk, confirmed, newest_revision)
    else:
        values = confirmation_to_row(confirmed, activity(confirmed, newest_revision))
        desk.write(writes.CONFIRM_RECEIPT, values)
    return confirmed


def _comes_too_late(desk: Desk, receipt: Receipt) -> bool:
    """Whether a new receipt is of somebody who has been erased since it was decided."""
    return receipt.version == 0 and is_of_the_erased(desk, receipt.user, receipt.changed_at)


def _put(desk: Desk, receipt: Receipt, newest_revision: int) -> None:
    active = activity(receipt, newest_revision)
    desk.write(writes.PUT_RECEIPT, (*receipt_to_row(receipt), active))
    if receipt.snoozed_until is not None:  # it comes back as new, and is kept from then on
        until = to_ms(receipt.snoozed_until)
        desk.write(writes.KEEP_NOTIFICATION, (receipt.notification_id, until))


def _holders(window: Window, notification_id: str) -> Holders:
    reached, hidden = (
        frozenset(user for (user,) in window.rows(read, (notification_id,)))
        for read in (reads.REACHED, reads.HIDDEN)
    )
    return Holders(reached, hidden)


def _summary(window: Window, notification_id: str) -> ReceiptSummary:
    row = window.row(reads.SUMMARY, (notification_id,))
    return ReceiptSummary() if row is None else ReceiptSummary(*row)


def _add_attempts(desk: Desk, attempts: Sequence[Attempt]) -> None:
    """Keep them, but nothing for a notification that has been purged meanwhile."""
    ids = {attempt.notification_id for attempt in attempts}
    known = {each for each in ids if desk.row(reads.KNOWN, (each,)) is not None}
    rows = [
        attempt_to_row(attempt)
        for attempt in attempts
        if attempt.notification_id in known and not is_of_the_erased(desk, attempt.user, attempt.at)
    ]
    desk.write_many(writes.ADD_ATTEMPT, rows)
