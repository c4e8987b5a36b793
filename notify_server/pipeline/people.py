"""What is known of people: tokens seen, roles, rooms, subscriptions, revocation."""

import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from notify_server.domain.claims import Claims
from notify_server.domain.errors import Code, ConflictError, Fault, RejectedError
from notify_server.domain.person import Person
from notify_server.domain.profile import ProfileFields
from notify_server.domain.settings import Settings
from notify_server.domain.signals import SubscriptionsSignal
from notify_server.domain.target import (
    USER_LINE,
    Audience,
    AudienceKind,
    Membership,
    Position,
    Source,
    UserRecord,
    Watermark,
)
from notify_server.kit.clock import Clock
from notify_server.pipeline.confirm import Confirmations
from notify_server.pipeline.sessions import Registry, Session
from notify_server.pipeline.signalling import Signalling
from notify_server.policy.membership import changes_by_token, is_revoked, person_of
from notify_server.policy.rooms import is_allowed
from notify_server.policy.types import TypeRegistry
from notify_server.ports.bus import PersonNews, Tell, tell_nobody
from notify_server.ports.store import Store

_CACHED = 10_000
_FRESH = timedelta(seconds=4)
_WRITE_TRIES = 8

Joined = Callable[[Audience], Awaitable[None]]
"""Called with an audience of which a session here has become a part."""

Known = tuple[UserRecord | None, tuple[Membership, ...]]


