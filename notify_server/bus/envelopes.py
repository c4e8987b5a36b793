"""News as signed bytes and back.

Whoever can publish on the bus could speak for a node, so each envelope carries an HMAC over all
that it says, and what is not signed, not from now, or not understood is dropped and counted (F30).
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from cattrs import ClassValidationError
from cattrs.preconf.orjson import make_converter

from notify_server.bus.peers import Sign
from notify_server.domain.notification import JsonObject
from notify_server.kit.clock import Clock, from_ms, to_ms
from notify_server.ports.bus import (
    AttendanceAsked,
    AttendanceTold,
    FrameNews,
    KickNews,
    News,
    NotificationNews,
    PersonNews,
    SessionsAsked,
    SessionsTold,
    StateNews,
    StateSignal,
)

LATE_MS = 60_000
"""An envelope that is older, or so far from the future, is not believed."""

_KINDS: Mapping[str, type[News]] = {
    "notification": NotificationNews,
    "state": StateNews,
    "frame": FrameNews,
    "person": PersonNews,
    "kick": KickNews,
    "asked": SessionsAsked,
    "told": SessionsTold,
    "how many asked": AttendanceAsked,
    "how many told": AttendanceTold,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_MOMENT = "$at"
_SIGNS = frozenset(Sign)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What arrived.

    Attributes:
        node: Who says it.
        number: Grows with each that the node sends; the same on several channels.
        news: None: it only says how it is itself.
    """

    node: str
    number: int
    news: News | None
    sign: Sign = Sign.HERE


class BadEnvelopeError(Exception):
    """It is not one that a node of ours has made just now."""


class UnknownNewsError(BadEnvelopeError):
    """A node of ours made it, but not of this version: it says what is not known here."""


class Envelopes:
    """Seals and opens with one key."""

    def __init__(self, key: str, clock: Clock) -> None:
        self._key = key.encode()
        self._clock = clock
        self._converter = _converter()

    def seal(self, node: str, number: int, news: News | None, sign: Sign = Sign.HERE) -> bytes:
        """One envelope: the signature, then JSON."""
        kind = None if news is None else _NAMES[type(news)]
        body = sign if news is None else self._converter.unstructure(news)
        payload = orjson.dumps([node, number, to_ms(self._clock.now()), kind, body])
        return self._sign(payload) + payload

    def open(self, sealed: bytes) -> Envelope:
        """Believe an envelope.

        Raises:
            UnknownNewsError: It is ours, and not understood.
            BadEnvelopeError: It is forged or old.
        """
        signature, payload = sealed[:64], sealed[64:]
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise BadEnvelopeError("forged")
        try:
            node, number, at, kind, body = orjson.loads(payload)
        except (ValueError, TypeError) as error:
            raise UnknownNewsError("unknown") from error
        if abs(to_ms(self._clock.now()) - at) > LATE_MS:
            raise BadEnvelopeError("late")
        if kind is None and body in _SIGNS:
            return Envelope(node, number, None, Sign(body))
        if kind not in _KINDS:
            raise UnknownNewsError("unknown")
        try:
            news = self._converter.structure(body, _KINDS[kind])
        except (ClassValidationError, ValueError, TypeError, KeyError) as error:
            raise UnknownNewsError("unknown") from error
        return Envelope(node, number, news)

    def _sign(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, hashlib.sha256).hexdigest().encode()


def _converter() -> Any:
    """Of every field by its type; what callers wrote stays as it is, moments aside."""
    converter = make_converter()
    converter.register_unstructure_hook(datetime, to_ms)
    converter.register_structure_hook(datetime, lambda value, _: from_ms(value))
    given = (JsonObject, JsonObject | None)
    many, changes = tuple[JsonObject, ...], Mapping[str, object]
    converter.register_structure_hook_func(lambda kind: kind in given, lambda value, _: value)
    converter.register_unstructure_hook_func(lambda kind: kind in given, lambda value: value)
    converter.register_structure_hook_func(lambda kind: kind == many, lambda value, _: tuple(value))
    converter.register_unstructure_hook_func(lambda kind: kind == many, list)
    converter.register_structure_hook_func(lambda kind: kind == changes, lambda v, _: _back(v))
    converter.register_unstructure_hook_func(lambda kind: kind == changes, _out)
    _register_signals(converter)
    return converter


def _register_signals(converter: Any) -> None:
    """A signal says which one it is; none is none."""
    signals: Mapping[str, type] = {each.__name__: each for each in StateSignal.__args__}

    def out(signal: StateSignal | None) -> Any:
        if signal is None:
            return None
        return [type(signal).__name__, converter.unstructure(signal)]

    def back(value: Any, _kind: Any) -> Any:
        return None if value is None else converter.structure(value[1], signals[value[0]])

    is_signal: Callable[[Any], bool] = lambda kind: kind == (StateSignal | None)  # noqa: E731
    converter.register_unstructure_hook_func(is_signal, out)
    converter.register_structure_hook_func(is_signal, back)


def _out(value: Any) -> Any:
    """JSON, moments marked."""
    if isinstance(value, datetime):
        return {_MOMENT: to_ms(value)}
    if isinstance(value, Mapping):
        return {key: _out(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_out(each) for each in value]
    return value


def _back(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_MOMENT}:
            return from_ms(value[_MOMENT])
        return {key: _back(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_back(each) for each in value]
    return value
