"""``notify-server listen``: what a user's client receives, in a terminal."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from notify_server.cli import options
from notify_server.cli.arrivals import describe
from notify_server.cli.configured import read_settings
from notify_server.cli.listening import Listener, Wish
from notify_server.cli.secret import make_token
from notify_server.cli.show import note, say, say_json
from notify_server.cli.where import find_endpoint, plain_url
from notify_server.domain.errors import RejectedError
from notify_server.domain.settings import Settings
from notify_server.domain.target import USER_LINE
from notify_server.wire.events import ServerEvent

_OWN_TOKEN_TTL = timedelta(hours=1)


class Transport(StrEnum):
    """How to connect; ``both`` starts with polling and upgrades, as browsers do."""

    WEBSOCKET = "websocket"
    POLLING = "polling"
    BOTH = "both"


_TRANSPORTS: Mapping[Transport, tuple[str, ...]] = {
    Transport.WEBSOCKET: ("websocket",),
    Transport.POLLING: ("polling",),
    Transport.BOTH: ("polling", "websocket"),
}


def listen(
    *,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar="NOTIFY_TOKEN", help="The user's JWT.", metavar="JWT"),
    ] = None,
    user: options.User = None,
    role: options.Roles = None,
    room: options.Rooms = None,
    namespace: Annotated[
        str, typer.Option("--namespace", help="Such as /admin.", metavar="LINE")
    ] = USER_LINE,
    transport: Annotated[
        Transport, typer.Option("--transport", help="websocket, polling or both.", metavar="HOW")
    ] = Transport.WEBSOCKET,
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, help="End after this many notifications.", metavar="N"),
    ] = None,
    no_ack: Annotated[bool, typer.Option("--no-ack", help="Do not acknowledge.")] = False,
    as_json: options.AsJson = False,
    url: options.Url = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Show what arrives for a user, until Ctrl-C.

    What arrives is acknowledged. --token is the user's own; --user makes one with the server's
    secret, on its machine. After a break it comes back by itself and shows nothing twice.

    \b
    Examples:
      notify-server listen --user demo
      notify-server listen --user 7 --role ADMIN --namespace /admin
      notify-server listen --url https://notify.example --token "$TOKEN" --json --count 1
    """
    if (token is None) == (user is None):
        raise typer.BadParameter("Give either --token or --user.")
    if not namespace.startswith("/"):
        raise typer.BadParameter(f"--namespace begins with a slash: /{namespace}.")
    settings = read_settings(config, data_dir)
    wish = Wish(_find_url(url, settings), namespace, _TRANSPORTS[transport], not no_ack, count)
    if token is not None:
        given = token
        source: Callable[[], str] = lambda: given  # noqa: E731 - the two sources side by side
    else:
        who = str(user)
        source = lambda: make_token(  # noqa: E731
            settings, who, role or (), room or (), _OWN_TOKEN_TTL
        )
        source()
    show = _show_json if as_json else _show_line
    asyncio.run(Listener(wish, source, show, note).run())
    return 0


def _find_url(url: str | None, settings: Settings) -> str:
    """The named server, the one that runs on the data directory, or the configured address."""
    if url is not None:
        return plain_url(url)
    try:
        running = find_endpoint(None, None, settings.server.data_dir)
    except RejectedError:
        # Another user's server: its run.json is private, its address is not.
        running = None
    if running is not None:
        return running.url
    server = settings.server
    return f"http://{server.host}:{server.port}{server.base_path}"


def _show_line(event: ServerEvent, payload: Mapping[str, Any]) -> None:
    say(describe(event, payload))


def _show_json(event: ServerEvent, payload: Mapping[str, Any]) -> None:
    say_json({"event": event.value, "data": payload})
