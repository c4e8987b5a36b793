"""Which server a command talks to: by flag, environment, or what a running server wrote down."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import typer

from notify_server.app.config import load_settings
from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.settings import Settings


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and the key for it.

    Attributes:
        url: Without a slash at its end; may hold a base path.
        named: The user named it, so nothing else will do; else it was found in ``run.json``.
    """

    url: str
    key: str
    named: bool


def read_settings(config: Path | None, data_dir: Path | None) -> Settings:
    """The configuration as the server would read it, with ``--data-dir`` on top.

    Raises:
        RejectedError: The file or the environment holds faults.
    """
    settings = load_settings(config, os.environ)
    if data_dir is None:
        return settings
    return replace(settings, server=replace(settings.server, data_dir=data_dir))


def find_endpoint(url: str | None, key: str | None, data_dir: Path) -> Endpoint | None:
    """Whom to call, or None when nothing was named and no server has left its mark.

    Raises:
        typer.BadParameter: A URL that is none, or one without a key.
        RejectedError: ``run.json`` cannot be read.
    """
    running = _read_run(data_dir)
    if url is None:
        return running and replace(running, key=key or running.key)
    address = plain_url(url)
    if key is None and running is not None and running.url == address:
        key = running.key
    if key is None:
        raise typer.BadParameter("--url needs --key (or NOTIFY_API_KEY).")
    return Endpoint(address, key, named=True)


def plain_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        typer.BadParameter: Not ``http:`` or ``https:`` with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise typer.BadParameter(f"{url!r} is no URL: write http://host:port.")
    return url.rstrip("/")


def _read_run(data_dir: Path) -> Endpoint | None:
    path = data_dir / "run.json"
    try:
        raw = orjson.loads(path.read_bytes())
        return Endpoint(plain_url(raw["url"]), raw["api_key"], named=False)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise RejectedError(Code.FORBIDDEN, f"{path} cannot be read: {exc.strerror}.") from None
    except (ValueError, KeyError, TypeError, typer.BadParameter):
        raise RejectedError(Code.INVALID, f"{path} is damaged; start the server again.") from None
