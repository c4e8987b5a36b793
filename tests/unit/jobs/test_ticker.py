"""The alarm clock: every job runs again and again, never twice at once, whatever it does (F33)."""

import asyncio
import time

import structlog

from notify_server.jobs.ticker import Job, Ticker


async def _until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def test_jobs_run_again_until_stopped():
    runs = []

    async def run():
        runs.append(True)

    ticker = Ticker([Job("a", 0.01, run)])
    ticker.start()
    await _until(lambda: len(runs) >= 3)
    ticker.stop()
    ticker.stop()
    await asyncio.sleep(0.02)
    after = len(runs)
    await asyncio.sleep(0.05)
    assert len(runs) == after


async def test_job_that_fails_is_logged_and_runs_again():
    runs = []

    async def run():
        runs.append(True)
        raise ValueError("boom")

    with structlog.testing.capture_logs() as logs:
        ticker = Ticker([Job("failing", 0.01, run)])
        ticker.start()
        await _until(lambda: len(runs) >= 3)
        ticker.stop()
    assert {(log["event"], log["job"]) for log in logs} == {("job_failed", "failing")}


async def test_slow_job_never_runs_twice_at_once_and_stops_no_other():
    running, most, others = 0, 0, []
    gate = asyncio.Event()

    async def slow():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1

    async def other():
        others.append(True)

    ticker = Ticker([Job("slow", 0.01, slow), Job("other", 0.01, other)])
    ticker.start()
    await _until(lambda: len(others) >= 10)
    gate.set()
    ticker.stop()
    assert most == 1


async def test_job_that_was_late_is_run_and_not_skipped():
    """A loop that was busy for longer than a job's interval still runs it (misfire)."""
    runs = []

    async def run():
        runs.append(True)

    ticker = Ticker([Job("a", 0.05, run)])
    ticker.start()
    await asyncio.sleep(0)
    time.sleep(0.3)  # noqa: ASYNC251 - the loop is to be busy
    await _until(lambda: runs)
    ticker.stop()


def test_stop_before_start_does_nothing():
    Ticker([]).stop()
