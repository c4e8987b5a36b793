"""Sending notifications to sessions, and hearing what they confirm.

The first attempt, a replay and a catch-up live in memory until they are confirmed or their ack
timeout is over; only then does a failure become a stored row with a due time. A crash before that
is covered by the replay: without a receipt nothing was delivered.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from notify_server.domain.notification import ChannelName, Notification
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Ack, AckVia, Delivery, Entry
from notify_server.domain.signals import NotificationFrame
from notify_server.kit.aio import Deadlines
from notify_server.kit.clock import Clock
from notify_server.kit.ids import first_ack_id
from notify_server.pipeline.confirm import Confirmations
from notify_server.pipeline.figures import Figures
from notify_server.pipeline.sessions import Phase, Registry, SentFrame, Session
from notify_server.policy.engage import receipt_of
from notify_server.policy.retry import RetryPolicy
from notify_server.policy.visible import Rules, has_access
from notify_server.ports.emitter import Emitter

KEEP_ACK_IDS_S = 3600.0
"""How long a late acknowledgement is still understood."""

PROBE_SHARE = 1 / 3
"""A session without acks is pinged within this share of the ack timeout."""

HELD_LIMIT = 1_000
"""Answers to pings that are held for one user; of more, the oldest are forgotten."""


@dataclass(slots=True, eq=False)
class Flight:
    """One frame on its way to one or many sessions.

    Attributes:
        waiting: Sessions that have not confirmed, by id.
        confirmed: Users of whom a session has.
        is_lost: A session ended before it confirmed; its successor may still do so.
        is_stored: The attempt is a row already, and is judged when that is due.
        is_first: The first attempt, which every node with a session of the user has sent.
    """

    ack_id: int
    notification: Notification
    sent_at: float
    is_stored: bool
    is_first: bool
    waiting: dict[str, Session] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    is_lost: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether nobody is left whose confirmation would say anything new."""
        return not self.is_lost and all(
            not session.acks and session.user in self.confirmed for session in self.waiting.values()
        )


