"""``notify-server simulate``: many users at once, and whether each got everything once."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table

from notify_server.cli import options
from notify_server.cli.configured import read_settings
from notify_server.cli.exits import Exit
from notify_server.cli.gateway import open_server
from notify_server.cli.parse import parse_duration
from notify_server.cli.secret import local_secret, make_token
from notify_server.cli.show import note, say_json, say_table
from notify_server.cli.simulation.crowd import Crowd, Plan
from notify_server.cli.simulation.figures import Figures
from notify_server.cli.where import find_endpoint
from notify_server.client.endpoint import Endpoint
from notify_server.domain.errors import UnavailableError
from notify_server.domain.settings import Settings
from notify_server.kit.clock import SystemClock
from notify_server.kit.ids import random_id

_SHOW_EVERY_S = 0.5
_NOTE_EVERY_S = 5.0
_TOKEN_SPARE = parse_duration("1h")

Users = Annotated[
    int, typer.Option("--users", min=1, max=100_000, help="How many clients.", metavar="N")
]
Rate = Annotated[
    float, typer.Option("--rate", min=0.1, help="Notifications a second.", metavar="N")
]
Recipients = Annotated[
    int,
    typer.Option(
        "--recipients", min=1, max=500, help="Users that each notification names.", metavar="N"
    ),
]
Share = Annotated[
    float,
    typer.Option(
        "--polling", min=0, max=1, help="Share of the users on long-polling.", metavar="0..1"
    ),
]
Reads = Annotated[
    float,
    typer.Option("--reads", min=0, max=1, help="Share of it that is marked read.", metavar="0..1"),
]
Duration = Annotated[
    str, typer.Option("--duration", help="How long is sent: 10s, 5m.", metavar="TIME")
]
Patience = Annotated[
    str,
    typer.Option(
        "--wait", help="How long what is missing at the end may still take.", metavar="TIME"
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", help="The same one draws the same recipients.", metavar="N")
]


def simulate(  # noqa: PLR0913 - one parameter for each flag
    users: Users = 100,
    rate: Rate = 50,
    recipients: Recipients = 1,
    polling: Share = 0.0,
    reads: Reads = 0.3,
    duration: Duration = "10s",
    wait: Patience = "30s",
    seed: Seed = 0,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Let many made-up users connect, acknowledge and read, and count what arrives.

    The users are called sim-…; what they get expires after a day. Their tokens are made with the
    server's secret: run it on the server's machine, or give --config or NOTIFY_AUTH__JWT_SECRET.
    Latency is from the call that sends to the frame at the client, both in this process.
    Exit code 1: something was lost, or came twice.

    \b
    Examples:
      notify-server simulate --users 500
      notify-server simulate --users 2000 --rate 500 --recipients 5 --duration 1m --polling 0.2
      notify-server simulate --users 50 --json
    """
    settings = read_settings(config, data_dir)
    endpoint = find_endpoint(url, key, settings.server.data_dir)
    if endpoint is None:
        raise UnavailableError("No server runs on this data directory; name one with --url.")
    plan = Plan(
        endpoint.url,
        random_id("")[:6],
        users,
        rate,
        recipients,
        polling,
        reads,
        parse_duration(duration).total_seconds(),
        settle_s=parse_duration(wait).total_seconds(),
        seed=seed,
    )
    secret = local_secret(settings)
    known = replace(settings, auth=replace(settings.auth, jwt_secret=secret))
    figures = Figures(users)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_simulate(plan, figures, endpoint, known))
    if as_json:
        say_json(figures.to_json())
    else:
        _show(figures)
    note(_verdict(figures))
    return Exit.DONE if figures.is_whole else Exit.REFUSED


async def _simulate(plan: Plan, figures: Figures, endpoint: Endpoint, settings: Settings) -> None:
    ttl = parse_duration(f"{int(plan.duration_s) or 1}s") + _TOKEN_SPARE
    async with open_server(endpoint) as api:
        if api is None:
            raise UnavailableError(f"No server answers at {endpoint.url}.")

        async def submit(body: Mapping[str, Any]) -> object:
            return await api.call_surely("POST", "/api/v1/notifications", body, random_id("sim-"))

        crowd = Crowd(
            plan,
            figures,
            partial(make_token, settings, roles=(), rooms=(), ttl=ttl),
            submit,
            SystemClock(),
        )
        work = asyncio.create_task(crowd.run())
        try:
            await _watch(work, crowd, figures)
        finally:
            work.cancel()
            await asyncio.wait([work])


async def _watch(work: asyncio.Task[None], crowd: Crowd, figures: Figures) -> None:
    """Show the figures until the work is done: a live line on a terminal, else now and then."""
    console = Console(stderr=True)
    if not console.is_terminal:
        while not work.done():
            note(_line(crowd, figures))
            await asyncio.wait([work], timeout=_NOTE_EVERY_S)
        await work
        return
    with Live(_panel(crowd, figures), console=console, transient=True, auto_refresh=False) as live:
        while not work.done():
            await asyncio.wait([work], timeout=_SHOW_EVERY_S)
            live.update(_panel(crowd, figures), refresh=True)
    await work


def _line(crowd: Crowd, figures: Figures) -> str:
    return (
        f"{crowd.phase}: {figures.connected}/{figures.users} connected, {figures.sent} sent,"
        f" {figures.received}/{figures.expected} received, {figures.acked} acked,"
        f" {figures.doubled} doubled, {figures.missing} on the way"
    )


def _panel(crowd: Crowd, figures: Figures) -> RenderableType:
    late = figures.percentiles()
    cells = {
        "": crowd.phase,
        "connected": f"{figures.connected}/{figures.users}",
        "sent": figures.sent,
        "received": f"{figures.received}/{figures.expected}",
        "acked": figures.acked,
        "read": figures.read,
        "doubled": figures.doubled,
        "missing": figures.missing,
        "p50/p99 ms": f"{late['p50']:.0f}/{late['p99']:.0f}",
    }
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for name in cells:
        table.add_column(name, no_wrap=True)
    table.add_row(*map(str, cells.values()))
    return table


def _verdict(figures: Figures) -> str:
    if figures.is_whole:
        return "Everybody got everything, once."
    return (
        f"{figures.missing} lost, {figures.doubled} doubled, {figures.refused} not accepted:"
        " look at the server's log, and at /metrics."
    )


def _show(figures: Figures) -> None:
    late = figures.percentiles()
    rows = [
        ("users", figures.users),
        ("came back after a break", figures.came_back),
        ("sent", figures.sent),
        ("not accepted", figures.refused),
        ("expected", figures.expected),
        ("received", figures.received),
        ("acknowledged", figures.acked),
        ("marked read", figures.read),
        ("sent again, and marked so", figures.again),
        ("doubled", figures.doubled),
        ("lost", figures.missing),
        ("latency p50", f"{late['p50']} ms"),
        ("latency p95", f"{late['p95']} ms"),
        ("latency p99", f"{late['p99']} ms"),
        ("latency max", f"{late['max']} ms"),
    ]
    say_table(("", "figure"), rows)
