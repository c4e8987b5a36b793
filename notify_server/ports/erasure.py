"""The part of the store port for one person's data as a whole: showing it, and erasing it.

After a person was buried, writes of what was decided about them before are passed over, so that
nothing that was on its way brings a part of them back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from notify_server.domain.notification import Notification
from notify_server.domain.receipt import Entry


class Scrubbed(NamedTuple):
    """A notification from which a person was taken out; None: it was only theirs, and is gone."""

    id: str
    notification: Notification | None


class ErasureStore(Protocol):
    """One person's data as a whole."""

    async def held(self, user: str, after_id: str, limit: int) -> list[Entry]:
        """Receipts of the user on all lines, deleted ones too, by notification id."""

    async def mentioning(self, user: str, after_id: str, limit: int) -> list[Notification]:
        """Notifications that the user sent, submitted, or is left out of, by id."""

    async def scrub(self, user: str, ids: Sequence[str]) -> list[Scrubbed]:
        """Take a user out of notifications: receipt, attempts, targets, exclusions, sender.

        Each is one atomic step, or steps that a repetition completes. One that was for nobody else
        is removed with all its rows. The content stays as it is, save a sender who is the user;
        what collapsed with it so far no longer does. Unknown ids are passed over.
        """

    async def bury(self, user: str, at: datetime) -> timedelta:
        """Remove record, memberships and idempotency keys, and leave a tombstone of that moment.

        The tombstone holds a hash of the id (``domain/erasure.py``). A later one replaces it.

        Returns:
            How long what was decided before may still arrive, where looking at the tombstone and
            writing are not one step; zero: never.
        """

    async def buried_at(self, user: str) -> datetime | None:
        """The moment of the user's tombstone; None: there is none."""

    async def buried(self, since: datetime, limit: int) -> list[str]:
        """Hashes (``domain/erasure.py``) of those with a tombstone of >= since, earliest first."""

    async def leave_no_trace(self) -> None:
        """See that what was removed is not in the store's files any more.

        Raises:
            UnavailableError: Somebody reads it at the moment; try again.
        """
