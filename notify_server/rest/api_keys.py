"""The keys of the systems that send: made, listed and revoked by the operator."""

from aiohttp import web

from notify_server.domain.errors import NotFoundError
from notify_server.rest.access import operator
from notify_server.rest.deadline import unhurried
from notify_server.rest.deps import DEPS
from notify_server.rest.messages import answer, read_json
from notify_server.wire.api_key import key_to_wire, parse_new_key


@unhurried
async def create(request: web.Request) -> web.Response:
    """``POST /admin/api-keys``: the only answer that ever holds the key itself."""
    deps = request.app[DEPS]
    caller = await operator(request)
    raw = await read_json(request, deps.settings.limits.notification_bytes)
    stored, key = await deps.keys.create(*parse_new_key(raw))
    details = {"name": stored.name, "scopes": sorted(stored.scopes)}
    await deps.audit.record(caller.name, "api_key.create", f"key:{stored.id}", details)
    return answer({**key_to_wire(stored), "key": key}, 201)


async def listing(request: web.Request) -> web.Response:
    """``GET /admin/api-keys``: all of them, oldest first, revoked ones too."""
    await operator(request)
    keys = await request.app[DEPS].keys.all()
    return answer({"items": [key_to_wire(key) for key in keys]})


@unhurried
async def revoke(request: web.Request) -> web.Response:
    """``POST /admin/api-keys/{id}/revoke``: refused from now on; a second time changes nothing."""
    deps = request.app[DEPS]
    caller = await operator(request)
    revoked = await deps.keys.revoke(request.match_info["id"])
    if revoked is None:
        raise NotFoundError("There is no such API key.")
    await deps.audit.record(caller.name, "api_key.revoke", f"key:{revoked.id}")
    return answer(key_to_wire(revoked))
