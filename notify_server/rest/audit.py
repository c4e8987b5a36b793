"""What operators changed, and whether the record of it is whole (contract 7)."""

from aiohttp import web

from notify_server.domain.claims import Scope
from notify_server.rest.access import operator
from notify_server.rest.deadline import unhurried
from notify_server.rest.deps import DEPS
from notify_server.rest.messages import answer, query_of
from notify_server.wire.audit import audit_to_wire, parse_audit_query


async def listing(request: web.Request) -> web.Response:
    """``GET /admin/audit``: newest first."""
    await operator(request, Scope.READ)
    query = parse_audit_query(query_of(request))
    return answer(audit_to_wire(await request.app[DEPS].audit.page(query)))


@unhurried
async def verify(request: web.Request) -> web.Response:
    """``GET /admin/audit/verify``: the number of the first entry that is not as it was written."""
    await operator(request, Scope.READ)
    broken = await request.app[DEPS].audit.verify()
    return answer({"intact": broken is None, "first_broken": broken})
