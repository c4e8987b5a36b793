"""The ``notify-server`` command: collects the commands and turns every end into an exit code.

Called by the console script and by ``python -m notify_server``.
"""

import os
import sys
from collections.abc import Sequence

import structlog
import typer

from notify_server.app.config_faults import ConfigError
from notify_server.cli.api_key import api_key
from notify_server.cli.audit import audit
from notify_server.cli.check_config import check_config
from notify_server.cli.cleanup import cleanup
from notify_server.cli.doctor import doctor
from notify_server.cli.exits import Exit
from notify_server.cli.explain import explain
from notify_server.cli.listen import listen
from notify_server.cli.migrate import migrate
from notify_server.cli.openapi import openapi
from notify_server.cli.operating import cancel, resend, revoke, sessions
from notify_server.cli.overview import FIND, PEOPLE, RUN, SEND, TRY, Overview
from notify_server.cli.probe import probe
from notify_server.cli.sample_data import sample_data, send_varied
from notify_server.cli.search import search
from notify_server.cli.send import send
from notify_server.cli.serve import serve
from notify_server.cli.show import clean, note
from notify_server.cli.simulate import simulate
from notify_server.cli.stats import stats
from notify_server.cli.token import token
from notify_server.cli.users import users
from notify_server.domain.errors import NotifyError
from notify_server.wire.errors import ROWS

# Plain help: the examples keep their lines, and it reads the same in a pipe.
app = typer.Typer(
    name="notify-server",
    cls=Overview,
    help="A self-hosted real-time notification server, and the tools around it.\n\n"
    "Each command talks to the running server: the one that --url and --key (NOTIFY_URL,"
    " NOTIFY_API_KEY) name, else the one on this data directory.\n\n"
    "Exit codes: 0 done, 1 refused, 2 misuse, 3 a dependency (such as the server) is down.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command(rich_help_panel=RUN)(serve)
app.command("check-config", rich_help_panel=RUN)(check_config)
app.command(rich_help_panel=RUN)(cleanup)
app.command(rich_help_panel=RUN)(migrate)
app.command(rich_help_panel=RUN)(openapi)
app.command(rich_help_panel=SEND)(send)
app.command(rich_help_panel=SEND)(listen)
app.command(rich_help_panel=FIND)(search)
app.command(rich_help_panel=FIND)(explain)
app.command(rich_help_panel=FIND)(resend)
app.command(rich_help_panel=FIND)(cancel)
app.command(rich_help_panel=FIND)(stats)
app.command(rich_help_panel=FIND)(sessions)
app.command(rich_help_panel=FIND)(audit)
app.command(rich_help_panel=PEOPLE)(token)
app.command(rich_help_panel=PEOPLE)(revoke)
app.add_typer(api_key, name="api-key", rich_help_panel=PEOPLE)
app.add_typer(users, name="users", rich_help_panel=PEOPLE)
app.command(rich_help_panel=TRY)(doctor)
app.command(rich_help_panel=TRY)(probe)
app.command(rich_help_panel=TRY)(simulate)
app.command("test-notifications", rich_help_panel=TRY)(send_varied)
app.command("sample-data", rich_help_panel=TRY)(sample_data)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; None: those of this process.

    Returns:
        The exit code; see ``Exit``. 130 after Ctrl-C.
    """
    _set_up_logs()
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


def _set_up_logs() -> None:
    """For commands that do not serve; ``serve`` sets up its own."""
    # Plain tracebacks: those of the library's default show the values of variables.
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            renderer,
        ],
        logger_factory=_log_to_stderr,
    )


def _log_to_stderr(*_: object) -> structlog.PrintLogger:
    """What a command on the store logs, such as the audit, is no result of it."""
    return structlog.PrintLogger(sys.stderr)
