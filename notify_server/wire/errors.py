"""One row per error code: what HTTP, Socket.IO and the command line make of it (contract 11)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from notify_server.domain.errors import Code, NotifyError

PROBLEM_TYPE = "application/problem+json"


class ErrorRow(NamedTuple):
    """How a code is shown.

    ``retryable``: whether the same call may succeed later without being changed.
    """

    http_status: int
    exit_code: int
    retryable: bool
    title: str


_FINAL, _AGAIN = False, True

ROWS: Mapping[Code, ErrorRow] = MappingProxyType(
    {
        Code.BAD_REQUEST: ErrorRow(400, 1, _FINAL, "The request cannot be read"),
        Code.INVALID: ErrorRow(422, 1, _FINAL, "The request has faults"),
        Code.NOT_AVAILABLE: ErrorRow(422, 1, _FINAL, "This is not available yet"),
        Code.NOBODY_LEFT: ErrorRow(422, 1, _FINAL, "Nobody is left to notify"),
        Code.IDEMPOTENCY_MISMATCH: ErrorRow(
            422, 1, _FINAL, "The idempotency key was used with another body"
        ),
        Code.IDEMPOTENCY_RUNNING: ErrorRow(
            409, 1, _AGAIN, "A call with this idempotency key is still running"
        ),
        Code.CONFLICT: ErrorRow(409, 1, _FINAL, "The state does not allow it"),
        Code.TOKEN_MISSING: ErrorRow(401, 1, _FINAL, "A token is needed"),
        Code.TOKEN_INVALID: ErrorRow(401, 1, _FINAL, "The token is not valid"),
        Code.TOKEN_EXPIRED: ErrorRow(401, 1, _FINAL, "The token has expired"),
        Code.KEY_INVALID: ErrorRow(401, 1, _FINAL, "The API key is not valid"),
        Code.FORBIDDEN: ErrorRow(403, 1, _FINAL, "This is not allowed"),
        Code.FORBIDDEN_NAMESPACE: ErrorRow(403, 1, _FINAL, "This namespace is not open to you"),
        Code.NOT_FOUND: ErrorRow(404, 1, _FINAL, "There is no such thing"),
        Code.METHOD_NOT_ALLOWED: ErrorRow(405, 1, _FINAL, "This path has no such method"),
        Code.UNSUPPORTED_MEDIA_TYPE: ErrorRow(415, 1, _FINAL, "The body must be JSON"),
        Code.TOO_LARGE: ErrorRow(413, 1, _FINAL, "The body is too large"),
        Code.UNKNOWN_EVENT: ErrorRow(400, 1, _FINAL, "There is no such event"),
        Code.RATE_LIMITED: ErrorRow(429, 1, _AGAIN, "Too much at once"),
        Code.UNAVAILABLE: ErrorRow(503, 3, _AGAIN, "Something needed is away"),
        Code.INTERNAL: ErrorRow(500, 3, _AGAIN, "Something went wrong here"),
    }
)


def to_problem(error: NotifyError) -> dict[str, object]:
    """The RFC 9457 problem document."""
    row = ROWS[error.code]
    return {
        "type": f"urn:notify-server:error:{error.code}",
        "title": row.title,
        "status": row.http_status,
        "detail": str(error),
        "code": str(error.code),
        "errors": _faults(error),
    }


def to_error(error: NotifyError) -> dict[str, object]:
    """The error of one item of a bulk answer, and of a Socket.IO answer."""
    details: dict[str, object] = {"errors": _faults(error)}
    if error.retry_after_s is not None:
        details["retry_after_s"] = error.retry_after_s
    return {"code": str(error.code), "message": str(error), "details": details}


def to_ack_error(error: NotifyError) -> dict[str, object]:
    """The answer of a Socket.IO event that was refused."""
    return {"ok": False, "error": to_error(error)}


def _faults(error: NotifyError) -> list[dict[str, str]]:
    return [{"path": fault.path, "message": fault.message} for fault in error.faults]
