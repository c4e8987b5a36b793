"""S30: what was done to the audit's rows behind the server's back is found."""

import asyncio
import sqlite3

import pytest

from notify_server.domain.audit import AuditQuery
from notify_server.pipeline.audit import Audit


@pytest.fixture
async def audit(store, clock):
    """Six entries."""
    audit = Audit(store, clock)
    for number in range(6):
        await audit.record("key:1", "user.revoke", f"user:{number}", {"n": number})
    return audit


@pytest.fixture
def tamper(tmp_path):
    """Does to the file what somebody could who gets at it."""

    def run(*statements):
        connection = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        connection.execute("DROP TRIGGER audit_is_never_removed")
        connection.execute("DROP TRIGGER audit_is_never_changed")
        for statement in statements:
            connection.execute(statement)
        connection.close()

    return run


async def test_audit_that_nobody_touched_is_whole(audit, store, clock):
    assert await audit.verify() is None
    assert await Audit(store, clock).verify() is None


async def test_empty_audit_is_whole(store, clock):
    assert await Audit(store, clock).verify() is None


@pytest.mark.parametrize(
    ("statements", "first_broken"),
    [
        (["UPDATE audit SET who = 'key:2' WHERE seq = 3"], 3),
        (["UPDATE audit SET details = '{}' WHERE seq = 1"], 1),
        (["UPDATE audit SET at = at + 1 WHERE seq = 6"], 6),
        (["UPDATE audit SET subject = 'user:9' WHERE seq = 4"], 4),
        (["UPDATE audit SET previous_hash = '' WHERE seq = 4"], 4),
        (["DELETE FROM audit WHERE seq = 1"], 1),
        (["DELETE FROM audit WHERE seq IN (3, 4)"], 3),
        (["DELETE FROM audit WHERE seq = 6"], 6),
        (["DELETE FROM audit WHERE seq > 2"], 3),
        (["DELETE FROM audit"], 1),
        (
            [
                "UPDATE audit SET seq = 99 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 99",
            ],
            2,
        ),
        (["UPDATE audit SET subject = NULL, salt = NULL WHERE seq = 2"], None),
    ],
)
async def test_edit_removal_and_reordering_are_found(audit, tamper, statements, first_broken):
    tamper(*statements)
    assert await audit.verify() == first_broken


async def test_entries_added_after_the_newest_were_cut_off_do_not_hide_it(audit, tamper):
    tamper("DELETE FROM audit WHERE seq > 4")
    await audit.record("key:1", "user.revoke", "user:9")
    assert await audit.verify() == 5


async def test_the_file_itself_refuses_changes_and_removals(audit, tmp_path):
    connection = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    for statement in (
        "DELETE FROM audit WHERE seq = 1",
        "UPDATE audit SET who = 'x' WHERE seq = 1",
        "UPDATE audit SET subject = 'user:2' WHERE seq = 1",
        "UPDATE audit SET subject = NULL WHERE seq = 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            connection.execute(statement)
    connection.close()
    assert await audit.verify() is None


async def test_two_nodes_recording_at_once_make_one_whole_chain(store, clock):
    one, two = Audit(store, clock), Audit(store, clock)
    await asyncio.gather(
        *(audit.record("key:1", "a", f"user:{n}") for n in range(10) for audit in (one, two))
    )
    page = await one.page(AuditQuery(limit=100))
    assert [entry.seq for entry in page.items] == list(range(20, 0, -1))
    assert await two.verify() is None


async def test_what_an_operator_does_to_anothers_notification_is_recorded(rig):
    mine = await rig.send("ann")
    await rig.replace(mine, "ann", title="new")
    assert (await rig.line.audit.page(AuditQuery(limit=9))).items == ()
