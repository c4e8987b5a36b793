"""What waits to be sent: shared between the connections that it waits for.

What a connection has to send is the end of a chain of messages. Connections that were given the
same messages in the same order stand at the same link, so that a fan-out costs each of them one
reference, and what is to leave in one write is joined once for all of them.
"""

import asyncio
from logging import Logger
from typing import Final, Protocol

from notify_server.sio.transport import frames


class Message:
    """One Engine.IO packet, as long-polling and as a websocket carry it.

    Attributes:
        data: For a long-polling answer.
        frame: The whole websocket frame.
    """

    __slots__ = ("data", "frame")

    def __init__(self, data: bytes, frame: bytes | None = None) -> None:
        self.data = data
        self.frame = frames.encode(frames.TEXT, data) if frame is None else frame


PING: Final = Message(b"2")
NOOP: Final = Message(b"6")
CLOSE: Final = Message(b"1")

PAUSE_S: Final = 0.005  # between a packet that goes alone and what follows it


class Link:
    """The last message of a chain and what stands before it.

    Attributes:
        count: Messages up to here.
        size: Bytes of them on the wire.
        latest: The message that was put behind it last in this turn of the loop.
        next: The link of that message.
    """

    __slots__ = ("_joined", "before", "count", "latest", "message", "next", "size")

    def __init__(self, before: "Link | None", message: Message) -> None:
        self.before = before
        self.message = message
        self.count: int = 0 if before is None else before.count + 1
        self.size: int = 0 if before is None else before.size + len(message.data)
        self.latest: Message | None = None
        self.next: Link | None = None
        self._joined: bytes | None = None

    def messages(self) -> list[Message]:
        """The chain, oldest first."""
        chain: list[Message] = []
        link: Link | None = self
        while link is not None and link.before is not None:
            chain.append(link.message)
            link = link.before
        chain.reverse()
        return chain

    def frames(self) -> bytes:
        """The websocket frames of the whole chain."""
        if self.count == 1:
            return self.message.frame
        if self._joined is None:
            self._joined = b"".join([message.frame for message in self.messages()])
        return self._joined


class Flushable(Protocol):
    """What has something to send."""

    def flush(self) -> None:
        """Send it, if it can go."""

    def go_on(self) -> None:
        """The pause is over."""


class Outgoing:
    """Lets everything of one turn of the loop go at its end.

    Attributes:
        start: The link of nothing.
        paused: The same, for a connection that sends nothing at the end of this turn.
    """

    def __init__(self, logger: Logger) -> None:
        self.start = Link(None, NOOP)
        self.paused = Link(None, NOOP)
        self._logger = logger
        self._waiting: list[Flushable] = []
        self._pausing: list[Flushable] = []
        self._made: list[Link] = []

    def extend(self, link: Link, message: Message) -> Link:
        """The link of ``message`` behind ``link``."""
        link.latest = message
        link.next = made = Link(link, message)
        self._made.append(made)
        return made

    def flush_soon(self, sender: Flushable) -> None:
        """Have its ``flush`` called at the end of this turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(sender)

    def pause(self, sender: Flushable) -> Link:
        """Have its ``go_on`` called in a moment; returns the link that it stands at until then."""
        if not self._pausing:
            asyncio.get_running_loop().call_later(PAUSE_S, self._go_on)
        self._pausing.append(sender)
        return self.paused

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for sender in waiting:
            try:
                sender.flush()
            except Exception:
                self._logger.exception("a write failed")
        self._forget_order()

    def _go_on(self) -> None:
        pausing, self._pausing = self._pausing, []
        for sender in pausing:
            try:
                sender.go_on()
            except Exception:
                self._logger.exception("a write failed")

    def _forget_order(self) -> None:
        """Links know what follows them for one turn only, or nothing would ever be freed."""
        self.start.latest = self.start.next = None
        self.paused.latest = self.paused.next = None
        for link in self._made:
            link.latest = link.next = None
        self._made.clear()
