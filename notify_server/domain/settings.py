"""Every setting, grouped as in the configuration file; unit and reason stand at each field.

``app/config.py`` fills these from TOML and the environment; ``config.example.toml`` shows all.
Numbers ending in ``_s`` are seconds, ``_bytes`` bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from notify_server.domain.notification import ChannelName, Priority


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """[server]: where it listens and keeps its files.

    Attributes:
        base_path: Prefix of every path, for a proxy that passes one on; "" or "/x".
        trusted_proxies: Addresses or networks whose X-Forwarded-For is believed.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    data_dir: Path = Path("data")
    base_path: str = ""
    trusted_proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """[store]: ``sqlite:///path`` (empty: in ``data_dir``) or ``mongodb://…``."""

    url: str = ""


@dataclass(frozen=True, slots=True)
class BusSettings:
    """[bus]: empty for one process, or ``redis://…``; ``key`` signs the envelopes."""

    url: str = ""
    key: str = field(default="", repr=False)
    key_file: Path | None = None


PUBLIC_ALGORITHMS = ("RS256", "ES256")
ALGORITHMS = ("HS256", *PUBLIC_ALGORITHMS)
"""What ``[auth] jwt_algorithms`` may name; ``none`` is not among them and never will be."""


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """[auth]: which tokens are believed.

    Attributes:
        jwt_secret: For HS256; 32 bytes at least.
        jwt_public_key_file: PEM for RS256 or ES256.
        jwks_url: Where public keys are fetched, and kept for five minutes.
        jwt_algorithms: Accepted ones; empty: those that the given keys allow.
        send_roles: Roles whose tokens may submit.
    """

    jwt_secret: str = field(default="", repr=False)
    jwt_secret_file: Path | None = None
    jwt_public_key_file: Path | None = None
    jwks_url: str = ""
    jwt_algorithms: tuple[str, ...] = ()
    jwt_audience: str = ""
    jwt_issuer: str = ""
    send_roles: tuple[str, ...] = ("ADMIN",)


@dataclass(frozen=True, slots=True)
class CorsSettings:
    """[cors]: origins of pages that may connect; never ``*``. Same origin needs no entry."""

    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamespaceSettings:
    """[namespaces]: aliases of the user line, and the lines for roles.

    Attributes:
        user: Other names under which the line ``/`` is reached.
        lines: Further lines to the roles that may enter; ``/admin`` is always there.
    """

    user: tuple[str, ...] = ("/ws/notifications/", "/ws/notifications")
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"/admin": ("ADMIN",)})


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """[rooms]: glob patterns (``*`` only) of rooms that everyone may join."""

    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeSettings:
    """[types.<name>]: one kind of notification.

    Attributes:
        priority: Used when a submission names none.
        channels: Recorded for the channels to come.
        group: Grouping rule, recorded for later.
        required: People cannot switch it off.
    """

    priority: Priority = Priority.NORMAL
    channels: tuple[ChannelName, ...] = ()
    group: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class RetryRule:
    """[retry.<priority>]: how hard a notification of this priority is pushed.

    Attributes:
        attempts: How often, the first included; also the number of reminders.
        base_delay_s: Pause after the first failure; doubled each time, full jitter.
        ack_timeout_s: How long an attempt may stay unconfirmed.
        remind_s: Pause between reminders of what must be acknowledged.
        fallback: Channels tried in order when the attempts are used up.
        offline_grace_s: How long the person may be away before fallback starts; None: no fallback.
        waits_s: How long it is pushed when they come back.
    """

    attempts: int
    base_delay_s: float
    ack_timeout_s: float
    remind_s: float
    fallback: tuple[ChannelName, ...]
    offline_grace_s: float | None
    waits_s: float


_DAY_S = 86_400.0
_EMAIL, _SMS, _PUSH = ChannelName.EMAIL, ChannelName.SMS, ChannelName.WEB_PUSH

