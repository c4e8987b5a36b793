"""Facts for tests of decisions: notifications, receipts and people, said shortly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from notify_server.domain.notification import Content, Notification, Priority
from notify_server.domain.person import Person
from notify_server.domain.receipt import Entry, Receipt
from notify_server.domain.settings import Settings
from notify_server.domain.target import (
    EVERYONE,
    Audience,
    AudienceKind,
    Position,
    Targets,
    UserRecord,
    Watermark,
)
from notify_server.policy.visible import Rules

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
S = timedelta(seconds=1)
DAY = timedelta(days=1)
ROLE = Audience(AudienceKind.ROLE, "R")
ROOM = Audience(AudienceKind.ROOM, "r")
RULES = Rules.of(Settings())


def note(*users, to=(), exclude=(), at=NOW, id_="n1", revision=1, revised_at=None, **fields):
    """A notification; what is not named goes into its content."""
    cancelled_at = fields.pop("cancelled_at", None)
    line = fields.pop("line", "/")
    fields.setdefault("priority", Priority.NORMAL)
    return Notification(
        id=id_,
        targets=Targets(users, tuple(to), tuple(exclude)),
        content=Content(fields.pop("title", "t"), fields.pop("message", "m"), **fields),
        submitter="key:1",
        created_at=at,
        updated_at=cancelled_at or revised_at or at,
        revised_at=revised_at or at,
        line=line,
        revision=revision,
        cancelled_at=cancelled_at,
    )


def receipt(notification, user="ann", **fields):
    """The user's receipt of it, as a named one is born."""
    start = Receipt(
        user=user,
        notification_id=notification.id,
        line=notification.line,
        named=user in notification.targets.users,
        sort_at=notification.created_at,
        push_at=notification.revised_at,
        changed_at=notification.created_at,
        revision=notification.revision,
    )
    return replace(start, **fields)


def entry(notification, user="ann", **fields):
    """With a receipt if any field of one is given, else without."""
    return Entry(notification, receipt(notification, user, **fields) if fields else None)


def person(user="ann", since=None, marks=None, skipped=None, off=()):
    """Who belongs to ``since``; in everyone from long ago unless it says otherwise."""
    record = UserRecord(
        user,
        NOW - 365 * DAY,
        read_marks={"/": marks} if marks else {},
        skipped={"/": skipped} if skipped else {},
        subscriptions=dict.fromkeys(off, False),
    )
    return Person(record, {EVERYONE: NOW - 365 * DAY} if since is None else since)


def mark(at, set_at=None, id_="~"):
    """A watermark up to ``at``."""
    return Watermark(Position(at, id_), set_at or at)
