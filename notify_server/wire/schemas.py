"""What the API takes, as JSON Schema, out of the marshmallow schemas that check it.

Called for the OpenAPI document. What a schema leaves to code between fields (such as "exactly one
of both") is not said here but in the operation's text.
"""

from collections.abc import Callable, Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from notify_server.domain.claims import Scope
from notify_server.domain.notification import Priority
from notify_server.domain.settings import LimitSettings
from notify_server.wire.api_key import NewKeySchema, ScopeField
from notify_server.wire.cleanup import CleanupSchema
from notify_server.wire.fields import (
    MAX_SECONDS,
    Flag,
    FreeObject,
    Id,
    Label,
    ListOf,
    Moment,
    PriorityField,
    Record,
    Seconds,
    Text,
    Url,
    Whole,
)
from notify_server.wire.inbox import BATCH, BATCH_ACTIONS, ClickSchema, ReadAllSchema, SnoozeSchema
from notify_server.wire.operators import RESEND
from notify_server.wire.submission import IDEMPOTENCY_KEY_CHARS, RESERVED, content_schema
from notify_server.wire.user import PHONE, Address, Locale, Phone, Zone, user_schema

JsonSchema = dict[str, Any]

NO_CONTROLS = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
_NO_DOTS = r"^(?!\.\.?$)"
_NOT_BLANK = r"\S"


class _Converter:
    """apispec, taught our fields."""

    def __init__(self) -> None:
        plugin = MarshmallowPlugin()
        # The plugin makes its converter when it is told the version.
        APISpec("", "", openapi_version="3.1.0", plugins=[plugin])
        if plugin.converter is None:
            raise AssertionError("the plugin was set up")
        self._converter = plugin.converter

        def ours(_plugin: object, field: fields.Field[Any], **_: object) -> JsonSchema:
            return self._field(field)

        self._converter.add_attribute_function(ours)  # type: ignore[no-untyped-call]

    def schema(self, schema: Schema | type[Schema]) -> JsonSchema:
        """A whole schema as an object."""
        made: JsonSchema = self._converter.schema2jsonschema(schema)  # type: ignore[no-untyped-call]
        for shape in made["properties"].values():
            if shape.get("default", 0) in (None, ""):  # means: not given
                del shape["default"]
        return made

    def _field(self, field: fields.Field[Any]) -> JsonSchema:
        made = self._shape(field)
        if field.allow_none and isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
            if "enum" in made:
                made["enum"] = [*made["enum"], None]
        return made

    def _shape(self, field: fields.Field[Any]) -> JsonSchema:
        if isinstance(field, ListOf):
            return self._list(field)
        if isinstance(field, Record):
            return self.schema(field.schema)
        return _SHAPES[type(field)](field)

    def _list(self, field: ListOf) -> JsonSchema:
        items = self._converter.field2property(field.inner)
        made = {"type": "array", "items": items, "maxItems": field.most}
        return made | {"minItems": field.least} if field.least else made


def id_schema(most: int) -> JsonSchema:
    """The id of a user, role, room or notification."""
    return {**_label_schema(most), "pattern": _NO_DOTS + NO_CONTROLS.removeprefix("^")}


def _label_schema(most: int) -> JsonSchema:
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": NO_CONTROLS}


def text_schema(most: int, least: int = 1) -> JsonSchema:
    """A text that is not blank."""
    plain = {"type": "string", "maxLength": most}
    return plain | {"minLength": least, "pattern": _NOT_BLANK} if least else plain


_SHAPES: Mapping[type[fields.Field[Any]], Callable[[Any], JsonSchema]] = {
    Text: lambda field: text_schema(field.most, field.least),
    Label: lambda field: _label_schema(field.most),
    Id: lambda field: id_schema(field.most),
    Url: lambda field: {"type": "string", "format": "uri-reference", "maxLength": field.most},
    Flag: lambda _: {"type": "boolean"},
    Whole: lambda field: {"type": "integer", "minimum": field.least, "maximum": field.most},
    Seconds: lambda field: {
        "type": "integer" if field.text else "number",
        "exclusiveMinimum": 0,
        "maximum": MAX_SECONDS,
    },
    Moment: lambda _: {"type": "string", "format": "date-time"},
    Address: lambda field: {"type": "string", "format": "email", "maxLength": field.most},
    Phone: lambda _: {"type": "string", "pattern": f"^{PHONE}$"},
    Locale: lambda field: text_schema(field.most) | {"description": "A language tag of BCP 47."},
    Zone: lambda field: text_schema(field.most) | {"description": "A zone of the IANA database."},
    PriorityField: lambda _: {"type": "string", "enum": [*map(str, Priority), "medium"]},
    ScopeField: lambda _: {"type": "string", "enum": list(map(str, Scope))},
    FreeObject: lambda _: {"type": "object"},
}
"""Whoever makes a field of a new kind adds it here."""

