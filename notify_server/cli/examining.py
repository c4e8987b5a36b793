"""What ``doctor`` looks at on this machine: files, secrets, room, limits, settings."""

import os
import resource
import shutil
import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from notify_server.app.config_checks import has_token_keys, secret_fault
from notify_server.domain.check import Check, fail, ok, warn
from notify_server.domain.settings import Settings

_MB = 1024 * 1024
_LITTLE, _TOO_LITTLE = 1024 * _MB, 100 * _MB
_SPARE_FILES = 200
"""Files that a server has open beside its connections."""

_PRIVATE = ("jwt_secret", "api_key", "run.json", "notify.db", "notify.db-wal")


def examine(settings: Settings) -> Iterator[Check]:
    """Everything that needs no connection."""
    for look in (_data_dir, _modes, _disk, _files, _secret, _origins, _proxies, _channels):
        yield from look(settings)


def _data_dir(settings: Settings) -> Iterator[Check]:
    path = settings.server.data_dir
    if not path.exists():
        place = next(parent for parent in path.absolute().parents if parent.exists())
        if os.access(place, os.W_OK):
            yield ok("data_dir", f"{path} is not there yet; the first start makes it")
        else:
            yield fail("data_dir", f"{path} is not there, and {place} may not be written to",
                       "Make it, and give it to the user that runs the server.")  # fmt: skip
    elif not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        yield fail("data_dir", f"{path} may not be written to by this user",
                   "Run doctor as the server's user, or give the directory to it.")  # fmt: skip
    else:
        yield ok("data_dir", f"{path} may be written to")


def _modes(settings: Settings) -> Iterator[Check]:
    """Secrets that others on this machine may read (S20)."""
    folder = settings.server.data_dir
    auth = settings.auth
    named = [path for path in (auth.jwt_secret_file, settings.bus.key_file) if path is not None]
    paths = [path for path in (*(folder / name for name in _PRIVATE), *named) if path.is_file()]
    open_to = [path for path in paths if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    exposed = [path for path in open_to if not _is_shielded(path)]
    if exposed:
        names = " ".join(str(path) for path in exposed)
        yield warn("secrets", f"others on this machine may read {names}", f"chmod 600 {names}")
    elif paths:
        yield ok("secrets", f"{len(paths)} private files, for this user alone")


def _is_shielded(path: Path) -> bool:
    """Nobody else gets through its directory."""
    return not path.parent.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH)


def _disk(settings: Settings) -> Iterator[Check]:
    place = settings.server.data_dir.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    found = f"{free // _MB} MB are free at {place}"
    advice = "Make room: what cannot be written is not accepted. cleanup removes old ones."
    if free < _TOO_LITTLE:
        yield fail("disk", found, advice)
    elif free < _LITTLE:
        yield warn("disk", found, advice)
    else:
        yield ok("disk", found)


def _files(settings: Settings) -> Iterator[Check]:
    soft, whose = _file_limit(settings.server.data_dir)
    wanted = settings.limits.connections + _SPARE_FILES
    found = f"{whose} may have {soft} files open; [limits] connections allows {wanted} in all"
    if soft < wanted:
        yield warn("open files", found,
                   f"Start it with ulimit -n {wanted} (systemd: LimitNOFILE={wanted}), or lower"
                   " [limits] connections.")  # fmt: skip
    else:
        yield ok("open files", found)


def _file_limit(data_dir: Path) -> tuple[int, str]:
    """Of the running server where the system shows it, else of a process like this one."""
    try:
        pid = int(orjson.loads((data_dir / "run.json").read_bytes())["pid"])
        limits = Path(f"/proc/{pid}/limits").read_text("ascii").splitlines()
        soft = next(line for line in limits if line.startswith("Max open files")).split()[3]
        return int(soft), "the server"
    except (OSError, ValueError, KeyError, StopIteration):
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0], "a process of this user"


def _secret(settings: Settings) -> Iterator[Check]:
    auth = settings.auth
    path = settings.server.data_dir / "jwt_secret"
    if auth.jwt_secret:
        yield ok("JWT secret", "configured, long and random enough")  # else it is a config fault
    elif has_token_keys(auth):
        yield ok("JWT keys", "public keys are configured; this server makes no tokens")
    elif not path.exists():
        yield ok("JWT secret", "none yet; the first start makes one")
    elif not os.access(path, os.R_OK):
        yield warn("JWT secret", f"{path} may not be read by this user",
                   "Run doctor as the server's user.")  # fmt: skip
    elif fault := secret_fault(path.read_text("utf-8", errors="replace").strip()):
        yield fail("JWT secret", f"{path}: {fault}", "Remove it, and start the server again.")
    else:
        yield ok("JWT secret", f"made by the server, kept in {path}")


def _origins(settings: Settings) -> Iterator[Check]:
    if settings.cors.origins:
        yield ok("origins", f"pages of {' '.join(settings.cors.origins)} may connect")
    else:
        yield warn("origins", "only pages of the server's own address may connect",
                   "Name the origins of your pages in [cors] origins.")  # fmt: skip


def _proxies(settings: Settings) -> Iterator[Check]:
    server = settings.server
    if server.trusted_proxies:
        yield ok("proxies", f"X-Forwarded-For of {' '.join(server.trusted_proxies)} is believed")
    elif _is_loopback(server.host):
        yield warn("proxies", "listens on this machine alone, and no proxy is trusted",
                   "With a proxy before it, name its address in [server] trusted_proxies: else all"
                   " clients count as one address ([limits] connections_per_ip).")  # fmt: skip
    else:
        advice = "Tokens must not travel without TLS: put a proxy with a certificate before it."
        found = f"listens on {server.host} in the clear, and no proxy is trusted"
        yield warn("proxies", found, advice)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _channels(settings: Settings) -> Iterator[Check]:
    """None is configurable in this version; what the policy names is told, and goes nowhere."""
    if not settings.fallback.enabled:
        yield ok("channels", "Socket.IO and the inbox; fallback is switched off")
        return
    named = {channel for rule in settings.retry.rules.values() for channel in rule.fallback}
    if named:
        listed = ", ".join(sorted(named))
        yield warn("channels", f"the policy falls back to {listed}; none of them is configured",
                   "Until they are, what is not delivered waits in the inbox; [fallback] enabled ="
                   " false says so.")  # fmt: skip
    else:
        yield ok("channels", "Socket.IO and the inbox")


def address_of(url: str) -> tuple[str, int] | None:
    """Host and port of a bus or store that is another machine's; None: it is a file, or none."""
    parts = urlsplit(url)
    ports = {"redis": 6379, "rediss": 6379, "mongodb": 27017, "https": 443, "http": 80}
    if parts.scheme not in ports or not parts.hostname:
        return None
    return parts.hostname, parts.port or ports[parts.scheme]