RETRY_RULES: Mapping[Priority, RetryRule] = {
    Priority.CRITICAL: RetryRule(5, 0.5, 5, 60, (_EMAIL, _SMS, _PUSH), 10, 30 * _DAY_S),
    Priority.URGENT: RetryRule(4, 1, 10, 300, (_EMAIL, _PUSH), 30, 14 * _DAY_S),
    Priority.HIGH: RetryRule(3, 2, 15, 900, (_EMAIL,), 300, 7 * _DAY_S),
    Priority.NORMAL: RetryRule(2, 5, 30, 3600, (), None, 3 * _DAY_S),
    Priority.LOW: RetryRule(1, 10, 30, 14_400, (), None, _DAY_S),
}
"""The policy by priority (contract 10.9)."""


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """[retry]: switched off, each notification is sent once and then waits for the next connect."""

    enabled: bool = True
    rules: Mapping[Priority, RetryRule] = field(default_factory=lambda: dict(RETRY_RULES))


@dataclass(frozen=True, slots=True)
class FallbackSettings:
    """[fallback]: whether other channels are used at all."""

    enabled: bool = True


@dataclass(frozen=True, slots=True)
class InboxSettings:
    """[inbox]: how long the list keeps a notification."""

    retention_s: float = 90 * _DAY_S


@dataclass(frozen=True, slots=True)
class AudienceSettings:
    """[audience]: how far back a newcomer sees what came before them."""

    newcomers_see_s: float = 0


@dataclass(frozen=True, slots=True)
class CleanupSettings:
    """[cleanup]: how often what is past its retention is removed."""

    interval_s: float = 3600


@dataclass(frozen=True, slots=True)
class RateLimitSettings:
    """[rate_limits]: each ``"<n>/<second|minute|hour>"`` or ``"off"``.

    Attributes:
        submit: Notifications per API key or user; a bulk call counts as its items.
        connect: Handshakes, and calls without a valid credential, per address.
        event: Socket.IO events per session; ten ``notification_ack`` count as one. Ten times as
            much per person, their calls to the inbox included.
    """

    submit: str = "off"
    connect: str = "off"
    event: str = "100/second"


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """[limits]: every number that a caller or client can push against (contract 11)."""

    notification_bytes: int = 65_536
    bulk_bytes: int = 1_048_576
    bulk_items: int = 1_000
    bulk_targets: int = 10_000
    title_chars: int = 255
    message_chars: int = 4_096
    data_bytes: int = 32_768
    data_depth: int = 16
    targets: int = 500
    tags: int = 32
    tag_chars: int = 64
    id_chars: int = 128
    rooms_per_user: int = 256
    sessions_per_user: int = 20
    connections_per_ip: int = 200
    connections: int = 10_000
    replay: int = 300
    events_queued: int = 128
    handshake_s: float = 10


@dataclass(frozen=True, slots=True)
class CompatSettings:
    """[compat]: what older clients expect beside the current names."""

    badge_update: bool = False
    legacy_fields: bool = False


@dataclass(frozen=True, slots=True)
class LogSettings:
    """[log]: ``debug info warning error``; ``text`` for people, ``json`` for machines.

    ``auto`` is text on a terminal, else JSON.
    """

    level: str = "info"
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """[metrics]: whether ``GET /metrics`` is there, and whether everybody may read it."""

    enabled: bool = True
    open: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration."""

    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    bus: BusSettings = BusSettings()
    auth: AuthSettings = AuthSettings()
    cors: CorsSettings = CorsSettings()
    namespaces: NamespaceSettings = NamespaceSettings()
    rooms: RoomSettings = RoomSettings()
    types: Mapping[str, TypeSettings] = field(default_factory=dict)
    retry: RetrySettings = RetrySettings()
    fallback: FallbackSettings = FallbackSettings()
    inbox: InboxSettings = InboxSettings()
    audience: AudienceSettings = AudienceSettings()
    cleanup: CleanupSettings = CleanupSettings()
    rate_limits: RateLimitSettings = RateLimitSettings()
    limits: LimitSettings = LimitSettings()
    compat: CompatSettings = CompatSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
