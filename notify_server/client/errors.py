"""What a call can end with, typed: one class for each family of codes.

ClientError(code, errors, retryable, retry_after_s)
├── SetupError            no server or key was named, or they cannot be read
├── InvalidRequestError   the request has faults; ``errors`` has the path of each
├── AuthenticationError   the key or token is missing, unknown, revoked or expired
├── ForbiddenError        the key may not do this
├── NotFoundError         unknown, or another caller's
├── ConflictError         another call, or the state, is in the way
├── RateLimitedError      too much at once; again after ``retry_after_s``
├── UnavailableError      the server is away, busy or going down
│   └── UnreachableError  nothing listens there: not even a refusal came back
└── ServerError           the server's own fault

Each is also of the matching class of ``domain/errors.py``, so the command line treats both alike.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from notify_server.domain import errors as domain
from notify_server.domain.errors import Code, Fault
from notify_server.wire.errors import ROWS


class ClientError(domain.NotifyError):
    """Base of all; ``str()`` is a sentence, ``code`` the server's word for it."""

    def __init__(
        self,
        code: Code,
        detail: str = "",
        faults: Sequence[Fault] = (),
        retry_after_s: int | None = None,
    ) -> None:
        domain.NotifyError.__init__(self, code, detail, faults, retry_after_s)

    @property
    def errors(self) -> tuple[Fault, ...]:
        """What is wrong where: each with ``path`` (``to[0].user``) and ``message``."""
        return self.faults

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later without being changed."""
        return ROWS[self.code].retryable


class SetupError(ClientError, domain.RejectedError):
    """No server or key was named, or they cannot be read."""


class InvalidRequestError(ClientError, domain.RejectedError):
    """The request has faults; trying the same again does not help."""


class AuthenticationError(ClientError, domain.RejectedError):
    """The key or token is not valid."""


class ForbiddenError(ClientError, domain.RejectedError):
    """The key may not do this: look at its scopes."""


class NotFoundError(ClientError, domain.NotFoundError):
    """Unknown, or another caller's."""


class ConflictError(ClientError, domain.ConflictError):
    """Another call, or the state, is in the way."""


class RateLimitedError(ClientError, domain.LimitedError):
    """Too much at once."""


class UnavailableError(ClientError, domain.UnavailableError):
    """The server is away, busy or going down."""


class UnreachableError(UnavailableError):
    """Nothing listens there."""


class ServerError(ClientError, domain.InternalError):
    """The server's own fault; its log has the cause."""


_FAMILIES: Mapping[Code, type[ClientError]] = {
    Code.TOKEN_MISSING: AuthenticationError,
    Code.TOKEN_INVALID: AuthenticationError,
    Code.TOKEN_EXPIRED: AuthenticationError,
    Code.KEY_INVALID: AuthenticationError,
    Code.FORBIDDEN: ForbiddenError,
    Code.FORBIDDEN_NAMESPACE: ForbiddenError,
    Code.NOT_FOUND: NotFoundError,
    Code.CONFLICT: ConflictError,
    Code.IDEMPOTENCY_RUNNING: ConflictError,
    Code.RATE_LIMITED: RateLimitedError,
    Code.UNAVAILABLE: UnavailableError,
    Code.INTERNAL: ServerError,
}
"""Every other code means that the request has faults."""

_BY_STATUS: Mapping[int, Code] = {
    401: Code.KEY_INVALID,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    413: Code.TOO_LARGE,
    429: Code.RATE_LIMITED,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.UNAVAILABLE,
}
"""What a status means when the answer names no code: a proxy's page, another program."""


def family(code: Code) -> type[ClientError]:
    """The class for a code."""
    return _FAMILIES.get(code, InvalidRequestError)


def to_error(
    raw: Mapping[str, Any], status: int = 0, retry_after_s: int | None = None
) -> ClientError:
    """An error's JSON (a problem, or that of a bulk item or acknowledgement) as our error.

    Args:
        raw: The JSON object.
        status: Of the answer; 0 when there is none of its own.
        retry_after_s: What the header asked for.
    """
    given = raw.get("details")
    details: Mapping[str, Any] = given if isinstance(given, dict) else {}
    detail = str(raw.get("detail") or raw.get("message") or raw.get("title") or "")
    faults = _faults(raw.get("errors") or details.get("errors"))
    wait_s = retry_after_s or int(details.get("retry_after_s") or 0) or None
    name = raw.get("code")
    code = Code(str(name)) if name in Code.__members__ else _code_of(status)
    return family(code)(code, detail, faults, wait_s)


def _faults(listed: object) -> list[Fault]:
    return [
        Fault(str(one.get("path", "")), str(one.get("message", "")))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
    ]


def _code_of(status: int) -> Code:
    return _BY_STATUS.get(status, Code.INTERNAL if status >= 500 else Code.BAD_REQUEST)
