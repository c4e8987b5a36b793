"""``notify-server search``: find a notification among all of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from notify_server.app.offline import offline_line
from notify_server.cli import options
from notify_server.cli.asking import Way, find_way, path_of
from notify_server.cli.gateway import open_server
from notify_server.cli.parse import parse_duration
from notify_server.cli.progress import Progress
from notify_server.cli.show import local_moment, note, say_json, say_table
from notify_server.domain.operators import Standing
from notify_server.kit.clock import SystemClock, to_rfc3339
from notify_server.wire.operators import MAX_PAGE, parse_search, search_to_wire

_HEAD = ("id", "created", "status", "priority", "type", "to", "title")
_TITLE_CHARS = 60


def search(  # noqa: PLR0913 - one parameter for each flag
    text: Annotated[
        list[str] | None,
        typer.Argument(
            help="Words that all occur in title, message, type, source, tags or sender.",
            metavar="[TEXT]...",
        ),
    ] = None,
    user: options.User = None,
    type: Annotated[
        str | None, typer.Option("--type", help="Of this type.", metavar="TEXT")
    ] = None,
    priority: Annotated[
        str | None, typer.Option("--priority", help="Of this priority.", metavar="TEXT")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Of this source.", metavar="TEXT")
    ] = None,
    tag: Annotated[
        str | None, typer.Option("--tag", help="With this tag.", metavar="TEXT")
    ] = None,
    status: Annotated[
        str | None,
        typer.Option("--status", help=f"One of {', '.join(Standing)}.", metavar="TEXT"),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", help="On this line.", metavar="LINE")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Sent since: 15m, 7d, or a moment.", metavar="TIME"),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Sent before: 1h (ago), or a moment.", metavar="TIME"),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="How many at most.", metavar="N")
    ] = 20,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:  # fmt: skip
    """Find notifications, newest first; without words and flags: the newest.

    explain tells of one what became of it. With no server running it looks into the store.

    \b
    Examples:
      notify-server search backup failed --since 7d
      notify-server search --user 42 --status undelivered
      notify-server search --source shop --priority critical --json
    """
    way = find_way(url, key, config, data_dir)
    asked = {
        "q": " ".join(text) if text else None,
        "user": user,
        "type": type,
        "priority": priority,
        "source": source,
        "tag": tag,
        "status": status,
        "namespace": namespace,
        "since": _moment(since),
        "until": _moment(until),
    }
    items = asyncio.run(_find(way, asked, limit))
    if as_json:
        say_json({"items": items})
    elif items:
        say_table(_HEAD, [_row(item) for item in items])
    else:
        note("Nothing was found.")
    return 0


def targets_text(targets: Mapping[str, Any]) -> str:
    """Whom it is for, as ``send --to`` takes it."""
    shown = [_target(one) for one in targets.get("to") or ()]
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return " ".join(shown[:3]) + more


async def _find(way: Way, asked: Mapping[str, object], limit: int) -> list[dict[str, Any]]:
    """Page after page, as some of them may be empty although there is more."""
    found: list[dict[str, Any]] = []
    with Progress("Searching", None, Console(stderr=True)) as progress:
        async for page in _pages(way, asked, min(limit, MAX_PAGE)):
            found += page["items"]
            progress.advance(int(page["scanned"]))
            if len(found) >= limit:
                break
    return found[:limit]


async def _pages(
    way: Way, asked: Mapping[str, object], limit: int
) -> AsyncIterator[Mapping[str, Any]]:
    query = {name: value for name, value in asked.items() if value is not None}
    query["limit"] = str(limit)
    async with open_server(way.endpoint) as api:
        if api is not None:
            while True:
                page = await api.call("GET", path_of("notifications", **query))
                yield page
                if not page["page_info"]["has_more"]:
                    return
                query["before"] = page["page_info"]["before"]
    async with offline_line(way.settings) as (line, _):
        while True:
            wish = parse_search(query, way.settings.namespaces)
            told: Mapping[str, Any] = search_to_wire(await line.operators.search(wish))
            yield told
            if not told["page_info"]["has_more"]:
                return
            query["before"] = told["page_info"]["before"]


def _moment(text: str | None) -> str | None:
    """A span counts back from now; the rest is for the server to read."""
    if text is None or ":" in text or "-" in text:
        return text
    now: datetime = SystemClock().now()
    return to_rfc3339(now - parse_duration(text))


def _row(item: Mapping[str, Any]) -> Sequence[object]:
    title = str(item["title"])
    return (
        item["id"],
        local_moment(item["created_at"]),
        item["status"],
        item["priority"],
        item["type"],
        targets_text(item["targets"]),
        title if len(title) <= _TITLE_CHARS else title[: _TITLE_CHARS - 1] + "…",
    )


def _target(target: object) -> str:
    if not isinstance(target, dict):
        return str(target)
    if target.get("all"):
        return "all"
    kind, name = next(iter(target.items()))
    return str(name) if kind == "user" and ":" not in str(name) else f"{kind}:{name}"
