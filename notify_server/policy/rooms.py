"""Who may enter which room, by glob patterns with ``*`` only."""

import re
from collections.abc import Iterable
from functools import lru_cache


def is_allowed(room: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns matches the whole name; every other character is itself."""
    return any(_compiled(pattern).fullmatch(room) is not None for pattern in patterns)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
