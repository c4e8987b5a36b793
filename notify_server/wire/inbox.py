"""What a person asks of their list: filters, verbs, batches; by query string or by socket."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from marshmallow import Schema

from notify_server.domain.actions import Act, Action, ReadAll
from notify_server.domain.errors import Code, Fault, RejectedError
from notify_server.domain.settings import CompatSettings, NamespaceSettings
from notify_server.domain.target import USER_LINE
from notify_server.domain.view import Counts, InboxQuery, Page
from notify_server.wire.cursor import decode_position, encode_position
from notify_server.wire.fields import (
    Flag,
    FreeObject,
    Id,
    Label,
    ListOf,
    Moment,
    PriorityField,
    Seconds,
    StrictSchema,
    Text,
    Whole,
    load,
)
from notify_server.wire.json import check_json, path_key
from notify_server.wire.notification import view_to_wire
from notify_server.wire.targets import resolve_line

MAX_PAGE = 100
MAX_OFFSET = 10_000
MAX_BATCH = 500
ID_CHARS = 128
QUERY_CHARS = 255
CURSOR_CHARS = 1024
TAGS = 32

_NO_COMPAT = CompatSettings()
_DEFAULTS = InboxQuery()


def _query_schema(*, text: bool) -> Schema:
    """Filters; ``text``: from a query string, where numbers and flags are texts."""
    flag: dict[str, Any] = {"text": text, "load_default": False}
    none: dict[str, Any] = {"allow_none": True, "load_default": None}
    schema = StrictSchema.from_dict(
        {
            "namespace": Text(ID_CHARS, **none),
            "limit": Whole(1, MAX_PAGE, text=text, load_default=_DEFAULTS.limit),
            "before": Text(CURSOR_CHARS, **none),
            "after": Text(CURSOR_CHARS, **none),
            "offset": Whole(0, MAX_OFFSET, text=text, load_default=0),
            "unread": Flag(**flag),
            "unread_only": Flag(**flag),
            "type": Text(ID_CHARS, **none),
            "min_priority": PriorityField(**none),
            "source": Text(ID_CHARS, **none),
            "tag": Text(ID_CHARS, **none),
            "max_age_s": Seconds(text=text, **none),
            "q": Text(QUERY_CHARS, **none),
            "dismissed": Flag(**flag),
            "pinned": Flag(**flag),
            "snoozed": Flag(**flag),
            "subscribed": Flag(**flag),
        },
        name="Query",
    )
    return schema()


QUERY = _query_schema(text=False)
QUERY_STRING = _query_schema(text=True)


def parse_query(
    raw: object,
    *,
    namespaces: NamespaceSettings,
    default_line: str = USER_LINE,
    text: bool = False,
) -> tuple[str, InboxQuery]:
    """Read filters and paging.

    Args:
        raw: The members of a query string, or a socket's payload (None: no filter).
        namespaces: Known lines and aliases.
        default_line: The line when none is named: the socket's own.
        text: True for query strings.

    Returns:
        The line and the query. Whether the person may see the line is not decided here.

    Raises:
        RejectedError: INVALID with paths.
    """
    given = {} if raw is None else raw
    values, faults = load(QUERY_STRING if text else QUERY, given)
    faults += [*check_json(given), *_paging_faults(values)]
    line = default_line
    if name := values.get("namespace"):
        found = resolve_line(name, namespaces)
        if found is None:
            faults.append(Fault("namespace", "there is no such namespace"))
        line = found or default_line
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return line, _query(values)


class LineSchema(StrictSchema):
    """Calls that take nothing but a line."""

    namespace = Text(ID_CHARS)


_LINE = LineSchema()


def parse_line(raw: object, namespaces: NamespaceSettings) -> str:
    """The line that a query string names, ``/`` by default.

    Raises:
        RejectedError: INVALID with paths.
    """
    line = resolve_line(_load(_LINE, raw).get("namespace", USER_LINE), namespaces)
    if line is None:
        raise RejectedError.at("namespace", "there is no such namespace")
    return line


def _paging_faults(values: Mapping[str, Any]) -> list[Fault]:
    if values.get("before") and values.get("after"):
        return [Fault("after", "must not be given together with before")]
    if values.get("offset") and (values.get("before") or values.get("after")):
        return [Fault("offset", "must not be given together with a cursor")]
    return []


def _query(values: Mapping[str, Any]) -> InboxQuery:
    before, after, age = values["before"], values["after"], values["max_age_s"]
    return InboxQuery(
        limit=values["limit"],
        before=decode_position(before, "before") if before else None,
        after=decode_position(after, "after") if after else None,
        offset=values["offset"],
        unread=values["unread"] or values["unread_only"],
        type=values["type"],
        min_priority=values["min_priority"],
        source=values["source"],
        tag=values["tag"],
        max_age=None if age is None else timedelta(seconds=age),
        text=values["q"],
        dismissed=values["dismissed"],
        pinned=values["pinned"],
        snoozed=values["snoozed"],
        subscribed=values["subscribed"],
    )


class SnoozeSchema(StrictSchema):
    """What a snooze takes: one of both."""

    until = Moment(allow_none=True, load_default=None)
    for_s = Seconds(allow_none=True, load_default=None)


class ClickSchema(StrictSchema):
    """What a click takes: the button's id, if it was one."""

    action = Label(ID_CHARS, allow_none=True, load_default=None)


