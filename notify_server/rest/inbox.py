"""A person's own list (contract 6); nobody sees or changes another's (S12)."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from aiohttp import web

from notify_server.domain.actions import Act, Action
from notify_server.domain.errors import NotFoundError
from notify_server.rest.access import check_line, person
from notify_server.rest.deps import DEPS
from notify_server.rest.messages import answer, query_of, read_json, read_optional_json
from notify_server.rest.submissions import notification_id
from notify_server.wire.inbox import (
    counts_to_wire,
    page_to_wire,
    parse_act_body,
    parse_batch,
    parse_line,
    parse_query,
    parse_read_all,
    parse_subscriptions,
)
from notify_server.wire.notification import view_to_wire
from notify_server.wire.signals import subscriptions_to_wire

VERBS: Mapping[str, Action] = MappingProxyType(
    {
        "mark-read": Action.READ,
        "mark-unread": Action.UNREAD,
        "mark-seen": Action.SEEN,
        "acknowledge": Action.ACKNOWLEDGE,
        "dismiss": Action.DISMISS,
        "restore": Action.RESTORE,
        "pin": Action.PIN,
        "unpin": Action.UNPIN,
        "snooze": Action.SNOOZE,
        "clicked": Action.CLICKED,
    }
)
"""What may stand behind ``POST /notifications/{id}/``."""


async def listing(request: web.Request) -> web.Response:
    """``GET /notifications``."""
    deps = request.app[DEPS]
    user = await person(request)
    line, query = parse_query(query_of(request), namespaces=deps.settings.namespaces, text=True)
    await check_line(request, user, line)
    page = await deps.inbox.page(user, line, query)
    return answer(page_to_wire(page, deps.settings.compat))


async def single(request: web.Request) -> web.Response:
    """``GET /notifications/{id}``; another's and an unknown one are the same 404."""
    deps = request.app[DEPS]
    user = await person(request)
    view = await deps.inbox.view(user, notification_id(request))
    return answer(view_to_wire(view, deps.settings.compat))


async def unread_count(request: web.Request) -> web.Response:
    """``GET /notifications/unread-count``."""
    user, line = await _person_and_line(request)
    return answer(counts_to_wire(await request.app[DEPS].inbox.counts(user, line)))


async def mark_all_read(request: web.Request) -> web.Response:
    """``POST /notifications/mark-all-read``; answers the counts as they are then."""
    deps = request.app[DEPS]
    user, line = await _person_and_line(request)
    raw = await read_optional_json(request, deps.settings.limits.notification_bytes)
    await deps.inbox.read_all(user, line, parse_read_all(raw))
    return answer(counts_to_wire(await deps.inbox.counts(user, line)))


def verb(action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of one verb on one notification."""

    async def handle(request: web.Request) -> web.Response:
        deps = request.app[DEPS]
        user = await person(request)
        target = notification_id(request)
        raw = await read_optional_json(request, deps.settings.limits.notification_bytes)
        return await _act(request, user, target, parse_act_body(action, raw, deps.clock.now()))

    return handle


async def delete(request: web.Request) -> web.Response:
    """``DELETE /notifications/{id}``: out of the person's inbox, and nobody else's."""
    user = await person(request)
    return await _act(request, user, notification_id(request), Act(Action.DELETE))


async def batch(request: web.Request) -> web.Response:
    """``POST /notifications/batch``."""
    deps = request.app[DEPS]
    user = await person(request)
    raw = await read_json(request, deps.settings.limits.notification_bytes)
    ids, act = parse_batch(raw, deps.clock.now())
    done = await deps.inbox.act(user, ids, act)
    return answer({"changed": list(done.changed), "unknown": list(done.unknown)})


async def get_subscriptions(request: web.Request) -> web.Response:
    """``GET /subscriptions``."""
    user = await person(request)
    return answer(subscriptions_to_wire(await request.app[DEPS].people.subscriptions(user)))


async def put_subscriptions(request: web.Request) -> web.Response:
    """``PUT /subscriptions``: the named types change, the others stay."""
    deps = request.app[DEPS]
    user = await person(request)
    raw = await read_json(request, deps.settings.limits.notification_bytes)
    return answer(
        subscriptions_to_wire(await deps.people.subscribe(user, parse_subscriptions(raw)))
    )


async def _act(request: web.Request, user: str, target: str, act: Act) -> web.Response:
    done = await request.app[DEPS].inbox.act(user, [target], act)
    if done.unknown:
        raise NotFoundError
    return answer({"changed": list(done.changed)})


async def _person_and_line(request: web.Request) -> tuple[str, str]:
    user = await person(request)
    line = parse_line(query_of(request), request.app[DEPS].settings.namespaces)
    await check_line(request, user, line)
    return user, line
