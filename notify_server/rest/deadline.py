"""How long a call may take: a few seconds, but for those that must not be ended in between.

Those are: what grows with what is stored, and what operators change, which an ended call would
leave without its entry in the audit. Each of their questions to the store has a deadline anyway.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

DEADLINE_S = 5.0
"""A call that takes longer is answered 503; nothing of ours takes that long while all is well."""

_Handler = TypeVar("_Handler", bound=Callable[[web.Request], Awaitable[web.StreamResponse]])
_UNHURRIED: set[object] = set()


def unhurried(handler: _Handler) -> _Handler:
    """Let a handler take its time."""
    _UNHURRIED.add(handler)
    return handler


def deadline_of(request: web.Request) -> float | None:
    """Seconds that the call may take; None: any."""
    return None if request.match_info.handler in _UNHURRIED else DEADLINE_S
