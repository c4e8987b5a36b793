"""What nodes tell each other, and what one does when it hears of something.

With one process nobody is told. What is lost on the way is in the store: notifications are found
there by every node (``Discovery``), state when a session is brought up to date.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

import structlog

from notify_server.domain.errors import UnavailableError
from notify_server.domain.operators import Attendance, Presence, SessionInfo
from notify_server.kit.aio import Background, pause
from notify_server.kit.clock import Clock
from notify_server.kit.ids import random_id
from notify_server.pipeline.catch_up import CatchUp
from notify_server.pipeline.counting import Counting
from notify_server.pipeline.delivery import DeliveryDesk
from notify_server.pipeline.discovery import Discovery
from notify_server.pipeline.dispatch import Dispatcher
from notify_server.pipeline.erasure import let_go
from notify_server.pipeline.feeds import Feeds
from notify_server.pipeline.people import People
from notify_server.pipeline.presence import Presences
from notify_server.pipeline.schedule import Schedule
from notify_server.pipeline.sessions import Registry, channel_of
from notify_server.pipeline.signalling import Signalling
from notify_server.policy.replay import OVERLAP
from notify_server.ports.bus import (
    NODES,
    Asked,
    AttendanceAsked,
    AttendanceTold,
    Bus,
    FrameNews,
    KickNews,
    News,
    NotificationNews,
    PersonNews,
    SessionsAsked,
    SessionsTold,
    StateNews,
    Told,
)

_AT_ONCE = 64
"""Sessions that are brought up to date together when the bus is back: all at once would ask so
much of the store that it answers none in time."""
_PACE_S = 0.02
_PATIENCE_S = 0.5
"""How long those are waited for: a client that takes nothing must not hold up all others."""
_RETRY_S = 1.0

_SETTLED = timedelta(seconds=10)
"""So long after the bus is back, what is told and young was accepted since."""

ANSWER_S = 0.5
"""How long the answers of other nodes are waited for."""

_log = structlog.get_logger("notify.cluster")


@dataclass(slots=True)
class _Question:
    """Something asked of all nodes."""

    expected: int
    answers: dict[str, Told] = field(default_factory=dict)
    done: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class ClusterParts:
    """The stages that news are for."""

    registry: Registry
    dispatcher: Dispatcher
    discovery: Discovery
    signalling: Signalling
    people: People
    presences: Presences
    catch_up: CatchUp
    schedule: Schedule
    feeds: Feeds
    desk: DeliveryDesk
    counting: Counting


class Cluster:
    """Binds the line to the bus."""

    def __init__(self, bus: Bus, parts: ClusterParts, background: Background, clock: Clock) -> None:
        self._bus = bus
        self._parts = parts
        self._background = background
        self._clock = clock
        self._questions: dict[str, _Question] = {}
        self._well_at: datetime | None = None
        self._behind: dict[str, datetime] = {}
        self._is_catching_up = False
        self._resumed_at: datetime | None = None
        self._hears_all = False
        bus.listen(self._hear, self._resumed, parts.discovery.doubt)
        parts.registry.on_channels(self._follow, self._unfollow, parts.discovery.doubt)
        for stage in (parts.dispatcher, parts.signalling, parts.people, parts.schedule):
            stage.on_news(self._tell)
        parts.catch_up.on_joining(lambda user: self._joined(channel_of(user)))
        parts.people.on_joining(lambda audience: self._joined(audience.key))

    @property
    def healthy(self) -> bool:
        """Whether other nodes hear of what happens here at once."""
        return self._bus.healthy

    def tick(self) -> None:
        """Remember until when nothing can have been missed; called every second or so."""
        if self._bus.healthy:
            self._well_at = self._clock.now()
        heard_all, self._hears_all = self._hears_all, self._bus.hears_all
        if heard_all and not self._hears_all:  # it was so for seconds before it was noticed
            self._background.spawn(self._parts.discovery.look(), "look as something is not heard")

    async def discover(self) -> None:
        """Look for what was not told, often only while something may be missing."""
        if not self._bus.hears_all:
            self._parts.discovery.doubt()
        await self._parts.discovery.run()

    def _tell(self, news: News) -> None:
        """Publish on the channels of those whom it concerns."""
        self._bus.publish(_channels(news), news)

    def _follow(self, channel: str) -> None:
        self._bus.subscribe(channel)
        self._parts.feeds.follow(channel)

    async def _joined(self, channel: str) -> None:
        if not await self._bus.heard(channel):
            self._parts.discovery.doubt()

    def _unfollow(self, channel: str) -> None:
        self._parts.feeds.unfollow(channel)
        self._bus.unsubscribe(channel)

    # What is heard

    async def _hear(self, news: News) -> None:
        match news:
            case NotificationNews():
                self._parts.dispatcher.put_elsewhere(
                    news.notification, transient=news.transient, is_sure=self._is_sure()
                )
            case StateNews():
                self._parts.signalling.changed_here(news.user, news.line, news.signal, news.origin)
            case PersonNews():
                # Never in line with other news: a slow store would make the node deaf.
                self._background.spawn(self._look_at(news.user), "look at a person again")
            case FrameNews():
                work = self._parts.schedule.show(news.user, news.notification_id, news.reminder)
                self._background.spawn(work, "show what came back elsewhere")
            case KickNews():
                self._parts.presences.kick_here(news.session)
            case SessionsAsked() | AttendanceAsked():
                self._bus.publish([news.answer_to], self._answer(news))
            case SessionsTold() | AttendanceTold():
                self._take_answer(news)

    def _is_sure(self) -> bool:
        """Whether everything that nodes told lately has arrived here."""
        if not self._bus.hears_all:
            return False
        return self._resumed_at is None or self._clock.now() - self._resumed_at > _SETTLED

    def _answer(self, asked: Asked) -> Told:
        if isinstance(asked, AttendanceAsked):
            attendance = self._parts.presences.attendance()
            return AttendanceTold(asked.question, self._bus.node, attendance)
        found = self._parts.presences.sessions(asked.user, asked.line)
        named = (each for each in found if asked.session in {None, each.id})
        return SessionsTold(asked.question, self._bus.node, tuple(named))

    async def _look_at(self, user: str) -> None:
        """Another node changed a person: what is known of them is asked for until it is known."""
        parts = self._parts
        while True:
            try:
                if await parts.people.changed_elsewhere(user):
                    let_go(user, parts.registry, parts.desk, parts.counting, parts.signalling)
            except UnavailableError:
                _log.warning("person_not_read")
                await pause(_RETRY_S)
            else:
                return

    def _resumed(self) -> None:
        """The bus is back: look for what was accepted elsewhere, and bring sessions up to date."""
        self._resumed_at = self._clock.now()
        self._parts.discovery.doubt()
        self._background.spawn(self._parts.discovery.look(), "discover after the bus")
        if self._well_at is None:
            return
        since = self._well_at - OVERLAP
        for session in self._parts.registry:
            self._behind.setdefault(session.id, since)
        if self._behind and not self._is_catching_up:
            self._is_catching_up = True
            self._background.spawn(self._catch_up(), "catch up with the bus")

    async def _catch_up(self) -> None:
        """A few sessions after the other, each after its person: what was heard of neither."""
        try:
            while self._behind:
                page = list(islice(self._behind, _AT_ONCE))
                found = [self._parts.registry.get(session_id) for session_id in page]
                sessions = [session for session in found if session is not None]
                await asyncio.gather(*(self._look_at(u) for u in {s.user for s in sessions}))
                for session in sessions:
                    if session.is_open:
                        self._parts.catch_up.begin_again(session, self._behind[session.id])
                for session_id in page:
                    del self._behind[session_id]
                await self._wait_for_others()
        finally:
            self._is_catching_up = False

    async def _wait_for_others(self) -> None:
        began = self._clock.monotonic()
        await pause(_PACE_S)
        while (
            self._parts.catch_up.running >= _AT_ONCE
            and self._clock.monotonic() - began < _PATIENCE_S
        ):
            await pause(_PACE_S)

    # Who is here

    async def sessions(self, user: str | None = None, line: str | None = None) -> list[SessionInfo]:
        """Open sessions of all nodes that answer in time, oldest first."""
        asked = SessionsAsked(random_id(), self._bus.node, user, line)
        found = self._parts.presences.sessions(user, line) + _sessions_in(await self._ask(asked))
        return sorted(found, key=lambda session: session.opened_at)

    async def presence(self, user: str) -> Presence:
        """Whether a person is here, and by which sessions."""
        record, _memberships = await self._parts.people.known(user)
        return Presence(user, record is not None, tuple(await self.sessions(user)))

    async def attendance(self) -> Attendance:
        """Who is connected, in numbers, of all nodes that answer in time."""
        told = self._parts.presences.attendance()
        for answer in await self._ask(AttendanceAsked(random_id(), self._bus.node)):
            if isinstance(answer, AttendanceTold):
                told = told.plus(answer.attendance)
        return told

    async def _ask(self, asked: Asked) -> list[Told]:
        """What the other nodes answer in time."""
        others = self._bus.nodes - 1
        if others < 1 or not self._bus.healthy:
            return []
        question = self._questions[asked.question] = _Question(others)
        self._bus.publish([NODES], asked)
        try:
            async with asyncio.timeout(ANSWER_S):
                await question.done.wait()
        except TimeoutError:
            pass
        finally:
            del self._questions[asked.question]
        return list(question.answers.values())

    def _take_answer(self, told: Told) -> None:
        asked = self._questions.get(told.question)
        if asked is not None:
            asked.answers[told.node] = told
            if len(asked.answers) >= asked.expected:
                asked.done.set()

    async def kick(self, session_id: str) -> SessionInfo:
        """End a session for good, on whichever node it is; answers whose it was.

        Raises:
            NotFoundError: There is no such session.
            UnavailableError: A node that may have it has not answered.
        """
        here = self._parts.presences.find(session_id)
        if here is not None:
            return self._parts.presences.kick(session_id)
        asked = SessionsAsked(random_id(), self._bus.node, session=session_id)
        answers = await self._ask(asked)
        found = _sessions_in(answers)
        if found:
            self._bus.publish([NODES], KickNews(session_id))
            return found[0]
        if len(answers) < self._bus.nodes - 1:
            raise UnavailableError("Not every node has answered; try again.")
        return self._parts.presences.kick(session_id)  # raises


def _sessions_in(answers: Iterable[Told]) -> list[SessionInfo]:
    return [
        session
        for answer in answers
        if isinstance(answer, SessionsTold)
        for session in answer.sessions
    ]


def _channels(news: News) -> list[str]:
    match news:
        case NotificationNews(notification=notification):
            users = [channel_of(user) for user in notification.targets.users]
            return users + [audience.key for audience in notification.targets.audiences]
        case PersonNews(everywhere=True) | KickNews() | SessionsAsked() | AttendanceAsked():
            return [NODES]
        case StateNews(user=user) | FrameNews(user=user) | PersonNews(user=user):
            return [channel_of(user)]
        case SessionsTold() | AttendanceTold():
            raise AssertionError("an answer goes to who asked")
