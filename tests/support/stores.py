"""What store tests are made of: engines to open, short ways to say a submission or a receipt."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from support import mongodb

from notify_server.domain.notification import Content, IdempotencyKey, Priority, Submission
from notify_server.domain.receipt import Ack, Delivery, Receipt, Step
from notify_server.domain.target import Audience, AudienceKind, Targets
from notify_server.kit.clock import Clock, ManualClock
from notify_server.ports.store import Change, Store
from notify_server.stores.mongodb.store import MongoStore
from notify_server.stores.sqlite.store import SqliteStore

ROLE = Audience(AudienceKind.ROLE, "ADMIN")
ROOM = Audience(AudienceKind.ROOM, "task_1")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
MS = timedelta(milliseconds=1)

ENGINES: dict[str, Callable[[Path, Clock], Store]] = {
    "mongodb": lambda folder, clock: MongoStore(mongodb.url_for(folder), clock),
    "sqlite": lambda folder, clock: SqliteStore(folder / "store.db", clock),
}
"""Every engine by name; the second store of the same folder is the same data."""


@dataclass
class Shop:
    """Opens stores over one folder and closes what is left open."""

    engine: str
    folder: Path
    clock: ManualClock
    _opened: list[Store] = field(default_factory=list)

    async def open(self) -> Store:
        store = ENGINES[self.engine](self.folder, self.clock)
        self._opened.append(store)
        await store.open()
        return store

    async def close(self) -> None:
        for store in self._opened:
            await store.close()


def content(title: str = "t", **fields) -> Content:
    return Content(title, fields.pop("message", "m"), **fields)


def submission(
    *users: str,
    to: tuple[Audience, ...] = (),
    key: str | None = None,
    body: str = "hash",
    scope: str | None = None,
    waits: timedelta = DAY,
    line: str = "/",
    submitter: str = "key:1",
    **fields,
) -> Submission:
    """A decided call; what is not named goes into its content."""
    return Submission(
        targets=Targets(users=users, audiences=to),
        content=content(**fields),
        submitter=submitter,
        waits=waits,
        line=line,
        collapse_scope=scope,
        idempotency=None if key is None else IdempotencyKey(key, body),
    )


def full_content(expires_at: datetime) -> Content:
    """Every field holds something."""
    return Content(
        title="Tïtle \x00 \U0001f514",
        message="line\nline",
        type="alert",
        priority=Priority.CRITICAL,
        event_name="task_complete",
        source="task_system",
        tags=("a", "b"),
        data={"task": {"deep": [1, 2.5, None, True, "x"]}, "$ne": None, "a.b": 2**60},
        object={"type": "task", "id": "1"},
        sender={"id": "9", "name": "John", "avatar_url": None},
        action_url="/tasks/1",
        action_label="Open",
        actions=({"id": "open", "label": "Open", "url": "/"},),
        media={"image_url": "https://example.org/x.png"},
        requires_acknowledgment=True,
        expires_at=expires_at,
        collapse_key="k",
    )


async def accept_one(store: Store, *users: str, **rest):
    """Store one submission; returns the notification."""
    (accepted,) = await store.accept([submission(*users, **rest)])
    return accepted.notification


def change_of(notification) -> Change:
    """How discovery sees it."""
    is_cancelled = notification.cancelled_at is not None
    return Change(notification.id, notification.revision, is_cancelled, notification.updated_at)


async def receipt_of(store: Store, user: str, notification_id: str) -> Receipt | None:
    """The stored receipt, or None."""
    (entry,) = await store.entries(user, [notification_id])
    return entry.receipt


def receipt(user: str, notification, at: datetime | None = None, **fields) -> Receipt:
    """One as an audience's member gets it."""
    at = notification.created_at if at is None else at
    return Receipt(
        user=user,
        notification_id=notification.id,
        line=notification.line,
        named=False,
        sort_at=at,
        push_at=at,
        changed_at=at,
        **fields,
    )


def delivery(
    user: str,
    notification,
    at: datetime,
    revision: int = 1,
    session: str = "s1",
    remind_at: datetime | None = None,
    **fields,
) -> Delivery:
    """A confirmation; ``fields`` are the receipt's that is inserted where there is none."""
    given = receipt(user, notification, **{"step": Step.JUDGE, **fields})
    return Delivery(given, Ack(session, revision, at, 12), remind_at)
