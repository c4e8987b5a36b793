"""The API over HTTP, as commands use it: answers as dicts, every refusal as one of our errors."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import orjson

from notify_server.cli.where import Endpoint
from notify_server.domain.errors import (
    Code,
    ConflictError,
    Fault,
    InternalError,
    LimitedError,
    NotFoundError,
    NotifyError,
    RejectedError,
    UnavailableError,
)
from notify_server.kit.backoff import full_jitter

ATTEMPTS = 6
"""How often a call is made that a later try may bring through; about half a minute in all."""

_BASE_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE_S = 60.0
_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
_DOWNLOAD = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=30)
_AWAY_STATUSES = frozenset({502, 503, 504})

Pause = Callable[[float], Awaitable[object]]


class UnreachableError(UnavailableError):
    """Nothing listens there: not even a refusal came back."""


class Api:
    """One server, called with one key."""

    def __init__(
        self, endpoint: Endpoint, session: aiohttp.ClientSession, pause: Pause = asyncio.sleep
    ) -> None:
        self._endpoint = endpoint
        self._session = session
        self._pause = pause
        self._random = random.Random()  # noqa: S311 - spreads retries, guards nothing

    async def call(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> dict[str, Any]:
        """Make one call.

        Args:
            method: HTTP method.
            path: From ``/api`` or ``/health`` on.
            body: Sent as JSON, unless None.
            key: Idempotency key.

        Returns:
            The answer's JSON object; ``replayed`` is added when an earlier call had made it.

        Raises:
            NotifyError: The server's refusal, with its code.
            UnreachableError: No server answers there.
        """
        headers = {"Authorization": f"Bearer {self._endpoint.key}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        data = None
        if body is not None:
            data = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        url = self._endpoint.url + path
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                return _answer(response, await response.read())
        except aiohttp.ClientConnectorError:
            raise UnreachableError(f"No server answers at {self._endpoint.url}.") from None
        except (aiohttp.ClientError, TimeoutError) as exc:
            why = "it took too long" if isinstance(exc, TimeoutError) else "the connection broke"
            raise UnavailableError(f"No answer from {self._endpoint.url}: {why}.") from None

    async def download(self, path: str) -> AsyncIterator[bytes]:
        """GET something large, piece by piece.

        Raises:
            NotifyError: The server's refusal; UnavailableError: it did not come to its end.
        """
        headers = {"Authorization": f"Bearer {self._endpoint.key}"}
        url = self._endpoint.url + path
        try:
            async with self._session.get(
                url, headers=headers, timeout=_DOWNLOAD, allow_redirects=False
            ) as response:
                if response.status >= 400:
                    _answer(response, await response.read())
                async for piece in response.content.iter_any():
                    yield piece
        except aiohttp.ClientConnectorError:
            raise UnreachableError(f"No server answers at {self._endpoint.url}.") from None
        except (aiohttp.ClientError, TimeoutError):
            raise UnavailableError("The document broke off before its end.") from None

    async def call_surely(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> dict[str, Any]:
        """Make one call, again and again while it may still come through; see ``call``.

        Only for calls that may be repeated: a GET, or one with an idempotency key.
        """
        failures = 0
        while True:
            try:
                return await self.call(method, path, body, key)
            except NotifyError as exc:
                failures += 1
                if failures >= ATTEMPTS or not may_help(exc):
                    raise
                await self.wait(failures, exc)

    async def wait(self, failures: int, error: NotifyError) -> None:
        """Pause after the ``failures``-th failure, as long as the server asked for or longer."""
        drawn = full_jitter(_BASE_PAUSE, failures, self._random).total_seconds()
        await self._pause(min(drawn + (error.retry_after_s or 0), _LONGEST_PAUSE_S))


def may_help(error: NotifyError) -> bool:
    """Whether the same call, made again, may come through."""
    return error.code in (Code.UNAVAILABLE, Code.RATE_LIMITED, Code.IDEMPOTENCY_RUNNING)


def to_error(
    raw: Mapping[str, Any], status: int = 0, retry_after_s: int | None = None
) -> NotifyError:
    """An error's JSON (a problem, or that of a bulk item or acknowledgement) as our error."""
    details = raw.get("details") if isinstance(raw.get("details"), dict) else {}
    detail = str(raw.get("detail") or raw.get("message") or raw.get("title") or "")
    faults = _faults(raw.get("errors") or (details or {}).get("errors"))
    wait_s = retry_after_s or int((details or {}).get("retry_after_s") or 0)
    name = raw.get("code")
    code = Code(str(name)) if name in Code.__members__ else _code_of(status)
    match code:
        case Code.RATE_LIMITED:
            return LimitedError(detail or "Too many calls.", wait_s)
        case Code.UNAVAILABLE:
            return UnavailableError(detail or "The server is busy or going down.", wait_s)
        case Code.IDEMPOTENCY_RUNNING:
            return ConflictError(code, detail, faults, wait_s)
        case Code.NOT_FOUND:
            return NotFoundError(detail or "There is no such thing.")
        case Code.INTERNAL:
            return InternalError()
        case _:
            return RejectedError(code, detail, faults)


def _faults(listed: object) -> list[Fault]:
    return [
        Fault(str(one.get("path", "")), str(one.get("message", "")))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
    ]


def _code_of(status: int) -> Code:
    """What a status means when the answer names no code: a proxy's page, another program."""
    if status in _AWAY_STATUSES:
        return Code.UNAVAILABLE
    by_status = {
        401: Code.KEY_INVALID,
        403: Code.FORBIDDEN,
        404: Code.NOT_FOUND,
        429: Code.RATE_LIMITED,
    }
    return by_status.get(status, Code.INTERNAL if status >= 500 else Code.BAD_REQUEST)


def _answer(response: aiohttp.ClientResponse, content: bytes) -> dict[str, Any]:
    try:
        raw = orjson.loads(content) if content else {}
    except orjson.JSONDecodeError:
        raw = None
    if response.status < 300 and isinstance(raw, dict):
        if response.headers.get("Idempotency-Replay") == "true":
            raw["replayed"] = True
        return raw
    if not isinstance(raw, dict):
        raw = {"detail": f"{response.url} answered {response.status} and no JSON object."}
    asked = response.headers.get("Retry-After", "")
    raise to_error(raw, response.status, int(asked) if asked.isdecimal() else None)
