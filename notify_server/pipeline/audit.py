"""The record of operator changes (contract 7): read and verified on demand.

Written before a change, so that none is without its entry, whatever ends the call; a change that
then fails has one too. Where the entry says what came of it, it is written after: how many were
sent again or removed, whose session ended, which key was made or revoked.

Called by the operator's routes and events, and by commands that work on the store themselves.
"""

import asyncio
import secrets
from collections.abc import Mapping

import structlog

from notify_server.domain.audit import (
    FIRST,
    AuditEntry,
    AuditPage,
    AuditQuery,
    is_intact,
    sealed,
    user_subject,
)
from notify_server.domain.errors import Code, ConflictError
from notify_server.kit.clock import Clock
from notify_server.ports.audit import AuditStore

LOCAL = "key:local"
"""Who changes something without a server: whoever may open the store."""

_TRIES = 20
_PAGE = 500

_log = structlog.get_logger("notify.audit")


class Audit:
    """Appends entries, one after the other; several nodes may do so over one store."""

    def __init__(self, store: AuditStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._one_by_one = asyncio.Lock()
        self._verifying = asyncio.Lock()

    async def record(
        self, who: str, action: str, subject: str, details: Mapping[str, object] | None = None
    ) -> None:
        """Add what is about to be done, or was; when this returns it is durable.

        Args:
            who: ``Caller.name``.
            action: ``<noun>.<verb>``.
            subject: About whom or what; a person as ``user_subject`` says.
            details: JSON values; neither payload text nor secrets, and no person.

        Raises:
            UnavailableError: The store is away.
        """
        async with self._one_by_one:
            for _ in range(_TRIES):
                entry = await self._next(who, action, subject, details or {})
                if await self._store.add_audit(entry):
                    # Beside the store, so that a store that was cut short can be told.
                    _log.info("audit", seq=entry.seq, action=action, hash=entry.hash)
                    return
        raise ConflictError(Code.CONFLICT, "The audit was written at the same time; try again.")

    async def _next(
        self, who: str, action: str, subject: str, details: Mapping[str, object]
    ) -> AuditEntry:
        newest = await self._store.audit(None, 1)
        seq, previous = (newest[0].seq, newest[0].hash) if newest else (0, "")
        # Where the newest were cut off, the numbers go on: the gap is what gives it away.
        seq = max(seq, await self._store.audit_head())
        entry = AuditEntry(
            seq=seq + FIRST,
            at=self._clock.now(),
            who=who,
            action=action,
            subject=subject,
            details=details,
            previous_hash=previous,
        )
        return sealed(entry, secrets.token_hex(16))

    async def forget(self, user: str) -> None:
        """Take an erased person's name out of the entries about them; each stays what it is."""
        await self._store.forget_subject(user_subject(user))

    async def page(self, query: AuditQuery) -> AuditPage:
        """Entries, newest first."""
        found = await self._store.audit(
            query.before_seq, query.limit + 1, query.who, query.action, query.subject
        )
        return AuditPage(tuple(found[: query.limit]), len(found) > query.limit)

    async def verify(self) -> int | None:
        """Look at every entry, from the newest to the first; one look at a time, as it is long.

        Returns:
            The number of the first one that was changed, removed or moved; None: all is as it was.
        """
        async with self._verifying:
            return await self._verify()

    async def _verify(self) -> int | None:
        broken: int | None = None
        expected = await self._store.audit_head()
        newer: AuditEntry | None = None
        before: int | None = None
        while page := await self._store.audit(before, _PAGE):
            for entry in page:
                if newer is None:  # what was added since the head was read is no gap
                    expected = max(expected, entry.seq)
                if entry.seq != expected:  # those between the two are gone
                    broken = entry.seq + 1
                elif newer and is_intact(newer) and newer.previous_hash != entry.hash:
                    broken = entry.seq
                if not is_intact(entry):
                    broken = entry.seq
                expected, newer = entry.seq - 1, entry
            before = page[-1].seq
        is_whole = expected < FIRST and (newer is None or not newer.previous_hash)
        return broken if is_whole else FIRST
