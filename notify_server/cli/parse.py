"""Texts of the command line as values; what cannot be read is a misuse (exit 2)."""

import re
from datetime import timedelta

import orjson
import typer

from notify_server.domain.notification import Json, JsonObject

_KINDS = ("user", "role", "room", "namespace")
_UNITS_S = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_LONGEST = timedelta(days=36_500)
"""Nobody means more, and no date overflows by it."""

_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_target(text: str) -> Json:
    """One ``--to``: ``42``, ``user:42``, ``role:ADMIN``, ``room:1``, ``namespace:/x``, ``all``.

    Returns:
        The target as the API takes it.

    Raises:
        typer.BadParameter: Empty, or of an unknown kind.
    """
    if text == "all":
        return {"all": True}
    kind, colon, name = text.partition(":")
    if not colon and text:
        return text
    if kind in _KINDS and name:
        return {kind: name}
    raise typer.BadParameter(
        f"{text!r} is no target: name a user (42 or user:42), role:ADMIN, room:task_1,"
        " namespace:/admin or all; a user id with a colon is written user:ID."
    )


def parse_duration(text: str) -> timedelta:
    """``90``, ``90s``, ``15m``, ``1h30m``, ``7d``, ``2w``; a bare number is seconds.

    Raises:
        typer.BadParameter: Not a duration, not above zero, or above a hundred years.
    """
    match = _DURATION.fullmatch(f"{text}s" if text.isascii() and text.isdigit() else text)
    parts = match.groups(default="0") if match and text else ("0",) * len(_UNITS_S)
    try:
        length = timedelta(
            seconds=sum(int(n) * unit for n, unit in zip(parts, _UNITS_S.values(), strict=True))
        )
    except (OverflowError, ValueError):
        length = timedelta(0)
    if not length or length > _LONGEST:
        raise typer.BadParameter(f"{text!r} is no duration: write 90s, 15m, 1h30m or 7d.")
    return length


def parse_object(text: str) -> JsonObject:
    """``type:id`` of what a notification is about.

    Raises:
        typer.BadParameter: One of the two is missing.
    """
    kind, _, name = text.partition(":")
    if not kind or not name:
        raise typer.BadParameter(f"{text!r} is no object: write type:id, such as task:123.")
    return {"type": kind, "id": name}


def parse_action(text: str) -> JsonObject:
    """``id:label:url`` of one button.

    Raises:
        typer.BadParameter: One of the three is missing.
    """
    parts = text.split(":", 2)
    if len(parts) < 3 or not all(parts):
        raise typer.BadParameter(
            f"{text!r} is no action: write id:label:url, such as open:Open:/tasks/1."
        )
    return dict(zip(("id", "label", "url"), parts, strict=True))


def parse_data(text: str) -> JsonObject:
    """A JSON object.

    Raises:
        typer.BadParameter: Not JSON, or not an object.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise typer.BadParameter(f"--data is no JSON: {exc}.") from None
    if not isinstance(value, dict):
        raise typer.BadParameter('--data must be a JSON object, such as {"task_id": "123"}.')
    return value
