"""The part of the store port that moves everything to another engine, page by page.

Only ``notify-server migrate`` uses it, while nobody else writes. What is brought replaces what is
there under the same name, so that all of it may be repeated.
"""

from collections.abc import Sequence
from typing import Protocol

from notify_server.domain.audit import AuditEntry
from notify_server.domain.claims import ApiKey
from notify_server.domain.notification import Notification
from notify_server.domain.receipt import Attempt, Receipt
from notify_server.domain.transfer import Kept, Person, Tombstone


class TransferStore(Protocol):
    """Everything that is kept, as it is."""

    async def kept(self, after_id: str, limit: int) -> list[Kept]:
        """Notifications by id, finished: nothing is still owed to anybody."""

    async def attempts_between(
        self, notification_id: str, after_user: str, until_user: str | None
    ) -> list[Attempt]:
        """Attempts of users > ``after_user``, up to ``until_user`` (None: all), by user."""

    async def people(self, after_user: str, limit: int) -> list[Person]:
        """Everybody with a record or a membership, by id."""

    async def tombstones(self, after_hash: str, limit: int) -> list[Tombstone]:
        """Of erased people, by hash."""

    async def bring(self, kept: Sequence[Kept]) -> None:
        """Keep notifications as they are, in order."""

    async def bring_receipts(
        self, notification: Notification, receipts: Sequence[Receipt], attempts: Sequence[Attempt]
    ) -> None:
        """Keep what there is of a notification that was brought, versions as they are."""

    async def bring_people(self, people: Sequence[Person]) -> None:
        """Keep people as they are; memberships that they had here go."""

    async def bring_keys(self, keys: Sequence[ApiKey]) -> None:
        """Keep API keys; one that is there already can only become revoked."""

    async def bring_audit(self, entries: Sequence[AuditEntry], head: int) -> None:
        """Keep entries, and the highest number given; one that is there only loses its subject."""

    async def bring_tombstones(self, tombstones: Sequence[Tombstone]) -> None:
        """Keep them as they are."""
