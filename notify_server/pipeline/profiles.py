"""What an operator sees of a person, and sets."""

from notify_server.domain.errors import NotFoundError
from notify_server.domain.profile import Profile, ProfileFields
from notify_server.domain.target import USER_LINE, AudienceKind
from notify_server.pipeline.counting import Counting
from notify_server.pipeline.people import People
from notify_server.ports.erasure import ErasureStore


class Profiles:
    """Brings together what is known of one person."""

    def __init__(self, store: ErasureStore, people: People, counting: Counting) -> None:
        self._store = store
        self._people = people
        self._counting = counting

    async def read(self, user: str) -> Profile:
        """The person as they are now.

        Raises:
            NotFoundError: No token was seen, nothing was set, nothing was ever sent to them.
        """
        record, memberships = await self._people.known(user)
        if record is None and not memberships and not await self._store.held(user, "", 1):
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

    async def put(self, user: str, fields: ProfileFields) -> Profile:
        """Set what an operator sets, as a whole; a user need not be known."""
        await self._people.put_profile(user, fields)
        return await self.read(user)
