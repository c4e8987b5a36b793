"""What PyMongo can raise, as the project's own errors, and what of it passes by itself."""

import logging

from bson.errors import InvalidBSON, InvalidDocument, InvalidStringData
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
)

from notify_server.domain.errors import (
    Code,
    InternalError,
    NotifyError,
    RejectedError,
    UnavailableError,
)

_DUPLICATE = 11000

_PASSING_CODES = frozenset(
    {6, 7, 50, 64, 89, 91, 112, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}
)
"""What MongoDB calls retryable, in that order: HostUnreachable, HostNotFound, MaxTimeMSExpired,
WriteConcernFailed, NetworkTimeout, ShutdownInProgress, WriteConflict,
ReadConcernMajorityNotAvailableYet, PrimarySteppedDown, ExceededTimeLimit, SocketException,
NotWritablePrimary, InterruptedAtShutdown, InterruptedDueToReplStateChange,
NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary."""

LOGIN_REFUSED = frozenset({18, 8000})
"""AuthenticationFailed, and how Atlas says it."""
FORBIDDEN = frozenset({13})
"""Unauthorized."""

UNSTORABLE = (InvalidDocument, InvalidStringData, InvalidBSON, UnicodeError, OverflowError)

_log = logging.getLogger(__name__)


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed in a moment."""
    if isinstance(error, ConnectionFailure):  # network, selection, not primary any more
        return True
    if isinstance(error, PyMongoError) and error.has_error_label("RetryableWriteError"):
        return True
    if isinstance(error, BulkWriteError):
        faults = [*error.details["writeErrors"], *error.details["writeConcernErrors"]]
        return any(fault["code"] in _PASSING_CODES for fault in faults)
    return isinstance(error, OperationFailure) and error.code in _PASSING_CODES


def are_doubles(error: BulkWriteError) -> bool:
    """Whether nothing is wrong but that some of it was there already."""
    faults = error.details["writeErrors"]
    all_doubles = all(fault["code"] == _DUPLICATE for fault in faults)
    return all_doubles and not error.details["writeConcernErrors"]


def translate(error: Exception) -> NotifyError:
    """Name an exception in the words of the domain; what is not the caller's fault is logged."""
    if isinstance(error, NotifyError):
        return error
    if isinstance(error, UNSTORABLE):
        return RejectedError(Code.INVALID, f"A value can not be stored: {error}.")
    if isinstance(error, InvalidOperation):  # closed while a call was under way
        return UnavailableError("The store is not open.")
    if isinstance(error, PyMongoError) and is_passing(error):
        _log.error("The store can not be reached: %s", error)
        return UnavailableError("The store can not be used at the moment.")
    if refusal := _refusal(error):
        _log.error("%s (%s)", refusal, error)
        return UnavailableError(refusal)
    _log.error("A store operation failed", exc_info=error)
    return InternalError()


def _refusal(error: Exception) -> str | None:
    """What only somebody who changes the configuration can mend."""
    if isinstance(error, ConfigurationError):  # such as a name that has no SRV record
        return "The store's URL leads nowhere: see [store] url."
    if not isinstance(error, OperationFailure):
        return None
    if error.code in LOGIN_REFUSED:
        return "The store refuses the login: see [store] url."
    if error.code in FORBIDDEN:
        return "The store's user may not do that: see [store] url."
    return None