class People:
    """Reads and changes what is known of users; keeps what was read for a few seconds."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        signalling: Signalling,
        clock: Clock,
        settings: Settings,
        confirmations: Confirmations,
    ) -> None:
        self._store = store
        self._confirmations = confirmations
        self._registry = registry
        self._signalling = signalling
        self._clock = clock
        self._settings = settings
        self._lines = settings.namespaces.lines
        self._types = TypeRegistry(settings.types)
        self._tell: Tell = tell_nobody
        self._joined: Joined | None = None
        self._turns = itertools.count(1)
        self._cache: OrderedDict[str, tuple[datetime, Known]] = OrderedDict()
        self._is_shared = False
        self._generation = 0
        """Counts what was forgotten: a read that began before must not be kept."""

    def on_news(self, tell: Tell) -> None:
        """Who tells the other nodes."""
        self._tell = tell

    def on_joining(self, joined: Joined) -> None:
        """Wait for this before a room is said to be joined: until what it is sent arrives here."""
        self._joined = joined

    def share(self) -> None:
        """Other nodes change people too; told is a node of those who have a session there."""
        self._is_shared = True

    async def admit(self, claims: Claims) -> Person:
        """Remember what a token says of its user.

        Raises:
            RejectedError: TOKEN_INVALID when the user's tokens were revoked after it was issued.
        """
        now = self._clock.now()
        record, memberships = await self._known(claims.user)
        if is_revoked(record, claims):
            raise RejectedError(Code.TOKEN_INVALID, "The token was revoked.")
        changes = changes_by_token(record, memberships, claims, now)
        if changes.record is not None and not await self._store.save_user(changes.record):
            self._forget(claims.user)
            return await self.admit(claims)
        for membership in changes.put:
            await self._store.put_member(claims.user, membership)
        for audience in changes.remove:
            await self._leave(claims.user, audience, Source.TOKEN)
        if changes.record is not None:
            await self._leave_closed_rooms(claims, memberships)
        if changes.record is not None or changes.put or changes.remove:
            self._changed(claims.user)
        return await self.refresh(claims.user)

    async def _leave_closed_rooms(
        self, claims: Claims, memberships: tuple[Membership, ...]
    ) -> None:
        """A place that a person took by an older token ends when a newer one does not allow it."""
        for membership in memberships:
            room = membership.audience.name
            if membership.source is Source.SELF and not self._is_open(
                room, claims.rooms, memberships
            ):
                await self._leave(claims.user, membership.audience, Source.SELF)

    async def _leave(self, user: str, audience: Audience, source: Source) -> None:
        """End a membership; what was confirmed until now is recorded first, so that it stays."""
        await self._confirmations.flush()
        await self._store.remove_member(user, audience, source)

    async def person(self, user: str) -> Person:
        """A user as they are now; one who was never seen belongs to nothing."""
        record, memberships = await self._known(user)
        now = self._clock.now()
        known = record or UserRecord(user, known_since=now)
        return person_of(known, memberships, self._registry.rooms_of(user), self._lines, now)

    async def refresh(self, user: str) -> Person:
        """Read again what belongs to a connected user, and end sessions that lost their line."""
        turn = next(self._turns)
        person = await self.person(user)
        known = self._registry.person(user)
        if not self._registry.know(person, turn):
            return known or person
        if known is not None and known.since != person.since:
            self._signalling.touch_counts(user)
        for session in self._registry.of_user(user):
            if not self.is_in_line(person, session.line):
                self._signalling.disconnect(session)
        return person

    async def recheck(self, session: Session) -> None:
        """Look again at a session that was just taken in; facts may have changed meanwhile."""
        person = await self.refresh(session.user)
        revoked_before = person.record.revoked_before
        if revoked_before is not None and session.issued_at < revoked_before:
            self._signalling.disconnect(session)

    def is_in_line(self, person: Person, line: str) -> bool:
        """Whether the person may enter a line; the line ``/`` is everybody's."""
        return line == USER_LINE or Audience(AudienceKind.LINE, line) in person.since

    # Rooms

    async def join_room(self, session: Session, room: str, *, stored: bool) -> None:
        """Let a session, or its user for good, into a room.

        Raises:
            RejectedError: FORBIDDEN when neither token, configuration nor operator allow it.
        """
        person = await self.person(session.user)
        audience = Audience(AudienceKind.ROOM, room)
        if not await self._may_join(session, room):
            raise RejectedError(
                Code.FORBIDDEN, faults=[Fault("room", "this room is not open to you")]
            )
        in_rooms = {a for a in person.since if a.kind is AudienceKind.ROOM}
        if audience not in in_rooms and len(in_rooms) >= self._settings.limits.rooms_per_user:
            raise RejectedError.at("room", f"no more than {len(in_rooms)} rooms at once")
        now = self._clock.now()
        session.rooms.setdefault(room, now)
        if stored:
            await self._store.put_member(session.user, Membership(audience, Source.SELF, now))
            self._changed(session.user)
        await self.refresh(session.user)
        if self._joined is not None:
            await self._joined(audience)

    async def leave_room(self, session: Session, room: str, *, stored: bool) -> None:
        """Undo ``join_room``; leaving a room that one is not in does nothing."""
        session.rooms.pop(room, None)
        if stored:
            await self._leave(session.user, Audience(AudienceKind.ROOM, room), Source.SELF)
            self._changed(session.user)
        await self.refresh(session.user)

    async def check_rooms(self, session: Session) -> None:
        """Take a session out of rooms that its newest token no longer allows."""
        for room in list(session.rooms):
            if not await self._may_join(session, room):
                del session.rooms[room]
        await self.refresh(session.user)

    async def _may_join(self, session: Session, room: str) -> bool:
        _record, memberships = await self._known(session.user)
        return self._is_open(room, session.room_patterns, memberships)

    def _is_open(
        self, room: str, patterns: Iterable[str], memberships: Iterable[Membership]
    ) -> bool:
        """Whether token, configuration or an operator allow a room."""
        if is_allowed(room, patterns) or is_allowed(room, self._settings.rooms.allow):
            return True
        audience = Audience(AudienceKind.ROOM, room)
        return any(m.audience == audience and m.source is Source.OPERATOR for m in memberships)

    async def add_room_member(self, room: str, user: str) -> None:
        """An operator makes a user a member; a user need not be known."""
        audience = Audience(AudienceKind.ROOM, room)
        membership = Membership(audience, Source.OPERATOR, self._clock.now())
        await self._store.put_member(user, membership)
        self._changed(user)
        await self.refresh(user)

    async def remove_room_member(self, room: str, user: str) -> None:
        """An operator ends a membership, whoever made it."""
        audience = Audience(AudienceKind.ROOM, room)
        for source in (Source.OPERATOR, Source.SELF):
            await self._leave(user, audience, source)
        for session in self._registry.of_user(user):
            session.rooms.pop(room, None)
        self._changed(user)
        await self.refresh(user)

    # What an operator says of a person

    async def put_profile(self, user: str, fields: ProfileFields) -> None:
        """Set all that an operator sets; what the fields leave out is cleared.

        A newer token that names one of them has the last word on it.
        """

        def fill(record: UserRecord) -> UserRecord:
            return replace(
                record,
                name=fields.name,
                email=fields.email,
                phone=fields.phone,
                locale=fields.locale,
                time_zone=fields.time_zone,
            )

        await self._change(user, fill, by_operator=True)
        wanted = {Audience(AudienceKind.ROLE, role) for role in fields.roles}
        wanted |= {Audience(AudienceKind.ROOM, room) for room in fields.rooms}
        _record, memberships = await self._store.user(user)
        held = {m.audience for m in memberships if m.source is Source.OPERATOR}
        for audience in sorted(wanted - held):
            membership = Membership(audience, Source.OPERATOR, self._clock.now())
            await self._store.put_member(user, membership)
        for audience in sorted(held - wanted):
            await self._leave(user, audience, Source.OPERATOR)
        self._changed(user)
        await self.refresh(user)

    async def known(self, user: str) -> Known:
        """The record (None: never seen) and the memberships, from the store itself."""
        return await self._store.user(user)

    # Subscriptions, watermarks, revocation: fields of the record

    async def subscriptions(self, user: str) -> dict[str, tuple[bool, bool]]:
        """Each type to (subscribed, required)."""
        record, _memberships = await self._known(user)
        return self._types.subscriptions(record.subscriptions if record else {})

    async def subscribe(
        self, user: str, types: Mapping[str, bool], origin: str | None = None
    ) -> dict[str, tuple[bool, bool]]:
        """Switch types on or off.

        Raises:
            RejectedError: INVALID for an unknown type, or one that cannot be switched off.
        """
        faults = [
            Fault(f"types.{name}", "there is no such type")
            for name in types
            if name not in self._types
        ] or [
            Fault(f"types.{name}", "this type cannot be switched off")
            for name, wanted in types.items()
            if not wanted and self._types.required(name)
        ]
        if faults:
            raise RejectedError(Code.INVALID, faults=faults)

        def switch(record: UserRecord) -> UserRecord:
            merged = {**record.subscriptions, **types}
            return replace(record, subscriptions={t: on for t, on in merged.items() if not on})

        await self._change(user, switch)
        subscriptions = await self.subscriptions(user)
        self._signalling.changed(user, None, SubscriptionsSignal(subscriptions), origin)
        return subscriptions

    async def set_read_mark(self, user: str, line: str, mark: Watermark) -> Watermark:
        """Move the watermark of "mark all read" forward; it never goes back."""

        def move(record: UserRecord) -> UserRecord:
            old = record.read_marks.get(line)
            position = max(old.position, mark.position) if old else mark.position
            set_at = max(old.set_at, mark.set_at) if old else mark.set_at
            marks = {**record.read_marks, line: Watermark(position, set_at)}
            return replace(record, read_marks=marks)

        return (await self._change(user, move)).read_marks[line]

    async def skip_to(self, user: str, line: str, position: Position) -> None:
        """Push nothing up to ``position`` any more; it never goes back."""

        def move(record: UserRecord) -> UserRecord:
            old = record.skipped.get(line)
            newest = max(old, position) if old else position
            return replace(record, skipped={**record.skipped, line: newest})

        await self._change(user, move)

    async def revoke(self, user: str) -> None:
        """Kill all tokens issued before now and close the sessions that they opened."""
        now = self._clock.now()
        await self._change(
            user, lambda record: replace(record, revoked_before=now), by_operator=True
        )
        for session in self._registry.of_user(user):
            if session.issued_at < now:
                self._signalling.disconnect(session)
        self._tell(PersonNews(user, everywhere=True))

    async def changed_elsewhere(self, user: str) -> bool:
        """Another node changed what is known of a user: read it again, and look at the sessions.

        Returns:
            True: the person was erased, and it is for the caller to let go of the sessions.
        """
        self._forget(user)
        if not self._registry.of_user(user):
            return False
        record, _memberships = await self._known(user)
        if record is not None and record.version == 0:
            return True
        for session in self._registry.of_user(user):
            await self.recheck(session)
        return False

    async def _change(
        self,
        user: str,
        change: Callable[[UserRecord], UserRecord],
        *,
        by_operator: bool = False,
    ) -> UserRecord:
        """Write what ``change`` makes of the record; what is known may do for the first try.

        Raises:
            RejectedError: TOKEN_INVALID when the person was erased and asks with an old token:
                whoever comes back has a record from the moment of being admitted.
        """
        record, _memberships = await self._known(user)
        for _ in range(_WRITE_TRIES):
            if record is not None and record.version == 0 and not by_operator:
                raise RejectedError(Code.TOKEN_INVALID, "The token was revoked.")
            changed = change(record or UserRecord(user, known_since=self._clock.now()))
            generation = self._generation
            if await self._store.save_user(changed):
                saved = replace(changed, version=changed.version + 1)
                self._know_saved(saved, is_current=generation == self._generation)
                self._tell(PersonNews(user))
                return (await self.refresh(user)).record
            record, _memberships = await self._read(user)
        raise ConflictError(Code.CONFLICT, "The user was changed at the same time; try again.")

    async def _known(self, user: str) -> Known:
        now = self._clock.now()
        cached = self._cache.get(user)
        is_told = not self._is_shared or self._registry.person(user) is not None
        if is_told and cached is not None and now - cached[0] < _FRESH:
            return cached[1]
        generation = self._generation
        known = await self._read(user)
        record, _memberships = known
        if generation != self._generation or (record is not None and record.version == 0):
            return known
        self._cache[user] = (now, known)
        self._cache.move_to_end(user)
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return known

    async def _read(self, user: str) -> Known:
        """What the store knows; of somebody who was erased, only that their old tokens are dead."""
        record, memberships = await self._store.user(user)
        if record is None and (erased_at := await self._store.buried_at(user)) is not None:
            record = UserRecord(user, known_since=self._clock.now(), revoked_before=erased_at)
        return record, memberships

    def _know_saved(self, record: UserRecord, *, is_current: bool) -> None:
        """Put a written record in the place of the known one; the memberships are as old as before.

        Args:
            is_current: Nothing was forgotten while it was written.
        """
        held = self._cache.get(record.id)
        self._forget(record.id)
        if held is not None and is_current:
            read_at, (_record, memberships) = held
            self._cache[record.id] = (read_at, (record, memberships))

    def forget(self, user: str) -> None:
        """Read a user from the store when next asked: something else has changed them there."""
        self._forget(user)
        self._tell(PersonNews(user, everywhere=True))

    def _changed(self, user: str) -> None:
        """It is written: what was known of it is old, here and on other nodes."""
        self._forget(user)
        self._tell(PersonNews(user))

    def _forget(self, user: str) -> None:
        self._generation += 1
        self._cache.pop(user, None)
