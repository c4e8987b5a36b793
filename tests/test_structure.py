"""The tree keeps its own rules: layers, sizes, one row per error, no way to write to everyone."""

import ast
import re
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

from notify_server.domain.errors import Code
from notify_server.wire.errors import ROWS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "notify_server"
SOURCES = sorted(PACKAGE.rglob("*.py"))


def _tracked():
    """What belongs to the project: what git knows, or in an unpacked archive what lies there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]
    made = {"__pycache__", "node_modules", ".venv", ".git", "data", "var", "dist", "build"}
    files = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in files if not made & set(path.relative_to(ROOT).parts)]


TRACKED = sorted(_tracked())

MAX_LINES = 500
LONG = {
    "benchmarks/client/package-lock.json": "written by a tool",
    "clients/js/package-lock.json": "written by a tool",
    "deploy/grafana/notify-server.json": "as Grafana exports a dashboard",
    "docs/commands.md": "written by a tool",
    "docs/wire.json": "written by a tool",
    "docs/wire.md": "written by a tool",
    "clients/js/src/components/style.css": "one sheet for an application to import",
}
"""Files that may be longer, and why."""

TESTED_THROUGH = {
    # Modules that no test imports by name, and the tests that run them.
    "notify_server.__main__": "tests/unit/cli/test_cli_main.py",
    "notify_server.app.banner": "tests/support/server.py",
    "notify_server.app.inspection": "tests/acceptance/test_command_doctor.py",
    "notify_server.app.config_checks": "tests/unit/app/test_config.py",
    "notify_server.app.config_faults": "tests/unit/app/test_config.py",
    "notify_server.app.config_fill": "tests/unit/app/test_config.py",
    "notify_server.app.logs": "tests/support/server.py",
    "notify_server.app.metrics": "tests/acceptance/test_metrics.py",
    "notify_server.app.operator_key": "tests/support/server.py",
    "notify_server.app.stores": "tests/support/server.py",
    "notify_server.app.run": "tests/support/server.py",
    "notify_server.client.*": "tests/unit/client/",
    "notify_server.cli.*": "tests/unit/cli/",
    "notify_server.cli.simulation.*": "tests/unit/cli/test_cli_simulate.py",
    "notify_server.pipeline.*": "tests/unit/pipeline/",
    "notify_server.ports.*": "the adapters' tests; a port has no code of its own",
    "notify_server.bus.local": "tests/unit/pipeline/",
    "notify_server.app.buses": "tests/support/nodes.py",
    "notify_server.rest.*": "tests/unit/rest/",
    "notify_server.stores.mongodb.*": "tests/ports/",
    "notify_server.sio.admission": "tests/acceptance/test_rates_and_caps.py",
    "notify_server.sio.flood": "tests/acceptance/test_rates_and_caps.py",
    "notify_server.sio.transport.*": "tests/unit/sio/transport/",
    "notify_server.stores.sqlite.*": "tests/ports/",
    "notify_server.wire.*": "tests/unit/wire/",
}


def _module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _text(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:  # an image
        return ""


def test_layers_hold(tmp_path):
    """In a process of its own: the linter switches off every logger that exists."""
    program = (
        "import sys; from importlinter import cli; "
        "sys.exit(cli.lint_imports(cache_dir=sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    result = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def _needed(path, known):
    """The package's modules whose code has run before that of this one goes on."""
    module = _module(path)
    taken = set()
    for node in ast.parse(_text(path)).body:
        if isinstance(node, ast.ImportFrom):
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            taken |= whole if whole <= known else {node.module, *whole}
        elif isinstance(node, ast.Import):
            taken |= {alias.name for alias in node.names}
    # A package runs before what is in it; what is in it takes its other modules while it runs.
    around = {parent for name in taken for parent in _parents(name)} - set(_parents(module))
    return (taken | around) & known - {module}


def _parents(name):
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def test_no_modules_need_each_other():
    """Without a cycle each module can be imported first: whatever it takes has run before it."""
    known = {_module(path) for path in SOURCES}
    graph = {_module(path): _needed(path, known) for path in SOURCES}
    assert "notify_server.domain.errors" in graph["notify_server.cli.main"]
    TopologicalSorter(graph).prepare()


def test_every_module_can_be_imported():
    """Also those that are named in a table and imported when they are asked for."""
    program = "import sys, importlib\nfor name in sys.argv[1:]: importlib.import_module(name)"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *map(_module, SOURCES)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]


def test_every_module_is_named_by_a_test_or_stands_in_the_table():
    text = "\n".join(_text(path) for path in (ROOT / "tests").rglob("*.py"))
    missing = [
        module
        for path in SOURCES
        if path.name != "__init__.py"
        and not _is_named(module := _module(path), text)
        and not ({module, f"{module.rpartition('.')[0]}.*"} & TESTED_THROUGH.keys())
    ]
    assert missing == []


