"""JSON for packets: what the stock classes call as ``json``, done by orjson and strict both ways.

What a browser could not parse never goes out (NaN, Infinity, lone surrogates), and what comes in
is never deeper than what can go out again.
"""

from math import isfinite
from typing import Any

import orjson

MAX_DEPTH = 128  # orjson writes 254 levels at most and an event stands two levels down
_OPTIONS = (
    orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
)


def dumps(value: Any, **_: Any) -> str:
    """Encode without spaces; the keyword arguments of the stock callers change nothing.

    Raises:
        ValueError: For NaN and Infinity.
        TypeError: For what JSON has no word for, lone surrogates among them.
    """
    encoded = orjson.dumps(value, option=_OPTIONS)
    if b"null" in encoded and _has_nonfinite(value):  # orjson writes NaN as null
        raise ValueError("NaN and Infinity are not JSON")
    return encoded.decode()


def loads(text: str | bytes, **_: Any) -> Any:
    """Decode strictly.

    Raises:
        ValueError: For NaN, Infinity, numbers beyond a double, lone surrogates, more than
            ``MAX_DEPTH`` levels, and anything else that is not JSON.
    """
    value = orjson.loads(text)
    if isinstance(value, dict | list):
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise ValueError("too many levels")


def _has_nonfinite(value: Any) -> bool:
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, float):
            if not isfinite(node):
                return True
        elif isinstance(node, dict):
            pending.extend(node)
            pending.extend(node.values())
        elif isinstance(node, list | tuple):
            pending.extend(node)
    return False
