"""From raw TOML and environment texts to the dataclasses of ``domain/settings.py``.

Called by ``app/config.py``. The dataclasses themselves say which keys there are and of which type;
the tables here add ranges and choices. What does not fit is noted and its default kept, so that
all faults come out of one run.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from notify_server.app.config_faults import Faults, KeyPath, dotted
from notify_server.domain.notification import Priority
from notify_server.domain.settings import (
    NamespaceSettings,
    RetrySettings,
    Settings,
    TypeSettings,
)
from notify_server.policy.types import REGISTERED

_YEAR_S = 366 * 86_400.0
_RANGES: Mapping[str, tuple[float, float]] = {
    "server.port": (0, 65_535),
    "retry.*.attempts": (1, 100),
    "retry.*.base_delay_s": (0.001, 3600),
    "retry.*.ack_timeout_s": (0.1, 3600),
    "retry.*.remind_s": (1, _YEAR_S),
    "retry.*.offline_grace_s": (0, _YEAR_S),
    "retry.*.waits_s": (1, 10 * _YEAR_S),
    "inbox.retention_s": (60, 100 * _YEAR_S),
    "audience.newcomers_see_s": (0, 100 * _YEAR_S),
    "cleanup.interval_s": (1, _YEAR_S),
    "limits.data_depth": (1, 200),
    "limits.handshake_s": (0.1, 3600),
    "limits.*": (1, 2**31 - 1),
}
"""Smallest and largest number; the first pattern that fits counts."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "log.level": ("debug", "info", "warning", "error"),
    "log.format": ("auto", "text", "json"),
}

_SECRETS = frozenset({"auth.jwt_secret", "bus.key", "bus.url", "store.url"})
"""Values that no fault shows; URLs may hold a password."""

_ADMINS = ("ADMIN",)
"""Stands in for roles that could not be read; the start is refused anyway."""

_NONE = ("off", "")
"""How a value that may be absent is left out; TOML knows no null."""

_TRUTH: Mapping[str, bool] = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(
    ("false", "no", "off", "0"), False
)


class EnvText(str):
    """A value from the environment: a text that may stand for any type."""

    __slots__ = ()


def fill_settings(raw: Mapping[str, Any], faults: Faults) -> Settings:
    """The defaults with ``raw`` over them.

    Args:
        raw: Tables of tables; leaves are TOML values or ``EnvText``.
        faults: Takes what does not fit.
    """
    settings: Settings = _table(Settings(), raw, (), faults)
    return settings


def _table(base: Any, raw: object, path: KeyPath, faults: Faults) -> Any:
    """A settings dataclass: ``base`` with the given keys replaced."""
    if not isinstance(raw, Mapping):
        faults.add(path, f"expected a table, got {_shown(path, raw)}")
        return base
    hints = get_type_hints(type(base))
    split = _SPLITS.get(type(base))
    names = sorted(hints) if split is None else split.suggestions(hints)
    entries, changes = {}, {}
    for key, value in raw.items():
        where = (*path, key)
        if split is not None and split.holds(key):
            entries[key] = value
        elif key not in names:
            faults.add(where, _unknown(where, names))
        else:
            changes[key] = _value(hints[key], getattr(base, key), value, where, faults)
    if split is not None:
        changes[split.field] = split.fill(getattr(base, split.field), entries, path, faults)
    return replace(base, **changes)


def _value(hint: Any, base: object, raw: object, path: KeyPath, faults: Faults) -> Any:
    """One key; ``base`` stays when ``raw`` does not fit."""
    if hasattr(hint, "__dataclass_fields__"):
        return _table(base, raw, path, faults)
    if get_origin(hint) is get_origin(Mapping[str, Any]):
        return _types(base, raw, path, faults)
    try:
        value = _scalar(hint, _read(hint, raw) if isinstance(raw, EnvText) else raw)
        _check_range(path, value)
    except ValueError as error:
        faults.add(path, f"expected {error}, got {_shown(path, raw)}")
        return base
    return value


def _types(base: Any, raw: object, path: KeyPath, faults: Faults) -> dict[str, TypeSettings]:
    """[types.<name>]; what is left out of one that is there anyway stays as it is."""
    if not isinstance(raw, Mapping):
        faults.add(path, f"expected a table, got {_shown(path, raw)}")
        return dict(base)
    return {
        name: _table(REGISTERED.get(name, TypeSettings()), row, (*path, name), faults)
        for name, row in raw.items()
    }


def _rules(base: Any, raw: Mapping[str, Any], path: KeyPath, faults: Faults) -> Any:
    """[retry.<priority>] over the rows of the policy."""
    given = {
        Priority(name): _table(base[Priority(name)], row, (*path, name), faults)
        for name, row in raw.items()
    }
    return {**base, **given}


