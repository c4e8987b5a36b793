"""What can go wrong, as values that keep their data.

NotifyError(code, faults)
├── RejectedError      the caller's fault; trying the same again does not help
├── NotFoundError      unknown, or somebody else's: the same answer for both
├── ConflictError      another call is in the way
├── LimitedError       too much at once; again after ``retry_after_s``
├── UnavailableError   a dependency is away; again after ``retry_after_s``
└── InternalError      our fault

HTTP status, CLI exit code and whether to try again stand in ``wire/errors.py``, one row per code.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from typing_extensions import override


class Code(StrEnum):
    """Every error code that a caller or client can see."""

    BAD_REQUEST = "BAD_REQUEST"
    INVALID = "INVALID"
    NOT_AVAILABLE = "NOT_AVAILABLE"
    NOBODY_LEFT = "NOBODY_LEFT"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    IDEMPOTENCY_RUNNING = "IDEMPOTENCY_RUNNING"
    CONFLICT = "CONFLICT"
    TOKEN_MISSING = "TOKEN_MISSING"
    TOKEN_INVALID = "TOKEN_INVALID"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    KEY_INVALID = "KEY_INVALID"
    FORBIDDEN = "FORBIDDEN"
    FORBIDDEN_NAMESPACE = "FORBIDDEN_NAMESPACE"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    TOO_LARGE = "TOO_LARGE"
    UNKNOWN_EVENT = "UNKNOWN_EVENT"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class Fault(NamedTuple):
    """What is wrong where: ``path`` like ``to[0].user``, empty for the whole."""

    path: str
    message: str


class NotifyError(Exception):
    """Base of all; ``str()`` is the sentence for the caller."""

    def __init__(
        self,
        code: Code,
        detail: str = "",
        faults: Sequence[Fault] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(code, detail, tuple(faults))
        self.code = code
        self.faults = tuple(faults)
        self.retry_after_s = retry_after_s
        self._detail = detail

    @override
    def __str__(self) -> str:
        if self._detail:
            return self._detail
        if self.faults:
            return "; ".join(": ".join(filter(None, fault)) for fault in self.faults)
        return self.code.replace("_", " ").capitalize()


class RejectedError(NotifyError):
    """The caller's fault."""

    @classmethod
    def at(cls, path: str, message: str, code: Code = Code.INVALID) -> "RejectedError":
        """One fault at ``path``."""
        return cls(code, faults=(Fault(path, message),))


class NotFoundError(NotifyError):
    """Unknown or somebody else's."""

    def __init__(self, detail: str = "There is no such notification.") -> None:
        super().__init__(Code.NOT_FOUND, detail)


class ConflictError(NotifyError):
    """Another call is in the way."""


class LimitedError(NotifyError):
    """Too much at once."""

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(Code.RATE_LIMITED, detail, retry_after_s=retry_after_s)


class UnavailableError(NotifyError):
    """A dependency is away, or we are about to go."""

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(Code.UNAVAILABLE, detail, retry_after_s=retry_after_s)


class InternalError(NotifyError):
    """Our fault; the cause is in the log, not in the answer."""

    def __init__(self) -> None:
        super().__init__(Code.INTERNAL, "Something went wrong here; it was logged.")
