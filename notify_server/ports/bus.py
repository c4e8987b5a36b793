"""The way to the other nodes. What it carries are hints; the store is the truth.

A channel is a user, an audience, or the nodes as such; a node listens to those that concern its
sessions, so that news reach only the nodes that need them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from notify_server.domain.notification import Notification
from notify_server.domain.operators import Attendance, SessionInfo
from notify_server.domain.signals import (
    AllUpdatedSignal,
    RemovedSignal,
    SubscriptionsSignal,
    UpdatedSignal,
)

NODES = "nodes"
"""The channel that every node listens to."""

StateSignal = UpdatedSignal | AllUpdatedSignal | RemovedSignal | SubscriptionsSignal


@dataclass(frozen=True, slots=True)
class NotificationNews:
    """A notification was accepted, replaced or cancelled; ``transient``: it is never stored."""

    notification: Notification
    transient: bool = False


@dataclass(frozen=True, slots=True)
class StateNews:
    """A user's state changed: tell their sessions on that line (None: on all) and count again.

    Attributes:
        signal: What they are told; None: only the counts changed.
        origin: The session that caused it and knows.
    """

    user: str
    line: str | None
    signal: StateSignal | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class FrameNews:
    """A user's notification came back or reminds: show it on their sessions elsewhere too."""

    user: str
    notification_id: str
    reminder: int | None = None


@dataclass(frozen=True, slots=True)
class PersonNews:
    """What is known of a person changed: roles, rooms, subscriptions, revocation, erasure.

    Attributes:
        everywhere: Nodes without a session of theirs must hear of it too.
    """

    user: str
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class KickNews:
    """End a session, wherever it is."""

    session: str


@dataclass(frozen=True, slots=True)
class SessionsAsked:
    """Who is here? Each node answers on ``answer_to``; None: no such filter."""

    question: str
    answer_to: str
    user: str | None = None
    line: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class SessionsTold:
    """One node's answer."""

    question: str
    node: str
    sessions: tuple[SessionInfo, ...]


@dataclass(frozen=True, slots=True)
class AttendanceAsked:
    """How many are here? Each node answers on ``answer_to``."""

    question: str
    answer_to: str


@dataclass(frozen=True, slots=True)
class AttendanceTold:
    """One node's answer."""

    question: str
    node: str
    attendance: Attendance


Asked = SessionsAsked | AttendanceAsked
Told = SessionsTold | AttendanceTold
News = NotificationNews | StateNews | FrameNews | PersonNews | KickNews | Asked | Told
Listener = Callable[[News], Awaitable[None]]
Call = Callable[[], None]
Tell = Callable[[News], None]
"""How a stage tells the other nodes."""


def tell_nobody(_news: News) -> None:
    """Where there are no other nodes."""


class Bus(Protocol):
    """Publishes to channels of all nodes, this one left out."""

    @property
    def node(self) -> str:
        """This node's own channel and name."""

    @property
    def healthy(self) -> bool:
        """Whether what is published is believed to arrive, here and elsewhere."""

    @property
    def hears_all(self) -> bool:
        """Whether it is healthy, and no node has fallen silent that may go on accepting."""

    @property
    def nodes(self) -> int:
        """How many nodes are believed to be there, this one among them."""

    @property
    def stats(self) -> Mapping[str, int]:
        """Envelopes since the start: ``sent received dropped bad``, and ``resets`` of the bus."""

    def listen(self, listener: Listener, resumed: Call, missed: Call) -> None:
        """Begin to tell what is heard.

        Args:
            listener: Called for news, one after the other.
            resumed: Called when the bus is back: anything may be missing.
            missed: Called when something that a node told, or wanted to, may not have come here.
        """

    def subscribe(self, channel: str) -> None:
        """Listen to a channel, as soon as it goes; the second time does nothing."""

    def unsubscribe(self, channel: str) -> None:
        """Listen no longer."""

    async def heard(self, channel: str) -> bool:
        """Wait a moment until the channel is listened to; False: it is not yet."""

    def publish(self, channels: Iterable[str], news: News) -> None:
        """Tell every node that listens to one of the channels, once; never waits, never fails."""

    async def open(self) -> None:
        """Begin to connect; does not wait for it."""

    async def close(self) -> None:
        """Send what waits, for a moment, and let go."""
