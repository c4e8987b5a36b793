"""APScheduler as an alarm clock: in memory, coalescing, one run of each job at a time."""

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

_log = structlog.get_logger("notify.jobs")


class Job(NamedTuple):
    """What is run every so often."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[object]]


class Ticker:
    """Runs jobs until it is stopped; a job that fails is logged and runs again."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        for job in jobs:
            self._scheduler.add_job(
                _guarded(job), "interval", seconds=job.every_s, id=job.name,
                max_instances=1, coalesce=True, misfire_grace_time=None,
            )  # fmt: skip

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no further run."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


def _guarded(job: Job) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        try:
            await job.run()
        except Exception:
            _log.exception("job_failed", job=job.name)

    return run
