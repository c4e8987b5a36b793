"""Tokens made on the server's own machine, with its secret."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from notify_server.auth.signing import issue_token
from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.settings import Settings
from notify_server.kit.clock import SystemClock


def local_secret(settings: Settings) -> str:
    """The configured JWT secret, or the one that the server made in its data directory.

    Raises:
        RejectedError: There is none, or it may not be read.
    """
    if settings.auth.jwt_secret:
        return settings.auth.jwt_secret
    return _read(settings.server.data_dir / "jwt_secret")


def make_token(
    settings: Settings,
    user: str,
    roles: Sequence[str],
    rooms: Sequence[str],
    ttl: timedelta,
    name: str | None = None,
) -> str:
    """A token that the server of these settings believes.

    Raises:
        RejectedError: No secret is at hand.
    """
    return issue_token(
        local_secret(settings),
        user,
        roles,
        rooms,
        ttl,
        SystemClock().now(),
        name=name,
        aud=settings.auth.jwt_audience or None,
        iss=settings.auth.jwt_issuer or None,
    )


def _read(path: Path) -> str:
    try:
        secret = path.read_text("utf-8").strip()
    except FileNotFoundError:
        raise RejectedError(
            Code.FORBIDDEN,
            f"There is no JWT secret: [auth] jwt_secret is not set and {path} is not there"
            " (the server makes it at its first start).",
        ) from None
    except (OSError, UnicodeDecodeError) as exc:
        raise RejectedError(Code.FORBIDDEN, f"{path} cannot be read: {exc}.") from None
    if not secret:
        raise RejectedError(Code.FORBIDDEN, f"{path} is empty.")
    return secret
