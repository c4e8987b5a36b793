"""The load generator, driven line by line."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

from bench.machine import cpu_s


class Load:
    """Many clients of one server while it is entered; ``benchmarks/load/main.c`` has the commands.

    Args:
        binary: Of ``build.load``.
        protocol, path: Of the peer.
        control_port: 0: the server has no control connection.
        hellos: A file with what each client says of itself, one line per client.
        is_full: A client is connected when its replay is done.
    """

    def __init__(self, binary, protocol, path, port, *, control_port=0, hellos=None, is_full=False):
        self._command = [str(binary), "-m", protocol, "-u", path, "-p", str(port)]
        if control_port:
            self._command += ["-c", str(control_port)]
        if hellos is not None:
            self._command += ["-h", str(hellos)]
        if is_full:
            self._command.append("-f")
        self._process = None
        self._wanted = 0

    def __enter__(self):
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True)
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def cpu_s(self):
        """CPU seconds that it has used so far."""
        return cpu_s(self._process.pid)

    def ask(self, command):
        """Run one command; returns what it says, once it is done."""
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"The load ended at: {command}")
        return json.loads(answer)

    def connect(self, count, in_flight=64):
        """Connect so many more, or end the run."""
        answer = self.ask(f"connect {count} {in_flight}")
        self._wanted += count
        if answer["ready"] != self._wanted:
            raise SystemExit(f"Clients could not connect: {answer}")
        return answer


def write_hellos(path, lines):
    """What clients say of themselves; returns the path."""
    Path(path).write_text("".join(f"{line}\n" for line in lines))
    return path


def used(meter, answer):
    """What a command used; the load is this process and, by its own account, the generator."""
    whole = meter.read()
    others = max(0.0, whole.others - answer["cpu_s"] / whole.wall_s)
    return replace(whole, load_s=whole.load_s + answer["cpu_s"], others=others)
