"""The flags that commands share, and those of ``send``: name, help and default."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None, typer.Option("--config", help="Configuration file (TOML).", metavar="FILE")
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Where the server keeps its files; default: as configured, else ./data.",
        metavar="DIR",
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="NOTIFY_URL",
        help="The server; default: the one that runs on the data directory.",
        metavar="URL",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="NOTIFY_API_KEY",
        help="API key; default: the running server's own.",
        metavar="KEY",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
User = Annotated[str | None, typer.Option("--user", help="Id of the user.", metavar="ID")]
Roles = Annotated[
    list[str] | None, typer.Option("--role", help="A role; may be repeated.", metavar="ROLE")
]
Rooms = Annotated[
    list[str] | None,
    typer.Option(
        "--room", help="A room to allow, * is a wildcard; may be repeated.", metavar="PATTERN"
    ),
]

To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        help="Who should know: 42 or user:42, role:ADMIN, room:task_1, namespace:/admin, all;"
        " may be repeated.",
        metavar="TARGET",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="A user to leave out; may be repeated.", metavar="ID"),
]
Title = Annotated[str | None, typer.Option("--title", help="Its first line.", metavar="TEXT")]
Message = Annotated[str | None, typer.Option("--message", help="Its text.", metavar="TEXT")]
Type = Annotated[
    str | None, typer.Option("--type", help="A registered type; default info.", metavar="TEXT")
]
PriorityName = Annotated[
    str | None,
    typer.Option(
        "--priority",
        help="low, normal, high, urgent or critical; default: the type's.",
        metavar="TEXT",
    ),
]
EventName = Annotated[
    str | None, typer.Option("--event-name", help="What happened, for clients.", metavar="TEXT")
]
Source = Annotated[
    str | None, typer.Option("--source", help="The system that says so.", metavar="TEXT")
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="A tag; may be repeated.", metavar="TEXT")
]
Data = Annotated[str | None, typer.Option("--data", help="Your own JSON object.", metavar="JSON")]
Object = Annotated[
    str | None, typer.Option("--object", help="What it is about.", metavar="TYPE:ID")
]
SenderId = Annotated[
    str | None, typer.Option("--sender-id", help="Id of the person behind it.", metavar="TEXT")
]
SenderName = Annotated[
    str | None, typer.Option("--sender-name", help="Their name.", metavar="TEXT")
]
SenderAvatar = Annotated[
    str | None, typer.Option("--sender-avatar-url", help="Their picture.", metavar="TEXT")
]
ActionUrl = Annotated[
    str | None, typer.Option("--action-url", help="Where a click leads.", metavar="TEXT")
]
ActionLabel = Annotated[
    str | None, typer.Option("--action-label", help="Words of that link.", metavar="TEXT")
]
Actions = Annotated[
    list[str] | None,
    typer.Option("--action", help="A further button; may be repeated.", metavar="ID:LABEL:URL"),
]
ImageUrl = Annotated[
    str | None, typer.Option("--image-url", help="A picture to show.", metavar="TEXT")
]
MustAck = Annotated[
    bool,
    typer.Option(
        "--requires-acknowledgment", help="Remind until the person confirms having seen it."
    ),
]
Transient = Annotated[
    bool, typer.Option("--transient", help="Only for who is connected now; never stored.")
]
Ttl = Annotated[
    str | None, typer.Option("--ttl", help="Expires after: 90s, 15m, 1h30m, 7d.", metavar="TIME")
]
ExpiresAt = Annotated[
    str | None,
    typer.Option("--expires-at", help="Expires at: 2030-01-31T12:00:00Z.", metavar="MOMENT"),
]
CollapseKey = Annotated[
    str | None,
    typer.Option("--collapse-key", help="Replaces the live one with the same key.", metavar="TEXT"),
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        help="Sending again with the same key sends nothing twice.",
        metavar="TEXT",
    ),
]
File = Annotated[
    str | None,
    typer.Option("--file", help="JSON lines, one submission each; - is stdin.", metavar="FILE"),
]
Watch = Annotated[bool, typer.Option("--watch", help="Show the deliveries until all are final.")]