def _lines(base: Any, raw: Mapping[str, Any], path: KeyPath, faults: Faults) -> Any:
    """[namespaces."/x"], each with ``roles``; "/admin" stays."""
    lines = dict(base)
    for name, row in raw.items():
        where = (*path, name)
        roles = base.get(name, _ADMINS)
        if isinstance(row, Mapping):
            for key in row.keys() - {"roles"}:
                faults.add((*where, key), _unknown((*where, key), ["roles"]))
        if isinstance(row, Mapping) and "roles" in row:
            roles = _value(tuple[str, ...], roles, row["roles"], (*where, "roles"), faults)
        elif not isinstance(row, Mapping) or name not in base:
            faults.add(where, "expected a table with roles")
        lines[name] = roles
    return lines


class _Split:
    """A table whose sub-tables fill one mapping, beside plain keys."""

    def __init__(
        self,
        field: str,
        holds: Callable[[str], bool],
        examples: Sequence[str],
        fill: Callable[[Any, Mapping[str, Any], KeyPath, Faults], Any],
    ) -> None:
        self.field = field
        self.holds = holds
        self.fill = fill
        self._examples = examples

    def suggestions(self, hints: Mapping[str, Any]) -> list[str]:
        """Every key that may stand in the table."""
        return [*(name for name in hints if name != self.field), *self._examples]


_PRIORITIES = [str(priority) for priority in Priority]
_SPLITS: Mapping[type, _Split] = {
    RetrySettings: _Split("rules", _PRIORITIES.__contains__, _PRIORITIES, _rules),
    NamespaceSettings: _Split("lines", lambda key: key.startswith("/"), ["/admin"], _lines),
}


def _read(hint: Any, text: EnvText) -> object:
    """What a text from the environment means for a type; itself when it means nothing."""
    plain = str(text)
    try:
        if get_origin(hint) is tuple:
            is_json = plain.lstrip().startswith("[")
            return (
                json.loads(plain)
                if is_json
                else [part.strip() for part in plain.split(",") if part.strip()]
            )
        if hint is bool:
            return _TRUTH.get(plain.strip().lower(), plain)
        if hint is int:
            return int(plain)
        if float in (hint, *get_args(hint)):
            return float(plain)
    except ValueError:
        return plain
    return plain


def _scalar(hint: Any, raw: object) -> Any:
    """``raw`` as the type of the hint.

    Raises:
        ValueError: It does not fit; the text says what was expected.
    """
    if isinstance(hint, UnionType):
        return _optional(hint, raw)
    if get_origin(hint) is tuple:
        if not isinstance(raw, list):
            raise ValueError("a list")
        return tuple(_scalar(get_args(hint)[0], item) for item in raw)
    if issubclass(hint, StrEnum):
        return hint(_choice(raw, [str(member) for member in hint]))
    if hint is Path:
        if not isinstance(raw, str) or not raw or "\0" in raw:
            raise ValueError("a path")
        return Path(raw)
    kinds, words = _PLAIN[hint]
    if not isinstance(raw, kinds) or (isinstance(raw, bool) and hint is not bool):
        raise ValueError(words)
    return hint(raw)


_PLAIN: Mapping[type, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"),
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
}
"""Each plain type: what TOML may give for it, and its name in a fault."""


def _optional(hint: UnionType, raw: object) -> Any:
    if raw in _NONE:
        return None
    (inner,) = (kind for kind in get_args(hint) if kind is not NoneType)
    try:
        return _scalar(inner, raw)
    except ValueError as error:
        raise ValueError(f'{error} or "off"') from error


def _choice(raw: object, choices: Sequence[str]) -> str:
    if not isinstance(raw, str) or raw not in choices:
        raise ValueError("one of " + ", ".join(choices))
    return raw


def _check_range(path: KeyPath, value: object) -> None:
    key = ".".join(path)
    if key in _CHOICES:
        _choice(value, _CHOICES[key])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    for pattern, (low, high) in _RANGES.items():
        if fnmatchcase(key, pattern):
            if not low <= value <= high:  # this way round NaN is refused
                raise ValueError(f"a number from {low:g} to {high:.12g}")
            return


def _unknown(path: KeyPath, names: Sequence[str]) -> str:
    """``unknown key``, with what may have been meant: a near name here, or this name elsewhere."""
    near = get_close_matches(path[-1], names, n=1)
    if near:
        return f"unknown key; did you mean {dotted((*path[:-1], near[0]))}?"
    for section, hint in get_type_hints(Settings).items():
        if hint not in _SPLITS and path[-1] in getattr(hint, "__dataclass_fields__", {}):
            return f"unknown key; did you mean {section}.{path[-1]}?"
    return "unknown key; expected one of " + ", ".join(names)


def _shown(path: KeyPath, raw: object) -> str:
    """A value as a fault may show it."""
    if isinstance(raw, Mapping):
        return "a table"
    if ".".join(path) in _SECRETS:
        return "another value" if isinstance(raw, str) else f"a {type(raw).__name__}"
    text = json.dumps(raw, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
