"""What ``doctor`` finds of a SQLite file, beside the server that holds it."""

from support.stores import accept_one

from notify_server.domain.check import Verdict
from notify_server.stores.sqlite.inspection import inspect


async def test_file_that_a_server_holds_is_looked_at_without_its_lock(store, tmp_path):
    await accept_one(store, "1")
    (found,) = inspect(tmp_path / "store.db")
    assert found.verdict is Verdict.OK
    assert "journal mode wal" in found.detail
    assert str(tmp_path / "store.db") in found.detail
    await accept_one(store, "1")


def test_file_that_is_no_database_is_told(tmp_path):
    path = tmp_path / "odd #1.db"
    path.write_text("something else " * 100)
    (found,) = inspect(path)
    assert found.verdict is Verdict.FAIL
    assert "[store] url" in found.advice
