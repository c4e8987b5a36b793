"""Operators look for notifications, send them again, and see who is here (contract 7)."""

from aiohttp import web

from notify_server.domain.audit import user_subject
from notify_server.domain.claims import Scope
from notify_server.rest.access import operator
from notify_server.rest.deadline import unhurried
from notify_server.rest.deps import DEPS
from notify_server.rest.messages import answer, query_of, read_optional_json
from notify_server.rest.submissions import notification_id
from notify_server.wire.operators import (
    parse_of_user,
    parse_presence,
    parse_resend,
    parse_search,
    parse_sessions,
    presence_to_wire,
    resent_to_wire,
    search_to_wire,
    session_to_wire,
    stats_to_wire,
)


async def search(request: web.Request) -> web.Response:
    """``GET /admin/notifications``: over all of them, newest first."""
    deps = request.app[DEPS]
    await operator(request, Scope.READ)
    query = parse_search(query_of(request), deps.settings.namespaces)
    return answer(search_to_wire(await deps.operators.search(query)))


@unhurried
async def resend(request: web.Request) -> web.Response:
    """``POST /admin/notifications/{id}/resend``: what is undelivered begins anew."""
    deps = request.app[DEPS]
    caller = await operator(request)
    target = notification_id(request)
    raw = await read_optional_json(request, deps.settings.limits.notification_bytes)
    resent = await deps.operators.resend(target, parse_resend(raw))
    subject = f"notification:{target}"
    await deps.audit.record(caller.name, "notification.resend", subject, {"resent": resent.resent})
    return answer(resent_to_wire(resent))


async def stats(request: web.Request) -> web.Response:
    """``GET /admin/stats``: of all nodes, and with ``user`` of a person."""
    await operator(request, Scope.READ)
    user = parse_of_user(query_of(request))
    return answer(stats_to_wire(await request.app[DEPS].operators.stats(user)))


async def sessions(request: web.Request) -> web.Response:
    """``GET /admin/sessions``: those of all nodes."""
    deps = request.app[DEPS]
    await operator(request, Scope.READ)
    user, line = parse_sessions(query_of(request), deps.settings.namespaces)
    found = await deps.operators.sessions(user, line)
    return answer({"items": [session_to_wire(session) for session in found]})


async def presence(request: web.Request) -> web.Response:
    """``GET /admin/presence?user=``: nobody else can ask it, so that it tells no stranger (S33)."""
    await operator(request, Scope.READ)
    user = parse_presence(query_of(request))
    return answer(presence_to_wire(await request.app[DEPS].operators.presence(user)))


@unhurried
async def close_session(request: web.Request) -> web.Response:
    """``DELETE /admin/sessions/{sid}``: sent away for good."""
    deps = request.app[DEPS]
    caller = await operator(request)
    closed = await deps.operators.kick(request.match_info["sid"])
    details = {"session": closed.id, "namespace": closed.line}
    await deps.audit.record(caller.name, "session.close", user_subject(closed.user), details)
    return web.Response(status=204)
