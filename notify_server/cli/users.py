"""``notify-server users``: people set from a file, exported, erased."""

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console

from notify_server.cli import options
from notify_server.cli.configured import read_settings
from notify_server.cli.exits import Exit
from notify_server.cli.people_file import Line, read_people
from notify_server.cli.people_way import PeopleWay, open_people
from notify_server.cli.progress import Progress
from notify_server.cli.show import clean, note, say, say_json
from notify_server.cli.where import find_endpoint
from notify_server.client.endpoint import Endpoint
from notify_server.domain.errors import NotifyError, UnavailableError
from notify_server.domain.settings import Settings

_AT_ONCE = 16

_User = Annotated[str, typer.Argument(help="Id of the user.", metavar="USER")]

users = typer.Typer(help="Set people from a file, export and erase what is held of them.")


@users.command("import")
def import_users(
    file: Annotated[str, typer.Argument(help="CSV or JSON lines; - is stdin.", metavar="FILE")],
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Set people's profiles from a file, one line each.

    Columns of CSV, fields of JSON: id, name, email, phone (+491701234567), locale (de-CH),
    time_zone (Europe/Zurich), roles, rooms. In CSV roles and rooms stand in one cell, with spaces
    between. A line is the whole of a profile: what it leaves out is cleared. A bad line is
    reported with its number and stores nothing; the others are stored all the same.

    \b
    Examples:
      notify-server users import people.csv
      echo '{"id": "42", "email": "ann@example.org"}' | notify-server users import -
    """
    reach = _reach(url, key, config, data_dir)
    if file == "-":
        tally = asyncio.run(_import(*reach, sys.stdin.buffer, None))
    else:
        with Path(file).open("rb") as source:
            tally = asyncio.run(_import(*reach, source, os.fstat(source.fileno()).st_size))
    if as_json:
        say_json({"imported": tally.imported, "refused": tally.refused})
    else:
        say(f"{tally.imported} imported, {len(tally.refused)} refused")
    return Exit.REFUSED if tally.refused else Exit.DONE


@users.command("export")
def export_user(
    user: _User,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to this file.", metavar="FILE")
    ] = None,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Print everything held of a person, as one JSON document.

    With --out nothing is left of a file that did not become whole.

    \b
    Examples:
      notify-server users export 42 --out 42.json
      notify-server users export 42 | jq .user
    """
    reach = _reach(url, key, config, data_dir)
    if out is None:
        asyncio.run(_export(*reach, user, sys.stdout.buffer))
        return 0
    part = out.with_name(f"{out.name}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            asyncio.run(_export(*reach, user, target))
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return 0


@users.command("erase")
def erase_user(
    user: _User,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Erase a person: everything held of them, for good; their tokens die, their sessions close.

    What was sent to others stays with them, without this person's name. See docs/privacy.md.

    \b
    Examples:
      notify-server users export 42 --out 42.json
      notify-server users erase 42 --yes
    """
    reach = _reach(url, key, config, data_dir)
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("--yes is needed where nobody can be asked.")
        typer.confirm(f"Erase all that is held of {clean(user)}, for good?", abort=True, err=True)
    asyncio.run(_erase(*reach, user))
    if as_json:
        say_json({"erased": user})
    else:
        say(f"erased {clean(user)}")
    return 0


def _reach(
    url: str | None, key: str | None, config: Path | None, data_dir: Path | None
) -> tuple[Endpoint | None, Settings]:
    settings = read_settings(config, data_dir)
    return find_endpoint(url, key, settings.server.data_dir), settings


@dataclass(slots=True)
class _Tally:
    """What became of the lines; ``refused`` as they are told in JSON."""

    imported: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)


async def _import(
    endpoint: Endpoint | None, settings: Settings, source: BinaryIO, size: int | None
) -> _Tally:
    tally = _Tally()
    async with open_people(endpoint, settings) as way:
        with Progress("Importing", size, Console(stderr=True)) as progress:
            for some in _some(read_people(source)):
                errors = await asyncio.gather(*(_put(way, line) for line in some))
                for line, error in zip(some, errors, strict=True):
                    _count(tally, line, error)
                    progress.advance(line.size)
    return tally


def _some(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """A few at once; of one person never two, so that the later line wins."""
    left = iter(lines)
    while some := list(islice(left, _AT_ONCE)):
        while some:
            first = {line.user or str(line.number): line for line in reversed(some)}
            now = [line for line in some if line in first.values()]
            yield now
            some = [line for line in some if line not in now]


async def _put(way: PeopleWay, line: Line) -> NotifyError | None:
    """What is wrong with the line, if anything is.

    Raises:
        UnavailableError: The server or the store is away: no other line would fare better.
    """
    if isinstance(line.body, NotifyError):
        return line.body
    try:
        await way.put(line.user, line.body)
    except UnavailableError:
        raise
    except NotifyError as error:
        return error
    return None


def _count(tally: _Tally, line: Line, error: NotifyError | None) -> None:
    if error is None:
        tally.imported += 1
        return
    faults = [{"path": fault.path, "message": fault.message} for fault in error.faults]
    tally.refused.append({"line": line.number, "message": str(error), "errors": faults})
    note(f"line {line.number}: {clean(error)}")


async def _export(
    endpoint: Endpoint | None, settings: Settings, user: str, target: BinaryIO
) -> None:
    async with open_people(endpoint, settings) as way:
        with Progress("Exporting", None, Console(stderr=True)) as progress:
            async for piece in way.export(user):
                target.write(piece)
                progress.advance(len(piece))
        target.flush()


async def _erase(endpoint: Endpoint | None, settings: Settings, user: str) -> None:
    async with open_people(endpoint, settings) as way:
        await way.erase(user)
