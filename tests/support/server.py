"""The server under test: a real process on a free port, that can be killed and started again.

Everything here is synchronous, so that fixtures of any scope can use it; tests that keep clients
open while the server dies call it through ``asyncio.to_thread``.
"""

import contextlib
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import jwt
from support import mongodb
from support.ports import free_port

READY_S = 90.0
STOP_S = 40.0

BASE_TOML = """
[server]
host = "127.0.0.1"
port = {port}
data_dir = "{data_dir}"

[limits]
connections_per_ip = 2000
"""


class Server:
    """One data directory and port, and the process that serves it, if any."""

    def __init__(self, folder, extra_toml="", port=None, environ=None):
        self.environ = environ or {}
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data_dir = self.folder / "data"
        self.port = port or free_port()
        self.config = self.folder / "config.toml"
        self.log = self.folder / "server.log"
        self.starts = 0
        self._process = None
        self.newest = {}
        self._iats = {}
        self.configure(extra_toml)

    def configure(self, extra_toml):
        """Write the configuration; it holds from the next start."""
        base = BASE_TOML.format(port=self.port, data_dir=self.data_dir)
        self.config.write_text(base + extra_toml, encoding="utf-8")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    # --- the process ---

    def spawn(self, failpoint=None):
        """Start the process without waiting for it."""
        assert self._process is None, "already running"
        environ = self._environ()
        environ["PYTHONUNBUFFERED"] = "1"
        if failpoint:
            environ["NOTIFY_TEST_FAILPOINT"] = failpoint
        command = [sys.executable, "-m", "notify_server", "serve", "--config", str(self.config)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environ
            )
        self.starts += 1

    def _environ(self):
        """The test run's own settings stay outside; the store is the one that the run is for."""
        environ = {k: v for k, v in os.environ.items() if not k.startswith("NOTIFY_")}
        if os.environ.get("NOTIFY_TEST_STORE") == "mongodb":
            self.data_dir.mkdir(mode=0o700, exist_ok=True)
            secret = self.data_dir / "jwt_secret"
            if not secret.exists():
                secret.write_text(secrets.token_urlsafe(48), encoding="utf-8")
                secret.chmod(0o600)
            environ["NOTIFY_STORE__URL"] = mongodb.url_for(self.folder)
            if "NOTIFY_AUTH__JWT_SECRET" not in self.environ:
                environ["NOTIFY_AUTH__JWT_SECRET_FILE"] = str(secret)
        return {**environ, **self.environ}

    def start(self, failpoint=None):
        """Start, and return when the server is ready."""
        self.spawn(failpoint)
        self.wait_ready()
        return self

    def wait_ready(self, timeout=READY_S):
        """Wait until ``/health/ready`` answers 200."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise AssertionError(f"the server ended:\n{self.tail()}")
            if self._ready():
                return
            time.sleep(0.02)
        raise AssertionError(f"not ready within {timeout} s:\n{self.tail()}")

    def _ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/health/ready")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False

    def kill(self):
        """kill -9."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self, timeout=STOP_S):
        """SIGTERM; returns the exit code, and kills what does not go in time."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop within {timeout} s:\n{self.tail()}") from None
        self._process = None
        return code

    def wait_exit(self, timeout=30.0):
        """Wait until the process has ended by itself (a failpoint); returns its exit code."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s:\n{self.tail()}") from None
        self._process = None
        return code

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def tail(self, lines=60):
        """The end of what the process printed."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    # --- secrets ---

    @property
    def run_json(self):
        return json.loads((self.data_dir / "run.json").read_text(encoding="utf-8"))

    @property
    def api_key(self):
        return self.run_json["api_key"]

    @property
    def secret(self):
        given = self.environ.get("NOTIFY_AUTH__JWT_SECRET")
        return given or (self.data_dir / "jwt_secret").read_text(encoding="utf-8").strip()

    def token(self, user, roles=(), *, rooms=(), ttl=3600, iat=None, **claims):
        """A JWT as any issuer would make it; each one of a user is newer than the one before."""
        now = time.time()
        newest = self._iats.get(user, 0)
        issued = iat if iat is not None else max(int(now), newest + 1 if newest else 0)
        self._iats[user] = max(newest, issued)
        body = {"sub": user, "roles": list(roles), "iat": issued, "exp": int(now + ttl)}
        if rooms:
            body["rooms"] = list(rooms)
        token = jwt.encode({**body, **claims}, self.secret, algorithm="HS256")
        if ttl > 0 and issued >= newest:
            self.newest[user] = token
        return token

    def cli(self, *args, check=True):
        """Run a ``notify-server`` command on this configuration; returns what it printed."""
        self.data_dir.mkdir(mode=0o700, exist_ok=True)  # as a package makes it, before any start
        done = subprocess.run(
            [sys.executable, "-m", "notify_server", *args, "--config", str(self.config)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self._environ(),
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout
