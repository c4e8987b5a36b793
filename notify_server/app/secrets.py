"""The JWT secret of a server that was given none: made once, kept in ``data_dir``.

Called at the start, after ``app/config.py``: with ``--demo``, and at a first start on SQLite
without a bus. What is shared with others must be configured (S20).
"""

import os
import secrets
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from notify_server.app.config_checks import has_token_keys, secret_fault
from notify_server.app.config_faults import ConfigError, ConfigFault, Place
from notify_server.domain.settings import Settings

_FILE = "jwt_secret"


def ensure_secrets(settings: Settings, demo: bool) -> Settings:  # noqa: FBT001 - of the interface
    """The settings with a JWT secret, unless it is configured whose tokens are believed.

    Args:
        settings: As loaded.
        demo: Whether ``--demo`` was given.

    Raises:
        ConfigError: A secret must be configured here, or ``data_dir`` cannot keep one.
    """
    if has_token_keys(settings.auth):
        return settings
    if not demo and (settings.bus.url or settings.store.url.startswith("mongodb")):
        raise _refusal("auth.jwt_secret", "expected with MongoDB or a bus")
    path = settings.server.data_dir / _FILE
    try:
        secret = _kept(path)
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal("server.data_dir", f"{path} cannot be kept: {error}") from error
    if secret_fault(secret) is not None:
        raise _refusal("server.data_dir", f"{path} is damaged: remove it, and one is made anew")
    return replace(settings, auth=replace(settings.auth, jwt_secret=secret))


def _kept(path: Path) -> str:
    """The secret of an earlier start, or a new one that is kept from now on."""
    with suppress(FileNotFoundError):
        return path.read_text("utf-8").strip()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
            stream.flush()
            os.fsync(file)
        with suppress(FileExistsError):  # another process was first: its secret counts
            os.link(draft, path)  # whole or not at all, and never over an existing one
    finally:
        draft.unlink()
    return path.read_text("utf-8").strip()


def _refusal(key: str, message: str) -> ConfigError:
    return ConfigError([ConfigFault(Place(""), key, message)])
