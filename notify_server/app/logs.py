"""Logs: one line each, for people or for machines; never a payload or a token."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import structlog

from notify_server.domain.settings import LogSettings

_QUIET = ("engineio", "socketio", "asyncio", "notify_server.sio.transport")


def set_up_logs(settings: LogSettings) -> None:
    """Send all logs to standard error at the configured level, in the configured form."""
    form = settings.format
    if form == "auto":
        form = "text" if sys.stderr.isatty() else "json"
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    renderer: Callable[..., Any] = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # It warns of each tick that a busy moment skipped; the next one does its work.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
