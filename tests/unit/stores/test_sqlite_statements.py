"""Every question and every change is served by the index that it names (design: declared reads)."""

import ast
import sqlite3
from pathlib import Path

import pytest

from notify_server.stores import sqlite as package
from notify_server.stores.sqlite import reads, writes
from notify_server.stores.sqlite.schema import prepare_reader, prepare_writer

_FOLDER = Path(package.__file__).parent


@pytest.fixture(scope="module")
def plan():
    """Asks SQLite how it would do a statement; returns the steps."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    prepare_writer(connection)

    def ask(sql):
        numbered = [number for number in range(1, 10) if f"?{number}" in sql]
        values = [0] * (max(numbered) if numbered else sql.count("?"))
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    yield ask
    connection.close()


@pytest.mark.parametrize("read", reads.READS, ids=lambda read: read.name)
def test_read_is_served_by_its_index_without_scan_or_sort(plan, read):
    steps = plan(read.sql)
    for index in read.served_by:
        assert any(index in step for step in steps), steps
    for step in steps:
        assert "TEMP B-TREE" not in step
        # The list of wanted ids is a table function: going through it is going through the ids.
        # So is going through what a bounded question has answered already.
        scans = step.startswith("SCAN") and not ("VIRTUAL TABLE" in step or "(subquery" in step)
        assert not scans or (read.whole and "USING" in step), steps


@pytest.mark.parametrize("write", writes.WRITES, ids=lambda write: write.name)
def test_write_finds_its_rows_by_its_index(plan, write):
    steps = plan(write.sql)
    if write.served_by is None:
        assert steps == []
    else:
        assert len(steps) == 1
        assert f"{write.served_by} " in f"{steps[0]} "
        assert steps[0].startswith("SEARCH")


def _texts(path):
    """Every text of a module that is not a docstring."""
    tree = ast.parse(path.read_text())
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_no_select_stands_outside_the_table_of_reads():
    """But in ``schema.py``: a migration goes through everything, once."""
    guilty = [
        path.name
        for path in _FOLDER.glob("*.py")
        if path.name not in ("reads.py", "schema.py")
        and any("select" in text.lower() for text in _texts(path))
    ]
    assert guilty == []


@pytest.mark.parametrize("module", [reads, writes], ids=["reads", "writes"])
def test_statements_are_named_once_and_used(module):
    kind, listed = (reads.Read, reads.READS) if module is reads else (writes.Write, writes.WRITES)
    named = {name: value for name, value in vars(module).items() if type(value) is kind}
    assert set(named.values()) == set(listed)
    assert len({statement.name for statement in listed}) == len(listed)
    code = "".join(path.read_text() for path in _FOLDER.glob("*.py"))
    short = module.__name__.rpartition(".")[2]
    assert [name for name in named if f"{short}.{name}" not in code] == []


def test_reading_connection_can_not_write(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    prepare_writer(connection)
    prepare_reader(connection)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute(writes.CHECK_HEALTH.sql, (1,))
    connection.close()