class NothingSchema(StrictSchema):
    """What all other verbs take."""


EXTRAS: Mapping[Action, type[StrictSchema]] = MappingProxyType(
    {Action.SNOOZE: SnoozeSchema, Action.CLICKED: ClickSchema}
)
"""The fields that an action takes besides its ids."""

BATCH_ACTIONS = (
    Action.READ,
    Action.UNREAD,
    Action.SEEN,
    Action.DISMISS,
    Action.RESTORE,
    Action.PIN,
    Action.UNPIN,
    Action.SNOOZE,
    Action.DELETE,
)

_ONE = {"notification_id": Id(ID_CHARS)}
_MANY = {"ids": ListOf(Id(ID_CHARS), MAX_BATCH, 1)}


def _act_schema(action: Action) -> Schema:
    """Ids in one call: one id for what only a person does to one, else one or many."""
    base = EXTRAS.get(action, NothingSchema)
    ids = _ONE if action in (Action.SNOOZE, Action.CLICKED, Action.ACKNOWLEDGE) else _ONE | _MANY
    return base.from_dict(dict(ids), name=f"Act_{action}")()


ACT_SCHEMAS: Mapping[Action, Schema] = MappingProxyType({a: _act_schema(a) for a in Action})
_BODY_SCHEMAS = {action: EXTRAS.get(action, NothingSchema)() for action in Action}
BATCH = SnoozeSchema.from_dict({**_MANY, "action": Text(ID_CHARS)}, name="Batch")()


def parse_act(action: Action, raw: object, now: datetime) -> tuple[tuple[str, ...], Act]:
    """Read a socket's ``{"notification_id"}`` or ``{"ids"}`` with what the action needs.

    Raises:
        RejectedError: INVALID with paths.
    """
    values = _load(ACT_SCHEMAS[action], raw)
    one, many = values.get("notification_id"), values.get("ids")
    if (one is None) == (many is None):
        raise RejectedError.at("notification_id", "exactly one of notification_id, ids is required")
    ids = (one,) if one is not None else tuple(dict.fromkeys(many or ()))
    return ids, _act(action, values, now)


def parse_act_body(action: Action, raw: object, now: datetime) -> Act:
    """Read the body of ``POST /notifications/{id}/<verb>``; None: no body.

    Raises:
        RejectedError: INVALID with paths.
    """
    return _act(action, _load(_BODY_SCHEMAS[action], {} if raw is None else raw), now)