_CONVERTER = _Converter()


def query_parameters(schema: Schema | type[Schema]) -> list[JsonSchema]:
    """What may stand in a query string, each name once; None is left out, not written."""
    parameters = []
    whole = _CONVERTER.schema(schema)
    for name, shape in whole["properties"].items():
        kind = shape["type"]
        plain = {key: value for key, value in shape.items() if value is not None}
        if isinstance(kind, list):
            plain["type"] = kind[0]
        if "enum" in plain:
            plain["enum"] = [value for value in plain["enum"] if value is not None]
        parameter: JsonSchema = {"name": name, "in": "query", "schema": plain}
        if name in whole.get("required", ()):
            parameter["required"] = True
        parameters.append(parameter)
    return parameters


def request_schemas(limits: LimitSettings) -> dict[str, JsonSchema]:
    """Every body that is taken, by its name in the document."""
    target = _target(limits)
    replacement = _content(limits)
    submission = {
        **replacement,
        "properties": {
            "to": {
                "oneOf": [target, {"type": "array", "items": target, **_few(limits)}],
                "description": "A target or a list of them; a bare text is a user id.",
            },
            "exclude": {
                "type": ["array", "null"],
                "items": id_schema(limits.id_chars),
                "maxItems": limits.targets,
                "description": "Users who get nothing, whatever target names them.",
            },
            **replacement["properties"],
        },
        "required": ["to", "title", "message"],
    }
    item = {**submission, "properties": {**submission["properties"], "idempotency_key": _KEY}}
    return {
        "Submission": submission,
        "Replacement": replacement,
        "BulkSubmission": _closed(
            {"items": {"type": "array", "items": item, "minItems": 1,
                       "maxItems": limits.bulk_items}}
        ),
        "Snooze": _CONVERTER.schema(SnoozeSchema),
        "Click": _CONVERTER.schema(ClickSchema),
        "MarkAllRead": _CONVERTER.schema(ReadAllSchema),
        "Batch": _batch(),
        "SubscriptionChange": _closed(
            {"types": {"type": "object", "additionalProperties": {"type": "boolean"}}}
        ),
        "NewApiKey": _CONVERTER.schema(NewKeySchema),
        "CleanupWish": _CONVERTER.schema(CleanupSchema),
        "UserProfile": _CONVERTER.schema(user_schema(limits)),
        "ResendWish": _CONVERTER.schema(RESEND),
        "Nothing": {"type": "object", "additionalProperties": False},
    }  # fmt: skip


def converted(schema: Schema | type[Schema]) -> JsonSchema:
    """One marshmallow schema as JSON Schema."""
    return _CONVERTER.schema(schema)


_KEY: Mapping[str, object] = {
    "type": ["string", "null"], "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARS,
}  # fmt: skip


def _closed(properties: Mapping[str, object]) -> JsonSchema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _few(limits: LimitSettings) -> JsonSchema:
    return {"minItems": 1, "maxItems": limits.targets}


def _target(limits: LimitSettings) -> JsonSchema:
    name = id_schema(limits.id_chars)
    kinds = [_closed({kind: name}) for kind in ("user", "role", "room", "namespace")]
    return {"oneOf": [name, *kinds, _closed({"all": {"const": True}})]}


def _content(limits: LimitSettings) -> JsonSchema:
    made = _CONVERTER.schema(content_schema(limits))
    later: JsonSchema = {
        "channels": {"enum": [None, ["in_app"]]},
        "params": {"type": ["object", "null"], "maxProperties": 0},
    }
    for name in RESERVED:
        shape = later.get(name, {"type": "null"})
        made["properties"][name] = {**shape, "description": "Of a later version."}
    return {**made, "required": ["title", "message"]}


def _batch() -> JsonSchema:
    made = _CONVERTER.schema(BATCH)
    made["properties"]["action"] = {"type": "string", "enum": list(map(str, BATCH_ACTIONS))}
    return {**made, "required": ["ids", "action"]}
