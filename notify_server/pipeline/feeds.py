"""The newest notifications of each audience, kept in memory; older ones come from the store.

A feed is loaded when it is first needed and from then on told of every change that this node
accepts or hears of, so a connect costs no read of broadcasts. With several nodes a node hears of
an audience while it has a session of it; without one, a feed is brought up to date when it is used.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

from notify_server.domain.notification import Notification
from notify_server.domain.person import Person
from notify_server.domain.target import USER_LINE, Audience, AudienceKind, Position
from notify_server.kit.clock import Clock
from notify_server.policy.replay import OVERLAP
from notify_server.ports.store import NotificationStore

FEED_LENGTH = 1_000
_FEEDS = 512
_HEARD = timedelta(seconds=1)
"""So long after it was asked to, a channel is certainly followed."""
_ON_USER_LINE = frozenset({AudienceKind.ALL, AudienceKind.ROLE, AudienceKind.ROOM})

FeedKey = tuple[Audience, str]


class _Feed:
    """One audience's newest notifications on a line, by id, oldest first."""

    def __init__(self) -> None:
        self.items: dict[str, Notification] = {}
        self.fresh_at: datetime | None = None
        """When it was loaded or brought up to date."""
        self.floor: Position | None = None
        """Oldest place that is held; below it the store must be asked. None: all is here."""

    def load(self, newest_first: list[Notification], changed: Iterable[Notification]) -> None:
        self.items = {n.id: n for n in reversed(newest_first)}
        full = len(newest_first) >= FEED_LENGTH
        self.floor = _place(newest_first[-1]) if full else None
        for notification in changed:
            self.put(notification)

    def put(self, notification: Notification) -> None:
        held = self.items.get(notification.id)
        if held is not None and held.updated_at > notification.updated_at:
            return
        if held is None and self.floor is not None and _place(notification) < self.floor:
            return
        in_order = (
            held is not None or not self.items or notification.id > next(reversed(self.items))
        )
        self.items[notification.id] = notification
        if not in_order:
            self.items = dict(sorted(self.items.items()))
        if len(self.items) > FEED_LENGTH:
            del self.items[next(iter(self.items))]
            self.floor = _place(next(iter(self.items.values())))


def _place(notification: Notification) -> Position:
    return Position(notification.created_at, notification.id)


