"""Opaque cursors: places in a list, and what a session has had. Made and read only here."""

import base64
import binascii

import orjson

from notify_server.domain.errors import RejectedError
from notify_server.domain.signals import Cursor
from notify_server.domain.target import Position
from notify_server.kit.clock import from_ms, to_ms

_MAX_CHARS = 1024
_LAST_MS = 253_402_300_799_999
"""The end of the year 9999: what a datetime can hold."""


def encode_position(position: Position) -> str:
    """A place in a list, for ``before`` and ``after``."""
    return _encode(["p1", to_ms(position.at), position.id])


def decode_position(text: str, path: str) -> Position:
    """The place behind a cursor.

    Raises:
        RejectedError: At ``path``: not made by us.
    """
    match _decode(text):
        case ["p1", int(at), str(notification_id)] if 0 <= at <= _LAST_MS:
            return Position(from_ms(at), notification_id)
    raise RejectedError.at(path, "is not a cursor of this server")


def encode_number(number: int) -> str:
    """A place in a list that is numbered."""
    return _encode(["n1", number])


def decode_number(text: str, path: str) -> int:
    """The number behind a cursor.

    Raises:
        RejectedError: At ``path``: not made by us.
    """
    match _decode(text):
        case ["n1", int(number)] if 0 <= number < 2**63:
            return number
    raise RejectedError.at(path, "is not a cursor of this server")


def encode_id(notification_id: str) -> str:
    """A place in what is ordered by id alone."""
    return _encode(["i1", notification_id])


def decode_id(text: str, path: str) -> str:
    """The id behind a cursor.

    Raises:
        RejectedError: At ``path``: not made by us.
    """
    match _decode(text):
        case ["i1", str(notification_id)] if notification_id:
            return notification_id
    raise RejectedError.at(path, "is not a cursor of this server")


def encode_cursor(cursor: Cursor) -> str:
    """What a session keeps for coming back."""
    return _encode(["c1", cursor.user, cursor.line, to_ms(cursor.stamp)])


def decode_cursor(text: str) -> Cursor | None:
    """The cursor behind a text; None when it is not ours: then nothing can be recovered."""
    match _decode(text):
        case ["c1", str(user), str(line), int(stamp)] if 0 <= stamp <= _LAST_MS:
            return Cursor(user, line, from_ms(stamp))
    return None


def _encode(parts: list[object]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def _decode(text: str) -> object:
    if len(text) > _MAX_CHARS or not text.isascii():
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        value: object = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError):
        return None
    return value
