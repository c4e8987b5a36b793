"""All figures of the process: those that parts keep, and what is asked of them at the moment.

``build.py`` hands ``Measurements`` to the page that shows them. What is asked costs only whoever
looks; what is kept costs an addition where it happens.
"""

import inspect
import platform
from collections import Counter as Count
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from notify_server import __version__
from notify_server.app.lines import Line
from notify_server.domain.errors import NotifyError
from notify_server.kit.aio import Background, pause
from notify_server.kit.clock import Clock
from notify_server.kit.metrics import FAST_S, Counter, Gauge, Histogram, Labels, Meter, Tally
from notify_server.ports.bus import Bus
from notify_server.ports.store import Store
from notify_server.sio.gateway import Gateway
from notify_server.sio.transport import Server

_SAMPLE_S = 0.25


@dataclass(frozen=True, slots=True)
class Parts:
    """What is asked how much there is of it."""

    line: Line
    gateway: Gateway
    transport: Server
    background: Background


class StoreWatch:
    """A store with each of its calls timed, by the call's name."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._seconds = Histogram(
            "notify_store_seconds",
            "Calls of the store, waiting included.",
            "operation",
            bounds=FAST_S,
        )
        self._errors = Counter(
            "notify_store_errors_total", "Calls of the store that failed.", "operation", "code"
        )
        self._own = store.meters
        self.store = cast(Store, _Watched(store, self._timed))

    def meters(self) -> list[Meter]:
        """The calls', and what the store says of itself."""
        return [self._seconds, self._errors, *self._own()]

    def _timed(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        name = call.__name__

        @wraps(call)
        async def timed(*args: Any, **kwargs: Any) -> Any:
            began = self._clock.monotonic()
            try:
                return await call(*args, **kwargs)
            except NotifyError as error:
                self._errors.add(name, error.code)
                raise
            finally:
                self._seconds.observe(self._clock.monotonic() - began, name)

        return timed


class _Watched:
    """Has every method of the port; those that wait are timed."""

    def __init__(
        self,
        store: Store,
        timed: Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[Any]]],
    ) -> None:
        for name, method in inspect.getmembers(Store, inspect.isfunction):
            if not name.startswith("_"):
                own = getattr(store, name)
                setattr(self, name, timed(own) if inspect.iscoroutinefunction(method) else own)


class LoopWatch:
    """How late the event loop is: a busy one keeps everybody waiting."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lag = Histogram(
            "notify_loop_lag_seconds", "How late the event loop woke a sleeper.", bounds=FAST_S
        )

    async def run(self) -> None:
        """Look four times a second, for ever."""
        while True:
            began = self._clock.monotonic()
            await pause(_SAMPLE_S)
            self.lag.observe(max(0.0, self._clock.monotonic() - began - _SAMPLE_S))


def current(parts: Parts) -> list[Meter]:
    """What there is at the moment."""
    line, gateway, transport = parts.line, parts.gateway, parts.transport
    queues: dict[Labels, Callable[[], float]] = {
        ("submissions",): lambda: line.submissions.waiting,
        ("dispatch",): lambda: line.dispatcher.waiting,
        ("in_flight",): lambda: line.desk.in_flight,
        ("confirmations",): lambda: line.confirmations.waiting,
        ("handshakes",): lambda: gateway.pending,
        ("tasks",): lambda: len(parts.background),
    }
    return [
        Gauge(
            "notify_build_info", "Always 1; what runs.", "version", "python",
            read=lambda: {(__version__, platform.python_version()): 1},
        ),
        Gauge(
            "notify_sessions", "Open sessions, by line, by what carries them, and whether they "
            "acknowledge.", "line", "transport", "ack",
            read=lambda: _sessions(line, transport),
        ),
        Gauge(
            "notify_users_online", "People with an open session.",
            read=lambda: {(): len(line.registry.users())},
        ),
        Gauge(
            "notify_connections", "Open transports; one may carry sessions of several lines.",
            read=lambda: {(): len(transport.eio.sockets)},
        ),
        Gauge(
            "notify_queue_depth", "What waits inside the process, by where.", "queue",
            read=lambda: {labels: depth() for labels, depth in queues.items()},
        ),
        Gauge(
            "notify_catch_ups_running", "Sessions that are being brought up to date.",
            read=lambda: {(): line.catch_up.running},
        ),
        Gauge(
            "notify_due_lag_seconds", "How late the oldest due row was at the last look.",
            read=lambda: {(): line.figures.late_s},
        ),
        Gauge(
            "notify_draining", "1 while the process stops and admits nobody.",
            read=lambda: {(): int(gateway.is_draining)},
        ),
        Tally(
            "notify_transport_events_total", "What befell connections, by what it was.", "event",
            read=lambda: {(name,): count for name, count in transport.stats.items()},
        ),
    ]  # fmt: skip


def of_bus(bus: Bus) -> list[Meter]:
    """The way to the other nodes; with one process it is always healthy and carries nothing."""
    return [
        Gauge(
            "notify_bus_healthy", "0 while news do not reach the other nodes at once.",
            read=lambda: {(): int(bus.healthy)},
        ),
        Gauge(
            "notify_nodes", "Nodes that this one knows of, itself among them.",
            read=lambda: {(): bus.nodes},
        ),
        Tally(
            "notify_bus_envelopes_total", "What was said between nodes, by what became of it; "
            "resets are of the connection.", "event",
            read=lambda: {(name,): count for name, count in bus.stats.items()},
        ),
    ]  # fmt: skip


def _sessions(line: Line, transport: Server) -> dict[Labels, float]:
    """Counted at each look: ten thousand take a few milliseconds."""
    counted: Count[Labels] = Count()
    for session in line.registry:
        carrier = transport.transport(session.id)
        counted[session.line, carrier, "yes" if session.acks else "no"] += 1
    return dict(counted)
