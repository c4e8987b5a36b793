"""Strict marshmallow fields: no value is ever converted from another type.

marshmallow's own fields accept ``"5"`` for 5, 1 for true and bytes for text; a caller whose
mistake is accepted today is broken by tomorrow's fix, so these say no.
Used by every schema in ``wire/``.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from typing_extensions import override

from notify_server.domain.errors import Fault
from notify_server.domain.notification import Priority
from notify_server.wire.json import path_key

_MESSAGES: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "is required",
    "null": "must not be null",
}
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DOTS = (".", "..")
"""Clients and proxies take them out of a path before it is sent, however they are written."""
_SCHEMES = ("https", "http", "mailto")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)
MAX_SECONDS = 10 * 366 * 86_400
"""Longest span that a call may name: ten years."""


class StrictSchema(Schema):
    """A schema that names every fault in the same words and refuses unknown fields."""

    error_messages = {"unknown": "unknown field", "type": "must be an object"}  # noqa: RUF012

    class Meta:
        """Unknown fields are faults, so that a misspelt one is never ignored."""

        unknown = RAISE


class _Strict(fields.Field[Any]):
    """Base: the words for what every field can lack."""

    default_error_messages = _MESSAGES


class Text(_Strict):
    """A text of ``least`` to ``most`` characters."""

    def __init__(self, most: int, least: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most
        self.least = least

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("must be a text")
        if len(value) > self.most:
            raise ValidationError(f"must not be longer than {self.most} characters")
        if self.least and not value.strip():
            raise ValidationError("must not be empty")
        return value


class Label(Text):
    """A text of one line: no control characters."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if problem := _label_problem(value, self.most):
            raise ValidationError(problem)
        return value


class Id(Label):
    """A user, room, role or notification id: one that can stand in a path."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if problem := id_problem(value, self.most):
            raise ValidationError(problem)
        return value


def id_problem(value: object, most: int) -> str:
    """What is wrong with an id, or an empty text."""
    if value in _DOTS:
        return "must not be . or .., which no client can send as a part of a path"
    return _label_problem(value, most)


def _label_problem(value: object, most: int) -> str:
    if not isinstance(value, str):
        return "must be a text"
    if not value.strip():
        return "must not be empty"
    if len(value) > most:
        return f"must not be longer than {most} characters"
    if any(_is_control(char) for char in value):
        return "must not contain control characters"
    return ""


def _is_control(char: str) -> bool:
    return char < " " or "\x7f" <= char <= "\x9f" or char in "\u2028\u2029"


class Url(Text):
    """``https:``, ``http:``, ``mailto:`` or relative; nothing that a browser reads differently."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if problem := url_problem(text):
            raise ValidationError(problem)
        return text


def url_problem(url: str) -> str:
    """What is wrong with a URL, or an empty text.

    Browsers drop tabs and newlines, trim, and read a backslash as a slash, so ``java\\tscript:``
    and ``/\\evil`` would pass a plain look at the scheme: such characters are refused altogether.
    """
    if any(_is_control(char) or char == "\\" or char.isspace() for char in url):
        return "must not contain control characters, backslashes or spaces"
    if url.startswith("//"):
        return "must name its scheme, or be a path on this site"
    if scheme := _SCHEME.match(url):
        name = scheme.group(1).lower()
        rest = url[scheme.end() :]
        if name not in _SCHEMES:
            return "must begin with https:, http: or mailto:, or be relative"
        if name != "mailto" and (not rest.startswith("//") or rest[2:3] in ("", "/", "?", "#")):
            return f"must name a host: {name}://host/path"
        return ""
    if ":" in re.split(r"[/?#]", url, maxsplit=1)[0]:
        return "must begin with https:, http: or mailto:, or be relative"
    return ""


