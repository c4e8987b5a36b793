"""The ``notify-server`` command: collects the commands and turns every end into an exit code.

Called by the console script and by ``python -m notify_server``.
"""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from notify_server import __version__
from notify_server.app.config_faults import ConfigError
from notify_server.cli.exits import Exit
from notify_server.cli.overview import Overview
from notify_server.cli.show import clean, note
from notify_server.domain.errors import NotifyError
from notify_server.wire.errors import ROWS

_GARBAGE_AFTER = (10_000, 20, 50)
"""Python's own (700, 10, 10) looks again and again at what an import, or a thousand connections,
hold for good."""

app = typer.Typer(
    name="notify-server", cls=Overview, rich_markup_mode=None, pretty_exceptions_enable=False
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"notify-server {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """A self-hosted real-time notification server, and the tools around it.

    Each command talks to the running server: the one that --url and --key (NOTIFY_URL,
    NOTIFY_API_KEY) name, else the one on this data directory.

    Exit codes: 0 done, 1 refused, 2 misuse, 3 a dependency (such as the server) is down.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; None: those of this process.

    Returns:
        The exit code; see ``Exit``. 130 after Ctrl-C.
    """
    gc.set_threshold(*_GARBAGE_AFTER)
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        code = app(args=arguments, prog_name="notify-server", standalone_mode=False)
    except ConfigError as exc:
        for row in exc.rows:
            note(f"notify-server: {clean(row)}")
        return Exit.MISUSE
    except NotifyError as exc:
        note(f"notify-server: {clean(exc)}")
        return ROWS[exc.code].exit_code
    except typer.TyperException as exc:
        note(f"notify-server: {' '.join(exc.format_message().split())} --help shows how.")
        return exc.exit_code
    except typer.Abort:
        return 130
    except BrokenPipeError:
        # The reader of the pipe has gone: what is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except OSError as exc:
        note(f"notify-server: {exc.filename or 'system'}: {exc.strerror}")
        return Exit.REFUSED
    return int(code or Exit.DONE)
