"""``notify-server probe``: whether an installation works, from here to a client and back."""

import asyncio
from datetime import timedelta
from typing import Annotated

import aiohttp
import jwt
import typer

from notify_server.cli import options
from notify_server.cli.checks import exit_code, say_check, say_checks_json
from notify_server.cli.configured import read_settings
from notify_server.cli.listen import Transport
from notify_server.cli.probing import TRANSPORTS, Probe, Wish
from notify_server.cli.secret import make_token
from notify_server.cli.where import find_endpoint
from notify_server.client import AsyncClient
from notify_server.client.endpoint import Endpoint
from notify_server.domain.check import Check
from notify_server.domain.errors import UnavailableError
from notify_server.kit.clock import SystemClock
from notify_server.kit.ids import random_id

_TOKEN_TTL = timedelta(minutes=10)


def probe(
    *,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="NOTIFY_TOKEN",
            help="JWT of the user who receives; default: a made-up user, with the server's secret.",
            metavar="JWT",
        ),
    ] = None,
    transport: Annotated[
        Transport, typer.Option("--transport", help="websocket, polling or both.", metavar="HOW")
    ] = Transport.BOTH,
    count: Annotated[
        int, typer.Option("--count", min=1, max=1000, help="Round trips on each.", metavar="N")
    ] = 5,
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin", help="Connect as a page of this origin would.", metavar="https://HOST"
        ),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", help="Enter this line too, such as /admin.", metavar="LINE"),
    ] = None,
    role: options.Roles = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Try a server: connect both ways, send, receive, acknowledge, and see it counted.

    Each step is one line; one that fails says what it means and what to do. What is sent goes to
    a made-up user (or the one of --token) and expires after ten minutes.
    Exit code 1: something was refused; 3: something could not be reached.

    \b
    Examples:
      notify-server probe
      notify-server probe --url https://notify.example --key "$KEY" --token "$TOKEN"
      notify-server probe --origin https://app.example --namespace /admin --role ADMIN
    """
    settings = read_settings(config, data_dir)
    endpoint = find_endpoint(url, key, settings.server.data_dir)
    if endpoint is None:
        raise UnavailableError("No server runs on this data directory; name one with --url.")
    user = _subject(token) if token is not None else random_id("probe-")
    wish = Wish(
        endpoint.url,
        user,
        token or make_token(settings, user, role or (), (), _TOKEN_TTL),
        count,
        origin,
        namespace,
        TRANSPORTS if transport is Transport.BOTH else (transport.value,),
    )
    return asyncio.run(_probe(wish, endpoint, as_json))


async def _probe(wish: Wish, endpoint: Endpoint, as_json: bool) -> int:
    done: list[Check] = []
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        AsyncClient(endpoint.url, endpoint.key) as api,
    ):
        running = Probe(wish, api, http, SystemClock())
        async for check in running.run():
            done.append(check)
            if not as_json:
                say_check(check)
    if as_json:
        latencies = {name: figures.to_json() for name, figures in running.latencies.items()}
        say_checks_json(done, {"latency_ms": latencies})
    return exit_code(done)


def _subject(token: str) -> str:
    """Whose token it is; whether it is good is the server's to say."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        return str(claims["sub"])
    except (jwt.PyJWTError, KeyError):
        raise typer.BadParameter("--token is no JWT with a subject (sub).") from None
