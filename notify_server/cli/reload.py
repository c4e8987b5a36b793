"""``serve --reload``: the server in a child process that is started anew when a file changes."""

import shlex
import sys
from pathlib import Path

from watchfiles import PythonFilter, run_process

import notify_server

_SOURCES = Path(notify_server.__file__).parent
_STOP_S = 10


def serve_with_reload(config: Path | None) -> int:
    """Run this command again without ``--reload``, and again whenever sources or settings change.

    Each stop is an orderly one, so that sessions come back by themselves and nothing is lost.

    Args:
        config: The configuration file, watched beside the package.
    """
    arguments = [argument for argument in sys.argv[1:] if argument != "--reload"]
    command = shlex.join([sys.executable, "-m", "notify_server", *arguments])
    watched = [_SOURCES, *([config] if config is not None else [])]
    run_process(
        *watched,
        target=command,
        target_type="command",
        watch_filter=PythonFilter(extra_extensions=(".toml",)),
        sigint_timeout=_STOP_S,
    )
    return 0
