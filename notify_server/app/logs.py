"""Logs: one line each, for people or for machines; never a payload or a token."""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from typing_extensions import override

from notify_server.domain.settings import LogSettings

_QUIET = (
    "aiohttp",
    "asyncio",
    "engineio",
    "notify_server.sio.transport",
    "pymongo",
    "socketio",
)
"""What these say below a warning is about packets and requests: it would hold what they carry."""

_SECRET = re.compile(
    r"eyJ[\w-]{4,}(?:\.[\w-]*){0,2}"  # a JWT
    r"|\bnk_\w+"  # an API key
    r"|(?<=token=)[^\s&\"']+"
    r"|(?<=Bearer )[^\s\"']+"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_Event = MutableMapping[str, Any]


def set_up_logs(settings: LogSettings) -> None:
    """Send all logs to standard error at the configured level, in the configured form."""
    form = settings.format
    if form == "auto":
        form = "text" if sys.stderr.isatty() else "json"
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    renderer: Callable[..., Any] = (
        structlog.processors.JSONRenderer(default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
        on_one_line,
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
    logging.getLogger("aiohttp.server").addFilter(_IS_OURS)
    # It warns of each tick that a busy moment skipped; the next one does its work.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


class _IsOurs(logging.Filter):
    """Requests that are no HTTP are answered 400; aiohttp logs each with what it held."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        cause = record.exc_info[1] if record.exc_info else None
        return not isinstance(cause, HttpProcessingError)


_IS_OURS = _IsOurs()


def without_secrets(_logger: object, _method: str, event: _Event) -> _Event:
    """The last resort, for texts that others made: what looks like a credential is taken out."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _SECRET.sub("[secret]", value)
    return event


def on_one_line(_logger: object, _method: str, event: _Event) -> _Event:
    r"""A value from outside forges no line: a newline in it becomes ``\n``.

    A traceback keeps its lines for people; as JSON it is one line anyway.
    """
    for name, value in event.items():
        if isinstance(value, str) and name != "exception" and _CONTROL.search(value):
            event[name] = _CONTROL.sub(lambda found: ascii(found[0])[1:-1], value)
    return event
