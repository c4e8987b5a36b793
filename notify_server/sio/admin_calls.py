"""What an operator may ask on the line ``/admin``: one function per event (contract 9).

The same calls as over HTTP, by the same stages; what changes something goes into the audit.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from notify_server.domain.audit import user_subject
from notify_server.domain.claims import Caller, Scope
from notify_server.domain.errors import Code, LimitedError, RejectedError
from notify_server.domain.settings import Settings
from notify_server.domain.target import Audience, AudienceKind
from notify_server.kit.clock import Clock
from notify_server.pipeline.audit import Audit
from notify_server.pipeline.explain import Explanations
from notify_server.pipeline.operators import Operators
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Session
from notify_server.pipeline.submit import Submissions
from notify_server.policy.membership import OPERATOR, is_operator
from notify_server.policy.types import TypeRegistry
from notify_server.ports.rates import RateCounter
from notify_server.sio.watching import Watching
from notify_server.wire.admin_events import (
    AdminCall,
    AdminContext,
    Cancel,
    DisconnectSession,
    Explain,
    GetSessions,
    GetStats,
    Resend,
    SendNotification,
    Watch,
    parse_admin_event,
)
from notify_server.wire.events import AdminEvent
from notify_server.wire.explanation import explanation_to_wire
from notify_server.wire.operators import resent_to_wire, session_to_wire, stats_to_wire

SESSIONS_SHOWN = 1_000
"""What one frame carries of the open sessions; with more, ask for a user's or a line's."""

Answer = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AdminCalls:
    """Answers the events of operators' sessions."""

    operators: Operators
    submissions: Submissions
    explanations: Explanations
    people: People
    audit: Audit
    watching: Watching
    submit_rate: RateCounter
    types: TypeRegistry
    settings: Settings
    clock: Clock

    async def answer(self, session: Session, event: AdminEvent, payload: object) -> Answer:
        """Do what an event asks for.

        Raises:
            NotifyError: Refused; nothing was changed. FORBIDDEN when the person is no operator
                any more, however the session was let in.
        """
        caller = await self._caller(session)
        settings = self.settings
        context = AdminContext(self.clock.now(), self.types, settings.limits, settings.namespaces)
        call = parse_admin_event(event, payload, context)
        return await _ANSWERS[type(call)](self, _Asked(session, caller), call)

    async def _caller(self, session: Session) -> Caller:
        """Who calls, with what their roles allow at this moment."""
        person = await self.people.refresh(session.user)
        if not is_operator(person):
            raise RejectedError(Code.FORBIDDEN, f"This needs the role {OPERATOR.name}.")
        scopes = {Scope.ADMIN}
        if any(
            Audience(AudienceKind.ROLE, role) in person.since
            for role in self.settings.auth.send_roles
        ):
            scopes |= {Scope.SEND, Scope.BROADCAST}
        return Caller(f"user:{session.user}", frozenset(scopes))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, and by which session."""

    session: Session
    caller: Caller


async def _send(calls: AdminCalls, asked: _Asked, call: SendNotification) -> Answer:
    if Scope.SEND not in asked.caller.scopes:
        raise RejectedError(Code.FORBIDDEN, "None of your roles may send.")
    if wait_s := await calls.submit_rate.take(asked.caller.name):
        raise LimitedError("Too many notifications at once.", ceil(wait_s))
    done = await calls.submissions.submit(asked.caller, call.draft, call.draft.idempotency_key)
    wire: dict[str, object] = {"id": done.id, "status": done.status, "revision": done.revision}
    return wire | {"replayed": True} if done.replayed else wire


async def _get_stats(calls: AdminCalls, _asked: _Asked, call: GetStats) -> Answer:
    return stats_to_wire(await calls.operators.stats(call.user))


async def _get_sessions(calls: AdminCalls, _asked: _Asked, call: GetSessions) -> Answer:
    found = await calls.operators.sessions(call.user, call.line)
    shown = [session_to_wire(session) for session in found[:SESSIONS_SHOWN]]
    return {"items": shown, "has_more": len(found) > SESSIONS_SHOWN}


async def _explain(calls: AdminCalls, _asked: _Asked, call: Explain) -> Answer:
    query = call.query
    explained = await calls.explanations.explain(
        call.notification_id, query.user, query.after, query.limit
    )
    return explanation_to_wire(explained, calls.settings.compat)


async def _resend(calls: AdminCalls, asked: _Asked, call: Resend) -> Answer:
    resent = await calls.operators.resend(call.notification_id, call.after)
    await calls.audit.record(
        asked.caller.name,
        "notification.resend",
        f"notification:{call.notification_id}",
        {"resent": resent.resent},
    )
    return resent_to_wire(resent)


async def _cancel(calls: AdminCalls, asked: _Asked, call: Cancel) -> Answer:
    done = await calls.submissions.cancel(asked.caller, call.notification_id)
    return {"id": done.id, "stopped": done.stopped, "removed": done.removed}


async def _disconnect(calls: AdminCalls, asked: _Asked, call: DisconnectSession) -> Answer:
    closed = await calls.operators.kick(call.sid)
    await calls.audit.record(
        asked.caller.name,
        "session.close",
        user_subject(closed.user),
        {"session": closed.id, "namespace": closed.line},
    )
    return {"sid": call.sid}


async def _watch(calls: AdminCalls, asked: _Asked, call: Watch) -> Answer:
    if call.on:
        calls.watching.add(asked.session)
    else:
        calls.watching.remove(asked.session.id)
    return {"on": call.on}


_ANSWERS: Mapping[type[AdminCall], Callable[[AdminCalls, _Asked, Any], Awaitable[Answer]]] = {
    SendNotification: _send,
    GetStats: _get_stats,
    GetSessions: _get_sessions,
    Explain: _explain,
    Resend: _resend,
    Cancel: _cancel,
    DisconnectSession: _disconnect,
    Watch: _watch,
}
