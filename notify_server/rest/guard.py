"""What surrounds every handler: one place for errors, deadlines, CORS and security headers."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from notify_server.domain.errors import (
    Code,
    InternalError,
    NotFoundError,
    NotifyError,
    RejectedError,
    UnavailableError,
)
from notify_server.rest.deadline import deadline_of
from notify_server.rest.deps import DEPS
from notify_server.rest.messages import problem

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = structlog.get_logger("notify.rest")

_COMMON = {
    "Server": "notify-server",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_CORS_METHODS = "GET, POST, PUT, PATCH, DELETE"
_CORS_HEADERS = "Authorization, Content-Type, Idempotency-Key"
_CORS_EXPOSED = "Idempotency-Replay, Retry-After"


def _is_ours(request: web.Request) -> bool:
    """Whether the call is this package's, and not the Socket.IO transport's."""
    base = request.app[DEPS].settings.server.base_path
    return not request.path.startswith(f"{base}/socket.io")


@web.middleware
async def guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer errors as problem documents, in time, and keep causes to the log."""
    if not _is_ours(request):
        return await handler(request)
    response = await _answer(request, handler)
    if request.app[DEPS].readiness().draining:
        response.force_close()  # whoever keeps connections open asks elsewhere next time
    return response


async def _answer(request: web.Request, handler: _Handler) -> web.StreamResponse:
    if _is_preflight(request):
        return web.Response(status=204)
    deps = request.app[DEPS]
    began = deps.clock.monotonic()
    status = 0  # the caller has gone
    try:
        response = await _answered(request, handler)
        status = response.status
    except web.HTTPException as redirect:
        status = redirect.status
        raise
    finally:
        deps.http_done(request, status, deps.clock.monotonic() - began)
    return response


async def _answered(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """The handler's answer, or a problem; raises what ends the call: a redirect, a lost caller."""
    try:
        async with asyncio.timeout(deadline_of(request)):
            return await handler(request)
    except NotifyError as error:
        return problem(error)
    except TimeoutError:
        _log.warning("request_too_slow", method=request.method, route=_route(request))
        return problem(UnavailableError("The call took too long; try again."))
    except web.HTTPException as error:
        return _library_answer(error)
    except ConnectionResetError:
        raise
    except Exception:  # noqa: BLE001 - the last resort: logged here, told without details
        _log.exception("request_failed", method=request.method, route=_route(request))
        return problem(InternalError())


def _route(request: web.Request) -> str:
    """The pattern of the path: the path itself names people (S31)."""
    resource = request.match_info.route.resource
    return "none" if resource is None else resource.canonical


def _library_answer(error: web.HTTPException) -> web.StreamResponse:
    """aiohttp's own refusals in our words; its redirects as they are."""
    if error.status < 400:
        raise error
    if isinstance(error, web.HTTPMethodNotAllowed):
        refusal = problem(RejectedError(Code.METHOD_NOT_ALLOWED))
        refusal.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return refusal
    if error.status == 404:
        return problem(NotFoundError("There is no such path."))
    if error.status == 413:
        return problem(RejectedError(Code.TOO_LARGE))
    return problem(RejectedError(Code.BAD_REQUEST))


def _is_preflight(request: web.Request) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Just before the head is written: security headers everywhere, CORS where it is due."""
    headers = response.headers
    headers.update(_COMMON)
    if not _is_ours(request):  # the transport knows its origins itself
        return
    base = request.app[DEPS].settings.server.base_path
    if request.path.startswith(f"{base}/demo"):
        headers["Content-Security-Policy"] = PAGE_POLICY
        headers.setdefault("Cache-Control", "no-cache")
        return
    headers.setdefault("Content-Security-Policy", _API_POLICY)
    headers["Cache-Control"] = "no-store"
    _add_cors(request, response)


def _add_cors(request: web.Request, response: web.StreamResponse) -> None:
    """Only for configured origins; tokens travel in a header, so no credentials are allowed."""
    origin = request.headers.get("Origin")
    headers = response.headers
    if origins := request.app[DEPS].settings.cors.origins:
        headers.add("Vary", "Origin")
        if origin in origins:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = _CORS_EXPOSED
            if _is_preflight(request):
                headers["Access-Control-Allow-Methods"] = _CORS_METHODS
                headers["Access-Control-Allow-Headers"] = _CORS_HEADERS
                headers["Access-Control-Max-Age"] = "600"
