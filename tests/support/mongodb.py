"""The MongoDB that tests talk to: one that is named, a mongod, or what speaks its protocol on Java.

Started once per test run, on a free port of loopback; each test has a database of its own.
"""

import atexit
import functools
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from support.ports import free_port

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "var" / "services" / "mongodb"
_START_S = 120


class MongoServer:
    """One server process over one folder; killed and started again as tests like."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ends = time.monotonic() + _START_S
        while not answers(self.port):
            if self._process.poll() is not None or time.monotonic() > ends:
                self.kill()
                raise RuntimeError("the MongoDB under test did not start")
            time.sleep(0.05)

    def _command(self) -> list[str]:
        if mongod := shutil.which("mongod"):
            data = self.folder / "mongod"
            data.mkdir(exist_ok=True)
            return [mongod, "--dbpath", str(data), "--port", str(self.port),
                    "--bind_ip", "127.0.0.1", "--quiet"]  # fmt: skip
        paths = f"{BUILT / 'classes'}:{BUILT / 'lib'}/*"
        return ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-cp", paths,
                "notify.TestMongo", str(self.folder / "data.mv"), str(self.port)]  # fmt: skip

    def signal(self, number: signal.Signals) -> None:
        """Stop, continue or kill it."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """As a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def is_there() -> bool:
    """Whether this machine has one."""
    return bool(os.environ.get("NOTIFY_TEST_MONGODB_URL")) or can_start()


def is_stand_in() -> bool:
    """Whether it only speaks MongoDB's protocol: what that server lacks is not tested."""
    return not os.environ.get("NOTIFY_TEST_MONGODB_URL") and shutil.which("mongod") is None


def can_start() -> bool:
    """Whether tests can start one of their own, to stop and to kill."""
    if shutil.which("mongod"):
        return True
    return (BUILT / ".built").exists() and shutil.which("java") is not None


@functools.cache
def shared_url() -> str:
    """Where the test run's server is; started when it is first asked for."""
    if given := os.environ.get("NOTIFY_TEST_MONGODB_URL"):
        return given.rstrip("/")
    if not can_start():
        pytest.skip("no MongoDB: install mongod, or Java and Maven for scripts/services")
    folder = Path(tempfile.mkdtemp(prefix="notify-mongodb-"))
    server = MongoServer(folder)
    server.start()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.kill)
    return server.url


def url_for(folder: Path) -> str:
    """A database that belongs to a folder: the same for the same one."""
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return f"{shared_url()}/notify_test_{name}"


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
