"""What the Socket.IO server knows of one engine connection and of the sessions on it."""

import asyncio
from dataclasses import dataclass, field

from notify_server.sio.transport.lane import Lane
from notify_server.sio.transport.socket import EngineSocket


@dataclass(slots=True)
class Peer:
    """One engine connection.

    Attributes:
        socket: The connection.
        lanes: By namespace, the handlers that run or wait.
        sessions: By namespace, the ids of the accepted sessions.
        doomed: It was refused for a passing reason: nothing more is taken from it.
        timers: By purpose, what will end it.
    """

    socket: EngineSocket
    lanes: dict[str, Lane] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    doomed: bool = False
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    def sever_after(self, seconds: float, purpose: str) -> None:
        """Drop the connection then, unless :meth:`spare` is called for the same purpose."""
        self.spare(purpose)
        if self.socket.open:
            loop = asyncio.get_running_loop()
            self.timers[purpose] = loop.call_later(seconds, self.socket.sever)

    def spare(self, purpose: str) -> None:
        """Take the timer of that purpose back."""
        timer = self.timers.pop(purpose, None)
        if timer is not None:
            timer.cancel()

    def spare_all(self) -> None:
        """Take all timers back."""
        for purpose in list(self.timers):
            self.spare(purpose)


@dataclass(slots=True)
class Session:
    """One client in one namespace; writes reach it while it is ``accepted``."""

    sid: str
    namespace: str
    peer: Peer
    accepted: bool = False
