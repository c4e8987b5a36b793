"""Everybody whom a notification may concern, in pages ordered by user."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from notify_server.domain.notification import Notification
from notify_server.domain.receipt import Receipt
from notify_server.domain.target import Audience, AudienceKind
from notify_server.pipeline.sessions import Registry
from notify_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Concerned:
    """One page.

    Attributes:
        people: Users in order, each with the receipt if there is one.
        after: User behind whom the next page begins; None: this was the last.
    """

    people: tuple[tuple[str, Receipt | None], ...]
    after: str | None


class Audiences:
    """Brings receipts, members and connected people together."""

    def __init__(
        self, store: Store, registry: Registry, lines: Mapping[str, Sequence[str]]
    ) -> None:
        self._store = store
        self._registry = registry
        self._lines = lines

    async def page(
        self, notification: Notification, after: str, limit: int, *, members: bool
    ) -> Concerned:
        """A page of people.

        Args:
            notification: Which one.
            after: Only users whose id is greater.
            limit: How many at most.
            members: Whoever is in its audiences now, connected or not; else only who has a receipt
                or is connected here. Whether they were at acceptance is for the caller to ask.
        """
        most = limit + 1  # one more tells whether there is a next page
        receipts = await self._store.recipients(notification.id, after, most)
        own: dict[str, Receipt | None] = {receipt.user: receipt for receipt in receipts}
        stretches = [[receipt.user for receipt in receipts]]
        if members:
            for audience in self._stored_audiences(notification.targets.audiences):
                stretches.append(await self._store.members(audience, after, most))
        # Behind the end of a full stretch its next users are not known yet.
        end = min((users[-1] for users in stretches if len(users) >= most), default=None)
        here = self._registry.candidates((), notification.targets.audiences)
        users = {user for stretch in stretches for user in stretch}
        users |= {user for user in here if user > after}
        ordered = sorted(user for user in users if end is None or user <= end)
        page = ordered[:limit]
        is_last = end is None and len(ordered) <= limit
        return Concerned(
            tuple((user, own.get(user)) for user in page),
            None if is_last or not page else page[-1],
        )

    def _stored_audiences(self, audiences: Iterable[Audience]) -> list[Audience]:
        """A line has no members of its own: it is who has one of its roles."""
        found: dict[Audience, None] = {}
        for audience in audiences:
            if audience.kind is AudienceKind.LINE:
                roles = self._lines.get(audience.name, ())
                found.update((Audience(AudienceKind.ROLE, role), None) for role in roles)
            else:
                found[audience] = None
        return list(found)
