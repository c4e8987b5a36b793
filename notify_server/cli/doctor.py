"""``notify-server doctor``: is everything as a server needs it, and if not, what to do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from notify_server.app.config_faults import ConfigError
from notify_server.app.inspection import Inspection, inspect_bus, inspect_store
from notify_server.app.offline import offline_line
from notify_server.cli import options
from notify_server.cli.asking import Way, find_way, path_of
from notify_server.cli.audit import first_broken
from notify_server.cli.checks import exit_code, say_check, say_checks_json
from notify_server.cli.examining import address_of, examine
from notify_server.cli.gateway import open_server
from notify_server.cli.reach import reach
from notify_server.cli.show import clean
from notify_server.domain.check import Check, Verdict, away, fail, ok, skip
from notify_server.domain.errors import (
    ConflictError,
    NotifyError,
    RejectedError,
    UnavailableError,
)
from notify_server.kit.clock import SystemClock

_CONNECT_S = 5.0


def doctor(
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Look at everything a server needs: configuration, files, store, bus, channels, network.

    Each finding is one line: ok, warn or fail, with what to do. They tell of MongoDB version,
    topology, write concern and every index; of Redis version and round trip; of SQLite file,
    version and journal mode. Nothing is made. --url looks at a server elsewhere, from outside.
    Exit codes: 0 nothing failed, 1 something is wrong, 3 something is unreachable.

    \b
    Examples:
      notify-server doctor
      notify-server doctor --config notify.toml --json
      notify-server doctor --url https://notify.example --key "$KEY"
    """
    done = asyncio.run(_look(url, key, config, data_dir, as_json))
    if as_json:
        say_checks_json(done)
    return exit_code(done)


async def _look(
    url: str | None, key: str | None, config: Path | None, data_dir: Path | None, as_json: bool
) -> list[Check]:
    done: list[Check] = []
    async for check in _checks(url, key, config, data_dir):
        done.append(check)
        if not as_json:
            say_check(check)
    return done


async def _checks(
    url: str | None, key: str | None, config: Path | None, data_dir: Path | None
) -> AsyncIterator[Check]:
    try:
        way = find_way(url, key, config, data_dir)
    except ConfigError as exc:
        for row in exc.rows:
            yield fail("configuration", clean(row), "See config.example.toml.")
        return
    except RejectedError as exc:
        yield fail("configuration", str(exc), "Run doctor as the server's user.")
        return
    store: Inspection | None = None
    is_here = way.endpoint is None or not way.endpoint.named
    if is_here:
        yield ok("configuration", str(config) if config else "the defaults, and the environment")
        for check in examine(way.settings):
            yield check
        store = await inspect_store(way.settings, SystemClock())
        for check in (*store.checks, *await _others(way)):
            yield check
    is_up = False
    async for check in _server(way):
        is_up = is_up or (check.name == "ready" and check.verdict is not Verdict.FAIL)
        yield check
    if store is not None and store.is_openable and not is_up:
        yield await _open(way)
    if store is not None or is_up:
        yield await _audit(way, store)


async def _server(way: Way) -> AsyncIterator[Check]:
    """The running server, from the name to the key."""
    endpoint = way.endpoint
    if endpoint is None:
        return
    async with aiohttp.ClientSession() as http:
        async for check in reach(http, endpoint.url, SystemClock()):
            yield check
            if check.verdict is Verdict.FAIL:
                return
    yield await _key(way)


async def _key(way: Way) -> Check:
    try:
        async with open_server(way.endpoint) as api:
            if api is None:
                return skip("API key", "the server has gone")
            await api.call("GET", path_of("stats"))
    except RejectedError as exc:
        return fail("API key", str(exc), "Give one with the scope read or admin: --key.")
    except NotifyError as exc:
        return away("API key", str(exc), "Look at the server's log.")
    return ok("API key", "it may read")


async def _open(way: Way) -> Check:
    """No server runs: open the file as the server would."""
    try:
        async with offline_line(way.settings) as (_, store):
            await store.ping()
    except ConflictError as exc:
        return fail("store", str(exc), "A server holds it, but left no run.json: name its --url.")
    except UnavailableError as exc:
        return away("store", str(exc), "See that it is up, and that this user may open it.")
    return ok("store", "opened, written and read; no server runs on it")


async def _others(way: Way) -> list[Check]:
    """Bus and provider of keys, if there are any."""
    checks = await inspect_bus(way.settings, SystemClock())
    place = address_of(way.settings.auth.jwks_url)
    return checks if place is None else [*checks, await _connect("JWKS", *place)]


async def _connect(name: str, host: str, port: int) -> Check:
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as exc:
        why = str(exc) or "no answer in time"
        return away(name, f"{host}:{port} cannot be reached: {why}", "See that it is up.")
    writer.transport.abort()
    return ok(name, f"{host}:{port} can be reached")


async def _audit(way: Way, store: Inspection | None) -> Check:
    if way.endpoint is None and store is not None and not store.is_there:
        return skip("audit", "there is no store that could be read")
    try:
        broken = await first_broken(way)
    except NotifyError as exc:
        return skip("audit", str(exc))
    if broken is None:
        return ok("audit", "every entry is as it was written")
    return fail(
        "audit",
        f"entry {broken} was changed, removed or moved",
        "Compare the log (event audit) with the entries around it: notify-server audit --json.",
    )
