"""People out of a file for ``users import``: CSV with a head, or JSON lines."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

import orjson

from notify_server.domain.errors import Code, Fault, NotifyError, RejectedError

_LISTS = frozenset({"roles", "rooms"})
COLUMNS = ("id", "name", "email", "phone", "locale", "time_zone", "roles", "rooms")


class Line(NamedTuple):
    """One person: the 1-based number of the line, its size, id and fields, or what is wrong."""

    number: int
    size: int
    user: str
    body: dict[str, Any] | NotifyError


def read_people(source: Iterable[bytes]) -> Iterator[Line]:
    """Each line that is not blank; a file that begins with a brace is JSON lines.

    Raises:
        RejectedError: The head of a CSV file names an unknown column, one twice, or no ``id``.
    """
    lines = iter(source)
    for number, first in enumerate(lines, start=1):
        if first.strip():
            rest = chain([first], lines)
            if first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
                yield from _json_lines(rest, number)
            else:
                yield from _csv_lines(rest, number)
            return


def _json_lines(source: Iterable[bytes], start: int) -> Iterator[Line]:
    for number, raw in enumerate(source, start):
        if text := raw.removeprefix(b"\xef\xbb\xbf").strip():
            yield _line(number, len(raw), _parsed(text))


def _parsed(text: bytes) -> dict[str, Any] | NotifyError:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        return RejectedError(Code.BAD_REQUEST, f"no JSON: {exc}")
    if not isinstance(body, dict):
        return RejectedError(Code.BAD_REQUEST, "a JSON object is needed")
    return body


def _csv_lines(source: Iterable[bytes], start: int) -> Iterator[Line]:
    """Roles and rooms stand in one cell, with spaces between; an empty cell says nothing."""
    head: list[str] = []
    for number, raw in enumerate(source, start):
        cells = _cells(raw)
        if not head and not isinstance(cells, NotifyError):
            head = [name.strip() for name in cells]
            _check_head(head)
        elif isinstance(cells, NotifyError):
            yield _line(number, len(raw), cells)
        elif any(cells):
            yield _line(number, len(raw), _row(head, cells))


def _cells(raw: bytes) -> list[str] | NotifyError:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return RejectedError(Code.BAD_REQUEST, "no UTF-8")
    try:
        return next(csv.reader(io.StringIO(text), strict=True), [])
    except csv.Error as exc:
        return RejectedError(Code.BAD_REQUEST, f"no CSV: {exc}")


def _check_head(head: list[str]) -> None:
    faults = [Fault(name, "unknown column") for name in head if name not in COLUMNS]
    faults += [] if "id" in head else [Fault("id", "this column is needed")]
    faults += [Fault(name, "named twice") for name in COLUMNS if head.count(name) > 1]
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)


def _row(head: list[str], cells: list[str]) -> dict[str, Any] | NotifyError:
    if len(cells) != len(head):
        return RejectedError(Code.INVALID, f"{len(cells)} cells, the head has {len(head)}")
    row: dict[str, Any] = {}
    for name, cell in zip(head, cells, strict=True):
        if cell.strip():
            row[name] = cell.split() if name in _LISTS else cell.strip()
    return row


def _line(number: int, size: int, body: dict[str, Any] | NotifyError) -> Line:
    """Take the id out of the fields."""
    if isinstance(body, NotifyError):
        return Line(number, size, "", body)
    user = body.pop("id", None)
    if not isinstance(user, str) or not user.strip():
        return Line(number, size, "", RejectedError.at("id", "must be a text that is not empty"))
    return Line(number, size, user, body)