def parse_batch(raw: object, now: datetime) -> tuple[tuple[str, ...], Act]:
    """Read the body of ``POST /notifications/batch``.

    Raises:
        RejectedError: INVALID with paths.
    """
    values, faults = load(BATCH, raw)
    faults += list(check_json(raw))
    given = {fault.path for fault in faults}
    name = values.get("action")
    if "action" not in given and name not in list(BATCH_ACTIONS):
        faults.append(Fault("action", f"must be one of {', '.join(BATCH_ACTIONS)}"))
    if "ids" not in values and not any(path.startswith("ids") for path in given):
        faults.append(Fault("ids", "is required"))
    if name != Action.SNOOZE:
        extra = [n for n in ("until", "for_s") if values.get(n) is not None]
        faults += [Fault(n, "belongs to snooze only") for n in extra]
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return tuple(dict.fromkeys(values["ids"])), _act(Action(values["action"]), values, now)


def _load(schema: Schema, raw: object) -> dict[str, Any]:
    values, faults = load(schema, raw)
    faults += list(check_json(raw))
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return values


def _act(action: Action, values: Mapping[str, Any], now: datetime) -> Act:
    if action != Action.SNOOZE:
        button = values.get("action") if action == Action.CLICKED else None
        return Act(action, button=button)
    until, for_s = values["until"], values["for_s"]
    if (until is None) == (for_s is None):
        raise RejectedError.at("until", "exactly one of until, for_s is required")
    if for_s is not None:
        return Act(action, until=now + timedelta(milliseconds=round(for_s * 1000)))
    if until <= now:
        raise RejectedError.at("until", "must be in the future")
    return Act(action, until=until)


class ReadAllSchema(StrictSchema):
    """``mark-all-read``; the socket says ``notification_type`` for ``type``."""

    type = Text(ID_CHARS, allow_none=True, load_default=None)
    notification_type = Text(ID_CHARS, allow_none=True, load_default=None)
    tags = ListOf(Text(ID_CHARS), TAGS, load_default=list)
    before = Id(ID_CHARS, allow_none=True, load_default=None)


_READ_ALL = ReadAllSchema()


def parse_read_all(raw: object) -> ReadAll:
    """Read what "mark all read" means; None: everything.

    Raises:
        RejectedError: INVALID with paths.
    """
    values = _load(_READ_ALL, {} if raw is None else raw)
    kind = values["type"] or values["notification_type"]
    return ReadAll(type=kind, tags=tuple(values["tags"]), before=values["before"])


class SubscriptionsSchema(StrictSchema):
    """``PUT /subscriptions``."""

    types = FreeObject(required=True)


_SUBSCRIPTIONS = SubscriptionsSchema()


def parse_subscriptions(raw: object) -> dict[str, bool]:
    """Read ``{"types": {"post_like": false}}``.

    Raises:
        RejectedError: INVALID with paths.
    """
    types = _load(_SUBSCRIPTIONS, raw)["types"]
    faults = [
        Fault(path_key("types", name), "must be true or false")
        for name, value in types.items()
        if not isinstance(value, bool)
    ]
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return dict(types)


def page_to_wire(page: Page, compat: CompatSettings = _NO_COMPAT) -> dict[str, object]:
    """A page as section 6 shows it: ``before`` leads to older ones, ``after`` to newer ones."""
    return {
        "items": [view_to_wire(view, compat) for view in page.items],
        "page_info": {
            "before": None if page.older is None else encode_position(page.older),
            "after": None if page.newer is None else encode_position(page.newer),
            "has_more": page.has_more,
        },
        "meta": {
            "total_count": page.total,
            "more": page.total_more or page.counts.more,
            "unread_count": page.counts.unread,
            "unseen_count": page.counts.unseen,
        },
    }


def counts_to_wire(counts: Counts) -> dict[str, object]:
    """``{"count", "unseen", "more"}``."""
    return {"count": counts.unread, "unseen": counts.unseen, "more": counts.more}
