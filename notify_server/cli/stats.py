"""``notify-server stats``: the figures of a server, and of a person."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from notify_server.app.lines import Line
from notify_server.cli import options
from notify_server.cli.asking import find_way, look, path_of
from notify_server.cli.show import say_json, say_table
from notify_server.domain.settings import Settings
from notify_server.wire.operators import stats_to_wire


def stats(
    user: options.User = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Show sessions, queues, what was done since the start, and what is stored.

    With --user also whether the person is connected, what is unread, and what is undelivered.
    With no server running only what is stored says anything.

    \b
    Examples:
      notify-server stats
      notify-server stats --user 42
      notify-server stats --json
    """

    async def by_line(line: Line, _: Settings) -> Mapping[str, Any]:
        return stats_to_wire(await line.operators.stats(user))

    told = look(find_way(url, key, config, data_dir), path_of("stats", user=user), by_line)
    if as_json:
        say_json(told)
    else:
        say_table(("", "figure"), list(_rows(told, "")))
    return 0


def _rows(told: Mapping[str, Any], path: str) -> Iterator[tuple[str, object]]:
    """Nested figures as one line each; what a number means is its path."""
    for name, value in told.items():
        words = f"{path} {name}".strip().replace("_", " ")
        match value:
            case {"count": count, "more": more}:
                yield words, f"{count}{' or more' if more else ''}"
            case dict():
                yield from _rows(value, words)
            case list():
                yield words, len(value)
            case bool():
                yield words, "yes" if value else "no"
            case _ if name == "uptime_s":
                yield "uptime", str(timedelta(seconds=int(value)))
            case _:
                yield words, value
