"""Tasks that are watched: nothing fails in silence, nothing outlives the server."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, Generic, TypeVar

import structlog

_TRY_S, _TRIES = 0.2, 25
"""How long a task has to end before it is cancelled again, and how often it is."""

_log = structlog.get_logger("notify.tasks")


class Background:
    """Tasks that nobody awaits; a failure is logged, and all end with the server."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run ``work`` beside everything else; after ``close`` it is dropped."""
        if self._is_closed:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(self._watched(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before its first step would leave what it wraps unawaited.
        task.add_done_callback(lambda _task: work.close())

    def __len__(self) -> int:
        return len(self._tasks)

    async def close(self) -> None:
        """Cancel what still runs and wait for it; nothing starts any more."""
        self._is_closed = True
        await end(self._tasks)

    @staticmethod
    async def _watched(work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - the one place where a task's failure ends
            _log.exception("task_failed", task=name)


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended, but not for one that will not.

    Again and again: a cancellation that meets the end of a timeout inside can be swallowed there.
    """
    left = {task for task in tasks if not task.done()}
    for _ in range(_TRIES):
        if not left:
            return
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_TRY_S)
    if left:
        _log.error("tasks_not_ended", tasks=sorted(task.get_name() for task in left))


async def pause(seconds: float) -> None:
    """Let others run for a while; for pacing, never for correctness."""
    await asyncio.sleep(seconds)


class Later:
    """Calls a function once, soon after it was asked to, however often it was asked."""

    def __init__(self, delay_s: float, call: Callable[[], None]) -> None:
        self._delay_s = delay_s
        self._call = call
        self._handle: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Make sure that the call comes within the delay."""
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(self._delay_s, self._run)

    def stop(self) -> None:
        """Forget a pending call."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        self._handle = None
        self._call()


Item = TypeVar("Item")


class Deadlines(Generic[Item]):
    """Items in the order of their deadlines (monotonic seconds)."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Item]] = []
        self._order = itertools.count()

    def add(self, deadline: float, item: Item) -> None:
        """Keep ``item`` until ``deadline``."""
        heapq.heappush(self._heap, (deadline, next(self._order), item))

    def pop_due(self, now: float) -> Iterator[Item]:
        """Give back, and forget, each item whose deadline is not later than ``now``."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]

    def __len__(self) -> int:
        return len(self._heap)
