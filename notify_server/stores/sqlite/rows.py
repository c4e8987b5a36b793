"""Between domain values and rows: the columns in their order, and both ways for each table.

Times are milliseconds, JSON is text. Called by the writer's operations and by the readers.
"""

from typing import Any

import orjson

from notify_server.domain.notification import (
    ChannelName,
    Notification,
)
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Ack, AckVia, Attempt, Entry, Receipt, Step
from notify_server.domain.target import Audience, AudienceKind, Targets
from notify_server.kit.clock import from_ms, to_ms
from notify_server.stores.texts import (
    content_from_json,
    content_to_json,
    moment_or_none,
    ms_or_none,
    notes_from_json,
    notes_to_json,
    to_json,
)

Value = None | int | str
Row = tuple[Any, ...]

NOTIFICATION_COLUMNS = (
    "id", "line", "submitter", "revision", "created_at", "updated_at", "revised_at", "expires_at",
    "cancelled_at", "targets", "content", "channel_notes",
)  # fmt: skip
RECEIPT_COLUMNS = (
    "user", "notification_id", "line", "named", "sort_at", "push_at", "changed_at", "revision",
    "delivered_revision", "delivered_at", "seen_at", "read_at", "marked_at", "clicked_at",
    "acknowledged_at", "dismissed_at", "deleted_at", "pinned_at", "snoozed_until", "attempts",
    "replays", "reminders", "closed", "step", "due_at", "acks", "version",
)  # fmt: skip
_WIDTH = len(NOTIFICATION_COLUMNS)


def notification_to_row(notification: Notification) -> tuple[Value, ...]:
    """Values in the order of NOTIFICATION_COLUMNS."""
    return (
        notification.id,
        notification.line,
        notification.submitter,
        notification.revision,
        to_ms(notification.created_at),
        to_ms(notification.updated_at),
        to_ms(notification.revised_at),
        ms_or_none(notification.content.expires_at),
        ms_or_none(notification.cancelled_at),
        targets_to_json(notification.targets),
        content_to_json(notification.content),
        notes_to_json(notification.channel_notes),
    )


def notification_from_row(row: Row) -> Notification:
    """The way back; what follows the notification's columns is left alone."""
    return Notification(
        id=row[0],
        line=row[1],
        submitter=row[2],
        revision=row[3],
        created_at=from_ms(row[4]),
        updated_at=from_ms(row[5]),
        revised_at=from_ms(row[6]),
        cancelled_at=moment_or_none(row[8]),
        targets=targets_from_json(row[9]),
        content=content_from_json(row[10], row[7]),
        channel_notes=notes_from_json(row[11]),
    )


def receipt_to_row(receipt: Receipt) -> tuple[Value, ...]:
    """Values in the order of RECEIPT_COLUMNS."""
    return (
        receipt.user,
        receipt.notification_id,
        receipt.line,
        int(receipt.named),
        to_ms(receipt.sort_at),
        to_ms(receipt.push_at),
        to_ms(receipt.changed_at),
        receipt.revision,
        receipt.delivered_revision,
        ms_or_none(receipt.delivered_at),
        ms_or_none(receipt.seen_at),
        ms_or_none(receipt.read_at),
        ms_or_none(receipt.marked_at),
        ms_or_none(receipt.clicked_at),
        ms_or_none(receipt.acknowledged_at),
        ms_or_none(receipt.dismissed_at),
        ms_or_none(receipt.deleted_at),
        ms_or_none(receipt.pinned_at),
        ms_or_none(receipt.snoozed_until),
        receipt.attempts,
        receipt.replays,
        receipt.reminders,
        receipt.closed,
        receipt.step,
        ms_or_none(receipt.due_at),
        _acks_to_json(receipt.acks),
        receipt.version,
    )


def confirmation_to_row(receipt: Receipt, active: int) -> tuple[Value, ...]:
    """Values for ``writes.CONFIRM_RECEIPT``: what a confirmation can change."""
    return (
        to_ms(receipt.changed_at),
        receipt.delivered_revision,
        ms_or_none(receipt.delivered_at),
        receipt.closed,
        receipt.step,
        ms_or_none(receipt.due_at),
        _acks_to_json(receipt.acks),
        receipt.version,
        active,
        receipt.user,
        receipt.notification_id,
    )


def receipt_from_row(row: Row) -> Receipt:
    """The way back."""
    return Receipt(
        user=row[0],
        notification_id=row[1],
        line=row[2],
        named=bool(row[3]),
        sort_at=from_ms(row[4]),
        push_at=from_ms(row[5]),
        changed_at=from_ms(row[6]),
        revision=row[7],
        delivered_revision=row[8],
        delivered_at=moment_or_none(row[9]),
        seen_at=moment_or_none(row[10]),
        read_at=moment_or_none(row[11]),
        marked_at=moment_or_none(row[12]),
        clicked_at=moment_or_none(row[13]),
        acknowledged_at=moment_or_none(row[14]),
        dismissed_at=moment_or_none(row[15]),
        deleted_at=moment_or_none(row[16]),
        pinned_at=moment_or_none(row[17]),
        snoozed_until=moment_or_none(row[18]),
        attempts=row[19],
        replays=row[20],
        reminders=row[21],
        closed=None if row[22] is None else Reason(row[22]),
        step=Step(row[23]),
        due_at=moment_or_none(row[24]),
        acks=tuple(_ack(*ack) for ack in orjson.loads(row[25])),
        version=row[26],
    )


def entry_from_row(row: Row) -> Entry:
    """A notification's columns, then a receipt's (all NULL where there is none)."""
    receipt = None if row[_WIDTH] is None else receipt_from_row(row[_WIDTH:])
    return Entry(notification_from_row(row), receipt)


def attempt_to_row(attempt: Attempt) -> tuple[Value, ...]:
    """Values for ``writes.ADD_ATTEMPT``."""
    return (
        attempt.user,
        attempt.notification_id,
        attempt.revision,
        attempt.number,
        to_ms(attempt.at),
        attempt.outcome,
        attempt.reason,
        attempt.channel,
    )


def attempt_from_row(row: Row) -> Attempt:
    """The way back."""
    user, notification_id, revision, number, at, outcome, reason, channel = row
    return Attempt(
        user,
        notification_id,
        revision,
        number,
        from_ms(at),
        outcome,
        Reason(reason),
        ChannelName(channel),
    )


def targets_to_json(targets: Targets) -> str:
    """Users, audiences, exclusions."""
    return to_json((targets.users, targets.audiences, targets.exclude))


def targets_from_json(text: str) -> Targets:
    """The way back."""
    users, audiences, exclude = orjson.loads(text)
    return Targets(
        tuple(users),
        tuple(Audience(AudienceKind(kind), name) for kind, name in audiences),
        tuple(exclude),
    )


def _acks_to_json(acks: tuple[Ack, ...]) -> str:
    return to_json([(a.session, a.revision, to_ms(a.at), a.rtt_ms, a.via) for a in acks])


def _ack(session: str, revision: int, at: int, rtt_ms: int, via: str) -> Ack:
    return Ack(session, revision, from_ms(at), rtt_ms, AckVia(via))
