"""Watched tasks, calls that gather, deadlines in order."""

import asyncio
from contextlib import suppress

import structlog
from hypothesis import given
from hypothesis import strategies as st

from notify_server.kit import aio
from notify_server.kit.aio import Background, Deadlines, Later, pause


async def test_background_runs_and_forgets_what_is_done():
    background, done = Background(), asyncio.Event()

    async def work():
        done.set()

    background.spawn(work(), "work")
    assert len(background) == 1
    await done.wait()
    await asyncio.sleep(0)
    assert len(background) == 0


async def test_background_failure_is_logged_and_harms_no_other():
    background, done = Background(), asyncio.Event()

    async def fail():
        raise ValueError("boom")

    async def work():
        done.set()

    with structlog.testing.capture_logs() as logs:
        background.spawn(fail(), "failing")
        background.spawn(work(), "work")
        await done.wait()
    assert [(log["event"], log["task"]) for log in logs] == [("task_failed", "failing")]


async def test_background_close_cancels_what_runs_and_what_has_not_begun():
    background, begun, cancelled = Background(), asyncio.Event(), []

    async def wait():
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    background.spawn(wait(), "running")
    await begun.wait()
    background.spawn(
        wait(), "not begun"
    )  # unawaited coroutines would warn, and warnings are errors
    await background.close()
    assert cancelled == [True]
    assert len(background) == 0


async def test_background_close_ends_what_swallowed_a_cancellation():
    """As a timeout does that ends in the same turn of the loop."""
    background, begun, swallowed = Background(), asyncio.Event(), []

    async def work():
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.append(True)
        await asyncio.Event().wait()

    background.spawn(work(), "working")
    await begun.wait()
    await background.close()
    assert swallowed == [True]
    assert len(background) == 0


async def test_background_close_does_not_wait_for_what_never_ends(monkeypatch):
    monkeypatch.setattr(aio, "_TRY_S", 0.01)
    background, may_end = Background(), asyncio.Event()

    async def stubborn():
        while not may_end.is_set():
            with suppress(asyncio.CancelledError):
                await may_end.wait()

    background.spawn(stubborn(), "stubborn")
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as logs:
        await background.close()
    assert [(log["event"], log["tasks"]) for log in logs] == [("tasks_not_ended", ["stubborn"])]
    may_end.set()


async def test_background_starts_nothing_after_its_end():
    background, ran = Background(), []

    async def work():
        ran.append(True)

    await background.close()
    background.spawn(work(), "late")
    await asyncio.sleep(0)
    assert ran == []
    assert len(background) == 0


async def test_later_calls_once_however_often_it_was_asked():
    called = asyncio.Event()
    calls = []

    def call():
        calls.append(True)
        called.set()

    later = Later(0.001, call)
    for _ in range(5):
        later.ask()
    await called.wait()
    assert len(calls) == 1
    called.clear()
    later.ask()
    await called.wait()
    assert len(calls) == 2


async def test_later_may_be_asked_again_by_its_own_call():
    calls, done = [], asyncio.Event()

    def call():
        calls.append(True)
        if len(calls) < 3:
            later.ask()
        else:
            done.set()

    later = Later(0, call)
    later.ask()
    await done.wait()
    assert len(calls) == 3


async def test_later_that_is_stopped_does_not_call():
    calls = []
    later = Later(0, lambda: calls.append(True))
    later.ask()
    later.stop()
    later.stop()
    await pause(0.002)
    assert calls == []


@given(st.lists(st.tuples(st.integers(0, 50), st.integers()), max_size=60), st.integers(-1, 51))
def test_deadlines_give_back_what_is_due_in_order_and_keep_the_rest(items, now):
    deadlines = Deadlines()
    for deadline, item in items:
        deadlines.add(deadline, (deadline, item))
    due = list(deadlines.pop_due(now))
    assert due == sorted((i for i in items if i[0] <= now), key=lambda i: i[0])
    assert len(deadlines) == len(items) - len(due)
    assert list(deadlines.pop_due(now)) == []


def test_deadlines_never_compare_items():
    deadlines = Deadlines()
    for item in (object(), object(), object()):
        deadlines.add(1.0, item)
    assert len(list(deadlines.pop_due(1.0))) == 3
