"""A long-polling request that waits, and what its answer carries."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web
from engineio.exceptions import EngineIOError

from notify_server.sio.transport.leave import is_live
from notify_server.sio.transport.outgoing import NOOP, Link, Message

LOOK_S: Final = 1.0  # how often a poll that waits is looked after
UPGRADE_POLL_S: Final = 0.1  # how long a poll may last while its client upgrades
MAX_PACKETS: Final = 16  # python-engineio's client drops an answer with more, and its session
_SEPARATOR: Final = b"\x1e"


class Refused(EngineIOError):  # type: ignore[misc]
    """The request is answered 400."""


class Poll:
    """Waits for something to carry, and stands on the wheel meanwhile.

    Nothing is given to it before it is known to be there still: a client that went away while it
    waited takes nothing along.

    Attributes:
        tick: The wheel's.
    """

    __slots__ = ("_last", "_lost", "_request", "_waiter", "tick")

    def __init__(self, request: web.BaseRequest, lost: Callable[[], None]) -> None:
        """``lost`` is called once when the client turns out to have gone away."""
        self.tick = 0
        self._request = request
        self._lost = lost
        self._last: Message | None = None
        self._waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @property
    def waits(self) -> bool:
        """Whether nothing has come to carry yet."""
        return not self._waiter.done()

    def wake(self, now: float) -> float:
        """See whether its client is still there; the wheel calls."""
        if is_live(self._request):
            return now + LOOK_S
        self._lost()
        return 0

    def release(self) -> None:
        """There is something to carry."""
        if not self._waiter.done():
            self._waiter.set_result(True)

    def end(self, message: Message | None) -> None:
        """Answer with this message and nothing else; None: with 400."""
        if not self._waiter.done():
            self._last = message
            self._waiter.set_result(message is not None)

    async def wait(self, *, upgrading: bool) -> Message | None:
        """Wait; returns the message that is the whole answer, None if the queue has it.

        Raises:
            Refused: The session has ended, or another request took its place.
        """
        await asyncio.wait([self._waiter], timeout=UPGRADE_POLL_S if upgrading else None)
        if not self._waiter.done():
            return NOOP
        if not self._waiter.result():
            raise Refused
        return self._last


def answer(pending: Link, limit: int) -> tuple[bytes, list[Message]]:
    """The body that carries what waits, and what does not fit into ``limit`` bytes."""
    messages = pending.messages()
    size, fit = 0, 0
    for message in messages:
        size += len(message.data) + 1
        if fit and (size > limit or fit == MAX_PACKETS):
            break
        fit += 1
    return _SEPARATOR.join([message.data for message in messages[:fit]]), messages[fit:]
