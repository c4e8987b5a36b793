"""Whose tokens were revoked at another node, looked for in the store.

The bus tells it at once; a node that does not hear, or is not heard, must learn of it all the same.
The ticker calls ``look`` where there are several nodes.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from notify_server.domain.erasure import tombstone_of
from notify_server.domain.errors import UnavailableError
from notify_server.kit.clock import Clock
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Registry
from notify_server.policy.replay import OVERLAP
from notify_server.ports.store import Store

LOOK_S = 2.0
"""Between two looks: one small indexed read each."""
_PAGE = 500

Read = Callable[[datetime, int], Awaitable[list[str]]]


class Revocations:
    """Ends the sessions of whoever was revoked or erased since the last look."""

    def __init__(self, store: Store, registry: Registry, people: People, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._people = people
        self._clock = clock
        self._looked_at = clock.now()

    async def look(self) -> None:
        """Look at the sessions of those users again; a store that is away is asked next time."""
        now, since = self._clock.now(), self._looked_at - OVERLAP
        try:
            revoked = set(await _all(self._store.revoked, since))
            buried = set(await _all(self._store.buried, since))
            for user in self._registry.users():
                if user in revoked or (buried and tombstone_of(user) in buried):
                    await self._people.changed_elsewhere(user)
        except UnavailableError:
            return
        self._looked_at = now


async def _all(read: Read, since: datetime) -> list[str]:
    """As many as there are: few, unless an operator revokes in bulk."""
    limit = _PAGE
    while len(found := await read(since, limit)) == limit:
        limit *= 2
    return found
