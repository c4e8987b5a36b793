"""The file: one process, its mode, its shape, and what power loss or a kill may not take."""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from support.stores import accept_one

from notify_server.domain.errors import ConflictError, UnavailableError
from notify_server.stores.sqlite import schema
from notify_server.stores.sqlite.store import SqliteStore

_TESTS = Path(__file__).parents[2]
_BATCHES = 8

_OPEN_AND_SAY = """
import asyncio, pathlib, sys
from notify_server.kit.clock import SystemClock
from notify_server.stores.sqlite.store import SqliteStore
try:
    asyncio.run(SqliteStore(pathlib.Path(sys.argv[1]), SystemClock()).open())
except Exception as error:
    print(type(error).__name__, error)
"""

_ACCEPT_AND_ACK = """
import asyncio, os, pathlib, sys
sys.path.insert(0, sys.argv[2])
from support.stores import accept_one
from notify_server.kit.clock import SystemClock
from notify_server.stores.sqlite.store import SqliteStore

async def main():
    store = SqliteStore(pathlib.Path(sys.argv[1]), SystemClock())
    await store.open()
    os.write(1, b"ready\\n")
    for batch in range(int(sys.argv[3])):
        made = await asyncio.gather(*(accept_one(store, str(n)) for n in range(3)))
        os.write(1, f"acknowledged {' '.join(each.id for each in made)}\\n".encode())

asyncio.run(main())
"""


async def test_second_opener_is_refused_by_name(tmp_path, store):
    path = tmp_path / "store.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _OPEN_AND_SAY, path, stdout=subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert said.decode() == f"ConflictError {path} is in use by process {os.getpid()}.\n"
    assert await accept_one(store, "1")


async def test_second_opener_in_the_same_process_is_refused(tmp_path, store, clock):
    second = SqliteStore(tmp_path / "store.db", clock)
    with pytest.raises(ConflictError):
        await second.open()
    await second.close()
    await store.close()
    await second.open()
    await second.close()


async def test_open_twice_does_nothing(store):
    await store.open()
    await store.ping()


async def test_files_are_readable_by_their_owner_only(tmp_path, store):
    await store.ping()
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    names = {"store.db", "store.db-wal", "store.db-shm", "store.db.lock"}
    assert modes == dict.fromkeys(names, 0o600)


async def test_close_folds_the_log_into_the_file(tmp_path, store):
    await accept_one(store, "1")
    await store.close()
    assert {path.name for path in tmp_path.iterdir()} == {"store.db", "store.db.lock"}


async def test_file_of_the_first_shape_gets_its_retention(tmp_path, clock, monkeypatch):
    """What is snoozed is kept until after it wakes, everything else from its newest revision."""
    monkeypatch.setattr(schema, "_MIGRATIONS", schema._MIGRATIONS[:1])
    with sqlite3.connect(tmp_path / "store.db", isolation_level=None) as connection:
        schema.prepare_writer(connection)
        for made in ("plain", "snoozed"):
            connection.execute(
                "INSERT INTO notifications VALUES"
                " (?, '/', 'k', 1, 1, 1, 5, NULL, NULL, '', '', '', NULL)",
                (made,),
            )
        for user, until in (("1", 7), ("2", 9), ("3", None)):
            connection.execute(
                "INSERT INTO receipts (user, notification_id, line, named, sort_at, push_at,"
                " changed_at, revision, delivered_revision, snoozed_until, attempts, replays,"
                " reminders, step, acks, version, active)"
                " VALUES (?, 'snoozed', '/', 1, 1, 1, 1, 1, 1, ?, 0, 0, 0, 'wake', '[]', 1, 1)",
                (user, until),
            )
        monkeypatch.undo()
        schema.prepare_writer(connection)
        kept = connection.execute("SELECT id, kept_from FROM notifications ORDER BY id")
        assert kept.fetchall() == [("plain", 5), ("snoozed", 9)]
    connection.close()


def test_attempts_of_an_older_file_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "_MIGRATIONS", schema._MIGRATIONS[:4])
    row = ("n", "ann", 1, 2, "no_ack", 7, "failed", "in_app")
    with sqlite3.connect(tmp_path / "store.db", isolation_level=None) as connection:
        schema.prepare_writer(connection)
        connection.execute("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        monkeypatch.undo()
        schema.prepare_writer(connection)
        assert connection.execute("SELECT * FROM attempts").fetchall() == [row]
    connection.close()


async def test_file_of_a_newer_version_is_refused(tmp_path, clock):
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConflictError, match="shape 99"):
        await SqliteStore(tmp_path / "store.db", clock).open()


async def test_file_that_is_no_store_is_unavailable(tmp_path, clock):
    path = tmp_path / "store.db"
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(UnavailableError):
        await SqliteStore(path, clock).open()
    with pytest.raises(UnavailableError):
        await SqliteStore(path / "below" / "store.db", clock).open()


async def test_folder_is_made(tmp_path, clock):
    store = SqliteStore(tmp_path / "a" / "b" / "store.db", clock)
    await store.open()
    await store.close()


async def test_kill_loses_nothing_acknowledged(tmp_path, clock):
    path = tmp_path / "store.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ACCEPT_AND_ACK, path, _TESTS, "100000", stdout=subprocess.PIPE
    )
    assert await process.stdout.readline() == b"ready\n"
    lines = [await process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    rest, _ = await process.communicate()
    lines += [line for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
    ids = [each for line in lines for each in line.decode().split()[1:]]
    store = SqliteStore(path, clock)
    await store.open()
    for start in range(0, len(ids), 500):
        wanted = ids[start : start + 500]
        assert set(await store.notifications(wanted)) == set(wanted)
    await store.close()


def _trace(tmp_path):
    """Run the acknowledging child under strace; its system calls, one a line, or None."""
    strace, log = shutil.which("strace"), tmp_path / "trace"
    if strace is None:
        return None
    watched = "trace=fdatasync,fsync,write"
    child = [sys.executable, "-c", _ACCEPT_AND_ACK, tmp_path / "store.db", _TESTS, str(_BATCHES)]
    done = subprocess.run(
        [strace, "-f", "-s", "200", "-e", watched, "-o", log, *child],
        capture_output=True,
        timeout=100,
        check=False,
    )
    if done.returncode != 0 and b"ptrace" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return log.read_text().splitlines()


def test_nothing_is_acknowledged_before_a_sync(tmp_path):
    """F31, X08: between two acknowledgements lies a finished sync of the log."""
    lines = _trace(tmp_path)
    if lines is None:
        if os.environ.get("CI") == "true":
            pytest.fail("strace is missing or not permitted")
        pytest.skip("strace is missing or not permitted; install it: apt-get install strace")
    synced = re.compile(r"(fdatasync|fsync)(\(\d+| resumed>)\)? *\)? *= 0")
    acknowledged, syncs = 0, None
    for line in lines:
        if 'write(1, "ready' in line:
            syncs = 0
        elif 'write(1, "acknowledged' in line:
            assert syncs >= 1, f"batch {acknowledged} was answered without a sync"
            acknowledged, syncs = acknowledged + 1, 0
        elif syncs is not None and synced.search(line):
            syncs += 1
    assert acknowledged == _BATCHES
