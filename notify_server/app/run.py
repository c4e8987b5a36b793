"""Starting, serving and stopping: one process from the first byte to the last."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import orjson
import structlog
import uvloop
from aiohttp import web

from notify_server.app.banner import print_demo
from notify_server.app.build import Product, build
from notify_server.app.buses import join_nodes
from notify_server.app.logs import set_up_logs
from notify_server.app.operator_key import ensure_operator_key
from notify_server.app.secrets import ensure_secrets
from notify_server.app.stop import stop
from notify_server.app.stores import make_clock, make_store
from notify_server.domain.settings import Settings

RUN_FILE = "run.json"

_log = structlog.get_logger("notify.run")


def serve(settings: Settings, *, demo: bool) -> int:
    """Run the server until SIGTERM or Ctrl-C; returns the exit code.

    Raises:
        NotifyError: It cannot start: the store is held by another process, or cannot be opened.
        ConfigError: A secret must be configured.
    """
    ready = ensure_secrets(settings, demo)
    set_up_logs(ready.log)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_serve(ready, demo=demo))
        except OSError as error:
            where = f"{ready.server.host}:{ready.server.port}"
            print(f"Cannot listen on {where}: {error.strerror or error}", file=sys.stderr)  # noqa: T201
            return 3
    return 0


async def _serve(settings: Settings, *, demo: bool) -> None:
    clock = make_clock(settings)
    settings.server.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = make_store(settings, clock)
    await store.open()
    try:
        key = await ensure_operator_key(store, settings.server.data_dir, clock.now())
        async with (
            join_nodes(settings, clock) as nodes,
            _listening(
                build(settings, store, clock, key if demo else None, nodes), settings
            ) as port,
        ):
            at_port = replace(settings, server=replace(settings.server, port=port))
            run_file = _write_run_file(at_port, key, demo=demo)
            try:
                if demo:
                    print_demo(at_port, key, clock.now())
                _log.info("serving", url=_url(at_port))
                await _stop_signal()
            finally:
                run_file.unlink(missing_ok=True)
                _log.info("stopping")
    finally:
        await store.close()


@asynccontextmanager
async def _listening(product: Product, settings: Settings) -> AsyncIterator[int]:
    """The product, started; yields the port. What was accepted before the start is heard first."""
    await product.line.discovery.start()
    product.background.spawn(product.line.dispatcher.run(), "dispatch")
    product.background.spawn(product.loop_watch.run(), "watch the loop")
    product.ticker.start()
    runner = web.AppRunner(product.app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, settings.server.host, settings.server.port, backlog=1024)
    try:
        await site.start()
        yield _bound_port(runner)
    finally:
        await stop(product, runner)


def _bound_port(runner: web.AppRunner) -> int:
    address = runner.addresses[0]
    return int(address[1])


async def _stop_signal() -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()


def _write_run_file(settings: Settings, key: str, *, demo: bool) -> Path:
    """Tell commands on this machine where the server is, and give them a key."""
    path = settings.server.data_dir / RUN_FILE
    body = orjson.dumps({"url": _url(settings), "api_key": key, "pid": os.getpid(), "demo": demo})
    fresh = path.with_suffix(".new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(body)
    fresh.replace(path)
    return path


def _url(settings: Settings) -> str:
    server = settings.server
    host = "127.0.0.1" if server.host in {"0.0.0.0", "::"} else server.host  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{server.port}{server.base_path}"
