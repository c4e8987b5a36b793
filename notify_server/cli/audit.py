"""``notify-server audit``: who changed what, and whether the record of it is whole."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import typer

from notify_server.app.offline import offline_line
from notify_server.cli import options
from notify_server.cli.asking import Way, find_way, path_of
from notify_server.cli.exits import Exit
from notify_server.cli.gateway import open_server
from notify_server.cli.show import local_moment, note, say, say_json, say_table
from notify_server.wire.audit import MAX_ENTRIES, audit_to_wire, parse_audit_query


def audit(
    who: Annotated[
        str | None, typer.Option("--who", help="By this caller: key:ID, user:ID.", metavar="NAME")
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="Such as user.revoke.", metavar="NAME")
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Of this subject.", metavar="NAME")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MAX_ENTRIES, help="How many.", metavar="N")
    ] = 20,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that no entry was changed or removed.")
    ] = False,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Show what operators changed, newest first; --verify checks the whole record (exit 1: broken).

    \b
    Examples:
      notify-server audit
      notify-server audit --action user.revoke --limit 5
      notify-server audit --verify
    """
    way = find_way(url, key, config, data_dir)
    if verify:
        return _verify(way, as_json)
    asked = {"who": who, "action": action, "subject": subject, "limit": limit}
    told = asyncio.run(_entries(way, asked))
    if as_json:
        say_json(told)
    elif told["items"]:
        rows = [
            (e["seq"], local_moment(e["at"]), e["who"], e["action"], e["subject"] or "", _text(e))
            for e in told["items"]
        ]
        say_table(("nr", "at", "who", "action", "subject", "details"), rows)
    else:
        note(
            "Nothing of this was changed yet."
            if who or action or subject
            else "Nothing was changed yet."
        )
    return 0


async def _entries(way: Way, asked: Mapping[str, object]) -> Mapping[str, Any]:
    async with open_server(way.endpoint) as api:
        if api is not None:
            return await api.call("GET", path_of("audit", **asked))
    query = {name: str(value) for name, value in asked.items() if value is not None}
    async with offline_line(way.settings) as (line, _):
        return audit_to_wire(await line.audit.page(parse_audit_query(query)))


def _verify(way: Way, as_json: bool) -> int:
    broken = asyncio.run(first_broken(way))
    if as_json:
        say_json({"intact": broken is None, "first_broken": broken})
    elif broken is None:
        say("Every entry is as it was written.")
    else:
        say(f"Entry {broken} was changed, removed or moved; what is older is not vouched for.")
    return Exit.DONE if broken is None else Exit.REFUSED


async def first_broken(way: Way) -> int | None:
    """The number of the first entry that is not as it was written; None: all are."""
    async with open_server(way.endpoint) as api:
        if api is not None:
            told = await api.call("GET", path_of("audit", "verify"))
            broken: int | None = told["first_broken"]
            return broken
    async with offline_line(way.settings) as (line, _):
        return await line.audit.verify()


def _text(entry: Mapping[str, Any]) -> str:
    return orjson.dumps(entry["details"]).decode() if entry["details"] else ""