class Feeds:
    """All feeds that are in use on this node."""

    def __init__(self, store: NotificationStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._told_since: dict[str, datetime] | None = None
        """Since when this node hears of which audience; None: of all, always."""
        self._feeds: OrderedDict[FeedKey, _Feed] = OrderedDict()
        self._loading: dict[FeedKey, tuple[asyncio.Future[_Feed], list[Notification]]] = {}

    def share(self) -> None:
        """There are other nodes: only of channels that are followed is all heard."""
        self._told_since = {}

    def follow(self, channel: str) -> None:
        """From now on this node hears of what is for an audience, by its channel."""
        if self._told_since is not None:
            self._told_since[channel] = self._clock.now()

    def unfollow(self, channel: str) -> None:
        """It hears no longer."""
        if self._told_since is not None:
            self._told_since.pop(channel, None)

    def put(self, notification: Notification) -> None:
        """Take in what was accepted, replaced or cancelled."""
        for audience in notification.targets.audiences:
            key = (audience, notification.line)
            if key in self._feeds:
                self._feeds[key].put(notification)
            elif key in self._loading:
                self._loading[key][1].append(notification)

    async def newest(
        self, person: Person, line: str, newcomers_see: timedelta
    ) -> list[Notification]:
        """What the feeds hold of a person's audiences on a line since they belong; newest first.

        Args:
            newcomers_see: How far before they belonged it reaches.
        """
        found: dict[str, Notification] = {}
        for audience in _audiences(person, line):
            feed = await self._feed((audience, line))
            since = person.since[audience] - newcomers_see
            for notification in reversed(feed.items.values()):
                if notification.created_at < since:
                    break
                found[notification.id] = notification
        return sorted(found.values(), key=lambda n: (n.created_at, n.id), reverse=True)

    async def changed_ids(self, person: Person, line: str, since: datetime) -> list[str]:
        """Ids of all that changed in a person's audiences on a line, from the store."""
        ids: dict[str, None] = {}
        for audience in _audiences(person, line):
            start, limit = since, FEED_LENGTH
            while True:
                page = await self._store.feed_changed(audience, line, start, limit)
                ids.update((notification.id, None) for notification in page)
                if len(page) < limit:
                    break
                limit = limit * 2 if page[-1].updated_at == start else FEED_LENGTH
                start = page[-1].updated_at
        return list(ids)

    async def page(
        self, person: Person, line: str, before: Position | None, limit: int
    ) -> tuple[list[Notification], Position | None]:
        """A stretch of a person's audiences, newest first, below ``before``.

        Returns:
            The notifications, and the place down to which they are complete (None: to the end).
        """
        found: dict[str, Notification] = {}
        complete_to: Position | None = None
        for audience in _audiences(person, line):
            stretch = await self._stretch((audience, line), before, limit)
            found.update((n.id, n) for n in stretch)
            if len(stretch) >= limit:
                end = _place(stretch[-1])
                complete_to = end if complete_to is None else max(complete_to, end)
        ordered = sorted(found.values(), key=_place, reverse=True)
        if complete_to is not None:
            ordered = [n for n in ordered if _place(n) >= complete_to]
        return ordered, complete_to

    async def _stretch(
        self, key: FeedKey, before: Position | None, limit: int
    ) -> list[Notification]:
        feed = await self._feed(key)
        stretch: list[Notification] = []
        for notification in reversed(feed.items.values()):
            if before is None or _place(notification) < before:
                stretch.append(notification)
                if len(stretch) >= limit:
                    return stretch
        if feed.floor is None:
            return stretch
        below = feed.floor if before is None else min(before, feed.floor)
        return stretch + await self._store.feed(key[0], key[1], below, limit - len(stretch))

    async def _feed(self, key: FeedKey) -> _Feed:
        feed = self._feeds.get(key)
        if feed is not None and (self._is_fresh(key, feed) or await self._refresh(key, feed)):
            self._feeds[key] = feed
            self._feeds.move_to_end(key)
            return feed
        if key in self._loading:
            return await asyncio.shield(self._loading[key][0])
        future: asyncio.Future[_Feed] = asyncio.get_running_loop().create_future()
        self._loading[key] = (future, [])
        asked_at = self._clock.now()
        try:
            newest = await self._store.feed(key[0], key[1], None, FEED_LENGTH)
        except BaseException as error:
            del self._loading[key]
            future.set_exception(error)
            future.exception()
            raise
        feed = _Feed()
        feed.fresh_at = asked_at
        feed.load(newest, self._loading.pop(key)[1])
        self._feeds[key] = feed
        future.set_result(feed)
        if len(self._feeds) > _FEEDS:
            self._feeds.popitem(last=False)
        return feed

    def _is_fresh(self, key: FeedKey, feed: _Feed) -> bool:
        """Whether all that happened since it was read has been told."""
        if self._told_since is None:
            return True
        since = self._told_since.get(key[0].key)
        return since is not None and feed.fresh_at is not None and feed.fresh_at >= since + _HEARD

    async def _refresh(self, key: FeedKey, feed: _Feed) -> bool:
        """Read what changed since it was read; False: so much that it must be read anew."""
        now = self._clock.now()
        since = (feed.fresh_at or now) - OVERLAP
        changed = await self._store.feed_changed(key[0], key[1], since, FEED_LENGTH)
        if len(changed) >= FEED_LENGTH:
            self._feeds.pop(key, None)
            return False
        for notification in changed:
            feed.put(notification)
        feed.fresh_at = now
        return True


def _audiences(person: Person, line: str) -> list[Audience]:
    """Which of a person's audiences are shown on a line."""
    if line == USER_LINE:
        return [a for a in person.since if a.kind in _ON_USER_LINE]
    return [a for a in person.since if a == Audience(AudienceKind.LINE, line)]
