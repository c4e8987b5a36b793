"""What is sent while no server runs: into its store; ``gateway`` names it and imports it then."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from typing_extensions import override

from notify_server.app.offline import offline
from notify_server.cli.gateway import Answer, Gateway, to_answer
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


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Gateway]:
    """The store of ``settings``.

    Raises:
        ConflictError: Another process holds it.
    """
    async with offline(settings) as (submissions, _):
        yield StoreGateway(submissions, settings)


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
        return _answer(await self._submissions.submit(_OPERATOR, draft, key))

    @override
    async def many(self, bodies: Sequence[Mapping[str, Any]]) -> list[Answer]:
        drafts = [self._read(body) for body in bodies]
        made = await self._submissions.submit_many(_OPERATOR, drafts, None)
        return [one if isinstance(one, NotifyError) else _answer(one) for one in made]

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


def _answer(made: Submitted) -> dict[str, Any]:
    return to_answer(made.id, made.status, made.revision, replayed=made.replayed)
