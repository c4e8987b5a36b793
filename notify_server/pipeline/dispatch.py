"""From the store to the sessions: who on this node is to see what was accepted, in that order."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

import structlog

from notify_server.domain.errors import UnavailableError
from notify_server.domain.notification import Notification
from notify_server.domain.receipt import Entry, Receipt
from notify_server.domain.signals import NotificationFrame, Removal, RemovedSignal
from notify_server.domain.view import View
from notify_server.kit.clock import Clock
from notify_server.pipeline.counting import Counting
from notify_server.pipeline.delivery import DeliveryDesk
from notify_server.pipeline.feeds import Feeds
from notify_server.pipeline.figures import Figures
from notify_server.pipeline.frames import shared_frame
from notify_server.pipeline.heard import Heard
from notify_server.pipeline.sessions import Phase, Registry, Session
from notify_server.pipeline.signalling import Signalling
from notify_server.policy.state import read_at_of
from notify_server.policy.visible import Rules, has_access, is_expired, is_wanted
from notify_server.ports.bus import NotificationNews, Tell, tell_nobody
from notify_server.ports.store import Change, Store

_FRESH = timedelta(seconds=5)
"""What another node accepted so lately needs no look at who hid it, if nobody was heard to."""
_APART = timedelta(milliseconds=500)
"""How far the clocks of two nodes may be apart, by far; but who gets more than one in so long has
all of them counted again."""
_PAGE = 500

_log = structlog.get_logger("notify.dispatch")


class _From(Enum):
    """Where an item of the queue came from."""

    ACCEPTED = auto()
    TOLD = auto()
    """By the node that accepted it, while nothing told can have been missed."""
    DISCOVERED = auto()
    """Found in the store, or told late; what became of it meanwhile is only known there."""
    TRANSIENT = auto()
    """Never stored."""


Lost = Callable[[datetime], None]
"""Called with the moment of a change that could not be dispatched."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A notification on its way to whoever is connected."""

    notification: Notification
    origin: _From


