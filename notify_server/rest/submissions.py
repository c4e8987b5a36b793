"""Submitting, replacing, cancelling (contract 4)."""

from math import ceil

from aiohttp import web

from notify_server.domain.claims import Caller
from notify_server.domain.errors import (
    LimitedError,
    NotFoundError,
    NotifyError,
    RejectedError,
    UnavailableError,
)
from notify_server.domain.notification import Draft
from notify_server.kit.aio import pause
from notify_server.pipeline.submit import Submitted
from notify_server.rest.access import sender
from notify_server.rest.deps import DEPS, RestDeps
from notify_server.rest.messages import answer, idempotency_key, read_json
from notify_server.wire.bulk import bulk_items, parse_item
from notify_server.wire.errors import to_problem
from notify_server.wire.fields import id_problem
from notify_server.wire.submission import parse_draft

_PARSED_AT_ONCE = 64
_REPLAY_HEADER = "Idempotency-Replay"


def notification_id(request: web.Request) -> str:
    """The id in the path.

    Raises:
        NotFoundError: It cannot be one.
    """
    text = request.match_info["id"]
    if id_problem(text, request.app[DEPS].settings.limits.id_chars):
        raise NotFoundError
    return text


async def _submitter(request: web.Request) -> Caller:
    """Who submits one, held to their rate before the body is looked at.

    Raises:
        LimitedError: Too much at once.
        RejectedError: As ``sender``.
        UnavailableError: The server stops now.
    """
    _refuse_when_stopping(request)
    caller = await sender(request)
    await _hold_to_rate(request, caller)
    return caller


def _refuse_when_stopping(request: web.Request) -> None:
    """Better a refusal that says when to come back than a connection that ends before an answer.

    Raises:
        UnavailableError: The server stops now.
    """
    if request.app[DEPS].readiness().stopping:
        raise UnavailableError("The server is stopping; send it again, with the same key.")


async def _hold_to_rate(request: web.Request, caller: Caller, cost: int = 1) -> None:
    if wait_s := await request.app[DEPS].submit_rate.take(caller.name, cost):
        error = LimitedError("Too many notifications at once.", ceil(wait_s))
        request.app[DEPS].submissions.note_refusal(error)
        raise error


async def submit(request: web.Request) -> web.Response:
    """``POST /notifications``: 202 once it is durable."""
    deps = request.app[DEPS]
    caller = await _submitter(request)
    key = idempotency_key(request)
    draft = await _draft(request, need_targets=True)
    return _accepted(await deps.submissions.submit(caller, draft, key))


async def replace(request: web.Request) -> web.Response:
    """``PUT /notifications/{id}``: a new revision of the content."""
    deps = request.app[DEPS]
    caller = await _submitter(request)
    key = idempotency_key(request)
    target = notification_id(request)
    draft = await _draft(request, need_targets=False)
    return _accepted(await deps.submissions.replace(caller, target, draft, key))


async def cancel(request: web.Request) -> web.Response:
    """``POST /notifications/{id}/cancel``."""
    caller = await _submitter(request)
    done = await request.app[DEPS].submissions.cancel(caller, notification_id(request))
    return answer({"id": done.id, "stopped": done.stopped, "removed": done.removed})


async def submit_many(request: web.Request) -> web.Response:
    """``POST /notifications/bulk``: each item for itself."""
    _refuse_when_stopping(request)
    deps = request.app[DEPS]
    caller = await sender(request)
    key = idempotency_key(request)
    limits = deps.settings.limits
    items = bulk_items(await read_json(request, limits.bulk_bytes), limits)
    await _hold_to_rate(request, caller, len(items))
    drafts: list[Draft | NotifyError] = []
    for index, item in enumerate(items):
        drafts.append(_item(deps, item, index))
        if index % _PARSED_AT_ONCE == _PARSED_AT_ONCE - 1:
            await pause(0)
    done = await deps.submissions.submit_many(caller, drafts, key)
    replayed = all(isinstance(one, Submitted) and one.replayed for one in done)
    wire = [_item_answer(index, one) for index, one in enumerate(done)]
    return answer({"items": wire}, 202, {_REPLAY_HEADER: "true"} if replayed else None)


def _item(deps: RestDeps, item: object, index: int) -> Draft | NotifyError:
    settings = deps.settings
    try:
        return parse_item(
            item,
            deps.types,
            settings.limits,
            deps.clock.now(),
            f"items[{index}]",
            namespaces=settings.namespaces,
        )
    except RejectedError as error:
        deps.submissions.note_refusal(error)
        return error


def _item_answer(index: int, done: Submitted | NotifyError) -> dict[str, object]:
    if isinstance(done, NotifyError):
        return {"index": index, "status": "rejected", "error": to_problem(done)}
    wire: dict[str, object] = {"index": index, **_submitted(done)}
    return wire | {"replayed": True} if done.replayed else wire


async def _draft(request: web.Request, *, need_targets: bool) -> Draft:
    deps = request.app[DEPS]
    settings = deps.settings
    raw = await read_json(request, settings.limits.notification_bytes)
    try:
        return parse_draft(
            raw,
            deps.types,
            settings.limits,
            deps.clock.now(),
            namespaces=settings.namespaces,
            need_targets=need_targets,
        )
    except RejectedError as error:
        deps.submissions.note_refusal(error)
        raise


def _accepted(done: Submitted) -> web.Response:
    headers = {_REPLAY_HEADER: "true"} if done.replayed else None
    return answer(_submitted(done), 202, headers)


def _submitted(done: Submitted) -> dict[str, object]:
    return {"id": done.id, "status": done.status, "revision": done.revision}
