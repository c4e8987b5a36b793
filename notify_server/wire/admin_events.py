"""What operators may ask over a socket on the line ``/admin`` (contract 9): one parser per event.

The words are those of the operator's calls over HTTP; called by ``sio/`` for each event.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from marshmallow import Schema

from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.notification import Draft
from notify_server.domain.settings import LimitSettings, NamespaceSettings
from notify_server.policy.types import TypeRegistry
from notify_server.wire.bulk import parse_item
from notify_server.wire.events import AdminEvent
from notify_server.wire.explanation import ExplainQuery, ExplainQuerySchema
from notify_server.wire.fields import Flag, Id, StrictSchema, load
from notify_server.wire.json import check_json
from notify_server.wire.operators import OF_USER, SESSIONS, parse_of_user, parse_sessions

ID_CHARS = 128


@dataclass(frozen=True, slots=True)
class SendNotification:
    """``send_notification``: a submission, with an ``idempotency_key`` beside its fields."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class GetStats:
    """``get_stats``: of all nodes, and of a person if one is named."""

    user: str | None


@dataclass(frozen=True, slots=True)
class GetSessions:
    """``get_sessions``: all, or of a user and of a line."""

    user: str | None
    line: str | None


@dataclass(frozen=True, slots=True)
class Explain:
    """``explain``."""

    notification_id: str
    query: ExplainQuery


@dataclass(frozen=True, slots=True)
class Resend:
    """``resend``: of more people than one call takes, behind ``after``."""

    notification_id: str
    after: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """``cancel``."""

    notification_id: str


@dataclass(frozen=True, slots=True)
class DisconnectSession:
    """``disconnect_session``."""

    sid: str


@dataclass(frozen=True, slots=True)
class Watch:
    """``watch``: whether ``stats`` is pushed to this session from now on."""

    on: bool


AdminCall = (
    SendNotification
    | GetStats
    | GetSessions
    | Explain
    | Resend
    | Cancel
    | DisconnectSession
    | Watch
)


@dataclass(frozen=True, slots=True)
class AdminContext:
    """What parsers need besides the payload."""

    now: datetime
    types: TypeRegistry
    limits: LimitSettings
    namespaces: NamespaceSettings


class ExplainSchema(ExplainQuerySchema):
    """``explain``: the words of the query, and of what."""

    notification_id = Id(ID_CHARS, required=True)


class CancelSchema(StrictSchema):
    """``cancel``."""

    notification_id = Id(ID_CHARS, required=True)


class ResendSchema(CancelSchema):
    """``resend``."""

    after = Id(ID_CHARS, load_default="")


class DisconnectSchema(StrictSchema):
    """``disconnect_session``."""

    sid = Id(ID_CHARS, required=True)


class WatchSchema(StrictSchema):
    """``watch``."""

    on = Flag(load_default=True)


_EXPLAIN, _CANCEL, _RESEND, _DISCONNECT, _WATCH = (
    ExplainSchema(),
    CancelSchema(),
    ResendSchema(),
    DisconnectSchema(),
    WatchSchema(),
)

ADMIN_SCHEMAS: Mapping[AdminEvent, Schema] = MappingProxyType(
    {
        AdminEvent.GET_STATS: OF_USER,
        AdminEvent.GET_SESSIONS: SESSIONS,
        AdminEvent.EXPLAIN: _EXPLAIN,
        AdminEvent.RESEND: _RESEND,
        AdminEvent.CANCEL: _CANCEL,
        AdminEvent.DISCONNECT_SESSION: _DISCONNECT,
        AdminEvent.WATCH: _WATCH,
    }
)
"""The fields of each event but ``send_notification``, whose fields are a submission's."""

_Parser = Callable[[object, AdminContext], AdminCall]


def is_admin_event(name: str) -> bool:
    """Whether the event belongs to ``/admin``."""
    return name in list(AdminEvent)


def parse_admin_event(name: AdminEvent, raw: object, context: AdminContext) -> AdminCall:
    """Read one event of an operator.

    Args:
        name: Which.
        raw: The payload as parsed; None when none was sent.
        context: The moment, and what is configured.

    Raises:
        RejectedError: NOT_AVAILABLE, or INVALID with paths.
    """
    return _PARSERS[name](raw, context)


def _load(schema: Schema, raw: object) -> dict[str, Any]:
    given = {} if raw is None else raw
    values, faults = load(schema, given)
    faults += list(check_json(given))
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return values


def _send(raw: object, context: AdminContext) -> AdminCall:
    draft = parse_item(
        raw, context.types, context.limits, context.now, "", namespaces=context.namespaces
    )
    return SendNotification(draft)


def _get_stats(raw: object, _context: AdminContext) -> AdminCall:
    return GetStats(parse_of_user(raw))


def _get_sessions(raw: object, context: AdminContext) -> AdminCall:
    return GetSessions(*parse_sessions(raw, context.namespaces))


def _explain(raw: object, _context: AdminContext) -> AdminCall:
    values = _load(_EXPLAIN, raw)
    query = ExplainQuery(values.get("user"), values.get("after", ""), values["limit"])
    return Explain(values["notification_id"], query)


def _resend(raw: object, _context: AdminContext) -> AdminCall:
    values = _load(_RESEND, raw)
    return Resend(values["notification_id"], values["after"])


def _cancel(raw: object, _context: AdminContext) -> AdminCall:
    return Cancel(_load(_CANCEL, raw)["notification_id"])


def _disconnect_session(raw: object, _context: AdminContext) -> AdminCall:
    return DisconnectSession(_load(_DISCONNECT, raw)["sid"])


def _watch(raw: object, _context: AdminContext) -> AdminCall:
    return Watch(_load(_WATCH, raw)["on"])


_PARSERS: Mapping[AdminEvent, _Parser] = MappingProxyType(
    {
        AdminEvent.SEND_NOTIFICATION: _send,
        AdminEvent.GET_STATS: _get_stats,
        AdminEvent.GET_SESSIONS: _get_sessions,
        AdminEvent.EXPLAIN: _explain,
        AdminEvent.RESEND: _resend,
        AdminEvent.CANCEL: _cancel,
        AdminEvent.DISCONNECT_SESSION: _disconnect_session,
        AdminEvent.WATCH: _watch,
    }
)
