"""Two ways for what is sent: through the running server, or into its store when none runs."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from typing_extensions import override

from notify_server.app.offline import offline
from notify_server.client import AsyncClient, ItemResult, Sent, UnreachableError
from notify_server.client.asynchronous import Pause
from notify_server.client.endpoint import Endpoint
from notify_server.domain.claims import Caller, Scope
from notify_server.domain.errors import InternalError, NotifyError, RejectedError
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

    async def many(self, bodies: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Submit many, each with its own ``idempotency_key`` inside; one answer each, in order.

        Raises:
            NotifyError: The whole call was refused, or the server stays away.
        """


class ServerGateway(Gateway):
    """Through the running server."""

    def __init__(self, api: AsyncClient) -> None:
        self.api = api

    @override
    async def one(self, body: object, key: str | None) -> dict[str, Any]:
        return await self.api.call_surely("POST", "/api/v1/notifications", body, key)

    @override
    async def many(self, bodies: Sequence[Mapping[str, Any]]) -> list[Answer]:
        return [_of_item(result) for result in await self.api.send_batch(bodies)]


class StoreGateway(Gateway):
    """Into the store, under its lock; whoever is meant gets it when the server is up again."""

    def __init__(self, submissions: Submissions, settings: Settings) -> None:
        self._submissions = submissions
        self._settings = settings
        self._types = TypeRegistry(settings.types)

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
    async def many(self, bodies: Sequence[Mapping[str, Any]]) -> list[Answer]:
        drafts = [self._read(body) for body in bodies]
        made = await self._submissions.submit_many(_OPERATOR, drafts, None)
        return [one if isinstance(one, NotifyError) else _to_answer(one) for one in made]

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


def _of_item(result: ItemResult) -> Answer:
    return _to_answer(result.sent) if result.sent is not None else result.error or InternalError()


def _to_answer(made: Submitted | Sent) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": made.id, "status": made.status, "revision": made.revision}
    return answer | {"replayed": True} if made.replayed else answer


@asynccontextmanager
async def open_server(
    endpoint: Endpoint | None, pause: Pause = asyncio.sleep
) -> AsyncIterator[AsyncClient | None]:
    """The server, or None when none was named and none answers where one ran.

    Raises:
        UnreachableError: One was named, and it does not answer.
    """
    if endpoint is None:
        yield None
        return
    async with AsyncClient(endpoint.url, endpoint.key, pause=pause) as api:
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
            yield StoreGateway(submissions, settings)
