"""Submissions that wait are stored together, one batch at a time.

So ids grow in the order of acceptance, and a hundred concurrent submits cost few round trips.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from notify_server.domain.errors import NotifyError, UnavailableError
from notify_server.domain.notification import Submission
from notify_server.kit.clock import Clock
from notify_server.stores.mongodb.acceptance import Acceptance, Outcome
from notify_server.stores.mongodb.faults import translate

_MAX_SUBMISSIONS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """What was handed in together.

    Attributes:
        deadline: Monotonic seconds; the caller is gone then, so what has not begun never does.
    """

    submissions: Sequence[Submission]
    outcomes: asyncio.Future[list[Outcome]]
    deadline: float


class Batches:
    """The line in front of :class:`Acceptance`; its task exists only while there is work."""

    def __init__(self, acceptance: Acceptance, clock: Clock, patience_s: float) -> None:
        self._acceptance = acceptance
        self._clock = clock
        self._patience_s = patience_s
        self._jobs: list[_Job] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Submissions that wait for those before them."""
        return sum(len(job.submissions) for job in self._jobs)

    async def accept(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Store them behind everything that was handed in before."""
        loop = asyncio.get_running_loop()
        job = _Job(submissions, loop.create_future(), self._clock.monotonic() + self._patience_s)
        self._jobs.append(job)
        if self._task is None:
            self._task = loop.create_task(self._work())
        return await job.outcomes

    async def _work(self) -> None:
        try:
            while self._jobs:
                await self._store(self._take())
        finally:
            self._task = None

    def _take(self) -> list[_Job]:
        """The next ones, whose callers still wait; at least one."""
        taken: list[_Job] = []
        count = 0
        while self._jobs and (not taken or count < _MAX_SUBMISSIONS):
            job = self._jobs.pop(0)
            taken.append(job)
            count += len(job.submissions)
        return taken

    async def _store(self, jobs: Sequence[_Job]) -> None:
        now = self._clock.monotonic()
        live = [job for job in jobs if job.deadline >= now]
        for job in jobs:
            if job.deadline < now:
                late = UnavailableError("The store did not come to it in time.")
                _answer(job, [late] * len(job.submissions))
        submissions = [submission for job in live for submission in job.submissions]
        try:
            outcomes = await self._acceptance.accept(submissions)
        except Exception as error:  # noqa: BLE001 - becomes everybody's answer; translate() logs it
            failure: NotifyError = translate(error)
            outcomes = [failure] * len(submissions)
        for job in live:
            _answer(job, outcomes[: len(job.submissions)])
            outcomes = outcomes[len(job.submissions) :]


def _answer(job: _Job, outcomes: list[Outcome]) -> None:
    if not job.outcomes.done():
        job.outcomes.set_result(outcomes)
