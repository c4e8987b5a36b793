"""The store port: where everything that was accepted is kept.

One suite, ``tests/ports/``, runs over every engine. No operation needs a transaction
over several documents: each is one atomic write, or an idempotent upsert that may be repeated.
Every method may raise ``UnavailableError``; a write that raised it may or may not have happened.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from notify_server.domain.claims import ApiKey
from notify_server.domain.errors import NotifyError
from notify_server.domain.notification import Accepted, Notification, Submission
from notify_server.domain.receipt import Attempt, Delivery, Entry, Receipt
from notify_server.domain.target import Audience, Membership, Position, Source, Targets, UserRecord
from notify_server.kit.metrics import Meter
from notify_server.ports.audit import AuditStore
from notify_server.ports.erasure import ErasureStore
from notify_server.ports.transfer import TransferStore

Expired = Notification
"""A notification whose ``expires_at`` has passed."""


class ReceiptKey(NamedTuple):
    """Names one receipt."""

    user: str
    notification_id: str


class ReceiptSummary(NamedTuple):
    """How many receipts of a notification are in which state.

    ``pending`` is undelivered, not closed and not deleted, ``failed`` undelivered and closed,
    ``unread_delivered`` delivered, not read, not deleted.
    """

    total: int = 0
    pending: int = 0
    failed: int = 0
    delivered: int = 0
    seen: int = 0
    read: int = 0
    clicked: int = 0
    acknowledged: int = 0
    dismissed: int = 0
    deleted: int = 0
    unread_delivered: int = 0


class Change(NamedTuple):
    """That a notification changed, without what it says.

    Attributes:
        at: Its ``updated_at``.
    """

    id: str
    revision: int
    is_cancelled: bool
    at: datetime


class Holders(NamedTuple):
    """Users whose receipt of a notification bears on who is told of its changes.

    Attributes:
        reached: Whom it reached by an audience; it is theirs even after they left that.
        hidden: Who dismissed, deleted or snoozed it.
    """

    reached: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


class NotificationStore(Protocol):
    """Notifications: accepted, replaced, cancelled, found."""

    async def accept(self, submissions: Sequence[Submission]) -> list[Accepted | NotifyError]:
        """Store each submission, in order, each atomic and independent of the others.

        In one step each: an idempotency key used in the last 24 h with the same body answers what
        it made then (``replayed``), with another body it is IDEMPOTENCY_MISMATCH; a live
        notification (not expired, not cancelled, revised within 24 h) with the same collapse scope
        gets a new revision; else a notification is inserted with an id and ``created_at`` made
        here, so that ids grow in the order of acceptance. Each named user gets a receipt with step
        WAIT, due after the submission's ``waits``.

        A new revision moves every existing receipt that is not deleted: ``push_at`` and
        ``changed_at`` to now, ``revision`` to the new one, attempts, replays and ``closed``
        cleared, and a step other than WAKE to WAIT (named) or IDLE, due likewise.

        When this returns, the results are durable.

        Returns:
            One per submission, in order.
        """

    async def replace(self, notification_id: str, submission: Submission) -> Accepted:
        """Make a new revision with the submission's content; targets and line stay.

        Raises:
            NotFoundError: Unknown.
            ConflictError: CONFLICT when cancelled or expired.
            RejectedError: IDEMPOTENCY_MISMATCH.
        """

    async def cancel(self, notification_id: str) -> Notification:
        """Set ``cancelled_at`` (kept if set already) and end its collapse scope.

        Its receipts end: ``closed`` CANCELLED where undelivered, step IDLE, ``changed_at`` now.

        Returns:
            It as it is now.

        Raises:
            NotFoundError: Unknown.
        """

    async def notifications(self, ids: Sequence[str]) -> dict[str, Notification]:
        """Those of ``ids`` (500 at most) that exist."""

    async def targets(self, ids: Sequence[str]) -> dict[str, Targets]:
        """To whom those of ``ids`` (500 at most) are that exist; nothing else of them is read."""

    async def feed(
        self, audience: Audience, line: str, before: Position | None, limit: int
    ) -> list[Notification]:
        """What is for an audience on a line, newest (created_at, id) first, below ``before``."""

    async def feed_changed(
        self, audience: Audience, line: str, since: datetime, limit: int
    ) -> list[Notification]:
        """What of an audience's feed has ``updated_at`` >= since, oldest change first."""

    async def latest(
        self, before: str | None, limit: int, user: str | None = None
    ) -> list[Notification]:
        """Notifications of every line, greatest id first, below ``before`` (None: from the top).

        With ``user`` only those of which the user has a receipt, deleted ones too.
        """

    async def changed(self, since: datetime, limit: int) -> list[Change]:
        """All with ``updated_at`` >= since, ordered by (updated_at, id): discovery."""

    async def expired(self, after: datetime, until: datetime, limit: int) -> list[Expired]:
        """Those with after < ``expires_at`` <= until, oldest first, cancelled ones left out."""

    async def expired_until(self) -> datetime | None:
        """What ``note_expired_until`` was told last; None: nothing yet."""

    async def note_expired_until(self, until: datetime) -> None:
        """Remember that everything which expired until then has been ended; never goes back."""

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to ``limit`` notifications that nobody has had new since, with all their rows.

        Kept are those revised at or after ``before``, those somebody snoozed to a moment at or
        after it (they came back as new then), and those whose ``expires_at`` is still to come.

        Returns:
            How many were removed; less than ``limit`` when nothing is left.
        """

    async def purgeable(self, before: datetime, limit: int) -> int:
        """How many ``purge`` would remove now, ``limit`` at most."""


class ReceiptStore(Protocol):
    """Receipts: one user's state of one notification."""

    async def entries(self, user: str, ids: Sequence[str]) -> list[Entry]:
        """Each of ``ids`` (500 at most) that exists, with the user's receipt, in that order."""

    async def active(self, user: str, line: str, limit: int) -> list[Entry]:
        """Receipts that are undelivered (first) or unread, each newest ``push_at`` first.

        Left out: deleted, dismissed. Undelivered: ``delivered_revision`` < the notification's
        revision. Unread: ``read_at`` is None. Snoozed ones are contained.
        """

    async def inbox(self, user: str, line: str, before: Position | None, limit: int) -> list[Entry]:
        """All receipts that are not deleted, newest (sort_at, id) first, below ``before``."""

    async def changed_entries(
        self, user: str, line: str, since: datetime, limit: int
    ) -> list[Entry]:
        """Receipts with ``changed_at`` >= since, deleted ones too, ordered by ``changed_at``."""

    async def changed_ids(self, user: str, line: str, since: datetime, limit: int) -> list[str]:
        """The ids of what ``changed_entries`` would answer, in that order."""

    async def save(self, receipts: Sequence[Receipt]) -> list[ReceiptKey]:
        """Write each if the stored ``version`` is the given one (0: if there is none yet).

        A written receipt's version is one higher. Each is atomic by itself.

        Returns:
            The keys that were not written because another writer was first.
        """

    async def record_deliveries(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """Record confirmations: idempotent upserts, whatever the version.

        The receipt is inserted if there is none. Then: ``delivered_revision`` grows to the ack's,
        ``delivered_at`` is set if None, the ack is kept (the first 8), and if the ack's revision is
        the receipt's newest or later: ``closed`` is cleared, a step WAIT, ATTEMPT or JUDGE becomes
        REMIND at ``remind_at`` (if given and not acknowledged) or IDLE. WAKE and REMIND stay.

        Returns:
            The receipts as they are now, in order.
        """

    async def due(self, until: datetime, limit: int) -> list[Entry]:
        """Receipts with ``due_at`` <= until, most overdue first, with their notifications."""

    async def recipients(self, notification_id: str, after_user: str, limit: int) -> list[Receipt]:
        """Receipts of one notification, ordered by user, users > ``after_user`` only."""

    async def undelivered(self, ids: Sequence[str]) -> set[str]:
        """Which of ``ids`` (500 at most) have a receipt that ``active`` would call undelivered."""

    async def holders(self, notification_id: str) -> Holders:
        """Whose receipt of a notification bears on who is told of its changes."""

    async def summary(self, notification_id: str) -> ReceiptSummary:
        """Count the receipts of one notification by state."""

    async def add_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Keep attempts; one of a user with the same revision, number, reason and time once.

        Numbers begin anew after a snooze or a resend.
        """

    async def attempts(self, notification_id: str, user: str) -> list[Attempt]:
        """Those of one user, oldest first."""


class UserStore(Protocol):
    """People: what is known of them and what they belong to."""

    async def user(self, user: str) -> tuple[UserRecord | None, tuple[Membership, ...]]:
        """The record (None: never seen) and all stored memberships, ended ones too."""

    async def save_user(self, record: UserRecord) -> bool:
        """Compare-and-set by ``version``, as with receipts.

        Returns:
            False when another writer was first.
        """

    async def put_member(self, user: str, membership: Membership) -> None:
        """Add or overwrite, by (user, audience, source).

        ``since`` of an existing one is kept if that has not ended: its ``until`` is None or later
        than the new ``since``.
        """

    async def remove_member(self, user: str, audience: Audience, source: Source) -> bool:
        """Remove; False: there was none."""

    async def members(self, audience: Audience, after_user: str, limit: int) -> list[str]:
        """Users with a stored membership (for ALL: every user), ordered, after ``after_user``."""

    async def revoked(self, since: datetime, limit: int) -> list[str]:
        """Users with ``revoked_before`` >= since, earliest first."""


class KeyStore(Protocol):
    """API keys, hashed."""

    async def add_key(self, key: ApiKey) -> None:
        """Keep a new key."""

    async def key(self, key_id: str) -> ApiKey | None:
        """One, revoked or not."""

    async def keys(self) -> list[ApiKey]:
        """All, oldest first."""

    async def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Mark as revoked; False: there is none."""


class Store(
    NotificationStore,
    ReceiptStore,
    UserStore,
    KeyStore,
    AuditStore,
    ErasureStore,
    TransferStore,
    Protocol,
):
    """The whole store, with its life."""

    async def open(self) -> None:
        """Make or migrate what is needed. Raises ConflictError when another process holds it."""

    async def close(self) -> None:
        """Finish what was handed in, then let go."""

    async def ping(self) -> None:
        """Raise UnavailableError unless a read and a write would work now."""

    def meters(self) -> Sequence[Meter]:
        """Figures of its own, such as what waits in it; read by ``GET /metrics``."""
        return ()

    async def sizes(self, limit: int) -> Mapping[str, int]:
        """How many there are, each counted up to ``limit``: work is bounded, whatever is stored.

        ``notifications``, ``receipts``, ``users``, and ``due``: receipts with ``due_at`` <= now.
        """

    async def stats(self) -> Mapping[str, int]:
        """Counts since the start: ``reads``, ``writes``, ``commits``."""
