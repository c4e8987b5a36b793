"""The flags of ``send`` as the body of a submission: one row for each field."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import typer

from notify_server.cli.parse import (
    parse_action,
    parse_data,
    parse_duration,
    parse_object,
    parse_target,
)
from notify_server.domain.notification import Json


class _Row(NamedTuple):
    """``path`` in the body, and what makes the flag's value into the field's."""

    path: tuple[str, ...]
    make: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


_ROWS: Mapping[str, _Row] = {
    "to": _Row(("to",), lambda texts: [parse_target(text) for text in texts]),
    "exclude": _Row(("exclude",), list),
    "title": _Row(("title",), _same),
    "message": _Row(("message",), _same),
    "type": _Row(("type",), _same),
    "priority": _Row(("priority",), _same),
    "event_name": _Row(("event_name",), _same),
    "source": _Row(("source",), _same),
    "tag": _Row(("tags",), list),
    "data": _Row(("data",), parse_data),
    "object": _Row(("object",), parse_object),
    "sender_id": _Row(("sender", "id"), _same),
    "sender_name": _Row(("sender", "name"), _same),
    "sender_avatar": _Row(("sender", "avatar_url"), _same),
    "action_url": _Row(("action_url",), _same),
    "action_label": _Row(("action_label",), _same),
    "action": _Row(("actions",), lambda texts: [parse_action(text) for text in texts]),
    "image_url": _Row(("media", "image_url"), _same),
    "requires_acknowledgment": _Row(("requires_acknowledgment",), _same),
    "transient": _Row(("persist",), lambda transient: not transient),
    "ttl": _Row(("ttl_s",), lambda text: int(parse_duration(text).total_seconds())),
    "expires_at": _Row(("expires_at",), _same),
    "collapse_key": _Row(("collapse_key",), _same),
}


def given(flags: Mapping[str, Any]) -> list[str]:
    """Names of the content flags that were used."""
    return [name for name in _ROWS if flags.get(name) not in (None, False, [], ())]


def build_body(flags: Mapping[str, Any]) -> dict[str, Json]:
    """Make the body; what was not given is left out, so that the server's defaults hold.

    Raises:
        typer.BadParameter: A flag's text cannot be read, or one that is always needed is missing.
    """
    used = given(flags)
    for name in ("to", "title", "message"):
        if name not in used:
            raise typer.BadParameter(f"--{name} is needed (or --file with JSON lines).")
    body: dict[str, Any] = {}
    for name in used:
        row = _ROWS[name]
        place = body
        for step in row.path[:-1]:
            place = place.setdefault(step, {})
        place[row.path[-1]] = row.make(flags[name])
    return body
