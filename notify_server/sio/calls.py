"""What a client may ask of its session: one function per kind of call (contract 9)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notify_server.domain.errors import Code, NotFoundError, RejectedError
from notify_server.domain.settings import CompatSettings, Settings
from notify_server.domain.view import View
from notify_server.kit.clock import Clock, to_rfc3339
from notify_server.pipeline.delivery import DeliveryDesk
from notify_server.pipeline.inbox import Inbox
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Session
from notify_server.ports.tokens import TokenReader
from notify_server.sio.admin_calls import AdminCalls
from notify_server.wire.admin_events import is_admin_event
from notify_server.wire.client_events import (
    ActCall,
    ClientCall,
    EventContext,
    GetNotifications,
    MarkAllRead,
    NotificationAck,
    RefreshToken,
    RoomCall,
    SetTypes,
    parse_event,
)
from notify_server.wire.events import AdminEvent
from notify_server.wire.inbox import page_to_wire
from notify_server.wire.json import dumps
from notify_server.wire.notification import view_to_wire
from notify_server.wire.signals import subscriptions_to_wire
from notify_server.wire.targets import ADMIN_LINE

ANSWER_BYTES = 512 * 1024
"""A list is cut to what a client takes in one frame."""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Calls:
    """Answers the events of sessions."""

    inbox: Inbox
    people: People
    desk: DeliveryDesk
    admin: AdminCalls
    tokens: TokenReader
    settings: Settings
    clock: Clock

    def closed(self, session_id: str) -> None:
        """The session is gone."""
        self.admin.watching.remove(session_id)

    async def answer(self, session: Session, event: str, payload: object) -> Answer:
        """Do what an event asks for.

        Raises:
            NotifyError: Refused; nothing was changed.
        """
        if session.line == ADMIN_LINE and is_admin_event(event):
            return {"ok": True, **await self.admin.answer(session, AdminEvent(event), payload)}
        context = EventContext(self.clock.now(), self.settings.namespaces, session.line)
        call = parse_event(event, payload, context)
        return {"ok": True, **await _ANSWERS[type(call)](self, session, call)}


async def _get_notifications(calls: Calls, session: Session, call: GetNotifications) -> Answer:
    if call.line != session.line:
        raise RejectedError.at("namespace", "ask for it on that namespace", Code.FORBIDDEN)
    compat = calls.settings.compat

    def fits(views: Sequence[View]) -> range:
        return _fitting(views, compat, from_below=call.query.after is not None)

    page = await calls.inbox.page(session.user, call.line, call.query, fits)
    return page_to_wire(page, compat)


def _fitting(views: Sequence[View], compat: CompatSettings, *, from_below: bool) -> range:
    """Which items fit into an answer, at least one; the rest lies on the side that is paged to."""
    size, kept = 0, 0
    for view in reversed(views) if from_below else views:
        size += len(dumps(view_to_wire(view, compat))) + 1
        if size > ANSWER_BYTES and kept:
            break
        kept += 1
    return range(len(views) - kept, len(views)) if from_below else range(kept)


async def _act(calls: Calls, session: Session, call: ActCall) -> Answer:
    acted = await calls.inbox.act(session.user, call.ids, call.act, session.id)
    if call.single:
        if acted.unknown:
            raise NotFoundError
        return {}
    return {"changed": list(acted.changed), "unknown": list(acted.unknown)}


async def _mark_all_read(calls: Calls, session: Session, call: MarkAllRead) -> Answer:
    await calls.inbox.read_all(session.user, session.line, call.which, session.id)
    return {}


async def _notification_ack(calls: Calls, session: Session, call: NotificationAck) -> Answer:
    if not calls.desk.acknowledged_by_event(session, call.notification_id, call.revision):
        await calls.inbox.confirm(session.user, call.notification_id, call.revision)
    return {}


async def _set_types(calls: Calls, session: Session, call: SetTypes) -> Answer:
    wanted = dict.fromkeys(call.types, call.subscribed)
    subscriptions = await calls.people.subscribe(session.user, wanted, session.id)
    return subscriptions_to_wire(subscriptions)


async def _room(calls: Calls, session: Session, call: RoomCall) -> Answer:
    change = calls.people.join_room if call.join else calls.people.leave_room
    await change(session, call.room, stored=call.stored)
    return {"room": call.room}


async def _refresh_token(calls: Calls, session: Session, call: RefreshToken) -> Answer:
    claims = await calls.tokens.verify(call.token)
    if claims.user != session.user:
        raise RejectedError.at("token", "belongs to another user", Code.TOKEN_INVALID)
    if claims.expires_at <= session.expires_at:
        raise RejectedError.at("token", "does not end later than the old one", Code.TOKEN_INVALID)
    await calls.people.admit(claims)
    session.expires_at, session.issued_at = claims.expires_at, claims.issued_at
    session.room_patterns, session.is_warned = claims.rooms, False
    await calls.people.check_rooms(session)
    return {"expires_at": to_rfc3339(claims.expires_at)}


_ANSWERS: Mapping[type[ClientCall], Callable[[Calls, Session, Any], Awaitable[Answer]]] = {
    GetNotifications: _get_notifications,
    ActCall: _act,
    MarkAllRead: _mark_all_read,
    NotificationAck: _notification_ack,
    SetTypes: _set_types,
    RoomCall: _room,
    RefreshToken: _refresh_token,
}
