"""The way to open connections, as the line sees it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from notify_server.domain.signals import Signal


class Emitter(Protocol):
    """Writes signals to sessions; never waits, never promises arrival.

    A session is named by the id that it had when it was opened. Unknown ids are passed over.
    """

    def emit(
        self, sessions: Iterable[str], signal: Signal, ack_id: int | None = None
    ) -> Sequence[str]:
        """Encode once and write to each; with ``ack_id`` the client is asked to acknowledge.

        Returns:
            The sessions that did not get it because too much is waiting for them already.
        """

    def mark(self, session: str) -> int:
        """The mark that will be reported once a frame written just now has arrived."""

    def probe(self, session: str) -> int:
        """Send a ping of our own, so that the frames before it are confirmed soon.

        Returns:
            The mark of its answer.
        """

    def backlog(self, session: str) -> tuple[int, int]:
        """(messages, bytes) that are waiting to be taken by the connection."""

    def transport(self, session: str) -> str:
        """What carries the session: ``websocket``, ``polling``, or ``none``."""
        return "none"

    def disconnect(self, session: str) -> None:
        """For good: DISCONNECT is sent, a stock client does not come back by itself."""

    def cut(self, session: str, after_s: float = 0) -> None:
        """Close the transport without a word, so that a stock client comes back by itself."""
