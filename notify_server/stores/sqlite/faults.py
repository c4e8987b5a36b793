"""What SQLite can raise, as the project's own errors.

Called at the two places where a statement's exception arrives: the writer and the readers.
"""

import logging
import sqlite3

from notify_server.domain.errors import (
    Code,
    InternalError,
    NotifyError,
    RejectedError,
    UnavailableError,
)

_log = logging.getLogger(__name__)

_UNSTORABLE = (UnicodeError, OverflowError, sqlite3.DataError)
_OUR_FAULT = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.NotSupportedError,
)


def translate(error: Exception) -> NotifyError:
    """Name an exception in the words of the domain; what is not the caller's fault is logged."""
    if isinstance(error, NotifyError):
        return error
    if isinstance(error, _UNSTORABLE):
        return RejectedError(Code.INVALID, f"A value can not be stored: {error}.")
    if isinstance(error, sqlite3.Error) and not isinstance(error, _OUR_FAULT):
        _log.error("The store's file can not be used: %s", error)
        return UnavailableError("The store can not be used at the moment.")
    if isinstance(error, OSError):
        _log.error("The store's file can not be reached: %s", error)
        return UnavailableError("The store's file can not be reached.")
    _log.error("A store operation failed", exc_info=error)
    return InternalError()
