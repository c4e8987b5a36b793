"""What a configuration must not say although every type fits: unsafe, unreadable, contradictory.

Called by ``app/config.py``; each check takes the settings and notes what it finds. The start is
refused rather than made with a secret that everybody knows (S20).
"""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pkgutil import resolve_name
from urllib.parse import SplitResult, urlsplit

from notify_server.app.config_faults import Faults
from notify_server.domain.settings import (
    ALGORITHMS,
    PUBLIC_ALGORITHMS,
    AuthSettings,
    Settings,
)
from notify_server.kit.rates import parse_rate

# Imported where such a URL, secret or file is given: a command that is given none starts without
# PyMongo and cryptography.
_MONGODB_FAULT = "notify_server.stores.mongodb.database:url_fault"
_REDIS_FAULT = "notify_server.bus.inspection:url_fault"
_READ_SECRET = "notify_server.auth.signing:read_secret"
_READ_PUBLIC_KEYS = "notify_server.auth.signing:read_public_keys"

MIN_SECRET_BYTES = 32
_MIN_DIFFERENT = 8
_DEFAULT_WORDS = re.compile(
    r"change.?me|change.?this|replace.?me|your.?(jwt.?)?secret|secret.?key|"
    r"example|default|password|insecure|placeholder|12345678|qwerty",
    re.IGNORECASE,
)
_BASE_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_TYPE_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_LINE_NAME = re.compile(r"/[A-Za-z0-9._~/-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_settings(settings: Settings, faults: Faults) -> None:
    """Note every fault that needs more than one key's type to be seen."""
    for check in _CHECKS:
        check(settings, faults)


def secret_fault(secret: str) -> str | None:
    """Why a text is no secret, or None when it may be one."""
    if len(secret.encode()) < MIN_SECRET_BYTES:
        return f"too short: expected {MIN_SECRET_BYTES} bytes or more of chance"
    if len(set(secret)) < _MIN_DIFFERENT or _DEFAULT_WORDS.search(secret):
        return "looks like a default: expected chance, such as of `openssl rand -base64 48`"
    return None


def has_token_keys(auth: AuthSettings) -> bool:
    """Whether it is configured whose tokens are believed."""
    return bool(auth.jwt_secret or auth.jwt_public_key_file or auth.jwks_url)


def _server(settings: Settings, faults: Faults) -> None:
    server = settings.server
    if not server.host:
        faults.add(("server", "host"), 'expected an address, such as "127.0.0.1" or "0.0.0.0"')
    if not _BASE_PATH.fullmatch(server.base_path):
        faults.add(("server", "base_path"), 'expected "" or "/x", without a slash at the end')
    for proxy in server.trusted_proxies:
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            faults.add(
                ("server", "trusted_proxies"), f"expected addresses or networks, got {proxy!r}"
            )


def _store(settings: Settings, faults: Faults) -> None:
    url, key = settings.store.url, ("store", "url")
    if url.startswith(("mongodb://", "mongodb+srv://")):
        if fault := resolve_name(_MONGODB_FAULT)(url):
            faults.add(key, fault)
    elif url and not url.startswith("sqlite:///"):
        faults.add(key, 'expected "mongodb://…", "sqlite:///path" or ""')
    elif url in ("sqlite:///", "sqlite:///:memory:"):
        faults.add(key, 'expected a file: what was accepted must be durable; "sqlite:///path"')


def _bus(settings: Settings, faults: Faults) -> None:
    if settings.bus.url and not settings.bus.url.startswith(("redis://", "rediss://")):
        faults.add(("bus", "url"), 'expected "redis://…", "rediss://…" or ""')
    elif settings.bus.url and (fault := resolve_name(_REDIS_FAULT)(settings.bus.url)):
        faults.add(("bus", "url"), fault)
    elif settings.bus.url and not settings.store.url.startswith("mongodb"):
        faults.add(
            ("bus", "url"),
            "several nodes need a store that they can share: set store.url to mongodb://…",
        )
    if settings.bus.key and (fault := secret_fault(settings.bus.key)):
        faults.add(("bus", "key"), fault)
    if settings.bus.url and not settings.bus.key:
        faults.add(("bus", "key"), "expected a secret: envelopes between nodes are signed")


def _auth(settings: Settings, faults: Faults) -> None:
    auth = settings.auth
    if auth.jwt_secret and (fault := secret_fault(auth.jwt_secret)):
        faults.add(("auth", "jwt_secret"), fault)
    elif auth.jwt_secret:
        try:
            resolve_name(_READ_SECRET)(auth.jwt_secret)
        except ValueError as error:
            faults.add(("auth", "jwt_secret"), str(error))
    shared = bool(settings.bus.url) or settings.store.url.startswith("mongodb")
    if shared and not has_token_keys(auth):
        faults.add(
            ("auth", "jwt_secret"),
            "expected with MongoDB or a bus: jwt_secret, jwt_public_key_file or jwks_url",
        )
    url = _split(auth.jwks_url)
    if auth.jwks_url and (url is None or url.scheme not in ("https", "http") or not url.hostname):
        faults.add(("auth", "jwks_url"), 'expected "https://…"')
    for role in auth.send_roles:
        if not role or _CONTROL.search(role):
            faults.add(("auth", "send_roles"), f"expected names of roles, got {role!r}")


def _algorithms(settings: Settings, faults: Faults) -> None:
    """An accepted algorithm without a key of its kind would refuse everybody."""
    auth, key = settings.auth, ("auth", "jwt_algorithms")
    public = set(PUBLIC_ALGORITHMS) if auth.jwks_url else set()
    if auth.jwt_public_key_file is not None:
        try:
            keys = resolve_name(_READ_PUBLIC_KEYS)(auth.jwt_public_key_file)
            public |= {algorithm for algorithm, _ in keys}
        except ValueError as error:
            faults.add(("auth", "jwt_public_key_file"), str(error))
            return
    # Without any key a secret is made at the first start.
    secret = {"HS256"} if auth.jwt_secret or not has_token_keys(auth) else set()
    for algorithm in auth.jwt_algorithms:
        if algorithm not in ALGORITHMS:
            faults.add(key, f"expected {', '.join(ALGORITHMS)}, got {algorithm!r}")
        elif algorithm not in public | secret:
            faults.add(key, f"there is no key for {algorithm}")


def _cors(settings: Settings, faults: Faults) -> None:
    for origin in settings.cors.origins:
        parts = _split(origin)
        if "*" in origin:
            faults.add(("cors", "origins"), 'never "*": name each origin, as "https://example.org"')
        elif (
            parts is None
            or parts.scheme not in ("http", "https")
            or f"{parts.scheme}://{parts.netloc}" != origin
            or not parts.hostname
            or parts.username is not None
        ):
            faults.add(
                ("cors", "origins"), f'expected "https://host" without a path, got {origin!r}'
            )


def _namespaces(settings: Settings, faults: Faults) -> None:
    aliases = settings.namespaces.user
    for alias in aliases:
        if not _LINE_NAME.fullmatch(alias):
            faults.add(("namespaces", "user"), f'expected names like "/x", got {alias!r}')
    for line, roles in settings.namespaces.lines.items():
        key = ("namespaces", line)
        if not _LINE_NAME.fullmatch(line):
            faults.add(key, 'expected a name like "/x"; "/" is everybody\'s line')
        if line in aliases:
            faults.add(key, "is an alias of the user line in namespaces.user, too")
        if not roles or any(not role or _CONTROL.search(role) for role in roles):
            faults.add((*key, "roles"), "expected one role or more that may enter")


def _rooms(settings: Settings, faults: Faults) -> None:
    for pattern in settings.rooms.allow:
        if not pattern or _CONTROL.search(pattern):
            faults.add(("rooms", "allow"), f"expected patterns of room names, got {pattern!r}")


def _types(settings: Settings, faults: Faults) -> None:
    for name, row in settings.types.items():
        if not _TYPE_NAME.fullmatch(name):
            faults.add(("types", name), "expected a name of a-z, 0-9, _ . - and up to 64 long")
        if name == "security" and not row.required:
            faults.add(("types", name, "required"), "security cannot be switched off")


def _rates(settings: Settings, faults: Faults) -> None:
    rates = settings.rate_limits
    for name, rate in (
        ("submit", rates.submit),
        ("connect", rates.connect),
        ("event", rates.event),
    ):
        try:
            parse_rate(rate)
        except ValueError as error:
            faults.add(("rate_limits", name), str(error))


def _limits(settings: Settings, faults: Faults) -> None:
    limits = settings.limits
    if limits.data_bytes > limits.notification_bytes:
        faults.add(("limits", "data_bytes"), "expected at most limits.notification_bytes")
    if limits.bulk_bytes < limits.notification_bytes:
        faults.add(("limits", "bulk_bytes"), "expected at least limits.notification_bytes")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no number
    except ValueError:
        return None
    return parts


_CHECKS: tuple[Callable[[Settings, Faults], None], ...] = (
    _server,
    _store,
    _bus,
    _auth,
    _algorithms,
    _cors,
    _namespaces,
    _rooms,
    _types,
    _rates,
    _limits,
)
