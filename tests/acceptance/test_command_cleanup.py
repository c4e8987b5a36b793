"""cleanup through a running server, and on its store while none runs."""

import json
import os
import sqlite3
from contextlib import closing

import pytest


def age(server, days):
    """Make everything in the store older, while nobody holds it."""
    with closing(sqlite3.connect(server.data_dir / "notify.db")) as connection, connection:
        connection.execute(
            "UPDATE notifications SET kept_from = kept_from - ?", (days * 86_400_000,)
        )


@pytest.mark.skipif(
    os.environ.get("NOTIFY_TEST_STORE") == "mongodb", reason="opens SQLite's file itself"
)
def test_cleanup_online_and_offline_removes_what_is_old(make_server):
    server = make_server()
    lines = [json.dumps({"to": "u", "title": f"t{n}", "message": "m"}) for n in range(30)]
    file = server.folder / "lines.jsonl"
    file.write_text("\n".join(lines))
    server.cli("send", "--file", str(file))
    age(server, 40)
    assert server.cli("cleanup") == "0 removed\n"
    assert server.cli("cleanup", "--days", "30", "--dry-run") == "30 would be removed\n"
    server.start()
    server.cli("send", "--to", "u", "--title", "young", "--message", "m")
    said = json.loads(server.cli("cleanup", "--days", "30", "--dry-run", "--json"))
    assert said == {"removed": 0, "matching": 30, "more": False}
    assert server.cli("cleanup", "--days", "30") == "30 removed\n"
    assert server.cli("cleanup", "--days", "30") == "0 removed\n"
    server.stop()
    age(server, 40)
    assert server.cli("cleanup", "--days", "30") == "1 removed\n"
