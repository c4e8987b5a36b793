"""What ``doctor`` says of a SQLite file: reads beside the server that holds it, locks nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from notify_server.domain.check import Check, fail, ok, warn

_MB = 1024 * 1024
_WAIT_S = 2.0


def inspect(path: Path) -> list[Check]:
    """Look at a file that is there."""
    try:
        with closing(_open(path)) as connection:
            journal = _pragma(connection, "journal_mode")
            shape = _pragma(connection, "user_version")
    except (sqlite3.Error, OSError) as error:
        advice = "Give the file to the user that runs the server; is it [store] url?"
        return [fail("store file", f"{path} cannot be read: {error}", advice)]
    size = path.stat().st_size / _MB
    detail = (
        f"{path}, {size:.1f} MB, shape {shape}, journal mode {journal},"
        f" SQLite {sqlite3.sqlite_version}"
    )
    if journal != "wal":
        advice = "The next start of a server changes it; else see who else opens this file."
        return [warn("store file", f"{detail}; expected wal", advice)]
    return [ok("store file", detail)]


def _open(path: Path) -> sqlite3.Connection:
    where = f"file:{quote(str(path.absolute()))}?mode=ro"
    return sqlite3.connect(where, uri=True, timeout=_WAIT_S)


def _pragma(connection: sqlite3.Connection, name: str) -> str:
    return str(connection.execute(f"PRAGMA {name}").fetchone()[0])
