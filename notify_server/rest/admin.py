"""The operator's calls on one notification, on people and on rooms (contract 7)."""

from aiohttp import web

from notify_server.domain.audit import user_subject
from notify_server.domain.claims import Scope
from notify_server.domain.errors import RejectedError
from notify_server.rest.access import operator
from notify_server.rest.deadline import unhurried
from notify_server.rest.deps import DEPS
from notify_server.rest.messages import answer, query_of
from notify_server.rest.submissions import notification_id
from notify_server.wire.explanation import explanation_to_wire, parse_explain_query
from notify_server.wire.fields import id_problem


async def explain(request: web.Request) -> web.Response:
    """``GET /admin/notifications/{id}``: what became of it, person by person."""
    deps = request.app[DEPS]
    await operator(request, Scope.READ)
    query = parse_explain_query(query_of(request))
    explanation = await deps.explanations.explain(
        notification_id(request), query.user, query.after, query.limit
    )
    return answer(explanation_to_wire(explanation, deps.settings.compat))


@unhurried
async def revoke(request: web.Request) -> web.Response:
    """``POST /admin/users/{user}/revoke``: tokens issued before now die."""
    deps = request.app[DEPS]
    caller = await operator(request)
    user = _id(request, "user")
    await deps.audit.record(caller.name, "user.revoke", user_subject(user))
    await deps.people.revoke(user)
    return web.Response(status=204)


@unhurried
async def add_member(request: web.Request) -> web.Response:
    """``PUT /admin/rooms/{room}/members/{user}``."""
    deps = request.app[DEPS]
    caller = await operator(request)
    room, user = _id(request, "room"), _id(request, "user")
    await deps.audit.record(caller.name, "member.put", user_subject(user), {"room": room})
    await deps.people.add_room_member(room, user)
    return web.Response(status=204)


@unhurried
async def remove_member(request: web.Request) -> web.Response:
    """``DELETE /admin/rooms/{room}/members/{user}``."""
    deps = request.app[DEPS]
    caller = await operator(request)
    room, user = _id(request, "room"), _id(request, "user")
    await deps.audit.record(caller.name, "member.remove", user_subject(user), {"room": room})
    await deps.people.remove_room_member(room, user)
    return web.Response(status=204)


def _id(request: web.Request, name: str) -> str:
    text = request.match_info[name]
    if problem := id_problem(text, request.app[DEPS].settings.limits.id_chars):
        raise RejectedError.at(name, problem)
    return text
