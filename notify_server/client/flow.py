"""Calls as generators that do no I/O: they yield what is to be done, and are told what came of it.

So one spelling of retries, batches and errors serves both clients: ``sync.py`` and
``asynchronous.py`` only carry out a ``Call`` or a ``Wait``.
"""

import json
import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from notify_server.client.errors import ClientError, InvalidRequestError, to_error
from notify_server.domain.errors import Code
from notify_server.kit.backoff import full_jitter

T = TypeVar("T")

ATTEMPTS = 6
"""How often a call is made that a later try may bring through; about half a minute in all."""

TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0

_BASE_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE_S = 60.0
_MOST_DOUBLINGS = 10
"""A pause is far above the longest one by then, and a doubled duration must not overflow."""
_RETRIED = frozenset({Code.UNAVAILABLE, Code.RATE_LIMITED, Code.IDEMPOTENCY_RUNNING})
"""Not INTERNAL, although a person may try it again: a fault of the server seldom mends itself."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call to be made.

    Attributes:
        path: From ``/api`` or ``/health`` on.
        body: JSON, or None for none.
        key: Idempotency key.
    """

    method: str
    path: str
    body: bytes | None = None
    key: str | None = None

    def headers(self, api_key: str) -> dict[str, str]:
        """The headers that it is sent with."""
        headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if self.key is not None:
            headers["Idempotency-Key"] = self.key
        return headers


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause to be made."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes


Flow = Generator[Call | Wait, Reply | None, T]
"""Ends with its result, or raises a ClientError; a call without an answer is thrown into it."""


def make_call(method: str, path: str, body: object = None, key: str | None = None) -> Call:
    """A call with its body as JSON; None is no body.

    Raises:
        InvalidRequestError: The body is no JSON: NaN, half a surrogate pair, a strange object.
    """
    return Call(method, path, None if body is None else encode(body), key)


def encode(body: object) -> bytes:
    """The body as JSON in UTF-8.

    Raises:
        InvalidRequestError: It is no JSON.
    """
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidRequestError(Code.INVALID, f"This cannot be sent as JSON: {exc}") from exc


def once(call: Call) -> Flow[dict[str, Any]]:
    """Make a call, this once.

    Returns:
        The answer's JSON object; ``replayed`` is added when an earlier call had made it.

    Raises:
        ClientError: The server's refusal, or that none answers.
    """
    reply = yield call
    if reply is None:
        raise RuntimeError("a call was answered with nothing")
    return read_reply(reply)


def surely(call: Call, attempts: int, rng: random.Random) -> Flow[dict[str, Any]]:
    """Make a call, again and again while it may still come through; see ``once``.

    Only for calls that may be repeated: a GET, or one with an idempotency key.
    """
    for failures in range(1, attempts):
        try:
            return (yield from once(call))
        except ClientError as exc:
            if not may_help(exc):
                raise
            yield Wait(pause_s(failures, exc.retry_after_s, rng))
    return (yield from once(call))


def may_help(error: Exception) -> bool:
    """Whether the same call is made again by itself."""
    return isinstance(error, ClientError) and error.code in _RETRIED


def pause_s(failures: int, asked_s: int | None, rng: random.Random) -> float:
    """Seconds after the ``failures``-th failure: as long as the server asked for, or longer."""
    drawn = full_jitter(_BASE_PAUSE, min(failures, _MOST_DOUBLINGS), rng).total_seconds()
    return min(drawn + (asked_s or 0), _LONGEST_PAUSE_S)


def read_reply(reply: Reply) -> dict[str, Any]:
    """The answer's JSON object.

    Raises:
        ClientError: It is a refusal, or no JSON object.
    """
    try:
        raw = json.loads(reply.content) if reply.content else {}
    except ValueError:
        raw = None
    if reply.status < 300 and isinstance(raw, dict):
        if reply.headers.get("Idempotency-Replay") == "true":
            raw["replayed"] = True
        return raw
    if not isinstance(raw, dict):
        raw = {"detail": f"{reply.url} answered {reply.status} and no JSON object."}
    asked = reply.headers.get("Retry-After", "")
    raise to_error(raw, reply.status, int(asked) if asked.isdecimal() else None)
