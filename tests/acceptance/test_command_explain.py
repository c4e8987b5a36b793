"""A lost notification is found and explained from the terminal, with a server and without."""

import asyncio
import json
import subprocess
import sys

import pytest

ONE = ["--to", "find-ann", "--to", "find-bob", "--message", "Disk of db1 is full"]


def run(server, *arguments):
    """One command; answers (exit code, stdout, stderr)."""
    done = subprocess.run(
        [sys.executable, "-m", "notify_server", *arguments, "--config", str(server.config)],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def send(server, title):
    sent = server.cli("send", *ONE, "--title", title, "--source", "backup", "--json")
    return json.loads(sent)["id"]


def test_lost_notification_is_found_and_explained(server):
    sent = send(server, "Backup zirkon failed")
    found = server.cli("search", "zirkon", "failed", "--since", "1h", "--source", "backup")
    assert sent in found
    assert "find-ann find-bob" in found
    told = server.cli("explain", sent, "--user", "find-bob")
    assert "find-bob: pending" in told
    assert "waits for their return. (offline)" in told
    assert "given up, unless the person connects before" in told
    assert "Accepted and stored." in told
    assert "find-ann:" not in told
    assert json.loads(server.cli("explain", sent, "--json"))["summary"]["pending"] == 2


def test_search_that_finds_nothing_says_so_and_is_exit_0(server):
    code, out, err = run(server, "search", "nothing-is-called-so")
    assert (code, out) == (0, "")
    assert "Nothing was found" in err
    assert json.loads(server.cli("search", "nothing-is-called-so", "--json")) == {"items": []}


def test_search_for_an_unknown_status_is_exit_1_with_the_fault(server):
    code, _, err = run(server, "search", "--status", "nonsense")
    assert code == 1
    assert "status: must be one of" in err


def test_explain_of_an_unknown_id_is_exit_1(server):
    for strange in ("nope", "../../health/live"):
        code, _, err = run(server, "explain", strange)
        assert code == 1
        assert err.startswith("notify-server: ")


def test_resend_and_cancel_answer_with_their_numbers(server):
    sent = send(server, "Again")
    assert "resent 2" in server.cli("resend", sent)
    assert json.loads(server.cli("resend", sent, "--json"))["resent"] == 2
    assert "stopped 2" in server.cli("cancel", sent)
    code, _, err = run(server, "resend", sent)
    assert code == 1
    assert "cancelled" in err
    assert "  cancelled" in server.cli("explain", sent)


async def test_stats_and_sessions_show_who_is_here_until_they_are_closed(world):
    async def cli(*arguments):
        code, out, err = await asyncio.to_thread(run, world.server, *arguments)
        assert code == 0, err
        return out

    device = await world.online("find-cleo")
    (one,) = json.loads(await cli("sessions", "--user", "find-cleo", "--json"))["items"]
    assert one["sid"] in await cli("sessions")
    assert "user online" in await cli("stats", "--user", "find-cleo")
    assert json.loads(await cli("stats", "--json"))["sessions"]["total"] >= 1
    await cli("sessions", "--close", one["sid"])
    await device.until(lambda: device.socket.disconnected or device.socket.closed.is_set())
    close = ("sessions", "--close", one["sid"])
    code, _, err = await asyncio.to_thread(run, world.server, *close)
    assert code == 1
    assert "no such session" in err


def test_revoke_is_found_in_the_audit(server):
    assert "revoked" in server.cli("revoke", "find-dora")
    assert "find-dora" in server.cli("audit", "--action", "user.revoke")
    assert "as it was written" in server.cli("audit", "--verify")
    assert json.loads(server.cli("audit", "--json", "--limit", "1"))["items"]


@pytest.mark.parametrize("command", ["resend", "cancel", "revoke"])
def test_command_that_needs_a_server_without_one_is_exit_3(make_server, command):
    code, _, err = run(make_server(), command, "x")
    assert code == 3
    assert "running server" in err


def test_search_explain_stats_and_audit_without_a_server_look_into_the_store(make_server):
    server = make_server()
    sent = send(server, "Backup failed")
    assert sent in server.cli("search", "backup")
    assert "find-ann: pending" in server.cli("explain", sent)
    assert json.loads(server.cli("stats", "--json"))["stored"]["notifications"]["count"] == 1
    server.cli("api-key", "create", "--name", "x", "--scope", "send")
    assert "api_key.create" in server.cli("audit")
    assert json.loads(server.cli("audit", "--verify", "--json"))["intact"] is True
