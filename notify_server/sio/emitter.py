"""The emitter port on our transport: each signal is encoded once and written to many."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from typing_extensions import override

from notify_server.domain.settings import CompatSettings
from notify_server.domain.signals import NotificationFrame, Signal
from notify_server.kit.aio import Background
from notify_server.ports.emitter import Emitter
from notify_server.sio.transport import Server
from notify_server.wire.json import dumps
from notify_server.wire.signals import encode

BACKLOG_FRAMES = 256
BACKLOG_BYTES = 1 << 20
"""More than this waits for no session: it is caught up from the store instead."""


class SocketEmitter(Emitter):
    """Writes to sessions by their ids; knows under which name each reached its line."""

    def __init__(self, server: Server, compat: CompatSettings, background: Background) -> None:
        self._server = server
        self._compat = compat
        self._background = background
        self._namespaces: dict[str, str] = {}

    def opened(self, session: str, namespace: str) -> None:
        """A session was let in under this namespace, the line itself or an alias."""
        self._namespaces[session] = namespace

    def closed(self, session: str) -> None:
        """The session is gone."""
        self._namespaces.pop(session, None)

    @override
    def emit(
        self, sessions: Iterable[str], signal: Signal, ack_id: int | None = None
    ) -> Sequence[str]:
        groups: defaultdict[str, list[str]] = defaultdict(list)
        behind: list[str] = []
        may_wait = isinstance(signal, NotificationFrame)
        for session in sessions:
            namespace = self._namespaces.get(session)
            if namespace is None:
                continue
            if may_wait and self._is_behind(session):
                behind.append(session)
            else:
                groups[namespace].append(session)
        if groups:
            for event, payload in encode(signal, self._compat):
                body = dumps(payload)
                for namespace, members in groups.items():
                    self._server.write(members, namespace, event, body, ack_id)
        return behind

    @override
    def mark(self, session: str) -> int:
        return self._server.mark(session)

    @override
    def probe(self, session: str) -> int:
        return self._server.probe(session)

    @override
    def backlog(self, session: str) -> tuple[int, int]:
        return self._server.backlog(session)

    @override
    def transport(self, session: str) -> str:
        return self._server.transport(session)

    @override
    def disconnect(self, session: str) -> None:
        namespace = self._namespaces.get(session)
        if namespace is not None:
            self._background.spawn(self._server.disconnect(session, namespace), "disconnect")

    @override
    def cut(self, session: str, after_s: float = 0) -> None:
        self._server.cut(session, after_s)

    def _is_behind(self, session: str) -> bool:
        frames, size = self._server.backlog(session)
        return frames >= BACKLOG_FRAMES or size >= BACKLOG_BYTES
