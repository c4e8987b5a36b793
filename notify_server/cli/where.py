"""Which server a command talks to: by flag, environment, or what a running server wrote down."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import typer

from notify_server.app.config import load_settings
from notify_server.client import endpoint
from notify_server.client.endpoint import Endpoint
from notify_server.client.errors import SetupError
from notify_server.domain.settings import Settings


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
    with _as_misuse():
        return endpoint.find_endpoint(url, key, data_dir)


def plain_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        typer.BadParameter: Not ``http:`` or ``https:`` with a host.
    """
    with _as_misuse():
        return endpoint.plain_url(url)


@contextmanager
def _as_misuse() -> Iterator[None]:
    try:
        yield
    except SetupError as exc:
        raise typer.BadParameter(str(exc)) from None
