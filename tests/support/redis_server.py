"""A real redis-server on a free port, that can be stopped, killed and started again."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time

from support.ports import free_port

_START_S = 60


def is_there() -> bool:
    """Whether this machine has one."""
    return shutil.which("redis-server") is not None


class RedisServer:
    """One process that keeps nothing; ``options`` are redis-server's own."""

    def __init__(self, port: int = 0, options: tuple[str, ...] = ()) -> None:
        self._options = options
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> "RedisServer":
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", "/tmp", *self._options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ends = time.monotonic() + _START_S
        while not self._answers():
            assert time.monotonic() < ends, "redis-server did not start"
            assert self._process.poll() is None, "redis-server ended"
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 0.2) as probe,
        ):
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith((b"+PONG", b"-NOAUTH"))
        return False

    def stall(self) -> None:
        """It is there and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
