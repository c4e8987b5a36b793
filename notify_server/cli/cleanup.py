"""``notify-server cleanup``: remove what is past its retention, now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any, NamedTuple, Protocol

import typer
from rich.console import Console
from typing_extensions import override

from notify_server.app.offline import offline
from notify_server.cli import options
from notify_server.cli.configured import read_settings
from notify_server.cli.gateway import open_server
from notify_server.cli.progress import Progress
from notify_server.cli.show import say, say_json
from notify_server.cli.where import find_endpoint
from notify_server.client import AsyncClient
from notify_server.client.endpoint import Endpoint
from notify_server.domain.settings import Settings
from notify_server.kit.clock import SystemClock
from notify_server.pipeline.audit import LOCAL, Audit
from notify_server.pipeline.retention import Retention, record_cleanup
from notify_server.wire.cleanup import MAX_DAYS

_PATH = "/api/v1/admin/cleanup"
_MOST_COUNTED = 10_000
_WITHIN_S = 1.0


def cleanup(
    days: Annotated[
        int | None,
        typer.Option(
            "--days",
            min=1,
            max=MAX_DAYS,
            help="Remove what nobody has had new for so long; default: [inbox] retention_s.",
            metavar="N",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Remove old notifications with all that belongs to them, for good.

    The server does it by itself every [cleanup] interval_s. What is to expire later, and what
    somebody snoozed until lately, stays. What is removed but was never delivered is lost to its
    people: fewer days than a notification waits ([retry] waits_s) are seldom wanted.
    With no server running it works on the store.

    \b
    Examples:
      notify-server cleanup --dry-run
      notify-server cleanup --days 30
    """
    settings = read_settings(config, data_dir)
    endpoint = find_endpoint(url, key, settings.server.data_dir)
    result = asyncio.run(_clean_up(endpoint, settings, days, dry_run))
    if as_json:
        say_json({"removed": result.removed, "matching": result.matching, "more": result.more})
    elif dry_run:
        say(f"{result.matching}{' or more' if result.more else ''} would be removed")
    else:
        say(f"{result.removed} removed")
    return 0


class _Result(NamedTuple):
    """What was removed; ``matching``: what there was, with ``more`` at least so much."""

    removed: int
    matching: int
    more: bool


class _Cleaner(Protocol):
    """Either way to do it."""

    async def count(self) -> _Result:
        """Count only."""

    async def remove_some(self) -> _Result:
        """Remove for a second or two."""


class _ByServer(_Cleaner):
    """Through the running server."""

    def __init__(self, api: AsyncClient, days: int | None) -> None:
        self._api = api
        self._body = {} if days is None else {"days": days}

    @override
    async def count(self) -> _Result:
        return await self._call({**self._body, "dry_run": True})

    @override
    async def remove_some(self) -> _Result:
        return await self._call(self._body)

    async def _call(self, body: dict[str, Any]) -> _Result:
        answer = await self._api.call("POST", _PATH, body)
        return _Result(answer["removed"], answer["matching"], answer["more"])


class _OnStore(_Cleaner):
    """On the store, while no server runs."""

    def __init__(self, retention: Retention, audit: Audit, days: int | None) -> None:
        self._retention = retention
        self._audit = audit
        self._keep = None if days is None else timedelta(days=days)

    @override
    async def count(self) -> _Result:
        matching = await self._retention.count(self._keep, _MOST_COUNTED)
        return _Result(0, matching, matching == _MOST_COUNTED)

    @override
    async def remove_some(self) -> _Result:
        removed, more = await self._retention.remove_some(self._keep, _WITHIN_S)
        if removed:
            await record_cleanup(self._audit, LOCAL, self._keep, removed)
        return _Result(removed, removed, more)


@asynccontextmanager
async def _open(
    endpoint: Endpoint | None, settings: Settings, days: int | None
) -> AsyncIterator[_Cleaner]:
    async with open_server(endpoint) as api:
        if api is not None:
            yield _ByServer(api, days)
            return
        async with offline(settings) as (_, store):
            keep = timedelta(seconds=settings.inbox.retention_s)
            clock = SystemClock()
            yield _OnStore(Retention(store, keep, clock), Audit(store, clock), days)


async def _clean_up(
    endpoint: Endpoint | None, settings: Settings, days: int | None, dry_run: bool
) -> _Result:
    async with _open(endpoint, settings, days) as cleaner:
        found = await cleaner.count()
        if dry_run:
            return found
        total = None if found.more else found.matching
        removed = 0
        with Progress("Removing", total, Console(stderr=True)) as progress:
            while True:
                step = await cleaner.remove_some()
                removed += step.removed
                progress.advance(step.removed)
                if not step.more:
                    return _Result(removed, removed, more=False)