class Dispatcher:
    """Fans out what was accepted, replaced or cancelled; one by one, in the order of the store."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        feeds: Feeds,
        desk: DeliveryDesk,
        signalling: Signalling,
        counting: Counting,
        rules: Rules,
        clock: Clock,
        figures: Figures,
    ) -> None:
        self._store = store
        self._registry = registry
        self._feeds = feeds
        self._desk = desk
        self._signalling = signalling
        self._counting = counting
        self._rules = rules
        self._clock = clock
        self._figures = figures
        self._queue: deque[_Item] = deque()
        self._wake = asyncio.Event()
        self.heard = Heard(clock)
        self._tell: Tell = tell_nobody
        self._on_lost: Lost = lambda _since: None

    @property
    def waiting(self) -> int:
        """Notifications that have not been handed to the desk."""
        return len(self._queue)

    def on_news(self, tell: Tell) -> None:
        """Who tells the other nodes."""
        self._tell = tell

    def on_lost(self, call: Lost) -> None:
        """Who looks for what could not be dispatched."""
        self._on_lost = call

    def put(self, notification: Notification) -> None:
        """Take in what the store has accepted, replaced or cancelled."""
        self._put_news(notification, _From.ACCEPTED)
        self._tell(NotificationNews(notification))

    def put_elsewhere(
        self, notification: Notification, *, transient: bool = False, is_sure: bool = False
    ) -> None:
        """Take in what another node has accepted.

        Args:
            is_sure: What people did with it meanwhile would have been told as well.
        """
        if transient:
            self._queue_transient(notification)
        else:
            self._put_news(notification, _From.TOLD if is_sure else _From.DISCOVERED)

    def put_discovered(self, notification: Notification) -> None:
        """Take in what was found in the store."""
        self._put_news(notification, _From.DISCOVERED)

    def put_transient(self, notification: Notification) -> None:
        """Take in what is never stored."""
        self._queue_transient(notification)
        self._tell(NotificationNews(notification, transient=True))

    def _queue_transient(self, notification: Notification) -> None:
        self._queue.append(_Item(notification, _From.TRANSIENT))
        self._wake.set()

    def _put_news(self, notification: Notification, origin: _From) -> None:
        if not self._hear(notification):
            return
        self._feeds.put(notification)
        # With nobody here it is not kept for later: whoever comes reads the store, and would be
        # sent it a second time. So a start, which hears of what was there before, sends nothing.
        if len(self._registry):
            self._queue.append(_Item(notification, origin))
            self._wake.set()

    def scrub(self, changed: Mapping[str, Notification | None]) -> None:
        """Send what a notification says without an erased person; None: it is gone."""
        queue = [
            replace(item, notification=left)
            for item in self._queue
            if (left := changed.get(item.notification.id, item.notification)) is not None
        ]
        self._queue.clear()
        self._queue.extend(queue)
        for left in changed.values():
            if left is not None:
                self._feeds.put(left)

    async def run(self) -> None:
        """Send what was put in, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                item = self._queue.popleft()
                try:
                    await self._dispatch(item)
                except UnavailableError:
                    _log.warning("dispatch_waits_for_store")
                    self._look_again_for(item.notification)
                except Exception:  # noqa: BLE001 - the loop that sends for ever
                    _log.exception("dispatch_failed", notification=item.notification.id)

    def _look_again_for(self, notification: Notification) -> None:
        """Let it be found in the store, however long it has waited here."""
        self.heard.forget(notification.id)
        self._on_lost(notification.updated_at)

    def audience(self, notification: Notification, reached: Collection[str] = ()) -> list[Session]:
        """Sessions here whose user it is for.

        Args:
            reached: Users whom it has reached: it is theirs, also when they left the audience.
        """
        found: list[Session] = []
        targets = notification.targets
        named = [*targets.users, *reached]
        for user in sorted(self._registry.candidates(named, targets.audiences)):
            person = self._registry.person(user)
            if person is not None and (
                user in reached or has_access(person, notification, None, self._rules)
            ):
                found += self._registry.of_user(user, notification.line)
        return found

    def _hear(self, notification: Notification) -> bool:
        """Take note of this revision, or its end; False: it is no news."""
        is_cancelled = notification.cancelled_at is not None
        news = Change(notification.id, notification.revision, is_cancelled, notification.updated_at)
        if not self.heard.is_news(news):
            return False
        self.heard.note(news)
        return True

    async def _dispatch(self, item: _Item) -> None:
        notification = item.notification
        if item.origin is _From.TRANSIENT:
            self._dispatch_transient(notification)
        elif notification.cancelled_at is not None:
            await self._dispatch_cancelled(notification)
        elif notification.revision > 1:
            holders = await self._store.holders(notification.id)
            self._fan_out(item, self.audience(notification, holders.reached), holders.hidden)
        else:
            await self._dispatch_first(item)

    async def _dispatch_first(self, item: _Item) -> None:
        """What is new to everybody, unless it comes late: then the store says who hid it."""
        notification = item.notification
        sessions = self.audience(notification)
        if self._is_untouched(item, sessions):
            self._fan_out(item, sessions, is_new=True)
        elif sessions:  # what other nodes accept is mostly for nobody here
            hidden = (await self._store.holders(notification.id)).hidden
            self._fan_out(item, self.audience(notification), hidden)

    def _is_untouched(self, item: _Item, sessions: Sequence[Session]) -> bool:
        """Whether nobody here can have done anything with it yet.

        Of what another node accepted that is known while it is young and all that is told is
        heard: a session that came later was not there to hear what its user did before.
        """
        notification = item.notification
        if item.origin is _From.DISCOVERED or self._signalling.was_touched(notification.id):
            return False
        if item.origin is _From.ACCEPTED:
            return True
        accepted = notification.created_at
        return self._clock.now() - accepted < _FRESH and all(
            session.opened_at < accepted - _APART for session in sessions
        )

    def _fan_out(
        self,
        item: _Item,
        sessions: Sequence[Session],
        hidden: Collection[str] = (),
        *,
        is_new: bool = False,
    ) -> None:
        notification = item.notification
        if is_expired(notification, self._clock.now()):
            return
        live: list[Session] = []
        users: set[str] = set()
        for session in sessions:
            person = self._registry.person(session.user)
            if person is None or session.user in hidden:
                continue
            if not is_wanted(person, notification, self._rules):
                continue
            users.add(session.user)
            if session.phase is Phase.LIVE:
                live.append(session)
            else:
                session.miss(notification)
        if live:
            self._desk.send(live, shared_frame(notification))
        if live and is_new and item.origin is _From.ACCEPTED:
            waited = self._clock.now() - notification.created_at
            priority = notification.content.priority
            self._figures.first_emits.observe(max(0.0, waited.total_seconds()), priority)
        self._count(item, users, is_new=is_new)

    def _count(self, item: _Item, users: Collection[str], *, is_new: bool) -> None:
        """One more of what nobody touched; else the store counts."""
        notification = item.notification
        apart = _APART if item.origin is _From.TOLD else timedelta()
        for user in users:
            if is_new:
                self._counting.bump(user, notification.line, notification.created_at - apart)
            else:
                self._counting.touch(user, notification.line)

    def _dispatch_transient(self, notification: Notification) -> None:
        sessions = [
            session
            for session in self.audience(notification)
            if (person := self._registry.person(session.user)) is not None
            and is_wanted(person, notification, self._rules)
        ]
        frame = NotificationFrame(View(notification, None), transient=True)
        self._desk.send_transient(sessions, frame)

    async def _dispatch_cancelled(self, notification: Notification) -> None:
        """It leaves the inboxes in which it is unread."""
        receipts: dict[str, Receipt] = {}
        after = ""
        while page := await self._store.recipients(notification.id, after, _PAGE):
            receipts.update((r.user, r) for r in page if self._registry.person(r.user) is not None)
            after = page[-1].user
        reached = {user for user, receipt in receipts.items() if receipt.delivered_at is not None}
        readers = self._readers(notification, receipts, reached)
        self.remove(notification, Removal.CANCELLED, reached, keep_for=readers)

    def _readers(
        self, notification: Notification, receipts: Mapping[str, Receipt], reached: set[str]
    ) -> set[str]:
        """Connected users who have read it, by itself or by "mark all read"."""
        readers: set[str] = set()
        for user in {session.user for session in self.audience(notification, reached)}:
            person = self._registry.person(user)
            mark = person.read_mark(notification.line) if person is not None else None
            if read_at_of(Entry(notification, receipts.get(user)), mark) is not None:
                readers.add(user)
        return readers

    def remove(
        self,
        notification: Notification,
        reason: Removal,
        reached: Collection[str],
        keep_for: Collection[str] = (),
    ) -> None:
        """Tell sessions that a notification left the list.

        Args:
            reached: Users whom it has reached.
            keep_for: Users in whose list it stays.
        """
        sessions = [s for s in self.audience(notification, reached) if s.user not in keep_for]
        signal = RemovedSignal((notification.id,), reason)
        self._signalling.to_sessions(sessions, signal)
        for user in {s.user for s in sessions}:
            self._signalling.touch_counts(user, notification.line)
