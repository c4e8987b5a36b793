"""Two ways for what is sent: through the running server, or into its store when none runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import aiohttp
from typing_extensions import override

from notify_server.app.build import offline
from notify_server.cli.http import Api, Pause, UnreachableError, to_error
from notify_server.cli.where import Endpoint
from notify_server.domain.claims import Caller, Scope
from notify_server.domain.errors import NotifyError, RejectedError
from notify_server.domain.notification import Draft
from notify_server.domain.settings import Settings
from notify_server.kit.clock import SystemClock
from notify_server.pipeline.submit import Submissions, Submitted
from notify_server.policy.types import TypeRegistry
from notify_server.wire.bulk import parse_item
from notify_server.wire.submission import parse_draft

_OPERATOR = Caller("key:local", frozenset(Scope))
"""Who submits without a server: whoever may open the store may do everything."""

Answer = dict[str, Any] | NotifyError


class Gateway(Protocol):
    """Where submissions go."""

    async def one(self, body: object, key: str | None) -> dict[str, Any]:
        """Submit one; answers ``{"id", "status", "revision"}`` or raises a NotifyError."""

    async def many(self, bodies: Sequence[object]) -> list[Answer]:
        """Submit many, each with its own ``idempotency_key`` inside; one answer each, in order."""

    async def wait(self, failures: int, error: NotifyError) -> None:
        """Pause before what failed is sent again."""


class ServerGateway(Gateway):
    """Through the running server."""

    def __init__(self, api: Api) -> None:
        self.api = api

    @override
    async def one(self, body: object, key: str | None) -> dict[str, Any]:
        return await self.api.call_surely("POST", "/api/v1/notifications", body, key)

    @override
    async def many(self, bodies: Sequence[object]) -> list[Answer]:
        body = {"items": list(bodies)}
        answer = await self.api.call_surely("POST", "/api/v1/notifications/bulk", body)
        return [to_error(item["error"]) if "error" in item else item for item in answer["items"]]

    @override
    async def wait(self, failures: int, error: NotifyError) -> None:
        await self.api.wait(failures, error)


class StoreGateway(Gateway):
    """Into the store, under its lock; whoever is meant gets it when the server is up again."""

    def __init__(self, submissions: Submissions, settings: Settings, pause: Pause) -> None:
        self._submissions = submissions
        self._settings = settings
        self._types = TypeRegistry(settings.types)
        self._pause = pause

    @override
    async def one(self, body: object, key: str | None) -> dict[str, Any]:
        draft = parse_draft(
            body,
            self._types,
            self._settings.limits,
            SystemClock().now(),
            namespaces=self._settings.namespaces,
        )
        return _to_answer(await self._submissions.submit(_OPERATOR, draft, key))

    @override
    async def many(self, bodies: Sequence[object]) -> list[Answer]:
        drafts = [self._read(body) for body in bodies]
        made = await self._submissions.submit_many(_OPERATOR, drafts, None)
        return [one if isinstance(one, NotifyError) else _to_answer(one) for one in made]

    @override
    async def wait(self, failures: int, error: NotifyError) -> None:
        await self._pause(min(2.0**failures, 10.0))

    def _read(self, body: object) -> Draft | NotifyError:
        now = SystemClock().now()
        try:
            return parse_item(
                body,
                self._types,
                self._settings.limits,
                now,
                "",
                namespaces=self._settings.namespaces,
            )
        except RejectedError as exc:
            return exc


def _to_answer(made: Submitted) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": made.id, "status": made.status, "revision": made.revision}
    return answer | {"replayed": True} if made.replayed else answer


@asynccontextmanager
async def open_server(
    endpoint: Endpoint | None, pause: Pause = asyncio.sleep
) -> AsyncIterator[Api | None]:
    """The server, or None when none was named and none answers where one ran.

    Raises:
        UnreachableError: One was named, and it does not answer.
    """
    if endpoint is None:
        yield None
        return
    async with aiohttp.ClientSession() as session:
        api = Api(endpoint, session, pause)
        try:
            await api.call("GET", "/health/live")
        except UnreachableError:
            if endpoint.named:
                raise
            yield None
        else:
            yield api


@asynccontextmanager
async def open_gateway(endpoint: Endpoint | None, settings: Settings) -> AsyncIterator[Gateway]:
    """Through the server if one runs, else into the store of ``settings``.

    Raises:
        ConflictError: No server answers, yet another process holds the store.
    """
    async with open_server(endpoint) as api:
        if api is not None:
            yield ServerGateway(api)
            return
        async with offline(settings) as (submissions, _):
            yield StoreGateway(submissions, settings, asyncio.sleep)
