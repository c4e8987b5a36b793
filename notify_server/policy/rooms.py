"""Who may enter which room, by glob patterns with ``*`` only."""

from collections.abc import Iterable


def is_allowed(room: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns matches the whole name; every other character is itself."""
    return any(_matches(room, pattern) for pattern in patterns)


def _matches(room: str, pattern: str) -> bool:
    """Find the parts between the stars one after the other: no backtracking, so no slow pattern."""
    first, *rest = pattern.split("*")
    if not rest:
        return room == pattern
    *middle, last = rest
    place, end = len(first), len(room) - len(last)
    if place > end or not room.startswith(first) or not room.endswith(last):
        return False
    for part in middle:
        found = room.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True
