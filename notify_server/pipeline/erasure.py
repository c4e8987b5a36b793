"""Erasing a person (S31): nothing of them stays, and nothing that was on its way comes back.

The tombstone comes first, so that their tokens are dead and late writes are passed over; then what
this node holds in memory; then the store, page by page. Called by the operator's route and by
``notify-server users erase``. Why it is done so: ``docs/decisions/0010-erasure.md``.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from notify_server.domain.erasure import tombstone_of
from notify_server.domain.errors import UnavailableError
from notify_server.kit.aio import Background, pause
from notify_server.kit.clock import Clock
from notify_server.pipeline.audit import Audit
from notify_server.pipeline.confirm import Confirmations
from notify_server.pipeline.counting import Counting
from notify_server.pipeline.delivery import DeliveryDesk
from notify_server.pipeline.dispatch import Dispatcher
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Registry
from notify_server.pipeline.signalling import Signalling
from notify_server.ports.erasure import ErasureStore

_PAGE = 200
_TRIES = 50
_AGAIN_S = 0.1


def let_go(
    user: str,
    registry: Registry,
    desk: DeliveryDesk,
    counting: Counting,
    signalling: Signalling,
) -> None:
    """Close the sessions of an erased person on this node, and forget what was on its way."""
    desk.forget(user)
    for session in registry.of_user(user):
        # Out of the registry first: from this turn on nothing it says or lacks counts.
        registry.remove(session.id)
        counting.drop(user, session.line)
        signalling.disconnect(session)


class Erasure:
    """Takes one person out of everything."""

    def __init__(
        self,
        store: ErasureStore,
        registry: Registry,
        people: People,
        signalling: Signalling,
        desk: DeliveryDesk,
        dispatcher: Dispatcher,
        counting: Counting,
        confirmations: Confirmations,
        audit: Audit,
        background: Background,
        clock: Clock,
    ) -> None:
        self._store = store
        self._registry = registry
        self._people = people
        self._signalling = signalling
        self._desk = desk
        self._dispatcher = dispatcher
        self._counting = counting
        self._confirmations = confirmations
        self._audit = audit
        self._background = background
        self._clock = clock
        self._one_by_one = asyncio.Lock()

    async def erase(self, user: str, who: str) -> None:
        """Erase a person; again, or one who was never here, does no harm.

        Args:
            user: Whom.
            who: The caller, for the audit.

        Raises:
            UnavailableError: The store is away; what was begun must be asked for again.
        """
        async with self._one_by_one:
            await self._bury(user)
            removed = await self._scrub(user)
            # What was decided while this ran is of the past from here on.
            late = await self._bury(user)
            removed += await self._scrub(user)
            await self._audit.forget(user)
            subject = f"erased:{tombstone_of(user)}"
            await self._audit.record(who, "user.erase", subject, {"notifications": removed})
            await self._leave_no_trace()
        if late:
            again = self._look_again(user, self._clock.now(), late)
            self._background.spawn(again, "erase what was late")

    async def _bury(self, user: str) -> timedelta:
        """Let tokens die, forget what is in memory, close the sessions."""
        late = await self._store.bury(user, self._clock.now())
        self._people.forget(user)
        let_go(user, self._registry, self._desk, self._counting, self._signalling)
        await self._confirmations.flush()
        return late

    async def _scrub(self, user: str) -> int:
        """Take the user out of every notification; returns how many those were."""
        done = 0
        while entries := await self._store.held(user, "", _PAGE):
            done += await self._scrub_page(user, [entry.id for entry in entries])
        while mentioning := await self._store.mentioning(user, "", _PAGE):
            done += await self._scrub_page(user, [one.id for one in mentioning])
        return done

    async def _scrub_page(self, user: str, ids: Sequence[str]) -> int:
        scrubbed = dict(await self._store.scrub(user, ids))
        self._desk.scrub(scrubbed)
        self._dispatcher.scrub(scrubbed)
        return len(scrubbed)

    async def _leave_no_trace(self) -> None:
        for _ in range(_TRIES):
            try:
                await self._store.leave_no_trace()
            except UnavailableError:
                await pause(_AGAIN_S)
            else:
                return
        await self._store.leave_no_trace()

    async def _look_again(self, user: str, erased_at: datetime, late: timedelta) -> None:
        """Meet what had passed the tombstone before it stood; what is newer is a new beginning."""
        await pause(late.total_seconds())
        after = ""
        while entries := await self._store.held(user, after, _PAGE):
            after = entries[-1].id
            ids = [e.id for e in entries if e.receipt and e.receipt.changed_at <= erased_at]
            await self._scrub_page(user, ids)
