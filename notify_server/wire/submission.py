"""What a caller submits (contract 4): shape in, draft out, or every fault with its path.

Called by ``rest/`` for bodies and by ``sio/`` for ``send_notification``. Whether the caller may
do it, and whom it reaches, is decided in ``pipeline/submit``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, missing

from notify_server.domain.errors import Code, Fault, RejectedError
from notify_server.domain.notification import ChannelName, Content, Draft
from notify_server.domain.settings import LimitSettings, NamespaceSettings
from notify_server.domain.target import USER_LINE, Targets
from notify_server.policy.types import TypeRegistry
from notify_server.wire.fields import (
    Flag,
    FreeObject,
    Label,
    ListOf,
    Moment,
    PriorityField,
    Record,
    Seconds,
    StrictSchema,
    Text,
    Url,
    load,
)
from notify_server.wire.json import canonical, check_json, hash_of
from notify_server.wire.targets import parse_targets

URL_CHARS = 2048
NAME_CHARS = 128
LABEL_CHARS = 255
ACTIONS = 10
IDEMPOTENCY_KEY_CHARS = 255

RESERVED: Mapping[str, tuple[object, ...]] = MappingProxyType(
    {
        "channels": (None, ["in_app"]),
        "send_at": (None,),
        "group_key": (None,),
        "template": (None,),
        "params": (None, {}),
    }
)
"""Fields of later capabilities, each with the values that ask for nothing."""

_NOT_YET = "is not available yet"
_TARGET_FIELDS = ("to", "exclude")


class SenderSchema(StrictSchema):
    """``sender``: who is behind it."""

    id = Label(NAME_CHARS, allow_none=True, load_default=None)
    name = Text(LABEL_CHARS, allow_none=True, load_default=None)
    avatar_url = Url(URL_CHARS, allow_none=True, load_default=None)


class ObjectSchema(StrictSchema):
    """``object``: what it is about."""

    type = Text(NAME_CHARS, required=True)
    id = Label(NAME_CHARS, required=True)


class ActionSchema(StrictSchema):
    """One of ``actions``: a button."""

    id = Label(NAME_CHARS, required=True)
    label = Text(LABEL_CHARS, required=True)
    url = Url(URL_CHARS, allow_none=True, load_default=None)


class MediaSchema(StrictSchema):
    """``media``: what is shown beside the text."""

    image_url = Url(URL_CHARS, allow_none=True, load_default=None)


@lru_cache(maxsize=8)
def content_schema(limits: LimitSettings) -> Schema:
    """The schema of a submission without its targets and reserved fields, made for these limits."""
    return _content_class(limits)()


@lru_cache(maxsize=64)
def _given_schema(limits: LimitSettings, given: frozenset[str]) -> Schema:
    """The same for the fields that a call gives: most calls give a few of twenty."""
    return _content_class(limits)(only=given)


def _load_given(
    limits: LimitSettings, own: Mapping[str, object], path: str
) -> tuple[dict[str, Any], list[Fault]]:
    """Load the fields that are given, and fill in the defaults of the others."""
    fields = content_schema(limits).fields
    given = frozenset(name for name in own if name in fields)
    values, faults = load(_given_schema(limits, given), own, path)
    for name, field in fields.items():
        if name not in given and field.load_default is not missing:
            default = field.load_default
            values[name] = default() if callable(default) else default
    return values, faults


@lru_cache(maxsize=8)
def _content_class(limits: LimitSettings) -> type[Schema]:
    optional: dict[str, Any] = {"allow_none": True, "load_default": None}
    return StrictSchema.from_dict(
        {
            "title": Text(limits.title_chars),
            "message": Text(limits.message_chars),
            "type": Text(NAME_CHARS, **optional),
            "priority": PriorityField(**optional),
            "event_name": Text(NAME_CHARS, **optional),
            "source": Text(NAME_CHARS, **optional),
            "tags": ListOf(Text(limits.tag_chars), limits.tags, load_default=list),
            "data": FreeObject(load_default=dict),
            "object": Record(ObjectSchema(), **optional),
            "sender": Record(SenderSchema(), **optional),
            "action_url": Url(URL_CHARS, **optional),
            "action_label": Text(LABEL_CHARS, **optional),
            "actions": ListOf(Record(ActionSchema()), ACTIONS, load_default=list),
            "media": Record(MediaSchema(), **optional),
            "requires_acknowledgment": Flag(load_default=False),
            "persist": Flag(load_default=True),
            "expires_at": Moment(**optional),
            "ttl_s": Seconds(**optional),
            "collapse_key": Text(LABEL_CHARS, **optional),
        },
        name="Submission",
    )


@dataclass(frozen=True, slots=True)
class _Call:
    """What a submission is judged by."""

    types: TypeRegistry
    limits: LimitSettings
    namespaces: NamespaceSettings
    now: datetime
    prefix: str

    def path(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name


def parse_draft(
    raw: object,
    types: TypeRegistry,
    limits: LimitSettings,
    now: datetime,
    path: str = "",
    *,
    namespaces: NamespaceSettings,
    need_targets: bool = True,
) -> Draft:
    """Read one submission.

    Args:
        raw: The parsed body, from HTTP or a socket.
        types: The registered types.
        limits: Sizes.
        now: For ``ttl_s`` and to refuse what is past.
        path: Where it stands in the call, for the paths of faults.
        namespaces: Known lines and aliases.
        need_targets: False for a replacement, which keeps its targets.

    Raises:
        RejectedError: All faults at once. NOT_AVAILABLE if every one of them is about a capability
            that does not exist yet, else INVALID.
    """
    call = _Call(types, limits, namespaces, now, path)
    if not isinstance(raw, dict):
        raise RejectedError.at(path, "must be an object")
    broken = list(check_json(raw, path))
    reserved = _reserved_faults(raw, call)
    own = {key: value for key, value in raw.items() if key not in RESERVED}
    targets, line, faults = _targets(own, call, need_targets=need_targets)
    values, shape_faults = _load_given(limits, own, path)
    faults += shape_faults
    faults += _missing(raw, call)
    encoded = b"" if broken else canonical(raw)
    faults += _size_faults(raw, len(encoded), call)
    faults += _sense_faults(values, call)
    _refuse([*broken, *faults], reserved)
    content = _content(values, call)
    return Draft(targets, content, line, values["persist"], body_hash=hash_of(encoded))


def idempotency_key_problem(key: object) -> str:
    """What is wrong with an idempotency key, or an empty text."""
    if not isinstance(key, str):
        return "must be a text"
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARS:
        return f"must have 1 to {IDEMPOTENCY_KEY_CHARS} characters"
    if not key.isprintable():
        return "must be printable"
    return ""


def _reserved_faults(raw: Mapping[str, object], call: _Call) -> list[Fault]:
    faults = []
    for name, harmless in RESERVED.items():
        if name in raw and raw[name] not in harmless:
            faults.append(Fault(call.path(name), _NOT_YET))
    channels = raw.get("channels")
    if isinstance(channels, list) and not set(map(str, channels)) <= set(ChannelName):
        known = ", ".join(ChannelName)
        return [*faults, Fault(call.path("channels"), f"must be of {known}")]
    return faults


def _targets(
    own: dict[str, object], call: _Call, *, need_targets: bool
) -> tuple[Targets, str, list[Fault]]:
    """Take the target fields out of ``own`` and read them."""
    given = {name: own.pop(name) for name in _TARGET_FIELDS if name in own}
    if not need_targets:
        kept = "must not be given: a replacement keeps its targets"
        return Targets(), USER_LINE, [Fault(call.path(name), kept) for name in given]
    if given.get("to") is None:
        return Targets(), USER_LINE, [Fault(call.path("to"), "is required")]
    return parse_targets(given["to"], given.get("exclude"), call.limits, call.namespaces, call.path)


def _missing(raw: Mapping[str, object], call: _Call) -> list[Fault]:
    if raw.get("template") is not None:
        return []
    return [
        Fault(call.path(name), "is required") for name in ("title", "message") if name not in raw
    ]


def _size_faults(raw: Mapping[str, object], size: int, call: _Call) -> list[Fault]:
    """What is too large or too deep in a call of ``size`` bytes; 0: it cannot be measured."""
    limits = call.limits
    if size == 0:
        return []
    if size > limits.notification_bytes:
        return [Fault(call.prefix, f"must not be larger than {limits.notification_bytes} bytes")]
    data = raw.get("data")
    if not isinstance(data, dict):
        return []
    at = call.path("data")
    faults = list(check_json(data, at, limits.data_depth))
    if size > limits.data_bytes and len(canonical(data)) > limits.data_bytes:
        faults.append(Fault(at, f"must not be larger than {limits.data_bytes} bytes"))
    return faults


def _sense_faults(values: Mapping[str, Any], call: _Call) -> list[Fault]:
    """Faults between fields, each of which is well formed by itself."""
    faults = []
    kind, until, ttl = values.get("type"), values.get("expires_at"), values.get("ttl_s")
    if kind is not None and kind not in call.types:
        faults.append(Fault(call.path("type"), "is not a registered type"))
    if until is not None and ttl is not None:
        faults.append(Fault(call.path("ttl_s"), "must not be given together with expires_at"))
    if until is not None and until <= call.now:
        faults.append(Fault(call.path("expires_at"), "must be in the future"))
    if values.get("requires_acknowledgment") is True and values.get("persist") is False:
        at = call.path("requires_acknowledgment")
        faults.append(Fault(at, "must be false when persist is false"))
    return faults


def _refuse(faults: list[Fault], reserved: list[Fault]) -> None:
    everything = list(dict.fromkeys([*faults, *reserved]))
    if not everything:
        return
    only_reserved = not faults and all(fault.message == _NOT_YET for fault in reserved)
    code = Code.NOT_AVAILABLE if only_reserved else Code.INVALID
    raise RejectedError(code, faults=everything)


def _content(values: Mapping[str, Any], call: _Call) -> Content:
    kind = values["type"] or "info"
    expires_at = values["expires_at"]
    if values["ttl_s"] is not None:
        expires_at = call.now + timedelta(seconds=values["ttl_s"])
    return Content(
        title=values["title"],
        message=values["message"],
        type=kind,
        priority=values["priority"] or call.types.priority(kind),
        event_name=values["event_name"],
        source=values["source"],
        tags=tuple(dict.fromkeys(values["tags"])),
        data=values["data"],
        object=values["object"],
        sender=values["sender"],
        action_url=values["action_url"],
        action_label=values["action_label"],
        actions=tuple(values["actions"]),
        media=values["media"],
        requires_acknowledgment=values["requires_acknowledgment"],
        expires_at=_whole_ms(expires_at),
        collapse_key=values["collapse_key"],
    )


def _whole_ms(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
