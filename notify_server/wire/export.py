"""Everything held of a person, spelled for ``GET users/{id}/export``."""

from dataclasses import fields

from notify_server.domain.audit import AuditEntry
from notify_server.domain.notification import Notification
from notify_server.domain.profile import HeldEntry
from notify_server.domain.receipt import Ack, Attempt, Receipt
from notify_server.domain.view import View
from notify_server.wire.audit import entry_to_wire
from notify_server.wire.notification import value_to_wire, view_to_wire

_ELSEWHERE = frozenset({"user", "notification_id", "line", "acks", "version"})
"""Fields of a receipt that stand beside it, or say nothing of the person."""


def held_to_wire(held: HeldEntry) -> dict[str, object]:
    """A notification with all that is kept of the person about it; nobody else is named."""
    receipt = held.entry.receipt
    return {
        "notification": view_to_wire(View(held.entry.notification, None)),
        "receipt": None if receipt is None else _receipt(receipt),
        "attempts": [_attempt(attempt) for attempt in held.attempts],
    }


def sent_to_wire(notification: Notification) -> dict[str, object]:
    """What the person sent, submitted, or was left out of."""
    return view_to_wire(View(notification, None))


def audited_to_wire(entry: AuditEntry) -> dict[str, object]:
    """An operator change that concerns the person."""
    return entry_to_wire(entry)


def _receipt(receipt: Receipt) -> dict[str, object]:
    names = (field.name for field in fields(receipt) if field.name not in _ELSEWHERE)
    wire = {name: value_to_wire(getattr(receipt, name)) for name in names}
    return wire | {"acks": [_ack(ack) for ack in receipt.acks]}


def _ack(ack: Ack) -> dict[str, object]:
    return {field.name: value_to_wire(getattr(ack, field.name)) for field in fields(ack)}


def _attempt(attempt: Attempt) -> dict[str, object]:
    names = ("revision", "number", "at", "channel", "outcome", "reason")
    return {name: value_to_wire(getattr(attempt, name)) for name in names}
