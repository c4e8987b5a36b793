"""Write docs/commands.md from the help of each command; --check only looks."""

import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from typer.main import get_command

from notify_server.cli.main import app, main
from notify_server.cli.overview import COMMANDS, GROUPS

ROOT = Path(__file__).parent.parent
_COLUMNS = "80"

_HEAD = """# Commands

What `notify-server COMMAND --help` says, in one place.
Written by `scripts/gen_commands.py` from `notify_server/cli/`.

**Which server.** A command talks to the server that `--url` and `--key` (`NOTIFY_URL`,
`NOTIFY_API_KEY`) name, else to the one that runs on the data directory (`--data-dir`, or `[server]
data_dir` of `--config`; it leaves its address and a key in `run.json`). Where none runs there,
`send`, `search`, `explain`, `stats`, `audit`, `cleanup`, `api-key`, `sample-data` and
`test-notifications` open the store themselves, under its lock.

**Output.** Results go to standard output, remarks and progress to standard error. On a terminal
there are tables, and a progress bar where it takes longer than a second; `--json` prints JSON, one
object a line.

**Exit codes.** 0 done, 1 refused, 2 misuse, 3 a dependency (such as the server) is down; 130 after
Ctrl-C.

**Completion.** `notify-server --install-completion` installs it for the shell that it is called
from (bash, zsh, fish, PowerShell); `--show-completion` prints it instead. It needs `notify-server`
on the `PATH`: `source .venv/bin/activate`, or a link into a directory that is on it.
"""


def made() -> dict[Path, str]:
    """Every generated file with its content."""
    return {ROOT / "docs/commands.md": _page()}


def outdated() -> list[Path]:
    """Files that are not what would be written."""
    return [
        path
        for path, text in made().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def _page() -> str:
    known = list(_commands(get_command(app)))
    parts = [_HEAD]
    for group in GROUPS:
        parts.append(f"## {group}\n")
        parts += [_section(words) for words in known if COMMANDS[words[0]].group == group]
    return "\n".join(parts)


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        words = (*path, name)
        if hasattr(command, "commands"):
            yield from _commands(command, words)
        else:
            yield words


def _section(words: tuple[str, ...]) -> str:
    text = _help(words)
    return f"### {' '.join(words)}\n\n```text\n{text.strip()}\n```\n"


def _help(words: tuple[str, ...]) -> str:
    os.environ["COLUMNS"] = _COLUMNS
    out = StringIO()
    with redirect_stdout(out):
        main([*words, "--help"])
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


if __name__ == "__main__":
    old = outdated()
    if "--check" in sys.argv[1:]:
        sys.exit(f"outdated: {[str(path) for path in old]}" if old else 0)
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")
