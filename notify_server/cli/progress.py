"""A progress bar for what takes longer than a second on a terminal; nothing anywhere else."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from notify_server.kit.clock import Clock, SystemClock

_PATIENCE_S = 1.0


class Progress:
    """Counts steps, and shows them once a second has passed."""

    def __init__(
        self, title: str, total: int | None, console: Console, clock: Clock | None = None
    ) -> None:
        """Args:
        title: What is going on.
        total: Sum of all sizes; None when nobody knows.
        console: Where people look; no terminal, no bar.
        clock: Of the first second.
        """
        self.steps = 0
        self._done = 0
        self._title = title
        self._total = total
        self._console = console
        self._clock = clock or SystemClock()
        self._since = self._clock.monotonic()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, size: int) -> None:
        """One step more, of this size."""
        self.steps += 1
        self._done += size
        if self._bar is None and self._console.is_terminal and self._is_long():
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[steps]}"),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task(self._title, total=self._total, steps=0)
            self._bar.start()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done, steps=self.steps)

    def _is_long(self) -> bool:
        return self._clock.monotonic() - self._since > _PATIENCE_S
