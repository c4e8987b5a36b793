"""Every deadline of the engine's connections on one timer of the loop, by the monotonic clock."""

import asyncio
import heapq
from logging import Logger
from math import ceil
from typing import Protocol


class Timed(Protocol):
    """What stands on the wheel, at one place at most."""

    tick: int
    """Where it stands; 0: nowhere. The wheel's own."""

    def wake(self, now: float) -> float:
        """Its time has come; returns when it wants to be woken next, 0: never."""


class Wheel:
    """Wakes things at their time, never early and at most one step late."""

    def __init__(self, step_s: float, logger: Logger) -> None:
        """``step_s``: the seconds between two spokes; what falls between is woken together."""
        self._step_s = step_s
        self._logger = logger
        self._spokes: dict[int, set[Timed]] = {}
        self._order: list[int] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0  # the spoke that the timer waits for

    def now(self) -> float:
        """Seconds of the loop's clock."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop.time()

    def set(self, item: Timed, when: float) -> None:
        """Wake ``item`` then instead of at any other time."""
        self.clear(item)
        tick = max(ceil(when / self._step_s), 1)
        spoke = self._spokes.get(tick)
        if spoke is None:
            spoke = self._spokes[tick] = set()
            heapq.heappush(self._order, tick)
        spoke.add(item)
        item.tick = tick
        self._arm()

    def clear(self, item: Timed) -> None:
        """Do not wake ``item``."""
        if item.tick:
            spoke = self._spokes.get(item.tick)
            if spoke is not None:
                spoke.discard(item)
            item.tick = 0

    def stop(self) -> None:
        """Forget everything."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._loop = None, None
        self._spokes.clear()
        self._order.clear()

    def _arm(self) -> None:
        first = self._order[0]
        if self._timer is not None:
            if self._next <= first:
                return
            self._timer.cancel()
        now = self.now()
        self._next = first
        if self._loop is not None:
            self._timer = self._loop.call_later(first * self._step_s - now, self._turn)

    def _turn(self) -> None:
        self._timer = None
        now = self.now()
        while self._order and self._order[0] * self._step_s <= now:
            tick = heapq.heappop(self._order)
            for item in self._spokes.pop(tick):
                if item.tick == tick:  # another one's waking may have taken it off
                    self._wake(item, now)
        if self._order:
            self._arm()

    def _wake(self, item: Timed, now: float) -> None:
        item.tick = 0
        try:
            again = item.wake(now)
        except Exception:
            self._logger.exception("a deadline failed")
            return
        if again:
            self.set(item, max(again, now + self._step_s / 2))
