"""Connected clients on this node, and by what they are found."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from notify_server.domain.notification import Notification, Priority
from notify_server.domain.person import Person
from notify_server.domain.signals import Signal
from notify_server.domain.target import Audience

MISSED_LIMIT = 1_000
"""Ids that a session which is catching up keeps of what it missed; beyond, it pages the store.

As many again of what is urgent or critical: a flood of others must not take their place.
"""


ChannelCall = Callable[[str], None]
"""Called with the name of a channel of the bus."""


def channel_of(user: str) -> str:
    """The channel of one user; those of audiences are their keys."""
    return f"user:{user}"


class Phase(Enum):
    """How a session gets what is new."""

    CATCHING_UP = auto()
    """From the store; live frames leave only their id."""
    LIVE = auto()


@dataclass(slots=True, eq=False)
class SentFrame:
    """A notification that a session was sent and has not confirmed.

    Attributes:
        mark: See ``Emitter.mark``; confirms it for sessions that do not ack.
        sent_at: Monotonic seconds.
    """

    ack_id: int
    mark: int
    sent_at: float


@dataclass(slots=True, eq=False)
class Session:
    """One connected client of a user on a line.

    Attributes:
        acks: It promised to acknowledge each notification.
        issued_at: ``iat`` of its token.
        expires_at: ``exp`` of its token; the session ends then.
        room_patterns: Rooms that its token allows.
        cursor: Up to where it says that it has everything, or None.
        rooms: Rooms that it is in for itself, with the moment of joining.
        missed: Ids accepted while it was catching up, in order, with their priority.
        missed_since: Set when ``missed`` overflowed: page the store from here.
        deferred: Signals that wait until it is live, so that no stale frame follows them.
        frames: Sent and unconfirmed, by ack id, oldest first.
        probe_at: Monotonic seconds when a ping of our own must go out, or None.
    """

    id: str
    user: str
    line: str
    acks: bool
    opened_at: datetime
    issued_at: datetime
    expires_at: datetime
    room_patterns: tuple[str, ...] = ()
    cursor: datetime | None = None
    cursor_is_bad: bool = False
    device_id: str | None = None
    rooms: dict[str, datetime] = field(default_factory=dict)
    phase: Phase = Phase.CATCHING_UP
    is_open: bool = True
    is_fresh: bool = True
    is_warned: bool = False
    missed: dict[str, Priority] = field(default_factory=dict)
    missed_since: datetime | None = None
    deferred: list[Signal] = field(default_factory=list)
    frames: dict[int, SentFrame] = field(default_factory=dict)
    probe_at: float | None = None

    def miss(self, notification: Notification) -> None:
        """Remember that it must be read from the store for this session."""
        priority = notification.content.priority
        if len(self.missed) < MISSED_LIMIT * (2 if priority.is_pressing else 1):
            self.missed[notification.id] = priority
        elif self.missed_since is None:
            self.missed_since = notification.updated_at

    def next_missed(self, limit: int, *, pressing: bool = False) -> list[str]:
        """Take ids of what it missed: the highest priority first, of one priority in order.

        Args:
            pressing: Only what is urgent or critical.
        """
        wanted = [i for i, priority in self.missed.items() if priority.is_pressing or not pressing]
        wanted.sort(key=lambda i: -self.missed[i].rank)
        for taken in wanted[:limit]:
            del self.missed[taken]
        return wanted[:limit]


class Registry:
    """All sessions of this node, by id, by user and line, and by audience."""

    def __init__(self) -> None:
        self._on_begun: ChannelCall = lambda _channel: None
        self._on_ended: ChannelCall = lambda _channel: None
        self._on_late: Callable[[], None] = lambda: None
        self._by_id: dict[str, Session] = {}
        self._by_user: dict[str, dict[str, Session]] = {}
        self._people: dict[str, Person] = {}
        self._turns: dict[str, int] = {}
        self._by_audience: defaultdict[Audience, set[str]] = defaultdict(set)

    def on_channels(self, begun: ChannelCall, ended: ChannelCall, late: Callable[[], None]) -> None:
        """Who is told of the channels that sessions here are interested in: users and audiences.

        Args:
            late: Called when one began for a user who was here before: whoever is new reads the
                store once the channels are heard, this one has read it already.
        """
        self._on_begun, self._on_ended, self._on_late = begun, ended, late

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._by_id.values()))

    def get(self, session_id: str) -> Session | None:
        """The open session of that id."""
        return self._by_id.get(session_id)

    def add(self, session: Session, person: Person) -> None:
        """Take in a session; what is known of a user who is here already may be newer."""
        self._by_id[session.id] = session
        if session.user not in self._by_user:
            self._by_user[session.user] = {}
            self._on_begun(channel_of(session.user))
        self._by_user[session.user][session.id] = session
        if session.user not in self._people:
            self.know(person)

    def remove(self, session_id: str) -> Session | None:
        """Let a session go; with the last one its user is forgotten."""
        session = self._by_id.pop(session_id, None)
        if session is None:
            return None
        session.is_open = False
        of_user = self._by_user[session.user]
        del of_user[session_id]
        if not of_user:
            del self._by_user[session.user]
            self._on_ended(channel_of(session.user))
            self._turns.pop(session.user, None)
            self._index(self._people.pop(session.user), {})
        return session

    def know(self, person: Person, turn: int = 0) -> bool:
        """Replace what is known of a connected user; nothing for one who is not connected.

        Args:
            turn: When the look at the store began, in the order of all such looks.

        Returns:
            False: a look that began later has ended before, and knows better.
        """
        if person.id not in self._by_user:
            return True
        if turn < self._turns.get(person.id, 0):
            return False
        self._turns[person.id] = turn
        before = self._people.get(person.id)
        self._index(before, person.since)
        self._people[person.id] = person
        for audience in person.since:
            if audience not in self._by_audience:
                self._on_begun(audience.key)
                if before is not None:
                    self._on_late()
            self._by_audience[audience].add(person.id)
        return True

    def person(self, user: str) -> Person | None:
        """What is known of a connected user."""
        return self._people.get(user)

    def users(self) -> Collection[str]:
        """Users with a session here."""
        return list(self._by_user)

    def of_user(self, user: str, line: str | None = None) -> list[Session]:
        """A user's sessions, oldest first; on one line if given."""
        sessions = self._by_user.get(user, {}).values()
        return [s for s in sessions if line is None or s.line == line]

    def is_online(self, user: str, line: str) -> bool:
        """Whether the user has an open session on the line here."""
        return any(s.line == line for s in self._by_user.get(user, {}).values())

    def rooms_of(self, user: str) -> dict[str, datetime]:
        """Rooms that the user's sessions are in for themselves, with the earliest joining."""
        rooms: dict[str, datetime] = {}
        for session in self._by_user.get(user, {}).values():
            for room, since in session.rooms.items():
                rooms[room] = min(since, rooms.get(room, since))
        return rooms

    def candidates(self, users: Iterable[str], audiences: Iterable[Audience]) -> set[str]:
        """Connected users among the named ones and in any of the audiences."""
        found = {user for user in users if user in self._by_user}
        for audience in audiences:
            found |= self._by_audience.get(audience, set())
        return found

    def concerns(self, users: Iterable[str], audiences: Iterable[Audience]) -> bool:
        """Whether anybody of those is connected."""
        is_named = any(user in self._by_user for user in users)
        return is_named or any(audience in self._by_audience for audience in audiences)

    def _index(self, before: Person | None, since: Mapping[Audience, datetime]) -> None:
        if before is None:
            return
        for audience in before.since:
            if audience not in since:
                users = self._by_audience[audience]
                users.discard(before.id)
                if not users:
                    del self._by_audience[audience]
                    self._on_ended(audience.key)