def _is_named(module, text):
    package, _, name = module.rpartition(".")
    imported = rf"from {re.escape(package)} import (\([^)]*|[^\n(]*)\b{name}\b"
    return f"from {module} import" in text or re.search(imported, text) is not None


def test_table_of_what_is_tested_through_others_is_true():
    modules = {_module(path) for path in SOURCES}
    packages = {f"{module.rpartition('.')[0]}.*" for module in modules}
    assert TESTED_THROUGH.keys() <= modules | packages
    for where in TESTED_THROUGH.values():
        assert not where.startswith("tests/") or (ROOT / where).exists(), where


def test_no_file_is_longer_than_500_lines():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in TRACKED
        if (lines := _text(path).count("\n")) > MAX_LINES
    }
    assert {name: n for name, n in long.items() if name not in LONG} == {}
    assert LONG.keys() <= {str(path.relative_to(ROOT)) for path in TRACKED}


def test_every_module_says_what_it_is_for():
    silent = [
        _module(path)
        for path in SOURCES
        if path.stat().st_size and ast.get_docstring(ast.parse(_text(path))) is None
    ]
    assert silent == []


def test_imports_stand_at_the_top_and_are_absolute():
    """An import inside a function hides a cycle, TYPE_CHECKING hides a layer."""
    found = []
    for path in SOURCES:
        tree = ast.parse(_text(path))
        top = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            is_import = isinstance(node, ast.Import | ast.ImportFrom)
            if is_import and (id(node) not in top or getattr(node, "level", 0)):
                found.append(f"{path.name}:{node.lineno}")
    assert found == []
    assert [p.name for p in SOURCES if "TYPE_CHECKING" in _text(p)] == []


def test_every_code_has_one_row_and_every_row_a_code():
    assert set(ROWS) == set(Code)
    tree = ast.parse(_text(PACKAGE / "wire" / "errors.py"))
    written = Counter(
        node.attr
        for table in ast.walk(tree)
        if isinstance(table, ast.Dict)
        for node in table.keys
        if isinstance(node, ast.Attribute)
    )
    assert written == {code.name: 1 for code in Code}
    for row in ROWS.values():
        assert 400 <= row.http_status < 600
        assert row.exit_code in {1, 2, 3}
        assert row.title[0].isupper()


# F8: with the stock library an empty target means everyone. Only the transport may name targets.


def _calls(path):
    for node in ast.walk(ast.parse(_text(path))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node


def test_nothing_outside_the_transport_writes_with_the_library():
    """The line calls its port, which takes sessions as a list; ``sio/emitter.py`` calls write."""
    found = []
    for path in SOURCES:
        if path.is_relative_to(PACKAGE / "sio" / "transport") or PACKAGE / "cli" in path.parents:
            continue
        for call in _calls(path):
            names = {keyword.arg for keyword in call.keywords}
            if names & {"to", "room", "skip_sid"} and call.func.attr in {"emit", "send", "call"}:
                found.append(f"{path.name}:{call.lineno}")
            if call.func.attr in {"enter_room", "close_room", "save_session"}:
                found.append(f"{path.name}:{call.lineno}")
            is_raw = call.func.attr == "emit" and ast.unparse(call.func.value) not in {
                "self._emitter", "emitter",
            }  # fmt: skip
            if is_raw:
                found.append(f"{path.name}:{call.lineno}")
    assert found == []


def test_only_the_emitter_calls_the_transports_write():
    found = {
        path.name
        for path in (PACKAGE / "sio").glob("*.py")
        for call in _calls(path)
        if ast.unparse(call.func) == "self._server.write"
    }
    assert found == {"emitter.py"}


# Nothing in the tree belongs to one machine

_HOSTS = "|".join(
    re.escape(host) for host in (
        "py" + "pi.org", "files.python" + "hosted.org", "registry.np" + "mjs.org",
        "registry.yarn" + "pkg.com", "proxy.gol" + "ang.org",
    )
)  # fmt: skip
_HOST = re.compile(
    rf"\b(?:{_HOSTS})\b|\bindex-url\b|^\s*registry\s*=\s*[\"']?https?:", re.MULTILINE
)
_LOCAL = re.compile(r"(?<![\w./}-])/(?:work|home|root|Users)/[\w.-]+")


def test_no_registry_host_stands_in_the_tree():
    found = {
        str(path.relative_to(ROOT)): match.group()
        for path in TRACKED
        if path != Path(__file__) and (match := _HOST.search(_text(path)))
    }
    assert found == {}


def test_no_path_of_one_machine_stands_in_the_tree():
    found = {
        str(path.relative_to(ROOT)): match.group()
        for path in TRACKED
        if path != Path(__file__) and (match := _LOCAL.search(_text(path)))
    }
    assert found == {}
