"""``POST /admin/cleanup``: the retention's work at once, in pieces that fit into one call."""

from aiohttp import web

from notify_server.pipeline.retention import record_cleanup
from notify_server.rest.access import operator
from notify_server.rest.deps import DEPS
from notify_server.rest.messages import answer, read_optional_json
from notify_server.wire.cleanup import cleanup_to_wire, parse_cleanup

MOST_COUNTED = 10_000
_WITHIN_S = 1.5


async def clean_up(request: web.Request) -> web.Response:
    """Remove what is old, or count it with ``dry_run``; ``more`` asks for another call."""
    deps = request.app[DEPS]
    caller = await operator(request)
    body = await read_optional_json(request, deps.settings.limits.notification_bytes)
    wish = parse_cleanup(body)
    if wish.dry_run:
        count = await deps.retention.count(wish.keep, MOST_COUNTED)
        return answer(cleanup_to_wire(count, more=count == MOST_COUNTED, dry_run=True))
    removed, more = await deps.retention.remove_some(wish.keep, _WITHIN_S)
    if removed:
        await record_cleanup(deps.audit, caller.name, wish.keep, removed)
    return answer(cleanup_to_wire(removed, more=more, dry_run=False))
