"""Which server a command talks to: by flag, environment, or what a running server wrote down."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from notify_server.client import endpoint
from notify_server.client.endpoint import Endpoint
from notify_server.client.errors import SetupError


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
