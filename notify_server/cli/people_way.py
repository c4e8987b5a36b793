"""Two ways to one person's data: through the running server, or on its store when none runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import quote

from typing_extensions import override

from notify_server.app.lines import Line
from notify_server.app.offline import offline_line
from notify_server.cli.gateway import open_server
from notify_server.client import AsyncClient
from notify_server.client.endpoint import Endpoint
from notify_server.domain.audit import user_subject
from notify_server.domain.errors import RejectedError
from notify_server.domain.settings import LimitSettings, Settings
from notify_server.kit.clock import SystemClock
from notify_server.pipeline.audit import LOCAL
from notify_server.rest.export import export_document
from notify_server.wire.fields import id_problem
from notify_server.wire.user import parse_user, said_of


class PeopleWay(Protocol):
    """Where people are set, exported and erased."""

    async def put(self, user: str, body: dict[str, Any]) -> None:
        """Set a whole profile."""

    def export(self, user: str) -> AsyncIterator[bytes]:
        """Pieces of one JSON document."""

    async def erase(self, user: str) -> None:
        """Leave nothing of them."""


class ByServer(PeopleWay):
    """Through the running server; every call may be repeated."""

    def __init__(self, api: AsyncClient) -> None:
        self._api = api

    @override
    async def put(self, user: str, body: dict[str, Any]) -> None:
        await self._api.call_surely("PUT", _path(user), body)

    @override
    async def export(self, user: str) -> AsyncIterator[bytes]:
        async for piece in self._api.download(f"{_path(user)}/export"):
            yield piece

    @override
    async def erase(self, user: str) -> None:
        await self._api.call_surely("DELETE", _path(user))


class OnStore(PeopleWay):
    """On the store, under its lock."""

    def __init__(self, line: Line, limits: LimitSettings) -> None:
        self._line = line
        self._limits = limits

    @override
    async def put(self, user: str, body: dict[str, Any]) -> None:
        self._check(user)
        fields = parse_user(body, self._limits)
        await self._line.audit.record(LOCAL, "user.put", user_subject(user), said_of(fields))
        await self._line.profiles.put(user, fields)

    @override
    async def export(self, user: str) -> AsyncIterator[bytes]:
        self._check(user)
        pieces = export_document(self._line.profiles, user, (), SystemClock().now())
        first = await anext(pieces)
        await self._line.audit.record(LOCAL, "user.export", user_subject(user))
        yield first
        async for piece in pieces:
            yield piece

    @override
    async def erase(self, user: str) -> None:
        self._check(user)
        await self._line.erasure.erase(user, LOCAL)

    def _check(self, user: str) -> None:
        if problem := id_problem(user, self._limits.id_chars):
            raise RejectedError.at("id", problem)


@asynccontextmanager
async def open_people(endpoint: Endpoint | None, settings: Settings) -> AsyncIterator[PeopleWay]:
    """Through the server if one runs, else on the store of ``settings``.

    Raises:
        ConflictError: No server answers, yet another process holds the store.
    """
    async with open_server(endpoint) as api:
        if api is not None:
            yield ByServer(api)
            return
        async with offline_line(settings) as (line, _):
            yield OnStore(line, settings.limits)


def _path(user: str) -> str:
    return f"/api/v1/admin/users/{quote(user, safe='')}"
