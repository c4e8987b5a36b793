"""Which frames a connection has certainly received, told by the pings it answers.

Frames and checkpoints go out in one order. A checkpoint is a ping put into the outgoing queue, or
a long-polling answer that emptied it; checkpoints are numbered from 1 for each connection. A frame
written now has the mark of the next checkpoint and is confirmed with it: a ping's when its pong
comes, a polling answer's when the client asks for the next one (or finishes its upgrade, before
which it has read that answer). On a websocket that never polled, marks are simply the numbers of
the pings. The library alone confirms; what was confirmed once is not confirmed again.
"""

from collections import deque


class Marks:
    """The checkpoints of one connection."""

    __slots__ = ("_carried", "_confirmed", "_made", "_pings")

    def __init__(self) -> None:
        self._made = 0
        self._carried = 0
        self._confirmed = 0
        self._pings: deque[int] | None = None  # only while one is unanswered

    def next(self) -> int:
        """The mark of a frame that is written just now."""
        return self._made + 1

    def ping(self) -> int:
        """A ping goes into the queue; returns its mark."""
        self._made += 1
        if self._pings is None:
            self._pings = deque()
        self._pings.append(self._made)
        return self._made

    def pong(self) -> int:
        """A pong came; the mark of the ping that it answers, 0 if none was asked."""
        if self._pings is None:
            return 0
        mark = self._pings.popleft()
        if not self._pings:
            self._pings = None
        return mark

    def carried(self) -> None:
        """A long-polling answer took everything that was in the queue."""
        self._made += 1
        self._carried = self._made

    def polled(self) -> int:
        """The client asks for more; the mark of the newest answer that it had, 0 for none."""
        return self._carried

    def confirm(self, mark: int) -> bool:
        """Note that everything up to ``mark`` has arrived; False if that was known."""
        if mark <= self._confirmed:
            return False
        self._confirmed = mark
        return True
