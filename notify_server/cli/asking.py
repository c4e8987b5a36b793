"""A question to the running server, or to its store while none runs; for operators' commands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from notify_server.app.lines import Line
from notify_server.app.offline import offline_line
from notify_server.cli.configured import read_settings
from notify_server.cli.gateway import open_server
from notify_server.cli.where import find_endpoint
from notify_server.client import AsyncClient
from notify_server.client.endpoint import Endpoint
from notify_server.domain.errors import UnavailableError
from notify_server.domain.settings import Settings

ADMIN = "/api/v1/admin"

Query = Mapping[str, object]
ByLine = Callable[[Line, Settings], Awaitable[Mapping[str, Any]]]
"""Answers without a server, as the server would."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a command finds its answers."""

    settings: Settings
    endpoint: Endpoint | None


def find_way(url: str | None, key: str | None, config: Path | None, data_dir: Path | None) -> Way:
    """The flags that every command has, read; see ``read_settings`` and ``find_endpoint``."""
    settings = read_settings(config, data_dir)
    return Way(settings, find_endpoint(url, key, settings.server.data_dir))


def path_of(*parts: str, **query: object) -> str:
    """A path of the operator's API; what is None in the query is left out."""
    asked = {name: value for name, value in query.items() if value is not None}
    tail = f"?{urlencode(asked)}" if asked else ""
    return "/".join((ADMIN, *(quote(part, safe="") for part in parts))) + tail


@asynccontextmanager
async def running_server(way: Way) -> AsyncIterator[AsyncClient]:
    """The server, where only it can answer.

    Raises:
        UnavailableError: None runs.
    """
    async with open_server(way.endpoint) as api:
        if api is None:
            raise UnavailableError("This needs a running server; name one with --url and --key.")
        yield api


def ask(way: Way, method: str, path: str, body: object = None) -> dict[str, Any]:
    """Make one call of the running server.

    Raises:
        NotifyError: Its refusal.
        UnavailableError: None runs.
    """

    async def call() -> dict[str, Any]:
        async with running_server(way) as api:
            return await api.call(method, path, body)

    return asyncio.run(call())


def look(way: Way, path: str, by_line: ByLine) -> Mapping[str, Any]:
    """GET from the running server, or work the answer out on the store while none runs.

    Raises:
        NotifyError: A refusal.
        ConflictError: No server answers, yet another process holds the store.
    """

    async def get() -> Mapping[str, Any]:
        async with open_server(way.endpoint) as api:
            if api is not None:
                return await api.call("GET", path)
        async with offline_line(way.settings) as (line, _):
            return await by_line(line, way.settings)

    return asyncio.run(get())
