"""Health, and what is not there yet."""

import asyncio

from aiohttp import web

from notify_server.domain.errors import Code, NotifyError, RejectedError, UnavailableError
from notify_server.rest.access import identify
from notify_server.rest.deps import DEPS
from notify_server.rest.messages import answer

_PING_S = 2.0


async def live(_request: web.Request) -> web.Response:
    """``GET /health/live``: the process answers."""
    return answer({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """``GET /health/ready``: whether traffic should come here, and if not, why."""
    deps = request.app[DEPS]
    readiness = deps.readiness()
    if readiness.draining:
        return _not_ready("the server is draining")
    try:
        async with asyncio.timeout(_PING_S):
            await deps.ping()
    except (UnavailableError, TimeoutError):
        return _not_ready("the store is away")
    if readiness.degraded:
        return answer({"status": "degraded", "reason": readiness.degraded})
    return answer({"status": "ok"})


def _not_ready(reason: str) -> web.Response:
    return answer({"status": "unavailable", "reason": reason}, 503, {"Retry-After": "1"})


async def not_available(request: web.Request) -> web.Response:
    """A reserved path: a known caller is told that it is to come."""
    await identify(request)
    raise _later(request.path)


def _later(path: str) -> NotifyError:
    return RejectedError(Code.NOT_AVAILABLE, f"{path} is reserved and not available yet.")
