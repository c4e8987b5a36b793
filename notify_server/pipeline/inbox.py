"""What a person does with their list: reading it, and changing their own state."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from notify_server.domain.actions import Act, Acted, Action, ReadAll
from notify_server.domain.errors import NotFoundError
from notify_server.domain.notification import Notification
from notify_server.domain.person import Person
from notify_server.domain.receipt import Entry, Receipt
from notify_server.domain.signals import AllUpdatedSignal, Removal, RemovedSignal, UpdatedSignal
from notify_server.domain.target import Position, Watermark
from notify_server.domain.view import Counts, InboxQuery, Page, View
from notify_server.kit.aio import Background
from notify_server.kit.clock import Clock, to_ms
from notify_server.kit.ids import last_uuid7
from notify_server.pipeline.changes import Changed, change_receipts
from notify_server.pipeline.frames import view_of
from notify_server.pipeline.inventory import PAGE, Inventory
from notify_server.pipeline.people import People
from notify_server.pipeline.signalling import Signalling
from notify_server.policy.engage import apply, delivered, receipt_of, with_reminder
from notify_server.policy.filters import COUNT_LIMIT, matches
from notify_server.policy.retry import RetryPolicy
from notify_server.policy.state import is_delivered, read_at_of, state_of
from notify_server.policy.visible import Rules, is_visible
from notify_server.ports.store import ReceiptStore

MARK_LAG = timedelta(minutes=1)
"""What is younger is marked by receipts: clocks and commits cross the watermark there."""


Fits = Callable[[Sequence[View]], range]
"""Which of the views, newest first, an answer has room for: a stretch from one of the ends."""

PersonalChange = Callable[[Person, Entry], Receipt | None]


class Inbox:
    """The list of one person; nobody reaches another's."""

    def __init__(
        self,
        store: ReceiptStore,
        people: People,
        inventory: Inventory,
        signalling: Signalling,
        retry: RetryPolicy,
        rules: Rules,
        background: Background,
        clock: Clock,
    ) -> None:
        self._store = store
        self._people = people
        self._inventory = inventory
        self._signalling = signalling
        self._retry = retry
        self._rules = rules
        self._background = background
        self._clock = clock

    # Reading

    async def page(self, user: str, line: str, query: InboxQuery, fits: Fits | None = None) -> Page:
        """A part of the list; what it shows has reached the person.

        Args:
            user: Whose list.
            line: Which list.
            query: What of it.
            fits: Says which of the views fit into the answer; the others are not shown.
        """
        person = await self._people.person(user)
        chosen: list[Entry] = []
        total, now = 0, self._clock.now()
        async for entry in self._inventory.scan(person, line):
            if not matches(person, entry, query, self._rules, now):
                continue
            total += 1
            if _is_in_page(entry.position, query, total, len(chosen)):
                chosen.append(entry)
            if total > COUNT_LIMIT and len(chosen) > query.limit and query.after is None:
                break
        asked = chosen[-query.limit :] if query.after is not None else chosen[: query.limit]
        shown = asked
        if fits is not None:
            kept = fits([view_of(person, entry, self._rules, self._clock) for entry in asked])
            shown = asked[kept.start : kept.stop]
        has_more = len(chosen) > query.limit or len(shown) < len(asked)
        shown = await self._note_delivered(person, shown)
        counts = await self.counts(user, line)
        return Page(
            items=tuple(view_of(person, entry, self._rules, self._clock) for entry in shown),
            newer=shown[0].position if shown else None,
            older=shown[-1].position if shown else None,
            has_more=has_more,
            total=min(total, COUNT_LIMIT),
            total_more=total > COUNT_LIMIT,
            counts=counts,
        )

    async def view(self, user: str, notification_id: str) -> View:
        """One notification.

        Raises:
            NotFoundError: Unknown, or not this person's.
        """
        person = await self._people.person(user)
        for entry in await self._store.entries(user, [notification_id]):
            if is_visible(person, entry, self._rules, self._clock.now()):
                reached = await self._note_delivered(person, [entry])
                return view_of(person, reached[0], self._rules, self._clock)
        raise NotFoundError

    async def confirm(self, user: str, notification_id: str, revision: int) -> None:
        """A client says that it has a revision, though no frame of it waits for that any more.

        Raises:
            NotFoundError: Unknown, or not this person's.
        """
        person = await self._people.person(user)
        for entry in await self._store.entries(user, [notification_id]):
            if is_visible(person, entry, self._rules, self._clock.now()):
                if revision >= entry.notification.revision:
                    await self._note_delivered(person, [entry])
                return
        raise NotFoundError

    async def counts(self, user: str, line: str) -> Counts:
        """Unread and unseen."""
        person = await self._people.person(user)
        return self._inventory.count(person, await self._inventory.active(person, line))

    async def _note_delivered(self, person: Person, entries: Sequence[Entry]) -> list[Entry]:
        """Record that these have reached the person; returns them as they are then."""
        fresh = [
            entry
            for entry in entries
            if not is_delivered(entry, person.read_mark(entry.notification.line))
        ]
        changed = await self._change(person, fresh, self._delivered) if fresh else []
        receipts: dict[str, Receipt | None] = {one.before.id: one.receipt for one in changed}
        # What another writer delivered at the same moment is shown as it left it.
        late = [entry.id for entry in fresh if entry.id not in receipts]
        if late:
            receipts |= {e.id: e.receipt for e in await self._store.entries(person.id, late)}
        return [Entry(e.notification, receipts.get(e.id, e.receipt)) for e in entries]

    def _delivered(self, person: Person, entry: Entry) -> Receipt | None:
        now = self._clock.now()
        receipt = self._receipt(person, entry, now)
        reached = delivered(receipt, entry.notification, now)
        return None if reached == entry.receipt else self._reminding(reached, entry.notification)

    # Changing

    async def act(
        self, user: str, ids: Sequence[str], act: Act, origin: str | None = None
    ) -> Acted:
        """Do one thing with some notifications, and tell the person's other sessions.

        Args:
            origin: The session that asked; it is not told.

        Returns:
            ``changed`` holds every id that is the person's, also where nothing changed.
        """
        person = await self._people.person(user)
        now = self._clock.now()
        found = [
            entry
            for entry in await self._inventory.entries(user, list(dict.fromkeys(ids)))
            if is_visible(person, entry, self._rules, now)
        ]

        def change(person: Person, entry: Entry) -> Receipt | None:
            receipt = self._receipt(person, entry, now)
            changed = apply(receipt, entry.notification, act, now)
            return changed and self._reminding(changed, entry.notification)

        changed = await self._change(person, found, change)
        self._tell(person, changed, act.action, origin)
        known = {entry.id for entry in found}
        return Acted(
            tuple(id_ for id_ in ids if id_ in known),
            tuple(id_ for id_ in ids if id_ not in known),
        )

    async def read_all(
        self, user: str, line: str, which: ReadAll, origin: str | None = None
    ) -> None:
        """Mark all, or all of a kind, as read.

        Without a filter a watermark does it at once, whatever their number; what is younger than
        a minute, older than ``before`` or behind a filter is marked by receipts.

        Raises:
            NotFoundError: ``before`` is not this person's.
        """
        person = await self._people.person(user)
        now = self._clock.now()
        upto = await self._upto(person, which.before)
        is_whole = which.type is None and not which.tags and upto is None
        if is_whole:
            position = Position(now - MARK_LAG, "")
            await self._people.set_read_mark(user, line, Watermark(position, now))
            person = await self._people.person(user)
        entries = [
            entry
            for entry in await self._inventory.active(person, line)
            if _is_meant(entry, which, upto)
            and entry.position.at <= now
            and read_at_of(entry, person.read_mark(line)) is None
        ]
        await self._mark_read(person, entries, now)
        changes = {"is_read": True, "read_at": now}
        # What was accepted while this ran is not meant, and may be on the screens already.
        before = which.before or last_uuid7(to_ms(now))
        signal = AllUpdatedSignal(changes, before, which.type, which.tags)
        self._signalling.changed(user, line, signal, origin)
        self._background.spawn(self._mark_rest(person, line, which, upto, now), "mark all read")

    async def _upto(self, person: Person, before: str | None) -> Position | None:
        if before is None:
            return None
        for entry in await self._store.entries(person.id, [before]):
            if is_visible(person, entry, self._rules, self._clock.now()):
                return entry.position
        raise NotFoundError

    async def _mark_read(self, person: Person, entries: Sequence[Entry], now: datetime) -> None:
        act = Act(Action.READ)

        def change(person: Person, entry: Entry) -> Receipt | None:
            receipt = self._receipt(person, entry, now)
            changed = apply(receipt, entry.notification, act, now)
            if changed is None and receipt != entry.receipt:
                changed = receipt
            return changed and self._reminding(changed, entry.notification)

        for start in range(0, len(entries), PAGE):
            await self._change(person, entries[start : start + PAGE], change)

    async def _mark_rest(
        self,
        person: Person,
        line: str,
        which: ReadAll,
        upto: Position | None,
        asked_at: datetime,
    ) -> None:
        """Go on, page by page, until every receipt that is meant says so itself."""

        def left(entries: Sequence[Entry]) -> list[Entry]:
            return [
                entry
                for entry in entries
                if _is_meant(entry, which, upto)
                and entry.position.at <= asked_at
                and _is_unmarked(entry, asked_at)
            ]

        while entries := await self._store.active(person.id, line, COUNT_LIMIT + 1):
            if not left(entries):
                break
            await self._mark_read(person, left(entries), asked_at)
        if len(entries) > COUNT_LIMIT:  # others stand before those that are meant
            place: Position | None = None
            while page := await self._store.inbox(person.id, line, place, PAGE):
                await self._mark_read(person, left(page), asked_at)
                place = page[-1].position
        self._signalling.changed(person.id, line)

    # Together

    def _receipt(self, person: Person, entry: Entry, now: datetime) -> Receipt:
        return receipt_of(entry, person.id, person.read_mark(entry.notification.line), now)

    def _reminding(self, receipt: Receipt, notification: Notification) -> Receipt:
        remind_at = self._clock.now() + self._retry.remind(notification)
        return with_reminder(receipt, notification, remind_at, self._retry.attempts(notification))

    async def _change(
        self, person: Person, entries: Sequence[Entry], change: PersonalChange
    ) -> list[Changed]:
        return await change_receipts(
            self._store, person.id, entries, lambda entry: change(person, entry)
        )

    def _tell(
        self, person: Person, changed: Sequence[Changed], action: Action, origin: str | None
    ) -> None:
        """One signal for all that changed alike."""
        now, waits = self._clock.now(), self._rules.waits
        alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        changes: dict[str, dict[str, object]] = {}
        for one in changed:
            notification = one.before.notification
            mark = person.read_mark(notification.line)
            after = state_of(Entry(notification, one.receipt), mark, waits, now)
            difference = after.changes_since(state_of(one.before, mark, waits, now))
            kind = repr(sorted(difference.items(), key=lambda item: item[0]))
            changes[kind] = difference
            alike[notification.line, kind].append(one.before.id)
        for (line, kind), ids in alike.items():
            if action is Action.DELETE:
                signal: RemovedSignal | UpdatedSignal = RemovedSignal(tuple(ids), Removal.DELETED)
            else:
                signal = UpdatedSignal(tuple(ids), changes[kind])
            self._signalling.changed(person.id, line, signal, origin)


def _is_in_page(place: Position, query: InboxQuery, nth: int, chosen: int) -> bool:
    """Whether an entry lies where the query asks; one too many shows that there is more."""
    if query.after is not None:
        return place > query.after
    if query.before is not None and place >= query.before:
        return False
    return nth > query.offset and chosen <= query.limit


def _is_meant(entry: Entry, which: ReadAll, upto: Position | None) -> bool:
    content = entry.notification.content
    return (
        (which.type is None or content.type == which.type)
        and (not which.tags or bool(set(which.tags) & set(content.tags)))
        and (upto is None or entry.position <= upto)
    )


def _is_unmarked(entry: Entry, asked_at: datetime) -> bool:
    receipt = entry.receipt
    return (
        receipt is not None
        and receipt.read_at is None
        and (receipt.marked_at is None or receipt.marked_at < asked_at)
    )
