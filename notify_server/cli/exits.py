"""What a command's end means to the shell; ``wire/errors.py`` has those of our errors."""

from enum import IntEnum


class Exit(IntEnum):
    """The four exit codes that scripts may rely on."""

    DONE = 0
    REFUSED = 1
    MISUSE = 2
    AWAY = 3
    """A dependency is down: no server answers, or the store is away."""
