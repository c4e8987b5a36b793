"""A bar only on a terminal, and only for what takes longer than a second."""

import io
from datetime import timedelta

from rich.console import Console

from notify_server.cli.progress import Progress
from notify_server.kit.clock import ManualClock


def _advance(*, terminal, seconds):
    out, clock = io.StringIO(), ManualClock()
    console = Console(file=out, force_terminal=terminal, width=80)
    with Progress("Sending", 100, console, clock) as progress:
        progress.advance(10)
        clock.advance(timedelta(seconds=seconds))
        progress.advance(10)
    assert progress.steps == 2
    return out.getvalue()


def test_progress_of_a_long_task_on_a_terminal_shows_a_bar():
    assert "Sending" in _advance(terminal=True, seconds=2)


def test_progress_of_a_short_task_shows_nothing():
    assert _advance(terminal=True, seconds=0.5) == ""


def test_progress_into_a_pipe_shows_nothing():
    assert _advance(terminal=False, seconds=60) == ""
