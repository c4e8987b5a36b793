"""What an operator sees of a person, and sets."""

import asyncio
from collections.abc import AsyncIterator

from notify_server.domain.audit import AuditEntry, user_subject
from notify_server.domain.errors import NotFoundError
from notify_server.domain.notification import Notification
from notify_server.domain.profile import HeldEntry, Profile, ProfileFields
from notify_server.domain.target import USER_LINE, AudienceKind
from notify_server.pipeline.counting import Counting
from notify_server.pipeline.people import People
from notify_server.ports.store import Store

_PAGE = 200


class Profiles:
    """Brings together what is known of one person."""

    def __init__(self, store: Store, people: People, counting: Counting) -> None:
        self._store = store
        self._people = people
        self._counting = counting

    async def read(self, user: str) -> Profile:
        """The person as they are now.

        Raises:
            NotFoundError: No token was seen, nothing was set, nothing was ever sent to them.
        """
        record, memberships = await self._people.known(user)
        if record is None and not memberships and not await self._is_mentioned(user):
            raise NotFoundError("There is no such user.")
        person = await self._people.person(user)
        lines = [a.name for a in sorted(person.since) if a.kind is AudienceKind.LINE]
        return Profile(
            id=user,
            record=record,
            memberships=memberships,
            subscriptions=await self._people.subscriptions(user),
            counts={line: await self._counting.counts(user, line) for line in (USER_LINE, *lines)},
        )

    async def _is_mentioned(self, user: str) -> bool:
        return bool(
            await self._store.held(user, "", 1) or await self._store.mentioning(user, "", 1)
        )

    # Everything, page by page

    async def held(self, user: str) -> AsyncIterator[list[HeldEntry]]:
        """Every notification of which the person has a receipt, on all lines."""
        after = ""
        while entries := await self._store.held(user, after, _PAGE):
            after = entries[-1].id
            attempts = await asyncio.gather(*(self._store.attempts(e.id, user) for e in entries))
            yield [
                HeldEntry(entry, tuple(kept)) for entry, kept in zip(entries, attempts, strict=True)
            ]

    async def mentioning(self, user: str) -> AsyncIterator[list[Notification]]:
        """What the person sent or submitted, or was left out of."""
        after = ""
        while found := await self._store.mentioning(user, after, _PAGE):
            after = found[-1].id
            yield found

    async def audited(self, user: str) -> AsyncIterator[list[AuditEntry]]:
        """Operator changes about the person, then by the person; newest first."""
        name = user_subject(user)
        for who, subject in ((None, name), (name, None)):
            before: int | None = None
            while found := await self._store.audit(before, _PAGE, who=who, subject=subject):
                before = found[-1].seq
                yield [one for one in found if who is None or one.subject != name]

    async def put(self, user: str, fields: ProfileFields) -> Profile:
        """Set what an operator sets, as a whole; a user need not be known."""
        await self._people.put_profile(user, fields)
        return await self.read(user)
