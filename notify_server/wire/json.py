"""JSON as this server takes and gives it: strict in, one form out.

What browsers, stores and our own encoder cannot carry is refused at the door: NaN, numbers beyond
64 bits, lone surrogates, bombs of depth, keys given twice. Called by ``rest/`` (bytes) and, for
values that another parser made, by every parser in ``wire/``.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from notify_server.domain.errors import Code, Fault, RejectedError

MAX_DEPTH = 32
"""Levels of a whole body; ``data`` has its own, smaller limit."""

MAX_VALUES = 50_000
"""Values in a whole body: what a bomb of a megabyte exceeds and 1,000 notifications do not."""

_MAX_BRACKETS = 20_000
_MAX_FAULTS = 20
_LONG_NUMBER = re.compile(rb"\d{19}")
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_MAX_KEY_IN_PATH = 64


class _DuplicateKeyError(Exception):
    """A key stands twice in one object."""


def loads(body: bytes) -> object:
    """Parse a body.

    Two parsers in turn: the first is strict and fast and refuses what is no JSON at all, the second
    tells what the first would pass over in silence (keys given twice, integers made into floats).

    Raises:
        RejectedError: BAD_REQUEST when it is no JSON, INVALID with paths when it is JSON that
            cannot be kept.
    """
    if body.count(b"[") + body.count(b"{") > _MAX_BRACKETS:
        raise RejectedError.at("", f"must not hold more than {_MAX_BRACKETS} lists and objects")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth" in str(error):
            raise RejectedError.at("", _too_deep(MAX_DEPTH)) from None
        detail = f"The body is not valid JSON: {_first_words(error)}"
        raise RejectedError(Code.BAD_REQUEST, detail) from None
    if problem := _bulk_problem(value):
        raise RejectedError.at("", problem)
    exact = _loads_exactly(body)
    if _LONG_NUMBER.search(body) and (faults := list(check_json(exact))):
        raise RejectedError(Code.INVALID, faults=faults)
    return exact


def _bulk_problem(value: object) -> str:
    """Whether it is too deep or too much to be looked at piece by piece; level by level, in C."""
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    total = 0
    for _ in range(MAX_DEPTH):
        total += sum(map(len, level))
        if total > MAX_VALUES:
            return f"must not hold more than {MAX_VALUES} values"
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return ""
    return _too_deep(MAX_DEPTH)


def _loads_exactly(body: bytes) -> object:
    try:
        return json.loads(body, object_pairs_hook=_without_doubles)
    except _DuplicateKeyError as error:
        raise RejectedError.at(path_key("", error.args[0]), "is given twice") from None
    except ValueError:
        raise RejectedError.at("", "contains a number beyond 64 bits") from None


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(key)
            seen.add(key)
    return members


def check_json(value: object, path: str = "", max_depth: int = MAX_DEPTH) -> Iterator[Fault]:
    """Find what cannot be kept or sent in a parsed value, 20 faults at most.

    Args:
        value: From any parser; may hold what JSON has not, like bytes.
        path: Where it stands in the call.
        max_depth: Containers within containers, the outermost counted.
    """
    left = _MAX_FAULTS
    if not isinstance(value, dict | list):
        if problem := _scalar_problem(value):
            yield Fault(path, problem)
        return
    stack: list[tuple[dict[object, object] | list[object], str, int]] = [(value, path, 1)]
    while stack and left:
        container, at, depth = stack.pop()
        if depth > max_depth:
            yield Fault(at, _too_deep(max_depth))
            left -= 1
            continue
        for child_at, problem, child in _children(container, at):
            if child is not None:
                stack.append((child, child_at, depth + 1))
            else:
                yield Fault(child_at, problem)
                left -= 1
                if not left:
                    return


_Child = tuple[str, str, dict[object, object] | list[object] | None]


def _children(container: dict[object, object] | list[object], at: str) -> Iterator[_Child]:
    """Yield the faulty scalars and keys of a container, and the containers in it."""
    if isinstance(container, list):
        for index, child in enumerate(container):
            if isinstance(child, dict | list):
                yield f"{at}[{index}]", "", child
            elif problem := _scalar_problem(child):
                yield f"{at}[{index}]", problem, None
        return
    for key, child in container.items():
        if not isinstance(key, str):
            yield at, "must have texts as keys", None
        elif not _encodable(key):
            yield path_key(at, key), "has a key with half a surrogate pair", None
        elif isinstance(child, dict | list):
            yield path_key(at, key), "", child
        elif problem := _scalar_problem(child):
            yield path_key(at, key), problem, None


def _scalar_problem(value: object) -> str:
    if isinstance(value, str):
        return "" if _encodable(value) else "contains half a surrogate pair"
    match value:
        case None | bool():
            return ""
        case int():
            return "" if _INT_MIN <= value <= _INT_MAX else "must fit into 64 bits"
        case float():
            return "" if value - value == 0 else "must be a finite number"
        case _:
            return f"must be JSON, not {type(value).__name__}"


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def path_key(path: str, key: object) -> str:
    """``path.key``, with the key cut and cleaned so that every answer can carry it."""
    text = str(key)[:_MAX_KEY_IN_PATH].encode("utf-8", "replace").decode()
    text = "".join(char if char.isprintable() else "?" for char in text)
    return f"{path}.{text}" if path else text


def canonical(value: object) -> bytes:
    """One form for equal values: compact, keys sorted.

    Raises:
        RejectedError: The value was not checked and cannot be encoded.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise RejectedError.at("", f"cannot be encoded: {_first_words(error)}") from None


def body_hash(value: object) -> str:
    """SHA-256 of the canonical form, hexadecimal."""
    return hash_of(canonical(value))


def hash_of(encoded: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(encoded).hexdigest()


def dumps(value: object) -> bytes:
    """Encode an answer of ours."""
    return orjson.dumps(value)


def _too_deep(max_depth: int) -> str:
    return f"must not be nested deeper than {max_depth} levels"


def _first_words(error: Exception) -> str:
    return str(error).split(": line", 1)[0][:200]
