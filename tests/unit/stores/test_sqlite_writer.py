"""The writer: group commit, savepoints, deadlines, a full disk, another process in the way."""

import asyncio
import resource
import sqlite3
from contextlib import contextmanager

import pytest
from support.stores import SECOND, accept_one, change_of, submission

from notify_server.domain.errors import Code, InternalError, RejectedError, UnavailableError
from notify_server.kit.clock import to_ms
from notify_server.stores.sqlite import database, reads, writes


@pytest.fixture
def blocked(tmp_path, store):
    """Another program holds the write lock of the file (X09); called, it lets go."""
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield lambda: other.execute("ROLLBACK")
    other.close()


@contextmanager
def _file_limit(size):
    """No file may grow beyond ``size`` bytes: what a full disk does to a commit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def _checked_at(store):
    return (await store._database.read(lambda window: window.row(reads.CHECKED_AT)))[0]


async def test_concurrent_accepts_share_commits(store):
    before = (await store.stats())["commits"]
    await asyncio.gather(*(accept_one(store, str(n)) for n in range(200)))
    assert (await store.stats())["commits"] - before <= 20


async def test_failing_operation_leaves_nothing_and_harms_no_other(store, caplog):
    def broken(desk):
        desk.write(writes.CHECK_HEALTH, (7,))
        raise ZeroDivisionError

    good = [accept_one(store, str(n)) for n in range(3)]
    first, failed, *_ = await asyncio.gather(
        good[0], store._database.write(broken), *good[1:], return_exceptions=True
    )
    assert isinstance(failed, InternalError)
    assert "ZeroDivisionError" in caplog.text
    assert await _checked_at(store) == 0
    assert len(await store.changed(first.created_at, 10)) == 3


async def test_value_that_can_not_be_encoded_is_refused(store, clock):
    for call in (
        store.user("\ud800"),
        store.revoke_key("\ud800", clock.now()),
        store.entries("1", ["\ud800", "x"]),
        store.recipients("x", "", 2**70),
    ):
        with pytest.raises(RejectedError) as error:
            await call
        assert error.value.code is Code.INVALID
    await store.ping()


async def test_ping_writes(store, clock):
    clock.advance(SECOND)
    await store.ping()
    assert await _checked_at(store) == to_ms(clock.now())


async def test_writes_wait_for_another_process_and_reads_go_on(store, blocked):
    calls = [asyncio.create_task(accept_one(store, str(n))) for n in range(10)]
    assert await store.user("1") == (None, ())
    assert not any(call.done() for call in calls)
    blocked()
    made = await asyncio.gather(*calls)
    assert len(await store.notifications([each.id for each in made])) == 10


async def test_caller_is_released_at_its_deadline(store, blocked, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE_S", 0.05)
    with pytest.raises(UnavailableError):
        await accept_one(store, "1")
    blocked()
    monkeypatch.undo()
    await accept_one(store, "2")


async def test_operation_that_comes_after_its_deadline_is_not_done(store, clock, blocked):
    call = asyncio.create_task(store.accept([submission("1")]))
    await store.user("1")
    start = clock.now()
    clock.advance(6 * SECOND)
    blocked()
    (answer,) = await call
    assert isinstance(answer, UnavailableError)
    assert await store.changed(start - SECOND, 10) == []


async def test_full_disk_at_commit_fails_the_whole_batch(tmp_path, store, clock):
    kept = await accept_one(store, "1")
    with _file_limit((tmp_path / "store.db-wal").stat().st_size + 4096):
        answers = await asyncio.gather(*(store.accept([submission(str(n))]) for n in range(5)))
        assert await store.user("1") == (None, ())
    assert all(isinstance(answer, UnavailableError) for (answer,) in answers)
    again = await accept_one(store, "1")
    assert await store.changed(clock.now() - SECOND, 10) == [change_of(kept), change_of(again)]


async def test_full_file_fails_what_does_not_fit_and_heals(store, clock):
    writer = store._database._connections[0]
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages + 40}")
    made, answer = [], None
    while not isinstance(answer, UnavailableError):
        if answer is not None:
            made.append(answer.notification)
        (answer,) = await store.accept([submission("1", message="x" * 9000)])
    writer.execute("PRAGMA max_page_count = 1000000")
    made.append(await accept_one(store, "1"))
    assert await store.changed(clock.now() - SECOND, 100) == [change_of(one) for one in made]
    assert len(made) > 3


async def test_large_call_is_one_transaction_at_most_per_thousand(store):
    before = (await store.stats())["commits"]
    answers = await store.accept([submission("1")] * 1000)
    assert len(answers) == 1000
    assert (await store.stats())["commits"] - before == 1
