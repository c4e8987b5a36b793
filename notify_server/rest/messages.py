"""Bodies in, JSON out."""

import re

from aiohttp import web

from notify_server.domain.errors import Code, NotifyError, RejectedError
from notify_server.wire.errors import PROBLEM_TYPE, ROWS, to_problem
from notify_server.wire.json import dumps, loads

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_CHUNK = 65_536


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=dumps(value), status=status, headers=headers, content_type="application/json"
    )


def problem(error: NotifyError) -> web.Response:
    """An error as RFC 9457 wants it."""
    response = web.Response(
        body=dumps(to_problem(error)),
        status=ROWS[error.code].http_status,
        content_type=PROBLEM_TYPE,
    )
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(max(1, error.retry_after_s))
    if response.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def read_json(request: web.Request, most_bytes: int) -> object:
    """Read a body that must be there.

    Raises:
        RejectedError: UNSUPPORTED_MEDIA_TYPE, TOO_LARGE (before parsing), BAD_REQUEST, INVALID.
    """
    if request.content_type != "application/json" or "Content-Encoding" in request.headers:
        raise RejectedError(
            Code.UNSUPPORTED_MEDIA_TYPE, "Send Content-Type: application/json, not encoded."
        )
    return loads(await _read(request, most_bytes))


async def read_optional_json(request: web.Request, most_bytes: int) -> object:
    """Read a body that may be missing: then None.

    Raises:
        RejectedError: As ``read_json``.
    """
    if not request.can_read_body:
        return None
    if request.content_length is None and request.content.at_eof():
        return None
    return await read_json(request, most_bytes)


async def _read(request: web.Request, most_bytes: int) -> bytes:
    too_large = RejectedError(Code.TOO_LARGE, f"The body must not exceed {most_bytes} bytes.")
    if request.content_length is not None and request.content_length > most_bytes:
        raise too_large
    body = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > most_bytes:
            raise too_large
    return bytes(body)


def idempotency_key(request: web.Request) -> str | None:
    """The header's key, if given.

    Raises:
        RejectedError: BAD_REQUEST: given twice, too long, or not printable ASCII.
    """
    given = request.headers.getall("Idempotency-Key", [])
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise RejectedError(
            Code.BAD_REQUEST,
            "Idempotency-Key must be given once, with 1 to 255 printable characters.",
        )
    return given[0]


def query_of(request: web.Request) -> dict[str, str]:
    """The query string; each name once.

    Raises:
        RejectedError: INVALID when a name is repeated.
    """
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values:
            raise RejectedError.at(name[:64], "must be given once")
        values[name] = value
    return values
