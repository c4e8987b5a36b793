"""Operators who watch: ``stats`` every two seconds, read once for all of them (contract 9)."""

from notify_server.domain.signals import StatsSignal
from notify_server.pipeline.operators import Operators
from notify_server.pipeline.sessions import Registry, Session
from notify_server.policy.membership import is_operator
from notify_server.ports.emitter import Emitter

WATCH_S = 2.0
"""How often figures are pushed; the ticker calls ``push``."""


class Watching:
    """Sessions of the line ``/admin`` that asked for figures; each leaves with its end."""

    def __init__(self, operators: Operators, registry: Registry, emitter: Emitter) -> None:
        self._operators = operators
        self._registry = registry
        self._emitter = emitter
        self._sessions: dict[str, Session] = {}

    def add(self, session: Session) -> None:
        """Push to this session from now on; once more changes nothing."""
        if session.is_open:
            self._sessions[session.id] = session

    def remove(self, session_id: str) -> None:
        """Push to it no more: it asked so, or it is gone."""
        self._sessions.pop(session_id, None)

    async def push(self) -> None:
        """Send the figures to all who watch; nothing is read while nobody does."""
        if not self._sessions:
            return
        signal = StatsSignal(await self._operators.stats())
        watchers = [s.id for s in self._sessions.values() if self._may(s)]
        self._emitter.emit(watchers, signal)

    def _may(self, session: Session) -> bool:
        """Whether its user is an operator still."""
        person = self._registry.person(session.user)
        return person is not None and is_operator(person)

    def __len__(self) -> int:
        return len(self._sessions)
