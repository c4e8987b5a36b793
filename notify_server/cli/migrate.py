"""``notify-server migrate``: copy everything to another store."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from notify_server.app.stores import clock_for, store_at
from notify_server.app.stores import file_of as sqlite_file
from notify_server.cli import options
from notify_server.cli.progress import Progress
from notify_server.cli.show import say, say_json
from notify_server.domain.errors import Code, RejectedError
from notify_server.pipeline.migration import Migration, Report

_SCHEMES = ("sqlite:///", "mongodb://", "mongodb+srv://")
_ALL = 2**31 - 1


def migrate(
    source: Annotated[
        str, typer.Option("--from", help="The store to read, as in [store] url.", metavar="URL")
    ],
    target: Annotated[
        str, typer.Option("--to", help="The store to write, new or empty.", metavar="URL")
    ],
    as_json: options.AsJson = False,
) -> int:
    """Copy a store to another one, such as SQLite's file to MongoDB, while nothing writes.

    Stop the server, and all nodes, before: a file that a server holds is refused. Everything is
    copied: notifications, receipts, attempts, people, API keys, the audit, idempotency keys. Then
    both are compared, by counts and by a sample. It may be broken off and run again, and brings
    only what is missing or different; run after it was done, it changes nothing. The source stays
    as it is. Secrets are not in the store: jwt_secret stays in the data directory.

    \b
    Examples:
      notify-server migrate --from sqlite:///data/notify.db --to mongodb://db.example/notify
      notify-server migrate --from mongodb://127.0.0.1/notify --to sqlite:////srv/notify.db
    """
    for name, url in (("--from", source), ("--to", target)):
        if not url.startswith(_SCHEMES):
            raise typer.BadParameter(f"{name}: expected mongodb://… or sqlite:///path")
    if source == target:
        raise typer.BadParameter("--from and --to are the same store.")
    file = sqlite_file(source)
    if file is not None and not file.exists():
        raise RejectedError(Code.NOT_FOUND, f"{file} is not there.")
    report = asyncio.run(_copy(source, target))
    if as_json:
        kinds = {kind: counts._asdict() for kind, counts in report.counts.items()}
        say_json({"brought": report.brought, "compared": report.compared, "kinds": kinds})
        return 0
    for kind, counts in report.counts.items():
        say(f"{counts.found:>10} {kind:<14} {counts.brought} brought over")
    say(f"both hold the same; {report.compared} notifications were compared in full")
    return 0


async def _copy(source: str, target: str) -> Report:
    clock = clock_for(source)
    reader, writer = store_at(source, clock), store_at(target, clock_for(target))
    try:
        await reader.open()
        await writer.open()
        total = (await reader.sizes(_ALL))["notifications"]
        with Progress("Copying", total, Console(stderr=True)) as progress:
            return await Migration(reader, writer, progress.advance).run(clock)
    finally:
        await writer.close()
        await reader.close()
