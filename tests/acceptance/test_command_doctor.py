"""doctor on a healthy server, on a stopped one, and where something is wrong."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from support import mongodb, redis_server
from support.ports import free_port
from support.redis_server import RedisServer

ON_MONGODB = os.environ.get("NOTIFY_TEST_STORE") == "mongodb"


def doctor(server, *arguments):
    """The command; answers (exit code, findings by name)."""
    where = arguments or ("--config", str(server.config))
    done = subprocess.run(
        [sys.executable, "-m", "notify_server", "doctor", "--json", *where],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
        env=server._environ(),
    )  # fmt: skip
    assert "s3/cret" not in done.stdout + done.stderr
    assert "s3%2Fcret" not in done.stdout + done.stderr
    return done.returncode, {c["name"]: c for c in json.loads(done.stdout)["checks"]}


def test_doctor_of_a_running_server_finds_nothing_wrong(server):
    code, found = doctor(server)
    assert code == 0, found
    assert {name for name, c in found.items() if c["verdict"] == "fail"} == set()
    expected = {"configuration", "data_dir", "disk", "open files", "JWT secret", "bus", "ready"}
    assert expected <= {name for name, c in found.items() if c["verdict"] in ("ok", "warn")}
    assert found["audit"]["verdict"] == "ok"
    assert ON_MONGODB or "journal mode wal" in found["store file"]["detail"]
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
    if ON_MONGODB:
        assert "none yet" in found["indexes"]["detail"]
    else:
        assert "none yet" in found["store"]["detail"]
        assert not server.data_dir.exists()


@pytest.mark.skipif(ON_MONGODB, reason="opens SQLite's file itself")
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


def test_doctor_where_the_keys_of_tokens_are_away_is_exit_3(make_server):
    server = make_server()
    server.environ["NOTIFY_AUTH__JWKS_URL"] = f"http://127.0.0.1:{free_port()}/keys"
    code, found = doctor(server)
    assert (code, found["JWKS"]["verdict"]) == (3, "fail")


@pytest.fixture
def on_services(make_server, tmp_path):
    """A server's place on MongoDB and Redis, and the secrets that these ask for."""
    server = make_server()
    chance = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZ"
    server.environ["NOTIFY_AUTH__JWT_SECRET"] = server.environ["NOTIFY_BUS__KEY"] = chance
    server.environ["NOTIFY_STORE__URL"] = mongodb.url_for(tmp_path)
    return server


needs_services = pytest.mark.skipif(
    not (mongodb.is_there() and redis_server.is_there()), reason="no MongoDB, or no Redis"
)


@needs_services
def test_doctor_of_a_node_looks_at_mongodb_and_redis(on_services):
    redis = RedisServer().start()
    on_services.environ["NOTIFY_BUS__URL"] = redis.url
    try:
        code, found = doctor(on_services)
        assert (code, "none yet" in found["indexes"]["detail"]) == (0, True)
        on_services.start()
        for _ in range(2):
            code, found = doctor(on_services)
            assert code == 0, found
            assert "MongoDB" in found["store"]["detail"]
            assert "w: majority" in found["write concern"]["detail"]
            assert found["topology"]["verdict"] in ("ok", "warn")
            assert "by_key by_collapse" in found["indexes notifications"]["detail"]
            assert found["indexes receipts"]["verdict"] == "ok"
            assert "Redis" in found["bus"]["detail"]
            assert found["bus round trip"]["verdict"] == "ok"
            assert found["audit"]["verdict"] == "ok"
            on_services.stop()
    finally:
        redis.kill()


@needs_services
def test_doctor_where_store_and_bus_are_away_is_exit_3_and_names_the_settings(on_services):
    login = f"joe:s3%2Fcret@127.0.0.1:{free_port()}"
    on_services.environ["NOTIFY_STORE__URL"] = f"mongodb://{login}/x"
    on_services.environ["NOTIFY_BUS__URL"] = f"redis://{login}"
    code, found = doctor(on_services)
    assert code == 3
    for name in ("store", "bus"):
        assert found[name]["verdict"] == "fail"
        assert f"[{name}] url" in found[name]["advice"]


def test_serve_on_a_store_that_leads_nowhere_ends_and_keeps_the_password(on_services):
    on_services.environ["NOTIFY_STORE__URL"] = "mongodb+srv://joe:s3%2Fcret@nowhere.invalid/x"
    on_services.spawn()
    assert on_services.wait_exit(60) == 3
    assert "[store] url" in on_services.tail()
    assert "s3" not in on_services.tail()
    assert "Traceback" not in on_services.tail()
