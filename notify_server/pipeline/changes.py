"""Changing receipts by compare-and-set: read, decide, write; again for those that lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from notify_server.domain.errors import Code, ConflictError
from notify_server.domain.receipt import Entry, Receipt
from notify_server.ports.store import ReceiptKey, ReceiptStore

_TRIES = 8

Change = Callable[[Entry], Receipt | None]
"""Decides what becomes of an entry's receipt; None: nothing."""


@dataclass(frozen=True, slots=True)
class Changed:
    """An entry as it was, and its receipt as it was written."""

    before: Entry
    receipt: Receipt


async def change_receipts(
    store: ReceiptStore, user: str, entries: Sequence[Entry], change: Change
) -> list[Changed]:
    """Write what ``change`` makes of each entry of a user.

    Args:
        entries: As they were read; those that were changed meanwhile are read again.

    Raises:
        ConflictError: After many lost races.
    """
    done: list[Changed] = []
    for _ in range(_TRIES):
        decided = [(entry, change(entry)) for entry in entries]
        writes = {entry.id: (entry, new) for entry, new in decided if new is not None}
        if not writes:
            return done
        lost = {key.notification_id for key in await store.save([w[1] for w in writes.values()])}
        done += [Changed(*write) for id_, write in writes.items() if id_ not in lost]
        if not lost:
            return done
        entries = await store.entries(user, sorted(lost))
    raise ConflictError(
        Code.CONFLICT, "The notifications were changed at the same time; try again."
    )


async def save_won(store: ReceiptStore, receipts: Mapping[ReceiptKey, Receipt]) -> set[ReceiptKey]:
    """Write receipts of many users; returns the keys that were written."""
    lost = await store.save(list(receipts.values()))
    return set(receipts) - set(lost)
