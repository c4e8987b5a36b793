"""Making what the benchmarks run: the load, the floor and the peers, all under ``var/bench``."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
PEERS = BENCHMARKS / "peers"
BUILT = BENCHMARKS.parent / "var" / "bench"
_FLAGS = ("-O2", "-march=native", "-D_GNU_SOURCE", "-Wall", "-Wextra")


class MissingToolError(Exception):
    """This machine cannot make it; says what is missing."""


def _tool(name):
    found = shutil.which(name)
    if found is None:
        raise MissingToolError(f"{name} is not installed")
    return found


def _run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")


def _compiled(name, sources):
    compiler = os.environ.get("CC") or _tool("cc")
    BUILT.mkdir(parents=True, exist_ok=True)
    built = BUILT / name
    _run([compiler, *_FLAGS, "-o", built, *sources])
    return built


def load():
    """The load generator."""
    return _compiled("load", sorted((BENCHMARKS / "load").glob("*.c")))


def floor():
    """The loop that only sends."""
    return (_compiled("floor", [PEERS / "floor.c"]),)


def _is_new(stamp, *sources):
    """Whether the sources differ from those of the last time; ``_keep`` says that it is done."""
    return not stamp.exists() or stamp.read_text() != _digest(sources)


def _keep(stamp, *sources):
    stamp.write_text(_digest(sources))


def _digest(sources):
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


def python(script, *arguments):
    """A peer in Python, in an environment of its own."""
    home, wanted = BUILT / "venv", PEERS / "requirements.txt"
    interpreter, stamp = home / "bin" / "python", home / ".installed"
    if _is_new(stamp, wanted):
        print("Installing the peers in Python …", file=sys.stderr, flush=True)
        venv.create(home, with_pip=True, clear=True, symlinks=True)
        pip = [interpreter, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        _run([*pip, "install", "-r", wanted])
        _keep(stamp, wanted)
    return (interpreter, PEERS / script, *arguments)


def ours():
    """Our transport, in the environment that the benchmarks run in."""
    return (sys.executable, PEERS / "ours.py")


def node():
    """Socket.IO on Node, copied so that nothing is installed among the sources."""
    program, npm = _tool("node"), _tool("npm")
    source, home = PEERS / "node", BUILT / "node"
    home.mkdir(parents=True, exist_ok=True)
    for name in (".npmrc", "package.json", "package-lock.json", "server.js"):
        shutil.copyfile(source / name, home / name)
    lock, stamp = home / "package-lock.json", home / ".installed"
    if _is_new(stamp, lock):
        print("Installing Socket.IO for Node …", file=sys.stderr, flush=True)
        _run([npm, "ci", "--ignore-scripts"], cwd=home)
        _keep(stamp, lock)
    return (program, home / "server.js")


def centrifuge():
    """The engine of Centrifugo."""
    go, built = _tool("go"), BUILT / "centrifuge"
    BUILT.mkdir(parents=True, exist_ok=True)
    _run([go, "build", "-mod=readonly", "-o", built, "."], cwd=PEERS / "centrifuge")
    return (built,)
