"""The whole line over a real store, with a clock that a test moves and an emitter that remembers.

Nothing runs by itself but the dispatcher: a test drives the ticks, and ``settle`` waits until
everything that they set off has been done and stored.
"""

import asyncio
import itertools
from datetime import timedelta
from random import Random

from doubles.recording_emitter import RecordingEmitter

from notify_server.app.lines import build_line
from notify_server.domain.actions import Act, Action
from notify_server.domain.claims import Caller, Claims, Scope
from notify_server.domain.notification import Content, Draft, Notification, Priority
from notify_server.domain.person import Person
from notify_server.domain.settings import Settings
from notify_server.domain.signals import CountSignal, NotificationFrame, ReplayDoneSignal
from notify_server.domain.target import (
    EVERYONE,
    Audience,
    AudienceKind,
    Targets,
    UserRecord,
)
from notify_server.kit.aio import Background
from notify_server.kit.clock import ManualClock
from notify_server.pipeline.sessions import Phase, Session

__all__ = ["EVERYONE"]

CALLER = Caller("key:test", frozenset({Scope.SEND, Scope.BROADCAST}))
S = timedelta(seconds=1)
DAY = timedelta(days=1)
_BARRIER = "~barrier"
_numbers = itertools.count(1)


def role(name):
    return Audience(AudienceKind.ROLE, name)


def room(name):
    return Audience(AudienceKind.ROOM, name)


def line_of(name):
    return Audience(AudienceKind.LINE, name)


class LineRig:
    """One line and everything around it."""

    def __init__(self, store, clock: ManualClock, settings=None, seed=1, bus=None):
        self.store = store
        self.clock = clock
        self.settings = settings or Settings()
        self.emitter = RecordingEmitter()
        self.background = Background()
        self.line = build_line(
            self.settings, store, self.emitter, self.background, clock, Random(seed), bus
        )

    async def start(self):
        now = self.clock.now()
        session = Session(_BARRIER, _BARRIER, "/", True, now, now, now + 10_000 * DAY)
        session.phase = Phase.LIVE
        self.line.registry.add(session, Person(UserRecord(_BARRIER, now), {}))
        self.background.spawn(self.line.dispatcher.run(), "dispatch")
        await self.line.expiry.run()  # what it looks at begins with its first run
        return self

    async def stop(self):
        await self.background.close()

    # People

    def claims(self, user, roles=(), rooms=(), iat=None, ttl=DAY):
        now = self.clock.now()
        issued = iat or now
        return Claims(user, frozenset(roles), tuple(rooms), issued, issued + ttl)

    async def connect(
        self, user, *, acks=True, roles=(), rooms=(), line="/", cursor=None, claims=None, wait=True
    ):
        """Open a session as the gateway does."""
        claims = claims or self.claims(user, roles, rooms)
        person = await self.line.people.admit(claims)
        assert self.line.people.is_in_line(person, line)
        session = Session(
            id=f"{user}#{next(_numbers)}", user=user, line=line, acks=acks,
            opened_at=self.clock.now(), issued_at=claims.issued_at, expires_at=claims.expires_at,
            room_patterns=claims.rooms, cursor=cursor,
        )  # fmt: skip
        self.line.registry.add(session, person)
        self.line.counting.open(user, line)
        self.line.catch_up.start(session)
        if wait:
            await self.settle()
            assert session.phase is Phase.LIVE
        return session

    async def close(self, session):
        """End a session as the gateway does."""
        self.line.registry.remove(session.id)
        self.line.desk.closed(session)
        self.line.counting.drop(session.user, session.line)
        await self.settle()

    # What callers and people do

    def draft(self, *users, to=(), exclude=(), line="/", persist=True, **fields):
        fields.setdefault("priority", Priority.NORMAL)
        content = Content(fields.pop("title", "t"), fields.pop("message", "m"), **fields)
        return Draft(Targets(users, tuple(to), tuple(exclude)), content, line, persist)

    async def send(self, *users, wait=True, **fields):
        """Submit as a service does; returns the id."""
        answer = await self.line.submissions.submit(CALLER, self.draft(*users, **fields), None)
        if wait:
            await self.settle()
        return answer.id

    async def replace(self, notification_id, *users, **fields):
        """Make a new revision as a service does."""
        draft = self.draft(*users, **fields)
        answer = await self.line.submissions.replace(CALLER, notification_id, draft, None)
        await self.settle()
        return answer

    async def act(self, user, ids, action, until=None):
        ids = [ids] if isinstance(ids, str) else ids
        acted = await self.line.inbox.act(user, ids, Act(Action(action), until))
        await self.settle()
        return acted

    async def ack(self, session, frame=None):
        """Acknowledge one frame, or all that were written to a session."""
        for written in list(self.emitter.written):
            is_meant = frame is None or written.signal is frame
            if is_meant and written.session == session.id and written.ack_id is not None:
                self.line.desk.acknowledged(session.id, written.ack_id)
        await self.settle()

    # Time

    async def tick(self, by=timedelta()):
        """Let time pass, then do what the ticker does."""
        self.clock.advance(by)
        self.line.desk.tick()
        await self.settle()
        await self.line.schedule.run()
        await self.settle()

    async def settle(self):
        """Wait until everything that was set off is done."""
        async with asyncio.timeout(60):
            while True:
                await self._pass_barrier()
                await self.line.confirmations.flush()
                if len(self.background) == 1:
                    return
                await asyncio.sleep(0.0005)

    async def _pass_barrier(self):
        """The dispatcher works in order: what follows everything else has arrived."""
        now = self.clock.now()
        content = Content("barrier", "barrier")
        targets = Targets((_BARRIER,))
        marker = Notification(f"~{next(_numbers)}", targets, content, _BARRIER, now, now, now)
        self.line.dispatcher.put_transient(marker)
        while True:
            for written in reversed(self.emitter.written):
                if written.session == _BARRIER and isinstance(written.signal, NotificationFrame):
                    found = written.signal.view.notification
                    if found is marker:
                        self.emitter.written.remove(written)
                        return
                    if found.submitter == _BARRIER:
                        break
            await asyncio.sleep(0.0005)

    # What is known afterwards

    def frames(self, session):
        """Notification frames that a session was written, oldest first."""
        return self.emitter.to(session.id, NotificationFrame)

    def ids(self, session):
        return [frame.view.notification.id for frame in self.frames(session)]

    def dones(self, session):
        return self.emitter.to(session.id, ReplayDoneSignal)

    async def receipt(self, user, notification_id):
        """The stored receipt, or None."""
        (entry,) = await self.store.entries(user, [notification_id])
        return entry.receipt

    async def status(self, user, notification_id):
        view = await self.view(user, notification_id)
        return view.state.status

    async def view(self, user, notification_id):
        """As an operator sees it: reading it does not deliver it."""
        explained = await self.line.explanations.explain(notification_id, user)
        return explained.recipients[0] if explained.recipients else None

    async def shown_counts(self, session):
        """What the session was told last, after everything has been counted again."""
        for _ in range(4):
            self.clock.advance(timedelta(milliseconds=250))
            self.line.counting.flush()
            await self.settle()
        return self.emitter.to(session.id, CountSignal)[-1].counts
