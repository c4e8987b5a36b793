"""What was accepted and not told to this node is found in the store.

Looking costs what the whole cluster accepts, so it is done often only while something may have been
missed: the bus is away, a node fell silent, a store did not say what became of a write. Else each
look is late, and begins where the last one ended. Woken by the ticker, through ``Cluster``. Why it
is done so: ``docs/decisions/0012-a-node-looks-for-what-it-was-not-told.md``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from notify_server.domain.errors import UnavailableError
from notify_server.domain.target import Targets
from notify_server.kit.clock import Clock
from notify_server.pipeline.dispatch import Dispatcher
from notify_server.pipeline.sessions import Registry
from notify_server.policy.replay import OVERLAP
from notify_server.ports.store import Change, NotificationStore

LOOK_S = 5.0
"""How often there may be a look."""
CALM = timedelta(seconds=30)
"""How long none is needed while nothing can have been missed."""
DOUBT = OVERLAP
"""How long a look may still find more of what was missed: a write shows late."""

_PAGE = 500


class Discovery:
    """Finds what this node was not told, and hands it to the dispatcher."""

    def __init__(
        self, store: NotificationStore, registry: Registry, dispatcher: Dispatcher, clock: Clock
    ) -> None:
        self._store = store
        self._registry = registry
        self._dispatcher = dispatcher
        self._clock = clock
        self._looked_at: datetime | None = None
        self._doubtful_until: datetime | None = None
        self._is_shared = False
        dispatcher.on_lost(self.lost)

    def share(self) -> None:
        """Other nodes accept too, mostly for people who are not here."""
        self._is_shared = True

    async def start(self) -> None:
        """The first look, and more to come: what a crash left is finished some seconds after it."""
        self.doubt()
        await self.look()

    def doubt(self) -> None:
        """Something may have been missed: look at the next occasion, and some more times."""
        self._doubtful_until = self._clock.now() + DOUBT

    def lost(self, since: datetime) -> None:
        """What changed then was dropped here: find it again, however long ago that is."""
        self.doubt()
        if self._looked_at is not None:
            self._looked_at = min(self._looked_at, since)

    @contextmanager
    def after_failure(self) -> Iterator[None]:
        """Around a write: one that fails because the store is away may be stored all the same."""
        try:
            yield
        except UnavailableError:
            self.doubt()
            raise

    async def run(self) -> None:
        """Look, if it is time to; called by the ticker."""
        now = self._clock.now()
        is_doubtful = self._doubtful_until is not None and now < self._doubtful_until
        if is_doubtful or self._looked_at is None or now - self._looked_at >= CALM:
            await self.look()

    async def look(self) -> None:
        """Deliver what was accepted and not heard of: by another node, or before a failure here."""
        now, before = self._clock.now(), self._looked_at
        since, limit = (before or now) - OVERLAP, _PAGE
        try:
            while True:
                page = await self._store.changed(since, limit)
                await self._take(page)
                if len(page) < limit:
                    break
                # A batch is stamped alike: a page that ends where it began is too small.
                limit = limit * 2 if page[-1].at == since else _PAGE
                since = page[-1].at
        except UnavailableError:
            self.doubt()
            return
        if self._looked_at == before:
            self._looked_at = now

    async def _take(self, changes: Sequence[Change]) -> None:
        """Read and hand over those of which nothing newer is known; the rest is for others."""
        unheard = [change for change in changes if self._dispatcher.heard.is_news(change)]
        for start in range(0, len(unheard), _PAGE):
            page = unheard[start : start + _PAGE]
            wanted = [change.id for change in await self._concerning(page)]
            found = await self._store.notifications(wanted) if wanted else {}
            for notification in (found[id_] for id_ in wanted if id_ in found):
                self._dispatcher.put_discovered(notification)

    async def _concerning(self, changes: Sequence[Change]) -> list[Change]:
        """Those that may be for somebody here; most of what other nodes accept is not."""
        if not self._is_shared:
            return list(changes)
        targets = await self._store.targets([change.id for change in changes])
        concerning: list[Change] = []
        for change in changes:
            to = targets.get(change.id)
            if to is not None and self._concerns(change, to):
                concerning.append(change)
            else:
                self._dispatcher.heard.note(change)
        return concerning

    def _concerns(self, change: Change, to: Targets) -> bool:
        """Whoever it reached by an audience is told of its changes even after they left that."""
        is_change = change.revision > 1 or change.is_cancelled
        has_left = is_change and bool(to.audiences)
        return has_left or self._registry.concerns(to.users, to.audiences)
