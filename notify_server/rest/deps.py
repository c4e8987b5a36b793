"""What the HTTP side is given by the wiring in ``app/``."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiohttp import web

from notify_server.domain.claims import ApiKey, Caller, Claims, Scope
from notify_server.domain.settings import Settings
from notify_server.kit.addresses import Network
from notify_server.kit.clock import Clock
from notify_server.pipeline.audit import Audit
from notify_server.pipeline.erasure import Erasure
from notify_server.pipeline.explain import Explanations
from notify_server.pipeline.inbox import Inbox
from notify_server.pipeline.operators import Operators
from notify_server.pipeline.people import People
from notify_server.pipeline.profiles import Profiles
from notify_server.pipeline.retention import Retention
from notify_server.pipeline.submit import Submissions
from notify_server.policy.types import TypeRegistry
from notify_server.ports.rates import RateCounter


class Tokens(Protocol):
    """Believes or refuses a JWT, see ``auth/tokens.py``."""

    async def verify(self, token: object) -> Claims:
        """Raise RejectedError or UnavailableError unless it is good."""


class Keys(Protocol):
    """Knows API keys, see ``auth/keys.py``."""

    async def caller(self, key: str) -> Caller:
        """Raise RejectedError unless it is good."""

    async def create(self, name: str, scopes: Iterable[Scope]) -> tuple[ApiKey, str]:
        """Make and keep one; the text is the key itself, shown once."""

    async def all(self) -> list[ApiKey]:
        """Every one, oldest first, revoked ones too."""

    async def revoke(self, key_id: str) -> ApiKey | None:
        """Refuse one from now on; None: there is none."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether this process should get traffic, besides what the store says.

    Attributes:
        draining: It is about to stop: no traffic should come here any more.
        stopping: It stops now: nothing more is accepted.
        degraded: Why it serves with less than all, e.g. the bus is away; empty for nothing.
    """

    draining: bool = False
    stopping: bool = False
    degraded: str = ""


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """What ``--demo`` gives away to everybody who can reach the port.

    Attributes:
        api_key: Ready-made.
        issue: Makes a token for a user with roles.
        pages: Where the built page stands.
    """

    api_key: str
    issue: Callable[[str, Sequence[str]], str]
    pages: Path = Path(__file__).parent / "pages" / "demo"


@dataclass(frozen=True, slots=True)
class RestDeps:
    """Everything that handlers use.

    Attributes:
        submit_rate: How much each caller may submit.
        user_rate: How much each person may do, by HTTP and on their sockets together.
        connect_rate: How often each address may come, counted with its handshakes.
        proxies: Whose word on the client's address is believed.
        ping: Raises UnavailableError unless the store works.
        readiness: Asked at ``/health/ready`` and by whatever a stop concerns.
        metrics: The page for Prometheus.
        http_done: Told of each call: the answer's status and how many seconds it took.
    """

    submissions: Submissions
    inbox: Inbox
    people: People
    explanations: Explanations
    audit: Audit
    profiles: Profiles
    erasure: Erasure
    retention: Retention
    operators: Operators
    tokens: Tokens
    keys: Keys
    clock: Clock
    types: TypeRegistry
    settings: Settings
    submit_rate: RateCounter
    user_rate: RateCounter
    connect_rate: RateCounter
    proxies: Sequence[Network]
    ping: Callable[[], Awaitable[None]]
    readiness: Callable[[], Readiness]
    metrics: Callable[[], bytes]
    http_done: Callable[[web.Request, int, float], None]
    demo: DemoAccess | None = None


DEPS: web.AppKey[RestDeps] = web.AppKey("deps", RestDeps)
