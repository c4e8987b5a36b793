"""The audit part of the store port: entries are added and read, never changed."""

from typing import Protocol

from notify_server.domain.audit import AuditEntry


class AuditStore(Protocol):
    """What operators changed."""

    async def add_audit(self, entry: AuditEntry) -> bool:
        """Append an entry.

        Returns:
            False when there is one of its ``seq`` already, or not yet one of the ``seq`` before:
            another writer was first.
        """

    async def audit(
        self,
        before_seq: int | None,
        limit: int,
        who: str | None = None,
        action: str | None = None,
        subject: str | None = None,
    ) -> list[AuditEntry]:
        """Newest first, below ``before_seq``; filters that are given must all hold."""

    async def audit_head(self) -> int:
        """The highest ``seq`` that was ever given; 0: none. It is kept apart from the entries."""

    async def forget_subject(self, subject: str) -> int:
        """Take subject and salt out of its entries: the only change there is; returns how many."""
