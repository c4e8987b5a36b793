"""Wiring: the only place that makes adapters and hands them to the line."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from aiohttp import web

from notify_server.app.buses import Nodes, alone
from notify_server.app.lines import Line, build_line
from notify_server.app.metrics import LoopWatch, Parts, StoreWatch, current, of_bus
from notify_server.auth.keys import KeyRing
from notify_server.auth.signing import issue_token
from notify_server.auth.tokens import TokenVerifier
from notify_server.domain.settings import Settings
from notify_server.jobs.ticker import Job, Ticker
from notify_server.kit.addresses import parse_networks
from notify_server.kit.aio import Background
from notify_server.kit.clock import Clock
from notify_server.kit.rates import TokenBuckets
from notify_server.pipeline.discovery import LOOK_S as LOOK_EVERY_S
from notify_server.pipeline.revocations import LOOK_S
from notify_server.ports.store import Store
from notify_server.rest.app import make_app
from notify_server.rest.deps import DemoAccess, Readiness, RestDeps
from notify_server.rest.metrics import HttpFigures, Page
from notify_server.sio.admin_calls import AdminCalls
from notify_server.sio.admission import Admission
from notify_server.sio.calls import Calls
from notify_server.sio.emitter import SocketEmitter
from notify_server.sio.flood import FloodGate, rate_per_user
from notify_server.sio.gateway import Gateway, SessionParts
from notify_server.sio.origins import accepts_origin
from notify_server.sio.transport import Server, create_server
from notify_server.sio.watching import WATCH_S, Watching

_DEMO_TOKEN_TTL = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Product:
    """Everything that runs, wired; ``run`` starts and stops it in order."""

    app: web.Application
    store: Store
    line: Line
    gateway: Gateway
    transport: Server
    ticker: Ticker
    background: Background
    loop_watch: LoopWatch


def build(
    settings: Settings, store: Store, clock: Clock, demo_key: str | None, nodes: Nodes | None = None
) -> Product:
    """Wire the product over an open store.

    Args:
        settings: With secrets.
        store: Open.
        clock: The one clock of the process.
        demo_key: The API key that the demo page gets; None without ``--demo``.
        nodes: The way to others; None: this process is alone.
    """
    nodes = nodes or alone(clock)
    background, jobs = Background(), _store_jobs(store)
    store_watch, loop_watch, http = StoreWatch(store, clock), LoopWatch(clock), HttpFigures()
    store = store_watch.store
    tokens = TokenVerifier(settings.auth, clock, id_chars=settings.limits.id_chars)
    transport = create_server(
        cors_allowed_origins=accepts_origin(settings.cors.origins),
        events_queued=settings.limits.events_queued,
        handshake_timeout=settings.limits.handshake_s,
        max_http_buffer_size=settings.limits.bulk_bytes,
        # A peer that is gone without a word is known to be gone after 14 s.
        ping_interval=9,
        ping_timeout=5,
    )
    emitter = SocketEmitter(transport, settings.compat, background)
    line = build_line(
        settings, store, emitter, background, clock, random.SystemRandom(),
        nodes.bus if nodes.are_several else None,
    )  # fmt: skip
    submit_rate = nodes.counter("submit", settings.rate_limits.submit)
    watching = Watching(line.operators, line.registry, emitter)
    admin = AdminCalls(
        line.operators, line.submissions, line.explanations, line.people, line.audit, watching,
        submit_rate, line.rules.types, settings, clock,
    )  # fmt: skip
    calls = Calls(line.inbox, line.people, line.desk, admin, tokens, settings, clock)
    parts = SessionParts(line.registry, line.people, line.desk, line.counting, line.catch_up)
    rates = settings.rate_limits
    connect_rate = nodes.counter("connect", rates.connect)
    proxies = parse_networks(settings.server.trusted_proxies)
    admission = Admission(connect_rate, settings.limits.connections_per_ip, proxies)
    user_rate = TokenBuckets(rate_per_user(settings), clock)
    gateway = Gateway(
        transport, emitter, parts, calls, tokens, admission,
        FloodGate(settings, user_rate, clock), settings=settings,
        background=background, clock=clock,
    )  # fmt: skip
    now = current(Parts(line, gateway, transport, background)) + of_bus(nodes.bus)
    kept = [*line.figures.meters(), *store_watch.meters(), gateway.refusals]
    page = Page(lambda: [*now, *kept, http.seconds, loop_watch.lag])
    app = make_app(
        RestDeps(
            submissions=line.submissions,
            inbox=line.inbox,
            people=line.people,
            explanations=line.explanations,
            audit=line.audit,
            profiles=line.profiles,
            erasure=line.erasure,
            retention=line.retention,
            operators=line.operators,
            tokens=tokens,
            keys=KeyRing(store, clock),
            clock=clock,
            types=line.rules.types,
            settings=settings,
            submit_rate=submit_rate,
            user_rate=user_rate,
            connect_rate=connect_rate,
            proxies=proxies,
            ping=store.ping,
            readiness=lambda: Readiness(
                draining=gateway.is_draining,
                stopping=gateway.is_stopping,
                degraded="" if nodes.bus.healthy else "the bus is away",
            ),
            metrics=page.render,
            http_done=http.note,
            demo=_demo(settings, clock, demo_key) if demo_key else None,
        )
    )
    gateway.attach(app)
    jobs.append(Job("watching", WATCH_S, watching.push))
    if nodes.are_several:
        jobs.append(Job("revocations", LOOK_S, line.revocations.look))
    ticker = _ticker(settings, line, gateway, jobs)
    return Product(app, store, line, gateway, transport, ticker, background, loop_watch)


def _demo(settings: Settings, clock: Clock, api_key: str) -> DemoAccess:
    def issue(user: str, roles: Sequence[str]) -> str:
        return issue_token(
            settings.auth.jwt_secret, user, roles, ["*"], _DEMO_TOKEN_TTL, clock.now()
        )

    return DemoAccess(api_key, issue)


def _ticker(settings: Settings, line: Line, gateway: Gateway, jobs: Sequence[Job]) -> Ticker:
    async def tick() -> None:
        line.desk.tick()
        await line.schedule.run()

    async def check_tokens() -> None:
        gateway.tick()

    async def watch_bus() -> None:
        line.cluster.tick()

    return Ticker(
        [
            Job("deliveries", 0.2, tick),
            Job("tokens", 1, check_tokens),
            Job("expiry", 0.5, line.expiry.run),
            Job("discovery", LOOK_EVERY_S, line.cluster.discover),
            Job("bus", 1, watch_bus),
            Job("cleanup", settings.cleanup.interval_s, line.retention.clean_up),
            *jobs,
        ]
    )


@runtime_checkable
class _HasClock(Protocol):
    """A store whose clock is every node's."""

    async def measure_clock(self) -> None:
        """Set the process' clock by the store's."""


def _store_jobs(store: Store) -> list[Job]:
    """What must be done for the store from time to time."""
    return [Job("store clock", 30, store.measure_clock)] if isinstance(store, _HasClock) else []
