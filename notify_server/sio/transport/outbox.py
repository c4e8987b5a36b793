"""What one connection has to send: queued in the turn of the loop, written at its end.

The sending part of a connection (``socket``); with ``alive`` on top it is kept alive, too.
"""

from abc import ABC, abstractmethod
from typing import Any

from notify_server.sio.transport.channel import Channel
from notify_server.sio.transport.outgoing import Link, Message
from notify_server.sio.transport.poll import Poll

EAGER_BYTES = 256 << 10  # more than this does not wait for the end of the turn


class Outbox(ABC):
    """A queue, and the transport that carries it at the moment.

    Attributes:
        open: Whether it takes packets, in and out.
        pending: What waits to be sent.
    """

    __slots__ = ("_channel", "_engine", "_handed", "_poll", "open", "pending")

    def __init__(self, engine: Any) -> None:
        self.open = True
        self.pending: Link = engine.outgoing.start
        self._engine = engine
        self._channel: Channel | None = None
        self._poll: Poll | None = None
        self._handed = 0  # messages that the transport got since it was last seen empty

    @abstractmethod
    def sever(self) -> None:
        """Drop the connection now."""

    def push(self, message: Message) -> bool:
        """Queue a packet; False, and nothing done, once the connection is ending."""
        if not self.open:
            return False
        link = self.pending
        engine = self._engine
        if link is engine.outgoing.start:
            engine.outgoing.flush_soon(self)
        following = link.next if link.latest is message else None
        self.pending = link = following or engine.outgoing.extend(link, message)
        if link.size > EAGER_BYTES:
            self._press(link)
        return True

    def _press(self, link: Link) -> None:
        channel = self._channel
        if channel is not None and not channel.paused:
            self.flush()
        elif link.size > self._engine.outbox_bytes:
            self._engine.stats["slow"] += 1
            self.sever()

    async def send(self, pkt: Any) -> None:
        """Queue a packet of the stock library."""
        self.push(self._engine.message_of(pkt))

    def flush(self) -> None:
        """Send what waits, unless the peer does not take it."""
        link, channel = self.pending, self._channel
        if channel is not None:
            if not channel.paused and link.before is not None:
                self.pending = self._engine.outgoing.start
                self._handed += link.count
                channel.transport.write(link.frames())
        elif self._poll is not None:
            self._poll.release()

    def push_alone(self, message: Message) -> None:
        """Queue a packet such that what follows it comes in a read of its own.

        A client that awaits one packet after the other, as some suites do, misses the second of
        two that come together.
        """
        channel = self._channel
        if channel is None or channel.paused or self.pending.before is not None or not self.open:
            self.push(message)
            return
        self._handed += 1
        channel.transport.write(message.frame)
        self.pending = self._engine.outgoing.pause(self)

    def go_on(self) -> None:
        """The pause behind a packet that went alone is over."""
        if self.pending.before is None:
            self.pending = self._engine.outgoing.start
        else:
            self.flush()

    def resumed(self) -> None:
        """The peer reads again."""
        self.flush()

    @property
    def backlog(self) -> tuple[int, int]:
        """(packets, bytes) that have not gone out."""
        count, size = self.pending.count, self.pending.size
        if self._channel is not None:
            buffered = self._channel.transport.get_write_buffer_size()
            if buffered:
                return (count + self._handed, size + buffered)
            self._handed = 0
        return (count, size)
