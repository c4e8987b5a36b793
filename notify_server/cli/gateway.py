"""Two ways for what is sent: through the running server, or into its store when none runs."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pkgutil import resolve_name
from typing import Any, Protocol

from typing_extensions import override

from notify_server.cli.show import note
from notify_server.client import AsyncClient, ItemResult, UnreachableError
from notify_server.client.asynchronous import Pause
from notify_server.client.endpoint import Endpoint
from notify_server.domain.errors import InternalError, NotifyError, UnavailableError
from notify_server.domain.settings import Settings

Answer = dict[str, Any] | NotifyError

_OPEN_STORE = "notify_server.cli.store_gateway:open_store"
"""Imported where no server answers: whoever sends through one needs neither line nor store."""


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


def _of_item(result: ItemResult) -> Answer:
    sent = result.sent
    if sent is None:
        return result.error or InternalError()
    return to_answer(sent.id, sent.status, sent.revision, replayed=sent.replayed)


def to_answer(identity: str, status: str, revision: int, *, replayed: bool) -> dict[str, Any]:
    """What became of one that was accepted."""
    answer: dict[str, Any] = {"id": identity, "status": status, "revision": revision}
    return answer | {"replayed": True} if replayed else answer


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
        UnavailableError: No server answers, and there is no data directory.
    """
    async with open_server(endpoint) as api:
        if api is not None:
            yield ServerGateway(api)
            return
        _expect_data_dir(settings)
        opened: AbstractAsyncContextManager[Gateway] = resolve_name(_OPEN_STORE)(settings)
        async with opened as gateway:
            place = settings.server.data_dir
            note(f"No server runs on {place}: this goes out when one starts there.")
            yield gateway


def _expect_data_dir(settings: Settings) -> None:
    """What is sent in another folder than the server's must not go into a store nobody reads."""
    data_dir = settings.server.data_dir
    if not settings.store.url and not data_dir.is_dir():
        raise UnavailableError(
            f"No server runs here, and there is no {data_dir.absolute()}:"
            " name the server's with --data-dir, or the server with --url and --key."
        )
