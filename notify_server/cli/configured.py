"""The configuration as commands read it; apart from ``where``, for those that call no server."""

import os
from dataclasses import replace
from pathlib import Path

from notify_server.app.config import load_settings
from notify_server.domain.settings import Settings


def read_settings(config: Path | None, data_dir: Path | None) -> Settings:
    """The configuration as the server would read it, with ``--data-dir`` on top.

    Raises:
        RejectedError: The file or the environment holds faults.
    """
    settings = load_settings(config, os.environ)
    if data_dir is None:
        return settings
    return replace(settings, server=replace(settings.server, data_dir=data_dir))
