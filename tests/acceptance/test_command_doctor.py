"""doctor on a healthy server, on a stopped one, and where something is wrong."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from support.server import free_port


def doctor(server, *arguments):
    """The command; answers (exit code, findings by name)."""
    where = arguments or ("--config", str(server.config))
    done = subprocess.run(
        [sys.executable, "-m", "notify_server", "doctor", "--json", *where],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, {c["name"]: c for c in json.loads(done.stdout)["checks"]}


def test_doctor_of_a_running_server_finds_nothing_wrong(server):
    code, found = doctor(server)
    assert code == 0, found
    assert {name for name, c in found.items() if c["verdict"] == "fail"} == set()
    expected = {"configuration", "data_dir", "disk", "open files", "JWT secret", "bus", "ready"}
    assert expected <= {name for name, c in found.items() if c["verdict"] in ("ok", "warn")}
    assert found["audit"]["verdict"] == "ok"
    assert all(c["advice"] for c in found.values() if c["verdict"] in ("warn", "fail"))


def test_doctor_from_elsewhere_looks_from_outside_only(server):
    code, found = doctor(server, "--url", server.url, "--key", server.api_key)
    assert code == 0
    assert "disk" not in found
    assert found["API key"]["verdict"] == "ok"
    code, found = doctor(server, "--url", server.url, "--key", "nk_no_no")
    assert (code, found["API key"]["verdict"]) == (1, "fail")


def test_doctor_of_what_cannot_be_reached_is_exit_3(server):
    code, found = doctor(server, "--url", f"http://127.0.0.1:{free_port()}", "--key", "k")
    assert (code, found["port"]["verdict"]) == (3, "fail")


def test_doctor_before_the_first_start_makes_nothing(make_server):
    server = make_server()
    code, found = doctor(server)
    assert code == 0
    assert "none yet" in found["store"]["detail"]
    assert not server.data_dir.exists()


@pytest.mark.skipif(
    os.environ.get("NOTIFY_TEST_STORE") == "mongodb", reason="opens SQLite's file itself"
)
def test_doctor_of_a_stopped_server_opens_its_store_and_its_audit(make_server):
    server = make_server()
    server.cli("api-key", "create", "--name", "a", "--scope", "send")
    assert doctor(server)[0] == 0
    with closing(sqlite3.connect(server.data_dir / "notify.db")) as connection, connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET who = 'somebody else'")
    code, found = doctor(server)
    assert (code, found["store"]["verdict"]) == (1, "ok")
    assert "entry 1 was changed" in found["audit"]["detail"]


def test_doctor_of_a_bad_configuration_shows_every_fault(make_server):
    server = make_server('[auth]\njwt_secret = "short"\n[nonsense]\nx = 1\n')
    done = subprocess.run(
        [sys.executable, "-m", "notify_server", "doctor", "--config", str(server.config)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.count("fail configuration") == 2
    assert "too short" in done.stdout


def test_doctor_where_others_may_read_the_secrets_says_chmod(make_server):
    server = make_server()
    server.cli("api-key", "list")
    server.data_dir.chmod(0o755)
    secret = server.data_dir / "jwt_secret"
    secret.write_text("Kx7v2Qm9Zr4Tp8Wn3Ly6Jc1Hs5Gd0Bf-a\n")
    secret.chmod(0o644)
    code, found = doctor(server)
    assert code == 0
    assert found["secrets"]["verdict"] == "warn"
    assert f"chmod 600 {secret}" in found["secrets"]["advice"]
    secret.write_text("short\n")
    code, found = doctor(server)
    assert (code, found["JWT secret"]["verdict"]) == (1, "fail")


def test_doctor_where_the_keys_of_tokens_are_away_is_exit_3(make_server, monkeypatch):
    server = make_server()
    monkeypatch.setenv("NOTIFY_AUTH__JWKS_URL", f"http://127.0.0.1:{free_port()}/keys")
    code, found = doctor(server)
    assert (code, found["JWKS"]["verdict"]) == (3, "fail")
