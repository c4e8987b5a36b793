"""The scripts in ``scripts/alerts`` as cron and people run them, against the real server."""

import datetime
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notify_server.client import Client

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts" / "alerts"


def command(server, name, *arguments):
    given = [] if server is None else ["--url", server.url, "--key", server.api_key]
    return [sys.executable, str(SCRIPTS / name), *given, *map(str, arguments)]


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run(server, name, *arguments):
    return subprocess.run(
        command(server, name, *arguments),
        capture_output=True, text=True, timeout=60, check=False, env=environment(),
    )  # fmt: skip


def newest(server, source, **data):
    """Of all that a script has sent, those with this in their data, newest first."""
    with Client(server.url, server.api_key) as client:
        found = client.call("GET", f"/api/v1/admin/notifications?source={source}&limit=100")
        made = [client.get(one["id"]) for one in found["items"]]
    return [one for one in made if data.items() <= one["data"].items()]


@pytest.mark.parametrize("name", ["alert-disk-space", "alert-cert-expiry", "notify-run"])
def test_script_shows_help_with_examples_and_can_be_executed(name):
    done = run(None, name, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert f"  {name} " in done.stdout
    assert os.access(SCRIPTS / name, os.X_OK)
    assert run(None, name).returncode == 2


def test_full_disk_is_told_once_and_its_recovery_in_the_same_place(server, tmp_path):
    folder, state = tmp_path / "disk", tmp_path / "state"
    folder.mkdir()
    fixed = ("--state", state, folder)
    assert run(server, "alert-disk-space", "--free", "0%", *fixed).returncode == 0
    assert newest(server, "alert-disk-space", path=str(folder)) == []
    assert run(server, "alert-disk-space", "--free", "100%", *fixed).returncode == 1
    assert run(server, "alert-disk-space", "--free", "100%", *fixed).returncode == 1
    (told,) = newest(server, "alert-disk-space", path=str(folder))
    assert (told["type"], told["priority"], told["revision"]) == ("alert", "high", 1)
    assert str(folder) in told["message"]
    assert run(server, "alert-disk-space", "--free", "0%", *fixed).returncode == 0
    (after,) = newest(server, "alert-disk-space", path=str(folder))
    assert (after["id"], after["type"], after["revision"]) == (told["id"], "success", 2)


def test_disk_alert_that_is_refused_is_exit_3_and_not_marked_as_told(server, tmp_path):
    state = tmp_path / "state"
    fixed = ("alert-disk-space", "--free", "100%", "--state", state, tmp_path)
    done = run(server, *fixed, "--key", "wrong")
    assert done.returncode == 3
    assert "alert-disk-space: " in done.stderr
    assert not state.exists()
    assert run(server, *fixed).returncode == 1
    assert len(newest(server, "alert-disk-space", path=str(tmp_path))) == 1


@pytest.fixture
def tls(tmp_path):
    """Hosts with self-signed certificates: ``tls(days)`` answers (address, file of the CA)."""
    servers = []

    def make(days):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=days, hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
            .add_extension(x509.BasicConstraints(True, None), True)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        file = tmp_path / f"{len(servers)}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)

        class Handler(BaseRequestHandler):
            def handle(self):
                try:
                    with context.wrap_socket(self.request, server_side=True) as secure:
                        secure.recv(1)
                except (ssl.SSLError, OSError):
                    return  # who does not accept the certificate hangs up

        made = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        made.daemon_threads = True
        threading.Thread(target=made.serve_forever, daemon=True).start()
        servers.append(made)
        return f"localhost:{made.server_address[1]}", file

    yield make
    for one in servers:
        one.shutdown()
        one.server_close()


def test_certificate_that_ends_soon_is_told_and_a_good_one_is_not(server, tls):
    soon, ca = tls(10)
    done = run(server, "alert-cert-expiry", "--ca", ca, soon)
    assert done.returncode == 1, done.stderr
    assert "ends in 10 days" in done.stdout
    (told,) = newest(server, "alert-cert-expiry", host=soon)
    assert (told["type"], told["priority"]) == ("alert", "high")
    assert told["data"]["days_left"] == 10
    assert run(server, "alert-cert-expiry", "--ca", ca, soon).returncode == 1
    assert len(newest(server, "alert-cert-expiry", host=soon)) == 1
    later, ca = tls(90)
    assert run(server, "alert-cert-expiry", "--ca", ca, later).returncode == 0
    assert newest(server, "alert-cert-expiry", host=later) == []


def test_certificate_that_is_not_accepted_is_urgent(server, tls):
    host, _ = tls(90)
    done = run(server, "alert-cert-expiry", host)
    assert done.returncode == 1
    assert "is not accepted" in done.stdout
    (told,) = newest(server, "alert-cert-expiry", host=host)
    assert (told["title"], told["priority"]) == ("Certificate trouble", "urgent")


def test_other_trouble_with_a_host_on_the_same_day_is_told_in_the_same_place(server):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        assert run(server, "alert-cert-expiry", host).returncode == 1
        (refused,) = newest(server, "alert-cert-expiry", host=host)
        listener.listen()
        done = run(server, "alert-cert-expiry", "--timeout", "0.5", host)
    assert done.returncode == 1, done.stderr
    (silent,) = newest(server, "alert-cert-expiry", host=host)
    assert (silent["id"], silent["revision"]) == (refused["id"], 2)
    assert "refused" in refused["message"]
    assert "timed out" in silent["message"]


@pytest.mark.parametrize(("code", "kind"), [(0, "success"), (7, "error")])
def test_run_keeps_output_and_exit_code_and_tells_the_outcome(server, code, kind):
    script = f"echo line one; echo line two >&2; exit {code}"
    done = run(server, "notify-run", "--to", "runner", "--title", "Job", "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (code, "line one\nline two\n"), done.stderr
    (told,) = newest(server, "notify-run", command=f"sh -c '{script}'")
    assert (told["title"], told["type"]) == ("Job", kind)
    assert told["message"].startswith(f"Exit code {code} after 0:0")
    assert told["message"].endswith("line one\nline two")


def test_run_passes_a_signal_on_and_ends_as_the_command_does(server, tmp_path):
    ready = tmp_path / "ready"
    script = f"trap 'echo caught; exit 9' TERM; touch {ready}; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        command(server, "notify-run", "--to", "runner", "--", "sh", "-c", script),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (9, "caught\n"), err


def test_run_shows_how_far_it_is_while_it_runs(server, tmp_path):
    go = tmp_path / "go"
    script = f"echo working; while ! test -e {go}; do sleep 0.05; done"
    process = subprocess.Popen(
        command(server, "notify-run", "--to", "runner", "--every", 0.1, "--", "sh", "-c", script),
        stdout=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    deadline, told = time.monotonic() + 30, []
    while not any("working" in one["message"] for one in told) and time.monotonic() < deadline:
        told = newest(server, "notify-run", command=f"sh -c '{script}'")
    (one,) = told
    assert one["type"] == "progress_update"
    assert one["message"].endswith(": working")
    go.touch()
    assert process.wait(60) == 0


def test_run_without_a_server_runs_all_the_same(make_server):
    away = ("--url", make_server().url, "--key", "k", "--to", "1", "--patience", "0.1")
    done = run(None, "notify-run", *away, "--", "sh", "-c", "echo out; exit 3")
    assert (done.returncode, done.stdout) == (3, "out\n")
    assert run(None, "notify-run", *away, "--", "/does/not/exist").returncode == 127
