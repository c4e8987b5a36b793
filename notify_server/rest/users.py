"""What is held of a person: shown, set, exported, erased (contract 7)."""

from aiohttp import web

from notify_server.domain.audit import user_subject
from notify_server.domain.claims import Scope
from notify_server.domain.errors import NotifyError, RejectedError
from notify_server.domain.profile import Profile
from notify_server.rest.access import operator
from notify_server.rest.deadline import unhurried
from notify_server.rest.deps import DEPS
from notify_server.rest.export import export_document
from notify_server.rest.messages import answer, read_json
from notify_server.wire.fields import id_problem
from notify_server.wire.user import parse_user, profile_to_wire, said_of

_EXPORT_HEADERS = {
    "Content-Type": "application/json",
    "Content-Disposition": 'attachment; filename="user.json"',
}


async def show(request: web.Request) -> web.Response:
    """``GET /admin/users/{user}``: profile, memberships, subscriptions, counts, sessions."""
    await operator(request, Scope.READ)
    profile = await request.app[DEPS].profiles.read(_user(request))
    return answer(await _to_wire(request, profile))


@unhurried
async def put(request: web.Request) -> web.Response:
    """``PUT /admin/users/{user}``: all that an operator sets; what is left out is cleared."""
    deps = request.app[DEPS]
    caller = await operator(request)
    user = _user(request)
    raw = await read_json(request, deps.settings.limits.notification_bytes)
    fields = parse_user(raw, deps.settings.limits)
    await deps.audit.record(caller.name, "user.put", user_subject(user), said_of(fields))
    profile = await deps.profiles.put(user, fields)
    return answer(await _to_wire(request, profile))


@unhurried
async def export(request: web.Request) -> web.StreamResponse:
    """``GET /admin/users/{user}/export``: everything held of them, streamed."""
    deps = request.app[DEPS]
    caller = await operator(request, Scope.READ)
    user = _user(request)
    sessions = await deps.operators.sessions(user)
    pieces = export_document(deps.profiles, user, sessions, deps.clock.now())
    first = await anext(pieces)
    await deps.audit.record(caller.name, "user.export", user_subject(user))
    response = web.StreamResponse(headers=_EXPORT_HEADERS)
    await response.prepare(request)
    try:
        await response.write(first)
        async for piece in pieces:
            await response.write(piece)
    except NotifyError as error:
        # Too late for a problem document: what breaks off in the middle is no JSON, and no end.
        raise ConnectionResetError("the export broke off") from error
    await response.write_eof()
    return response


@unhurried
async def erase(request: web.Request) -> web.Response:
    """``DELETE /admin/users/{user}``: nothing of them stays; a second time changes nothing."""
    caller = await operator(request)
    await request.app[DEPS].erasure.erase(_user(request), caller.name)
    return web.Response(status=204)


async def _to_wire(request: web.Request, profile: Profile) -> dict[str, object]:
    deps = request.app[DEPS]
    sessions = await deps.operators.sessions(profile.id)
    return profile_to_wire(profile, sessions, deps.clock.now())


def _user(request: web.Request) -> str:
    text = request.match_info["user"]
    if problem := id_problem(text, request.app[DEPS].settings.limits.id_chars):
        raise RejectedError.at("user", problem)
    return text
