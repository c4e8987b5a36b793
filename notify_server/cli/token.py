"""``notify-server token``: a JWT for a client or a test."""

from collections.abc import Iterable
from typing import Annotated

import typer

from notify_server.cli import options
from notify_server.cli.configured import read_settings
from notify_server.cli.parse import parse_duration
from notify_server.cli.secret import make_token
from notify_server.cli.show import say_json
from notify_server.wire.fields import id_problem


def token(
    user: Annotated[str, typer.Option("--user", help="Id of the user.", metavar="ID")],
    role: options.Roles = None,
    room: options.Rooms = None,
    ttl: Annotated[
        str, typer.Option("--ttl", help="How long it is good: 15m, 1h, 7d.", metavar="TIME")
    ] = "1h",
    name: Annotated[
        str | None, typer.Option("--name", help="The person's name.", metavar="TEXT")
    ] = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> int:
    """Print a token for a user.

    It is made with the configured secret, or the one in the data directory.

    \b
    Examples:
      notify-server token --user demo
      notify-server token --user 42 --role ADMIN --room 'task_*' --ttl 8h
    """
    settings = read_settings(config, data_dir)
    for flag, ids in (("--user", [user]), ("--role", role or ()), ("--room", room or ())):
        _check_ids(flag, ids, settings.limits.id_chars)
    made = make_token(settings, user, role or (), room or (), parse_duration(ttl), name)
    if as_json:
        say_json({"user": user, "token": made})
    else:
        print(made)
    return 0


def _check_ids(flag: str, ids: Iterable[str], most: int) -> None:
    """Print no token that the server would refuse."""
    for one in ids:
        if problem := id_problem(one, most):
            raise typer.BadParameter(f"{flag} {problem}.")
