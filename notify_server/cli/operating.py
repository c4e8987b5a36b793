"""Short commands of operators: ``sessions``, ``resend``, ``cancel``, ``revoke``."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from notify_server.cli import options
from notify_server.cli.asking import ask, find_way, path_of
from notify_server.cli.show import clean, local_moment, note, say, say_json, say_table

Id = Annotated[str, typer.Argument(help="Id, as send and search print it.", metavar="ID")]


def sessions(
    user: options.User = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", help="Only of this line.", metavar="LINE")
    ] = None,
    close: Annotated[
        str | None,
        typer.Option("--close", help="Send this session away for good.", metavar="SID"),
    ] = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """List who is connected, or close a session.

    \b
    Examples:
      notify-server sessions
      notify-server sessions --user 42
      notify-server sessions --close Vh2kT0aJ3lQ8
    """
    way = find_way(url, key, config, data_dir)
    if close is not None:
        ask(way, "DELETE", path_of("sessions", close))
        _done({"closed": close}, f"closed {clean(close)}", as_json)
        return 0
    items = ask(way, "GET", path_of("sessions", user=user, namespace=namespace))["items"]
    if as_json:
        say_json({"items": items})
    elif items:
        head = ("session", "user", "line", "ack", "state", "unconfirmed", "since", "rooms")
        say_table(head, [_session(one) for one in items])
    else:
        note("Nobody is connected.")
    return 0


def resend(
    notification_id: Id,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Send a notification again to whomever it has not reached; nobody gets it twice.

    \b
    Examples:
      notify-server resend 0199d2b4-6a3e-7c55-8f0b-2d9a4c1e7b60
    """
    way = find_way(url, key, config, data_dir)
    path = path_of("notifications", notification_id, "resend")
    told = ask(way, "POST", path, {})
    total = {name: n for name, n in told.items() if isinstance(n, int) and name != "has_more"}
    while told.get("has_more"):
        told = ask(way, "POST", path, {"after": told["after"]})
        total = {name: n + told.get(name, 0) for name, n in total.items()}
    if as_json:
        say_json({"id": notification_id, **total})
    else:
        say(", ".join(f"{name.replace('_', ' ')} {n}" for name, n in total.items()))
    return 0


def cancel(
    notification_id: Id,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Stop a notification: what has not gone out stays, unread ones leave the inboxes.

    \b
    Examples:
      notify-server cancel 0199d2b4-6a3e-7c55-8f0b-2d9a4c1e7b60
    """
    way = find_way(url, key, config, data_dir)
    told = ask(way, "POST", f"/api/v1/notifications/{quote(notification_id, safe='')}/cancel")
    numbers = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())
    _done(told, numbers, as_json)
    return 0


def revoke(
    user: Annotated[str, typer.Argument(help="Id of the user.", metavar="USER")],
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """End all of a user's tokens that were issued before now; their sessions close within 5 s.

    \b
    Examples:
      notify-server revoke 42
    """
    ask(find_way(url, key, config, data_dir), "POST", path_of("users", user, "revoke"))
    _done(
        {"user": user, "revoked": True}, f"revoked all tokens of {clean(user)} up to now", as_json
    )
    return 0


def _done(told: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        say_json(told)
    else:
        say(text)


def _session(one: dict[str, Any]) -> tuple[object, ...]:
    return (
        one["sid"],
        one["user"],
        one["namespace"],
        "yes" if one.get("ack") else "no",
        "live" if one.get("live") else "catching up",
        one.get("unconfirmed", ""),
        local_moment(one.get("opened_at")),
        " ".join(one.get("rooms") or ()),
    )
