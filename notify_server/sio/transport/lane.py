"""One connection's handlers, one after the other: the bounded queue between packets and code.

Stock, each event starts a task of its own, without order and without limit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from logging import Logger
from typing import Any

Job = Callable[[], Awaitable[Any]]


class Lane:
    """Runs jobs in the order of arrival; its task exists only while there is work."""

    def __init__(self, limit: int, logger: Logger) -> None:
        self._jobs: deque[Job] = deque()
        self._limit = limit
        self._logger = logger
        self._task: asyncio.Task[None] | None = None

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

    def drop(self) -> None:
        """Forget the jobs that have not begun."""
        self._jobs.clear()

    async def idle(self) -> None:
        """Wait until nothing is left; returns at once inside a job of this lane."""
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._jobs:
                await self._run_one(self._jobs.popleft())
        finally:
            self._task = None

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
