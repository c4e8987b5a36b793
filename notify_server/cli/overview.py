"""The commands: what each is called, what it does in a few words, and where its code is.

``cli/main.py`` hangs them under ``notify-server``. A command's module is imported when that command
is called, so that each starts with what it needs and the overview with next to nothing.
"""

from collections import UserDict
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_group
from typing_extensions import override

RUN = "Run a server"
SEND = "Send and receive"
FIND = "Find out what happened"
PEOPLE = "People and keys"
TRY = "Try an installation"
GROUPS = (RUN, SEND, FIND, PEOPLE, TRY)
"""In the order of the overview."""


class Row(NamedTuple):
    """A command of the overview.

    Attributes:
        group: The heading that it stands under.
        where: Its module in this package and its function, or its ``Typer`` of sub-commands.
        does: For the overview, on the rest of a line of 80 characters.
    """

    group: str
    where: str
    does: str


COMMANDS: Mapping[str, Row] = {
    "serve": Row(RUN, "serve:serve", "Run the server until Ctrl-C or SIGTERM."),
    "check-config": Row(
        RUN, "check_config:check_config", "Check a configuration and print what it comes to."
    ),
    "cleanup": Row(RUN, "cleanup:cleanup", "Remove old notifications, for good."),
    "migrate": Row(RUN, "migrate:migrate", "Copy a store to another one, such as MongoDB."),
    "openapi": Row(RUN, "openapi:openapi", "Print the OpenAPI 3.1 document of the HTTP API."),
    "send": Row(SEND, "send:send", "Send a notification, or many as JSON lines."),
    "listen": Row(SEND, "listen:listen", "Show what arrives for a user, until Ctrl-C."),
    "search": Row(FIND, "search:search", "Find notifications, newest first."),
    "explain": Row(FIND, "explain:explain", "Tell what became of one, person by person."),
    "resend": Row(FIND, "operating:resend", "Send one again to whomever it has not reached."),
    "cancel": Row(FIND, "operating:cancel", "Stop what of one has not gone out or is unread."),
    "stats": Row(FIND, "stats:stats", "Show sessions, queues, what was done and stored."),
    "sessions": Row(FIND, "operating:sessions", "List who is connected, or close a session."),
    "audit": Row(FIND, "audit:audit", "Show what operators changed, or verify the record."),
    "token": Row(PEOPLE, "token:token", "Print a token for a user."),
    "revoke": Row(PEOPLE, "operating:revoke", "End the tokens that a user holds by now."),
    "api-key": Row(PEOPLE, "api_key:api_key", "Make, list and revoke API keys."),
    "users": Row(PEOPLE, "users:users", "Set people from a file, export or erase them."),
    "doctor": Row(TRY, "doctor:doctor", "Look at everything that a server needs."),
    "probe": Row(TRY, "probe:probe", "Connect both ways, send, receive, acknowledge."),
    "simulate": Row(TRY, "simulate:simulate", "Let many made-up users connect and acknowledge."),
    "test-notifications": Row(
        TRY, "sample_data:send_varied", "Send a user some of every priority and many types."
    ),
    "sample-data": Row(TRY, "sample_data:sample_data", "Make believable notifications."),
}


class Overview(TyperGroup):
    """Typer's own help with the commands under headings."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands(COMMANDS)

    @override
    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(map(len, COMMANDS))
        for group in GROUPS:
            rows = [(f"{n:<{width}}", r.does) for n, r in COMMANDS.items() if r.group == group]
            with formatter.section(group):
                formatter.write_dl(rows)


class _Commands(UserDict[str, Any]):
    """Name to command, made when it is asked for."""

    @override
    def __getitem__(self, name: str) -> Any:
        row: Row = self.data[name]
        found = resolve_name(f"notify_server.cli.{row.where}")
        # Plain help: the examples keep their lines, and it reads the same in a pipe.
        single = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
        if isinstance(found, typer.Typer):
            single.add_typer(found, name=name)
        else:
            single.command(name)(found)
        return get_group(single).commands[name]