@dataclass(frozen=True, slots=True)
class Underway:
    """One session that was sent a notification and has not confirmed it.

    Attributes:
        judged_at: When the attempt counts as failed.
    """

    session: str
    sent_at: datetime
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that sessions here did not confirm.

    Attributes:
        users: Each with an attempt of their own that has failed.
        is_first: The first attempt: other nodes may have sent it too, and it counts once.
    """

    notification: Notification
    users: Sequence[str]
    reason: Reason
    is_first: bool


Failed = Callable[[Failure], None]
"""Called with what was not confirmed."""

FellBehind = Callable[[Session], None]


class DeliveryDesk:
    """Every frame that is on its way from this node."""

    def __init__(
        self,
        registry: Registry,
        emitter: Emitter,
        confirmations: Confirmations,
        retry: RetryPolicy,
        rules: Rules,
        clock: Clock,
        figures: Figures,
    ) -> None:
        self._registry = registry
        self._emitter = emitter
        self._confirmations = confirmations
        self._retry = retry
        self._rules = rules
        self._clock = clock
        self._figures = figures
        self._next_ack_id = first_ack_id()
        self._flights: dict[int, Flight] = {}
        self._deadlines: Deadlines[Flight] = Deadlines()
        self._forget_at: deque[tuple[float, int]] = deque()
        self._to_probe: dict[str, Session] = {}
        # By user and line, and by ack id: who answered a ping while the user had a session that
        # acknowledges. Kept here and not with the session, which may be the first to go.
        self._held: dict[tuple[str, str], dict[int, Session]] = {}
        self._on_failed: Failed = lambda _failure: None
        self._on_behind: FellBehind = lambda _session: None

    def on_failed(self, call: Failed) -> None:
        """Who decides what follows an attempt that was not confirmed."""
        self._on_failed = call

    def on_behind(self, call: FellBehind) -> None:
        """Who catches a session up that was too slow."""
        self._on_behind = call

    @property
    def in_flight(self) -> int:
        """Frames of which a confirmation is still understood."""
        return len(self._flights)

    def underway(self, user: str, line: str, notification_id: str) -> list[Underway]:
        """The user's sessions here that have yet to confirm a notification."""
        found: list[Underway] = []
        for session in self._registry.of_user(user, line):
            for ack_id in session.frames:
                flight = self._flights.get(ack_id)
                if flight is not None and flight.notification.id == notification_id:
                    found.append(self._told(session, flight))
        return found

    def _told(self, session: Session, flight: Flight) -> Underway:
        age = timedelta(seconds=self._clock.monotonic() - flight.sent_at)
        sent_at = self._clock.now() - age
        return Underway(session.id, sent_at, sent_at + self._retry.ack_timeout(flight.notification))

    # Out

    def send(
        self, sessions: list[Session], frame: NotificationFrame, *, is_stored: bool = False
    ) -> None:
        """Write one frame to many live sessions; the same bytes to all that acknowledge."""
        notification = frame.view.notification
        flight = self._launch(frame, is_stored=is_stored)
        for acks in (True, False):
            group = {s.id: s for s in sessions if s.acks is acks}
            if not group:
                continue
            behind = self._emitter.emit(group, frame, flight.ack_id if acks else None)
            for session_id in behind:
                self._fall_behind(group.pop(session_id), notification)
            for session in group.values():
                self._note(session, flight)
            kind = _kind(frame, is_stored=is_stored)
            self._figures.frames.add(notification.content.priority, kind, by=len(group))

    def send_transient(self, sessions: list[Session], frame: NotificationFrame) -> None:
        """Write what is never stored and never acknowledged; whoever is too slow misses it."""
        self._emitter.emit([s.id for s in sessions], frame)
        priority = frame.view.notification.content.priority
        self._figures.frames.add(priority, "transient", by=len(sessions))

    def _launch(self, frame: NotificationFrame, *, is_stored: bool) -> Flight:
        now = self._clock.monotonic()
        notification = frame.view.notification
        is_first = frame.attempt is None and not frame.replayed
        flight = Flight(self._next_ack_id, notification, now, is_stored, is_first)
        self._next_ack_id += 1
        self._flights[flight.ack_id] = flight
        timeout = self._retry.ack_timeout(notification).total_seconds()
        self._deadlines.add(now + timeout, flight)
        return flight

    def _note(self, session: Session, flight: Flight) -> None:
        flight.waiting[session.id] = session
        mark = 0 if session.acks else self._emitter.mark(session.id)
        session.frames[flight.ack_id] = SentFrame(flight.ack_id, mark, flight.sent_at)
        if not session.acks:
            timeout = self._retry.ack_timeout(flight.notification).total_seconds()
            probe_at = flight.sent_at + timeout * PROBE_SHARE * 0.75
            session.probe_at = min(probe_at, session.probe_at or probe_at)
            self._to_probe[session.id] = session

    def _fall_behind(self, session: Session, notification: Notification) -> None:
        if session.phase is Phase.LIVE:
            session.phase = Phase.CATCHING_UP
            self._on_behind(session)
        session.miss(notification)

    # In

    def acknowledged(self, session_id: str, ack_id: int) -> None:
        """A session acknowledged a frame; an id that it was not sent is passed over."""
        session = self._registry.get(session_id)
        if session is not None and session.acks:
            session.frames.pop(ack_id, None)
            if self._may_confirm(session, ack_id):
                self._confirm(session, ack_id, AckVia.ACK)

    def acknowledged_by_event(self, session: Session, notification_id: str, revision: int) -> bool:
        """A session told by an event what it has; False: it was not sent that."""
        for ack_id in list(session.frames):
            flight = self._flights.get(ack_id)  # None: what it spoke of was erased
            if flight is None or flight.notification.id != notification_id:
                continue
            if flight.notification.revision <= revision:
                del session.frames[ack_id]
                self._confirm(session, ack_id, AckVia.ACK)
                return True
        return False

    def alive(self, session_id: str, mark: int) -> None:
        """A session without acks answered a ping: the frames written before it have arrived."""
        session = self._registry.get(session_id)
        if session is None or session.acks or not session.frames:
            return
        arrived = [frame for frame in session.frames.values() if frame.mark <= mark]
        for frame in arrived:
            del session.frames[frame.ack_id]
        arrived = [frame for frame in arrived if frame.ack_id in self._flights]
        if self._has_acking_session(session.user, session.line):
            self._hold(session, arrived)
        else:
            for frame in arrived:
                self._confirm(session, frame.ack_id, AckVia.PONG)

    def closed(self, session: Session) -> None:
        """A session ended: only its oldest unconfirmed frame has failed, the others just wait."""
        self._to_probe.pop(session.id, None)
        frames = [self._flights[ack_id] for ack_id in session.frames if ack_id in self._flights]
        for flight in frames:
            flight.waiting.pop(session.id, None)
            flight.is_lost |= session.acks
        if frames:
            self._fail(frames[0], [session], Reason.SESSION_ENDED)
        if session.acks and not self._has_acking_session(session.user, session.line):
            self._release_held(session.user, session.line)

    def _may_confirm(self, session: Session, ack_id: int) -> bool:
        """Late ones count for an hour, over a new connection too, if it is the user's to see."""
        flight = self._flights.get(ack_id)
        if flight is None:
            return False
        if session.id in flight.waiting:
            return True
        person = self._registry.person(session.user)
        notification = flight.notification
        return (
            person is not None
            and session.user not in flight.confirmed
            and notification.line == session.line
            and has_access(person, notification, None, self._rules)
        )

    def _confirm(self, session: Session, ack_id: int, via: AckVia) -> None:
        flight = self._flights[ack_id]
        notification = flight.notification
        took_s = self._clock.monotonic() - flight.sent_at
        self._count(notification, "delivered", int(session.user not in flight.confirmed))
        self._figures.acks.observe(took_s, notification.content.priority)
        flight.waiting.pop(session.id, None)
        flight.confirmed.add(session.user)
        self._held.get((session.user, session.line), {}).pop(ack_id, None)
        now = self._clock.now()
        entry = Entry(notification, None)
        remind_at = now + self._retry.remind(notification)
        self._confirmations.add(
            Delivery(
                receipt_of(entry, session.user, None, now),
                Ack(session.id, notification.revision, now, round(took_s * 1000), via),
                remind_at if notification.content.requires_acknowledgment else None,
            )
        )

    def _count(self, notification: Notification, outcome: str, people: int) -> None:
        priority = notification.content.priority
        self._figures.deliveries.add(ChannelName.IN_APP, priority, outcome, by=people)

    def _has_acking_session(self, user: str, line: str) -> bool:
        return any(s.acks for s in self._registry.of_user(user, line))

    def _hold(self, session: Session, arrived: Iterable[SentFrame]) -> None:
        """Keep what a session has for when no session of its user acknowledges any more."""
        key = (session.user, session.line)
        held = {i: s for i, s in self._held.get(key, {}).items() if i in self._flights}
        for frame in arrived:
            flight = self._flights.get(frame.ack_id)
            if flight is not None and session.user not in flight.confirmed:
                held[frame.ack_id] = session
        self._held[key] = dict(islice(held.items(), max(0, len(held) - HELD_LIMIT), None))

    def _release_held(self, user: str, line: str) -> None:
        for ack_id, session in self._held.pop((user, line), {}).items():
            if ack_id in self._flights:
                self._confirm(session, ack_id, AckVia.PONG)

    def forget(self, user: str) -> None:
        """Nothing that is on its way to a user fails or is confirmed any more: they are erased."""
        for session in self._registry.of_user(user):
            self._to_probe.pop(session.id, None)
            session.frames.clear()
        for flight in self._flights.values():
            flight.confirmed.discard(user)
            for session in [s for s in flight.waiting.values() if s.user == user]:
                del flight.waiting[session.id]
        for key in [key for key in self._held if key[0] == user]:
            del self._held[key]

    def scrub(self, changed: Mapping[str, Notification | None]) -> None:
        """Go on with what a notification says without an erased person; None: it is gone."""
        for ack_id, flight in list(self._flights.items()):
            if flight.notification.id in changed:
                left = changed[flight.notification.id]
                if left is None:
                    del self._flights[ack_id]
                else:
                    flight.notification = left

    # By the clock

    def tick(self) -> None:
        """Judge what was not confirmed in time, ping who must be pinged, forget what is old."""
        now = self._clock.monotonic()
        for flight in self._deadlines.pop_due(now):
            self._judge(flight)
        for session in [s for s in self._to_probe.values() if (s.probe_at or 0) <= now]:
            session.probe_at = None
            del self._to_probe[session.id]
            self._emitter.probe(session.id)
        while self._forget_at and self._forget_at[0][0] <= now:
            self._flights.pop(self._forget_at.popleft()[1], None)

    def hasten(self) -> None:
        """Ping at once who would be pinged later: the node stops, and there is no later."""
        waiting, self._to_probe = self._to_probe, {}
        for session in waiting.values():
            session.probe_at = None
            self._emitter.probe(session.id)

    def is_waiting(self) -> bool:
        """Whether a session here has yet to confirm what it was sent."""
        return any(session.frames for session in self._registry)

    def _judge(self, flight: Flight) -> None:
        for session in flight.waiting.values():
            session.frames.pop(flight.ack_id, None)
        if not flight.is_stored:
            self._fail(flight, flight.waiting.values(), Reason.NO_ACK)
        if flight.is_settled:
            self._flights.pop(flight.ack_id, None)
        else:
            self._forget_at.append((flight.sent_at + KEEP_ACK_IDS_S, flight.ack_id))

    def _fail(self, flight: Flight, sessions: Iterable[Session], reason: Reason) -> None:
        """Users none of whose sessions confirmed it, or may still do so."""
        users = {s.user for s in sessions} - flight.confirmed
        if reason is Reason.SESSION_ENDED:
            users -= {s.user for s in flight.waiting.values()}
        if users:
            self._count(flight.notification, reason, len(users))
            self._on_failed(Failure(flight.notification, sorted(users), reason, flight.is_first))


def _kind(frame: NotificationFrame, *, is_stored: bool) -> str:
    """What made a frame go out, as the figures name it."""
    if frame.reminder is not None:
        return "reminder"
    if frame.replayed:
        return "replay"
    return "retry" if is_stored else "first"