class Flag(_Strict):
    """True or false; with ``text`` also as a query string spells them."""

    def __init__(self, *, text: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text = text

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            return value
        if self.text and value in ("true", "1", "false", "0"):
            return value in ("true", "1")
        raise ValidationError("must be true or false")


class Whole(_Strict):
    """A whole number of ``least`` to ``most``; with ``text`` also as digits."""

    def __init__(self, least: int, most: int, *, text: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least = least
        self.most = most
        self.text = text

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        number = value
        if self.text and isinstance(value, str) and re.fullmatch(r"\d{1,18}", value, re.ASCII):
            number = int(value)
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValidationError("must be a whole number")
        if not self.least <= number <= self.most:
            raise ValidationError(f"must be from {self.least} to {self.most}")
        return number


class Seconds(_Strict):
    """A span above 0 and up to ten years, as int or float; with ``text`` also as digits."""

    def __init__(self, *, text: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text = text

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        number = value
        if self.text and isinstance(value, str) and re.fullmatch(r"\d{1,12}", value, re.ASCII):
            number = int(value)
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise ValidationError("must be a number of seconds")
        if not 0 < number <= MAX_SECONDS:
            raise ValidationError(f"must be above 0 and at most {MAX_SECONDS}")
        return number


class Moment(_Strict):
    """A time as RFC 3339 spells it; made UTC, cut to milliseconds."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        moment = parse_moment(value) if isinstance(value, str) else None
        if moment is None:
            raise ValidationError("must be a time like 2026-01-31T12:00:00Z")
        return moment


def parse_moment(text: str) -> datetime | None:
    """An RFC 3339 time as aware UTC, or None."""
    parts = _RFC3339.fullmatch(text)
    if parts is None:
        return None
    day, clock, fraction, zone = parts.groups()
    zone = "+00:00" if zone in "Zz" else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=int((fraction or "0").ljust(3, "0")[:3]) * 1000)


class PriorityField(_Strict):
    """One of the five; ``medium`` is read as ``normal``."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        name = "normal" if value == "medium" else value
        if not isinstance(name, str) or name not in Priority.__members__.values():
            raise ValidationError("must be one of low, normal, high, urgent, critical")
        return Priority(name)


class ListOf(_Strict):
    """A list of ``least`` to ``most`` items of one field, each fault under its index."""

    def __init__(self, inner: fields.Field[Any], most: int, least: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner
        self.most = most
        self.least = least

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise ValidationError("must be a list")
        if not self.least <= len(value) <= self.most:
            raise ValidationError(f"must have {self.least} to {self.most} items")
        items: list[Any] = []
        faults: dict[int, Any] = {}
        for index, item in enumerate(value):
            try:
                items.append(self.inner.deserialize(item))
            except ValidationError as error:
                faults[index] = error.messages
        if faults:
            raise ValidationError(faults)
        return items


class Record(_Strict):
    """An object of its own schema."""

    def __init__(self, schema: Schema, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.schema = schema

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise ValidationError("must be an object")
        return self.schema.load(value)


class FreeObject(_Strict):
    """Any object; its size and depth are checked by who uses it."""

    @override
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise ValidationError("must be an object")
        return value


def load(schema: Schema, raw: object, path: str = "") -> tuple[dict[str, Any], list[Fault]]:
    """Load what is right of ``raw`` and list the faults of the rest."""
    if not isinstance(raw, dict):
        return {}, [Fault(path, "must be an object")]
    try:
        return dict(schema.load(raw)), []
    except ValidationError as error:
        valid = error.valid_data if isinstance(error.valid_data, dict) else {}
        return dict(valid), list(_flatten(error.messages, path))


def _flatten(messages: object, path: str) -> list[Fault]:
    """Turn marshmallow's nested messages into paths."""
    if isinstance(messages, Mapping):
        faults: list[Fault] = []
        for key, inner in messages.items():
            at = f"{path}[{key}]" if isinstance(key, int) else path_key(path, key)
            faults += _flatten(inner, path if key == "_schema" else at)
        return faults
    if isinstance(messages, list):
        return [Fault(path, str(message)) for message in messages]
    return [Fault(path, str(messages))]
