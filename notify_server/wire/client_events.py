"""What clients may ask over a socket (contract 9): one parser per event, in one table.

Called by ``sio/`` for each event; what comes out is typed, what is wrong is refused with paths
before any handler sees it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from marshmallow import Schema

from notify_server.domain.actions import Act, Action, ReadAll
from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.settings import NamespaceSettings
from notify_server.domain.target import USER_LINE
from notify_server.domain.view import InboxQuery
from notify_server.wire.events import ClientEvent
from notify_server.wire.fields import Flag, Id, ListOf, StrictSchema, Text, Whole, load
from notify_server.wire.inbox import (
    ACT_SCHEMAS,
    ID_CHARS,
    QUERY,
    ReadAllSchema,
    parse_act,
    parse_query,
    parse_read_all,
)
from notify_server.wire.json import check_json

TYPES = 200
TOKEN_CHARS = 16_384
MAX_REVISION = 2**53
_NOT_YET = "is not available yet"


@dataclass(frozen=True, slots=True)
class GetNotifications:
    """``get_notifications``."""

    line: str
    query: InboxQuery


@dataclass(frozen=True, slots=True)
class ActCall:
    """A verb on ids; ``single``: one was named, so an unknown one is NOT_FOUND."""

    ids: tuple[str, ...]
    act: Act
    single: bool


@dataclass(frozen=True, slots=True)
class MarkAllRead:
    """``mark_all_read``."""

    which: ReadAll


@dataclass(frozen=True, slots=True)
class NotificationAck:
    """``notification_ack``: the same as the acknowledgement callback."""

    notification_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class SetTypes:
    """``subscribe`` and ``unsubscribe``."""

    types: tuple[str, ...]
    subscribed: bool


@dataclass(frozen=True, slots=True)
class RoomCall:
    """``join_room`` (``join``) and ``leave_room``."""

    room: str
    stored: bool
    join: bool


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """``refresh_token``."""

    token: str


ClientCall = (
    GetNotifications | ActCall | MarkAllRead | NotificationAck | SetTypes | RoomCall | RefreshToken
)


@dataclass(frozen=True, slots=True)
class EventContext:
    """What parsers need besides the payload.

    Attributes:
        line: The line of the socket on which the event came.
    """

    now: datetime
    namespaces: NamespaceSettings
    line: str = USER_LINE


class NotificationAckSchema(StrictSchema):
    """``notification_ack``."""

    notification_id = Id(ID_CHARS, required=True)
    revision = Whole(1, MAX_REVISION, load_default=1)


class TypesSchema(StrictSchema):
    """``subscribe``, ``unsubscribe``."""

    types = ListOf(Text(ID_CHARS), TYPES, 1, required=True)


class RoomSchema(StrictSchema):
    """``join_room``, ``leave_room``."""

    room = Id(ID_CHARS, required=True)
    stored = Flag(load_default=False)


class RefreshTokenSchema(StrictSchema):
    """``refresh_token``."""

    token = Text(TOKEN_CHARS, required=True)


ACTION_OF: Mapping[ClientEvent, Action] = MappingProxyType(
    {
        ClientEvent.MARK_READ: Action.READ,
        ClientEvent.MARK_UNREAD: Action.UNREAD,
        ClientEvent.MARK_SEEN: Action.SEEN,
        ClientEvent.DISMISS: Action.DISMISS,
        ClientEvent.RESTORE: Action.RESTORE,
        ClientEvent.PIN: Action.PIN,
        ClientEvent.UNPIN: Action.UNPIN,
        ClientEvent.DELETE: Action.DELETE,
        ClientEvent.ACKNOWLEDGE: Action.ACKNOWLEDGE,
        ClientEvent.SNOOZE: Action.SNOOZE,
        ClientEvent.CLICKED: Action.CLICKED,
    }
)
"""Events that are verbs."""

_ACK, _TYPES, _ROOM, _TOKEN = (
    NotificationAckSchema(),
    TypesSchema(),
    RoomSchema(),
    RefreshTokenSchema(),
)

SCHEMAS: Mapping[ClientEvent, Schema] = MappingProxyType(
    {
        ClientEvent.GET_NOTIFICATIONS: QUERY,
        ClientEvent.MARK_ALL_READ: ReadAllSchema(),
        ClientEvent.NOTIFICATION_ACK: _ACK,
        ClientEvent.SUBSCRIBE: _TYPES,
        ClientEvent.UNSUBSCRIBE: _TYPES,
        ClientEvent.JOIN_ROOM: _ROOM,
        ClientEvent.LEAVE_ROOM: _ROOM,
        ClientEvent.REFRESH_TOKEN: _TOKEN,
        **{event: ACT_SCHEMAS[action] for event, action in ACTION_OF.items()},
    }
)
"""The fields of each event that is available."""

RESERVED = (ClientEvent.GET_PREFERENCES, ClientEvent.UPDATE_PREFERENCES)

_Parser = Callable[[object, EventContext], ClientCall]


def parse_event(name: str, raw: object, context: EventContext) -> ClientCall:
    """Read one event of a client.

    Args:
        name: As it came.
        raw: The payload as parsed; None when the client sent none.
        context: The moment, the lines, and the socket's own line.

    Raises:
        RejectedError: UNKNOWN_EVENT, NOT_AVAILABLE, or INVALID with paths.
    """
    if name in RESERVED:
        raise RejectedError(Code.NOT_AVAILABLE, f"{name} {_NOT_YET}.")
    if name not in SCHEMAS:
        raise RejectedError(Code.UNKNOWN_EVENT)
    return _PARSERS[ClientEvent(name)](raw, context)


def _load(schema: Schema, raw: object) -> dict[str, Any]:
    values, faults = load(schema, raw)
    faults += list(check_json(raw))
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return values


def _get_notifications(raw: object, context: EventContext) -> ClientCall:
    line, query = parse_query(raw, namespaces=context.namespaces, default_line=context.line)
    return GetNotifications(line, query)


def _verb(action: Action) -> _Parser:
    def parse(raw: object, context: EventContext) -> ClientCall:
        ids, act = parse_act(action, raw, context.now)
        single = isinstance(raw, dict) and "notification_id" in raw
        return ActCall(ids, act, single)

    return parse


def _mark_all_read(raw: object, _context: EventContext) -> ClientCall:
    return MarkAllRead(parse_read_all(raw))


def _notification_ack(raw: object, _context: EventContext) -> ClientCall:
    values = _load(_ACK, raw)
    return NotificationAck(values["notification_id"], values["revision"])


def _set_types(*, subscribed: bool) -> _Parser:
    def parse(raw: object, _context: EventContext) -> ClientCall:
        return SetTypes(tuple(dict.fromkeys(_load(_TYPES, raw)["types"])), subscribed)

    return parse


def _room(*, join: bool) -> _Parser:
    def parse(raw: object, _context: EventContext) -> ClientCall:
        values = _load(_ROOM, raw)
        return RoomCall(values["room"], values["stored"], join)

    return parse


def _refresh_token(raw: object, _context: EventContext) -> ClientCall:
    return RefreshToken(_load(_TOKEN, raw)["token"])


_PARSERS: Mapping[ClientEvent, _Parser] = MappingProxyType(
    {
        ClientEvent.GET_NOTIFICATIONS: _get_notifications,
        ClientEvent.MARK_ALL_READ: _mark_all_read,
        ClientEvent.NOTIFICATION_ACK: _notification_ack,
        ClientEvent.SUBSCRIBE: _set_types(subscribed=True),
        ClientEvent.UNSUBSCRIBE: _set_types(subscribed=False),
        ClientEvent.JOIN_ROOM: _room(join=True),
        ClientEvent.LEAVE_ROOM: _room(join=False),
        ClientEvent.REFRESH_TOKEN: _refresh_token,
        **{event: _verb(action) for event, action in ACTION_OF.items()},
    }
)
