"""One connection's handlers, one after the other: the bounded queue between packets and code.

Stock, each event starts a task of its own, without order and without limit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from logging import Logger
from typing import Any

HOLD_S = 0.25  # how long a connection whose lane is full may wait for room before it is cut

Job = Callable[[], Awaitable[Any]]
_Home = MutableMapping[str, "Lane"]


class Lane:
    """Runs jobs in the order of arrival; it and its task exist only while there is work."""

    __slots__ = ("_home", "_jobs", "_key", "_limit", "_logger", "_task", "_waiter")

    def __init__(
        self, limit: int, logger: Logger, home: _Home | None = None, key: str = ""
    ) -> None:
        """``home[key]`` is deleted when all work is done."""
        self._jobs: deque[Job] = deque()
        self._limit = limit
        self._logger = logger
        self._home = home
        self._key = key
        self._task: asyncio.Task[None] | None = None
        self._waiter: Callable[[], object] | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        return self._task is not None

    def put(self, job: Job) -> bool:
        """Queue a job; False if too many are waiting already."""
        if len(self._jobs) >= self._limit:
            return False
        self.put_last(job)
        return True

    def put_last(self, job: Job) -> None:
        """Queue the job that ends the connection, however many are waiting."""
        self._jobs.append(job)
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())

    def when_room(self, call: Callable[[], object]) -> None:
        """Call once when half of the places are free."""
        self._waiter = call

    async def room(self) -> bool:
        """Wait until there is room; False if there was none in time."""
        waiter = asyncio.get_running_loop().create_future()
        self.when_room(lambda: None if waiter.done() else waiter.set_result(None))
        done, _ = await asyncio.wait([waiter], timeout=HOLD_S)
        return bool(done)

    def drop(self) -> None:
        """Forget the jobs that have not begun."""
        self._jobs.clear()

    def cancel(self) -> None:
        """Cancel the job that runs; unless it takes that upon itself, the others do not begin."""
        if self._task is not None:
            self._task.cancel()

    async def idle(self) -> None:
        """Wait until nothing is left; returns at once inside a job of this lane."""
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._jobs:
                await self._run_one(self._jobs.popleft())
                if self._waiter is not None and len(self._jobs) * 2 <= self._limit:
                    waiter, self._waiter = self._waiter, None
                    waiter()
        finally:
            self._task = None
            if self._home is not None and self._home.get(self._key) is self:
                del self._home[self._key]

    async def _run_one(self, job: Job) -> None:
        try:
            await job()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self._logger.warning("a handler was cancelled from within")
        except Exception:
            self._logger.exception("a handler failed")
