"""Bringing a session up to date: after it connected, or after it was too slow.

The store is read in pages paced by what the connection takes; live frames skip the session and
leave their id. It turns live in the loop turn in which nothing is left, so there is no gap.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notify_server.domain.person import Person
from notify_server.domain.receipt import Entry
from notify_server.domain.settings import LimitSettings
from notify_server.domain.signals import (
    AllUpdatedSignal,
    Cursor,
    NotificationFrame,
    RemovedSignal,
    ReplayDoneSignal,
    UpdatedSignal,
)
from notify_server.kit.aio import Background, pause
from notify_server.kit.clock import Clock
from notify_server.pipeline.counting import Counting
from notify_server.pipeline.delivery import DeliveryDesk
from notify_server.pipeline.feeds import Feeds
from notify_server.pipeline.figures import Figures
from notify_server.pipeline.frames import personal_frame
from notify_server.pipeline.inventory import Inventory
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Phase, Session
from notify_server.policy.replay import OVERLAP, Replay, choose_replay
from notify_server.policy.state import state_of
from notify_server.policy.visible import Rules, is_in_list, is_visible, is_wanted
from notify_server.ports.emitter import Emitter
from notify_server.ports.store import ReceiptStore

AHEAD_FRAMES = 64
AHEAD_BYTES = 256 * 1024
"""How far the replay runs ahead of what the connection has taken."""

READING_AT_ONCE = 8
"""Sessions whose first page is read together: when all come back at once, more would ask so much
of the store that it answers none in time, and whoever is cut off for that comes back once more."""

STUCK_S = 30.0
"""A session that takes nothing for so long while it is caught up is cut off."""

_PACE_S = 0.01
_CHANGED_LIMIT = 1_000
_PAGE = 64
CURSOR_KEPT = timedelta(days=30)
"""An older cursor is answered with ``recovered: false``."""


Joined = Callable[[str], Awaitable[None]]
"""Called with a user."""


@dataclass(slots=True)
class _Progress:
    """What one catch-up has sent so far.

    Attributes:
        had: Id to the revision and ``sort_at`` that were sent.
        recovered: False: something was left out, the client fetches the list.
    """

    had: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    count: int = 0
    recovered: bool = True


class CatchUp:
    """One task per session that is not live; ``running`` says how many there are."""

    def __init__(
        self,
        store: ReceiptStore,
        people: People,
        inventory: Inventory,
        feeds: Feeds,
        desk: DeliveryDesk,
        counting: Counting,
        emitter: Emitter,
        rules: Rules,
        limits: LimitSettings,
        background: Background,
        clock: Clock,
        figures: Figures,
    ) -> None:
        self._store = store
        self._people = people
        self._inventory = inventory
        self._feeds = feeds
        self._desk = desk
        self._counting = counting
        self._emitter = emitter
        self._rules = rules
        self._limits = limits
        self._background = background
        self._clock = clock
        self._figures = figures
        self.running = 0
        self._reading = asyncio.Semaphore(READING_AT_ONCE)
        self._joined: Joined | None = None
        desk.on_behind(self.start)

    def on_joining(self, joined: Joined) -> None:
        """Wait for this before the store is read: until news of the user arrive here."""
        self._joined = joined

    def begin_again(self, session: Session, since: datetime) -> None:
        """Bring a live session up to date with what may have been missed since then."""
        session.missed_since = min(since, session.missed_since or since)
        if session.phase is Phase.LIVE:
            session.phase = Phase.CATCHING_UP
            self.start(session)

    def start(self, session: Session) -> None:
        """Begin to bring a session up to date, beside everything else."""
        self._background.spawn(self._run(session), "catch up")

    async def _run(self, session: Session) -> None:
        self.running += 1
        outcome = "gone"
        try:
            outcome = await self._bring_up(session)
        except BaseException:
            self._emitter.cut(session.id)
            raise
        finally:
            self.running -= 1
            self._figures.catch_ups.add(outcome)

    async def _bring_up(self, session: Session) -> str:
        """Until nothing is left; returns what the figures call it."""
        progress = _Progress()
        is_first = session.is_fresh
        if is_first:
            session.is_fresh = False
            if self._joined is not None:
                await self._joined(session.user)
            await self._replay(session, progress)
        while session.is_open:
            if session.missed_since is not None:
                await self._replay_since(session, progress)
            elif session.missed:
                await self._send_missed(session, progress, is_late=not is_first)
            else:
                self._turn_live(session, progress)
                return "done" if progress.recovered else "skipped"
        return "gone"

    # What it has not had

    async def _replay(self, session: Session, progress: _Progress) -> None:
        """The first page: counts, then what nobody has had, and what changed since the cursor."""
        async with self._reading:
            # What changed between admission and now (a role taken away, a revocation) counts too.
            await self._people.recheck(session)
            person, since, replay = await self._first_page(session, progress)
        if since is not None:  # first: a state set after the mark wins over it
            self._tell_read_mark(session, person, since)
        await self._play(session, person, replay, progress)
        progress.recovered &= replay.is_whole
        if replay.skip is not None:
            await self._people.skip_to(session.user, session.line, replay.skip)

    async def _first_page(
        self, session: Session, progress: _Progress
    ) -> tuple[Person, datetime | None, Replay]:
        """Read what a session that connects is sent, and tell it the counts."""
        changes = self._counting.changes(session.user, session.line)
        person = await self._people.person(session.user)
        active = await self._inventory.active(person, session.line)
        counts = self._inventory.count(person, active)
        self._counting.start(session.user, session.line, counts, changes)
        self._counting.send(session.user, session.line)
        now = self._clock.now()
        since = session.cursor and session.cursor - OVERLAP
        if session.cursor_is_bad or (since is not None and since < now - CURSOR_KEPT):
            since, progress.recovered = None, False
        candidates = {entry.id: entry for entry in active}
        if since is not None:
            progress.recovered &= await self._add_changed(person, session.line, since, candidates)
        replay = choose_replay(
            person, candidates.values(), since, self._rules, now, self._limits.replay
        )
        return person, since, replay

    async def _replay_since(self, session: Session, progress: _Progress) -> None:
        """Too much was missed to remember each: page the store from the oldest that was lost."""
        since = session.missed_since
        session.missed_since = None
        if since is None:
            return
        pressing = session.next_missed(len(session.missed), pressing=True)
        missed = session.next_missed(len(session.missed))
        self._send_deferred(session)
        start = since - OVERLAP
        person = await self._people.person(session.user)
        self._tell_read_mark(session, person, start)
        changed = await self._changed_ids(person, session.line, start)
        first = set(pressing)
        others = sorted({*missed, *changed} - first)  # what was lost may be older than what was not
        for ids in [*_pages(pressing), *_pages(others)]:
            await self._send_pressing(session, progress)
            entries = await self._inventory.entries(session.user, ids)
            oldest = min((entry.pushed_from for entry in entries), default=start)
            replay = choose_replay(
                person, entries, min(oldest, start), self._rules, self._clock.now(), _PAGE
            )
            await self._play(session, person, replay, progress)
            if not session.is_open:
                return

    async def _changed_ids(self, person: Person, line: str, since: datetime) -> list[str]:
        """Ids of all that changed for the person since, in the order of acceptance."""
        ids = set(await self._feeds.changed_ids(person, line, since))
        start, limit = since, _CHANGED_LIMIT
        while True:
            page = await self._store.changed_entries(person.id, line, start, limit)
            ids.update(entry.id for entry in page)
            newest = page[-1].receipt.changed_at if page and page[-1].receipt else start
            if len(page) < limit:
                break
            limit = limit * 2 if newest == start else _CHANGED_LIMIT
            start = newest
        held = await self._feeds.newest(person, line, self._rules.newcomers_see)
        ids.update(n.id for n in held if _expired_after(n.content.expires_at, since))
        return sorted(ids)

    async def _add_changed(
        self, person: Person, line: str, since: datetime, candidates: dict[str, Entry]
    ) -> bool:
        """Add what changed since and was not read already; False: more than is looked at."""
        changed = await self._store.changed_ids(person.id, line, since, _CHANGED_LIMIT)
        shared = [
            n.id
            for n in await self._feeds.newest(person, line, self._rules.newcomers_see)
            if n.updated_at >= since or _expired_after(n.content.expires_at, since)
        ]
        wanted = [id_ for id_ in dict.fromkeys([*changed, *shared]) if id_ not in candidates]
        fresh = await self._inventory.entries(person.id, wanted)
        candidates.update((entry.id, entry) for entry in fresh)
        return len(changed) < _CHANGED_LIMIT

    async def _send_missed(
        self, session: Session, progress: _Progress, *, is_late: bool, pressing: bool = False
    ) -> None:
        """Send what was accepted meanwhile, read by id; or only what is pressing of it."""
        ids = session.next_missed(_PAGE, pressing=pressing)
        person = await self._people.person(session.user)
        for entry in await self._inventory.entries(session.user, ids):
            if self._is_shown(person, entry):
                await self._send(session, person, entry, progress, is_replayed=is_late)

    async def _send_pressing(self, session: Session, progress: _Progress) -> None:
        """What is urgent or critical waits behind no pages of others."""
        while session.is_open and any(p.is_pressing for p in session.missed.values()):
            await self._send_missed(session, progress, is_late=True, pressing=True)

    def _is_shown(self, person: Person, entry: Entry) -> bool:
        return (
            is_visible(person, entry, self._rules, self._clock.now())
            and is_in_list(entry)
            and is_wanted(person, entry.notification, self._rules)
        )

    # Out

    async def _play(
        self, session: Session, person: Person, replay: Replay, progress: _Progress
    ) -> None:
        for entry in replay.frames:
            person = await self._people.person(session.user)
            if is_visible(person, entry, self._rules, self._clock.now()):  # still, after the pace
                await self._send(session, person, entry, progress, is_replayed=True)
        for entry in replay.states:
            if not await self._has_room(session):
                return
            state = state_of(
                entry, person.read_mark(session.line), self._rules.waits, self._clock.now()
            )
            self._emitter.emit([session.id], UpdatedSignal((entry.id,), state.fields()))
        for removed, reason in replay.removals:
            self._emitter.emit([session.id], RemovedSignal((removed,), reason))

    async def _send(
        self,
        session: Session,
        person: Person,
        entry: Entry,
        progress: _Progress,
        *,
        is_replayed: bool,
    ) -> None:
        held = (entry.notification.revision, entry.position.at)
        if progress.had.get(entry.id) == held:
            return
        if not await self._has_room(session):
            return
        progress.had[entry.id] = held
        progress.count += 1
        attempts = entry.receipt.attempts if entry.receipt is not None else 0
        frame: NotificationFrame = personal_frame(
            person, entry, self._rules, self._clock,
            replayed=is_replayed, attempt=attempts + 1 if attempts else None,
        )  # fmt: skip
        self._desk.send([session], frame)

    async def _has_room(self, session: Session) -> bool:
        """Wait until the connection has taken most of it; one that is stuck is cut off: False."""
        began = self._clock.monotonic()
        while session.is_open:
            frames, size = self._emitter.backlog(session.id)
            if frames < AHEAD_FRAMES and size < AHEAD_BYTES:
                return True
            if self._clock.monotonic() - began > STUCK_S:
                self._emitter.cut(session.id)
                return False
            await pause(_PACE_S)
        return False

    def _tell_read_mark(self, session: Session, person: Person, since: datetime) -> None:
        mark = person.read_mark(session.line)
        if mark is not None and mark.set_at >= since:
            changes = {"is_read": True, "read_at": mark.set_at}
            self._emitter.emit([session.id], AllUpdatedSignal(changes, before=mark.position.id))

    def _send_deferred(self, session: Session) -> None:
        """What waited goes out before anything newer is read, so that no old state follows it."""
        deferred, session.deferred = session.deferred, []
        for signal in deferred:
            self._emitter.emit([session.id], signal)

    def _turn_live(self, session: Session, progress: _Progress) -> None:
        session.phase = Phase.LIVE
        self._send_deferred(session)
        cursor = Cursor(session.user, session.line, self._clock.now())
        session.cursor = cursor.stamp
        done = ReplayDoneSignal(progress.recovered, progress.count, cursor)
        self._emitter.emit([session.id], done)


def _pages(ids: list[str]) -> list[list[str]]:
    return [ids[first : first + _PAGE] for first in range(0, len(ids), _PAGE)]


def _expired_after(expires_at: datetime | None, since: datetime) -> bool:
    return expires_at is not None and expires_at >= since
