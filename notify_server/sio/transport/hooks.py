"""What the server tells its user, in the turn in which it happens."""

from collections.abc import Callable
from dataclasses import dataclass
from logging import Logger
from typing import Any

AckHook = Callable[[str, str, int], None]
AliveHook = Callable[[str, int], None]
AcceptHook = Callable[[str, str], None]
OpenHook = Callable[[str, dict[str, Any]], None]
EndHook = Callable[[str], None]


@dataclass(slots=True)
class Hooks:
    """The functions that were set."""

    ack: AckHook | None = None
    alive: AliveHook | None = None
    accept: AcceptHook | None = None
    opened: OpenHook | None = None
    ended: EndHook | None = None


def call(hook: Callable[..., None] | None, logger: Logger, *args: Any) -> None:
    """Call a hook, which may fail without harming the connection."""
    if hook is None:
        return
    try:
        hook(*args)
    except Exception:
        logger.exception("a hook failed")
