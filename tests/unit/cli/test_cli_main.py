"""Every command's help, and what a misuse comes to."""

import os
import subprocess
import sys

import pytest
from typer.main import get_command

from notify_server import __version__
from notify_server.cli.main import app, main
from notify_server.cli.overview import COMMANDS as ROWS
from notify_server.cli.overview import GROUPS


def _commands(group, path=()):
    """Every command that can be typed, as its words."""
    for name, command in group.commands.items():
        words = [*path, name]
        yield from _commands(command, words) if hasattr(command, "commands") else [words]


COMMANDS = sorted(_commands(get_command(app)))


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("NOTIFY_URL", "NOTIFY_API_KEY", "NOTIFY_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_of_each_command_shows_an_example_that_names_it(command, capsys):
    assert main([*command, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"\n    notify-server {' '.join(command)}" in out.split("Examples:")[1]


def test_help_of_the_whole_names_every_command_and_exit_code(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {command[0]} " in out for command in COMMANDS)
    assert "3 a dependency" in out


def test_overview_lists_each_command_once_under_its_heading(capsys):
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out.split("Options:")[1]
    headings = [group for group in GROUPS if f"\n{group}:\n" in overview]
    assert [overview.index(one) for one in headings] == sorted(map(overview.index, headings))
    assert "Further commands" not in overview
    listed = [line.split()[0] for line in overview.splitlines() if line[:3].strip()]
    names = {command[0] for command in COMMANDS}
    assert sorted(name for name in listed if name in names) == sorted(names)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_a_shell_offers_the_commands(shell):
    said = {
        "bash": {"COMP_WORDS": "notify-server se", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "notify-server se"},
        "fish": {
            "_TYPER_COMPLETE_ARGS": "notify-server se",
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        },
    }[shell]
    done = subprocess.run(
        [sys.executable, "-m", "notify_server"],
        env={**os.environ, "_NOTIFY_SERVER_COMPLETE": f"complete_{shell}", **said},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "serve" in done.stdout
    assert "send" in done.stdout
    assert "listen" not in done.stdout


def test_help_without_any_argument_is_shown(capsys):
    assert main([]) == 0
    assert "Usage: notify-server" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "nonsense"),
        (["send", "--nonsense"], "--nonsense"),
        (["send", "--to", "demo", "--message", "M"], "--title is needed"),
        (["send", "--to", "rol:x", "--title", "T", "--message", "M"], "rol:x"),
        (["send", "--to", "x", "--title", "T", "--message", "M", "--ttl", "soon"], "soon"),
        (["send", "--to", "x", "--title", "T", "--message", "M", "--data", "[]"], "--data"),
        (["send", "--file", "absent.jsonl"], "absent.jsonl"),
        (["send", "--file", "x", "--title", "T"], "--file"),
        (["send", "--url", "http://x", "--to", "x", "--title", "T", "--message", "M"], "--key"),
        (["listen"], "--token or --user"),
        (["listen", "--token", "t", "--user", "u"], "--token or --user"),
        (["listen", "--token", "t", "--url", "ftp://x"], "ftp://x"),
        (["listen", "--token", "t", "--count", "0"], "--count"),
        (["token"], "--user"),
        (["token", "--user", "u", "--config", "absent.toml"], "absent.toml"),
        (["api-key", "create", "--name", "n"], "--scope"),
        (["api-key", "create", "--name", "n", "--scope", "nonsense"], "nonsense"),
        (["check-config", "absent.toml"], "absent.toml"),
        (["serve", "--port", "70000"], "--port"),
        (["api-key"], "command"),
    ],
)  # fmt: skip
def test_misuse_is_one_sentence_on_stderr_and_exit_2(arguments, words, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert len(captured.err.strip().splitlines()) == 1


def test_module_run_as_a_program_answers_like_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "notify_server", "token"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("notify-server: ")


def test_nothing_on_stdin_is_nothing_to_send():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "notify_server",
            "send",
            "--url",
            "http://127.0.0.1:9",
            "--key",
            "k",
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 2
    assert "Nothing to send" in done.stderr


def test_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"notify-server {__version__}\n"


def test_overview_says_what_each_command_does_on_one_line_of_80(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for name, row in ROWS.items():
        assert f"  {name} " in overview
        assert f"  {row.does}\n" in overview


SERVER = {"aiohttp", "socketio", "apscheduler", "prometheus_client"}
STORES = {"pymongo", "sqlite3"}


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        ("--version", SERVER | STORES | {"redis", "marshmallow", "httpx2", "structlog"}),
        ("--help", SERVER | STORES | {"redis", "marshmallow", "httpx2", "structlog"}),
        ("send --help", SERVER | STORES | {"redis", "marshmallow", "structlog", "jwt"}),
        ("stats --help", SERVER | {"pymongo", "redis"}),
        ("token --help", SERVER | {"pymongo", "redis"}),
        ("serve --help", {"pymongo", "httpx2"}),
    ],
    ids=["version", "help", "send", "stats", "token", "serve"],
)
def test_command_loads_no_library_that_it_does_not_need(arguments, needless):
    """A start costs what is imported: a shell that loops over commands pays it each time."""
    program = (
        "import sys; from notify_server.cli.main import main; main(sys.argv[1:]);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments.split()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stderr.split()) & needless == set()
