"""``notify-server send``: one notification from flags, or many from JSON lines."""

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import typer
from rich.console import Console

from notify_server.cli import options
from notify_server.cli.body import build_body, given
from notify_server.cli.configured import read_settings
from notify_server.cli.gateway import Gateway, ServerGateway, open_gateway
from notify_server.cli.lines import Line, Result, Tally, read_lines, send_lines
from notify_server.cli.progress import Progress
from notify_server.cli.show import clean, note, say, say_json
from notify_server.cli.watch import watch as watch_deliveries
from notify_server.cli.where import find_endpoint
from notify_server.client.endpoint import Endpoint
from notify_server.domain.errors import NotifyError
from notify_server.domain.settings import Settings
from notify_server.kit.ids import random_id


def send(  # noqa: PLR0913 - one parameter for each flag
    ctx: typer.Context,
    *,
    to: options.To = None,
    title: options.Title = None,
    message: options.Message = None,
    exclude: options.Exclude = None,
    type: options.Type = None,
    priority: options.PriorityName = None,
    event_name: options.EventName = None,
    source: options.Source = None,
    tag: options.Tags = None,
    data: options.Data = None,
    object: options.Object = None,
    sender_id: options.SenderId = None,
    sender_name: options.SenderName = None,
    sender_avatar: options.SenderAvatar = None,
    action_url: options.ActionUrl = None,
    action_label: options.ActionLabel = None,
    action: options.Actions = None,
    image_url: options.ImageUrl = None,
    requires_acknowledgment: options.MustAck = False,
    transient: options.Transient = False,
    ttl: options.Ttl = None,
    expires_at: options.ExpiresAt = None,
    collapse_key: options.CollapseKey = None,
    idempotency_key: options.IdempotencyKey = None,
    file: options.File = None,
    watch: options.Watch = False,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Send a notification, or many as JSON lines.

    --file or stdin takes a JSON object per line, as the API takes it.
    With no server running, it is put into the store and goes out when the server starts.
    Calls that fail for the moment are made again and send nothing twice.

    \b
    Examples:
      notify-server send --to demo --title Hello --message 'It works.'
      notify-server send --to role:ADMIN --title Disk --message 'Almost full.' \\
          --type warning --priority urgent --requires-acknowledgment --watch
      notify-server send --to 42 --title Export --message '80 %' --transient --collapse-key e1
      notify-server send --file nightly.jsonl --idempotency-key nightly-2030-01-31
      echo '{"to": "42", "title": "Hi", "message": "From a pipe"}' | notify-server send
    """
    from_lines = file is not None or (not given(ctx.params) and not sys.stdin.isatty())
    if from_lines and (watch or given(ctx.params)):
        raise typer.BadParameter("--file takes no flags of a single notification, nor --watch.")
    body = None if from_lines else build_body(ctx.params)
    prefix = idempotency_key or random_id("cli-")
    settings = read_settings(config, data_dir)
    way = _Way(settings, find_endpoint(url, key, settings.server.data_dir), prefix, as_json)
    if body is None:
        return asyncio.run(_send_file(way, file or "-"))
    return asyncio.run(_send_one(way, body, watch=watch))


class _Way(NamedTuple):
    """How to send; ``key`` makes repeated calls one."""

    settings: Settings
    endpoint: Endpoint | None
    key: str
    as_json: bool


async def _send_one(way: _Way, body: Mapping[str, Any], *, watch: bool) -> int:
    async with open_gateway(way.endpoint, way.settings) as gateway:
        if watch and not isinstance(gateway, ServerGateway):
            raise typer.BadParameter("--watch needs a running server.")
        answer = await gateway.one(body, way.key)
        if way.as_json:
            say_json(answer)
        else:
            say(_describe(answer))
        if watch and isinstance(gateway, ServerGateway) and answer["status"] != "transient":
            show = say_json if way.as_json else _show_recipient
            await watch_deliveries(gateway.api, answer["id"], show)
    return 0


async def _send_file(way: _Way, file: str) -> int:
    with _open(file) as source:
        lines = read_lines(source, way.key)
        first = next(lines, None)
        if first is None:
            raise typer.BadParameter("Nothing to send: no flags were given and no lines came.")
        size = None if source is sys.stdin.buffer else os.fstat(source.fileno()).st_size
        async with open_gateway(way.endpoint, way.settings) as gateway:
            tally = await _send_each(way, gateway, chain([first], lines), size)
    note(f"{tally.accepted} accepted, {tally.refused} refused")
    return 1 if tally.refused else 0


async def _send_each(way: _Way, gateway: Gateway, lines: Iterable[Line], size: int | None) -> Tally:
    with Progress("Sending", size, Console(stderr=True)) as progress:

        def each(result: Result, line: Line) -> None:
            progress.advance(line.size)
            _report(result, way.as_json)

        try:
            return await send_lines(gateway, lines, each)
        except NotifyError:
            note(
                f"Stopped after line {progress.steps}; send again with --idempotency-key {way.key}"
            )
            raise


@contextmanager
def _open(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        source = Path(file).open("rb")  # noqa: SIM115 - a failure to open is a misuse, one to read is not
    except OSError as exc:
        raise typer.BadParameter(f"{file} cannot be read: {exc.strerror}.") from None
    with source:
        yield source


def _report(result: Result, as_json: bool) -> None:
    """Refused lines to stderr in any case; each line's answer to stdout with ``--json``."""
    if isinstance(result.answer, NotifyError):
        why = describe_refusal(result.answer)
        note(f"line {result.number}: {why}")
        if as_json:
            code = result.answer.code.value
            say_json({"line": result.number, "error": {"code": code, "message": why}})
    elif as_json:
        answer = result.answer
        say_json({"line": result.number, "status": answer["status"], "id": answer["id"]})


def describe_refusal(error: NotifyError) -> str:
    """Each fault with its path within the line."""
    text = "; ".join(": ".join(filter(None, fault)) for fault in error.faults)
    return clean(text or str(error))


def _describe(answer: Mapping[str, Any]) -> str:
    if answer["status"] == "transient":
        return f"sent to whoever is connected: {answer['id']}"
    replayed = ", sent before" if answer.get("replayed") else ""
    return f"accepted {answer['id']} (revision {answer.get('revision', 1)}{replayed})"


def _show_recipient(one: Mapping[str, Any]) -> None:
    """One person's state, with the newest attempt or why nothing more is tried."""
    parts = []
    if attempts := one.get("attempts"):
        newest = attempts[-1]
        parts.append(f"attempt {newest['number']} {newest['outcome']}")
        if newest.get("round_trip_ms") is not None:
            parts.append(f"{newest['round_trip_ms']} ms")
    if closed := one.get("closed"):
        parts.append(closed["sentence"])
    tail = f" ({', '.join(parts)})" if parts else ""
    say(f"  {clean(one.get('user'))}: {clean(one.get('status'))}{clean(tail)}")
