"""The server as its own process on its own core."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt

from bench.machine import Meter, pin

READY_S = 30.0
STOP_S = 20.0
_SECRET = secrets.token_urlsafe(48)
_TTL = timedelta(hours=6)

ISSUED_AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
"""When the tokens of a run were issued: one moment, so that none is news to the server."""

_TOML = """
[server]
host = "127.0.0.1"
data_dir = "{data_dir}"

[auth]
jwt_secret = "{secret}"

[limits]
connections_per_ip = 20000
connections = 20000

[log]
level = "warning"
"""


class BenchServer:
    """Serves one data directory while it is entered.

    Args:
        folder: Holds ``data`` (which may have been seeded), the configuration and the log.
        cores: Of ``machine.choose_cores``.
        profile: Have py-spy watch it and write its samples (of who holds the GIL) here.
        environ: Configuration beside the file: ``NOTIFY_…`` variables.
    """

    def __init__(self, folder, cores, profile=None, environ=()):
        self.data_dir = Path(folder) / "data"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._config = Path(folder) / "config.toml"
        self._config.write_text(_TOML.format(data_dir=self.data_dir, secret=_SECRET))
        self._log = Path(folder) / "server.log"
        self._cores = cores
        self._profile = profile
        self._environ = dict(environ)
        self._watcher = None
        self._process = None
        self.port = 0
        self.api_key = ""

    def __enter__(self):
        environ = {k: v for k, v in os.environ.items() if not k.startswith("NOTIFY_")}
        environ.update(self._environ)
        command = [sys.executable, "-m", "notify_server", "serve", "--port", "0"]
        command += ["--config", str(self._config)]
        run_file = self.data_dir / "run.json"
        run_file.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            pin(self._cores.server)
            try:
                self._process = subprocess.Popen(
                    command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environ
                )
            finally:
                pin(self._cores.load)
        self._wait(run_file)
        if self._profile is not None:
            self._watch()
        return self

    def __exit__(self, *_):
        if self._watcher is not None:
            self._watcher.send_signal(signal.SIGINT)
            self._watcher.wait()
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self):
        return self._process.pid

    def meter(self):
        """Count what is used from now on."""
        return Meter(self._process.pid)

    def _wait(self, run_file):
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError, ValueError):
                run = json.loads(run_file.read_text())
                self.port = int(run["url"].rpartition(":")[2])
                self.api_key = run["api_key"]
                return
            time.sleep(0.02)
        self._process.kill()
        raise SystemExit(f"The server did not start:\n{self._log.read_text()[-4000:]}")

    def _watch(self):
        command = ["py-spy", "record", "--pid", str(self._process.pid), "--rate", "200"]
        command += ["--format", "raw", "--gil", "--duration", "3600"]
        quiet = subprocess.DEVNULL
        self._watcher = subprocess.Popen(
            [*command, "--output", str(self._profile)], stdout=quiet, stderr=quiet
        )


def token(user):
    """A user's JWT, always the same one: as a page has it that comes back."""
    claims = {"sub": user, "roles": [], "iat": ISSUED_AT, "exp": ISSUED_AT + _TTL}
    return jwt.encode(claims, _SECRET, algorithm="HS256")
