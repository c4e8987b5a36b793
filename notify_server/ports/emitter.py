"""The way to open connections, as the line sees it."""

from collections.abc import Iterable
from typing import Protocol

from notify_server.domain.signals import Signal


class Emitter(Protocol):
    """Writes signals to sessions; never waits, never promises arrival.

    A session is named by the id that it had when it was opened. Unknown ids are passed over.
    """

    def emit(self, sessions: Iterable[str], signal: Signal, ack_id: int | None = None) -> None:
        """Encode once and write to each; with ``ack_id`` the client is asked to acknowledge."""

    def probe(self, session: str) -> int:
        """Send a ping of our own; returns the mark of its answer, see ``Sessions.alive``.

        Long-polling: the mark of the poll after the next.
        """

    def backlog(self, session: str) -> tuple[int, int]:
        """(messages, bytes) that are waiting to be taken by the connection."""

    def disconnect(self, session: str) -> None:
        """For good: DISCONNECT is sent, a stock client does not come back by itself."""

    def cut(self, session: str, after_s: float = 0) -> None:
        """Close the transport without a word, so that a stock client comes back by itself."""
