"""The configuration: one TOML file, environment variables over it, checked as a whole.

Called by ``cli/`` before anything else is made. ``config.example.toml`` documents every key.

``NOTIFY_<SECTION>__<KEY>`` overrides a key; deeper ones have further ``__``, as in
``NOTIFY_RETRY__HIGH__ATTEMPTS``. Lists are JSON or separated by commas. Names without ``__`` are
none of ours (``NOTIFY_URL`` is the command line's, ``NOTIFY_SOCKET`` systemd's, and Kubernetes
makes ``NOTIFY_SERVER_PORT`` out of a service's name).
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from notify_server.app.config_checks import check_settings
from notify_server.app.config_faults import ConfigError, ConfigFault, Faults, KeyPath, Place
from notify_server.app.config_fill import EnvText, fill_settings
from notify_server.domain.settings import Settings

__all__ = ["ConfigError", "ConfigFault", "load_settings"]

_PREFIX = "NOTIFY_"
_TEST_PREFIX = "NOTIFY_TEST_"
_SQLITE = "sqlite:///"

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER_LINE = re.compile(rf"\s*\[\[?\s*({_KEYS})\s*\]")
_KEY_LINE = re.compile(rf"\s*({_KEYS})\s*=")
_SYNTAX_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read, merge, convert and check.

    Args:
        path: The TOML file; None: defaults and environment only.
        environ: The environment variables.

    Returns:
        Settings whose ``…_file`` secrets are read and whose relative paths start at the file's
        folder (without a file: where the process stands).

    Raises:
        ConfigError: With every fault, each with file and line, or variable, and what was expected.
    """
    raw, places = ({}, {}) if path is None else _read_file(path)
    default = Place("" if path is None else path.name)
    faults = Faults(places, default)
    for name in sorted(environ):
        if name.startswith(_PREFIX) and not name.startswith(_TEST_PREFIX) and "__" in name:
            _override(raw, places, name, environ[name])
    settings = fill_settings(raw, faults)
    settings = _anchored(settings, Path() if path is None else path.parent)
    settings = _with_secrets(settings, faults)
    check_settings(settings, faults)
    faults.raise_if_any()
    return settings


def _read_file(path: Path) -> tuple[dict[str, Any], dict[KeyPath, Place]]:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise _file_error(path, None, f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _file_error(path, None, "it is not UTF-8") from error
    try:
        return tomllib.loads(text), _places(text, path.name)
    except tomllib.TOMLDecodeError as error:
        match = _SYNTAX_PLACE.search(str(error))
        line = int(match[1]) if match and match[1] else len(text.splitlines())
        message = _SYNTAX_PLACE.sub("", str(error))
        raise _file_error(path, line, f"not TOML: {message}") from error


def _file_error(path: Path, line: int | None, message: str) -> ConfigError:
    return ConfigError([ConfigFault(Place(path.name, line), "", message)])


def _places(text: str, source: str) -> dict[KeyPath, Place]:
    """The line of each key and table; tomllib does not tell.

    A line inside a multi-line text may look like a key: then a place may be wrong, never a value.
    """
    places: dict[KeyPath, Place] = {}
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER_LINE.match(line):
            path = table = _key_path(header[1])
        elif key := _KEY_LINE.match(line):
            path = (*table, *_key_path(key[1]))
        else:
            continue
        for length in range(1, len(path) + 1):
            places.setdefault(path[:length], Place(source, number))
    return places


def _key_path(text: str) -> KeyPath:
    """``a."b.c"`` as its parts, read by the one who knows: TOML itself."""
    parts: list[str] = []
    try:
        table: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:  # part of a multi-line text
        return ()
    while isinstance(table, dict):
        ((part, table),) = table.items()
        parts.append(part)
    return tuple(parts)


def _override(raw: dict[str, Any], places: dict[KeyPath, Place], name: str, value: str) -> None:
    """Lay one variable over the file."""
    path = tuple(part.lower() for part in name.removeprefix(_PREFIX).split("__"))
    table = raw
    for part in path[:-1]:
        inner = table.get(part)
        if not isinstance(inner, dict):
            inner = table[part] = {}
        table = inner
    table[path[-1]] = EnvText(value)
    places[path] = Place(name)


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Relative paths start at ``folder``."""

    def at(path: Path | None) -> Path | None:
        return None if path is None else folder / path

    server, store, bus, auth = settings.server, settings.store, settings.bus, settings.auth
    if store.url.startswith(_SQLITE) and not store.url.endswith((_SQLITE, ":memory:")):
        store = replace(store, url=f"{_SQLITE}{folder / store.url.removeprefix(_SQLITE)}")
    return replace(
        settings,
        server=replace(server, data_dir=folder / server.data_dir),
        store=store,
        bus=replace(bus, key_file=at(bus.key_file)),
        auth=replace(
            auth,
            jwt_secret_file=at(auth.jwt_secret_file),
            jwt_public_key_file=at(auth.jwt_public_key_file),
        ),
    )


def _with_secrets(settings: Settings, faults: Faults) -> Settings:
    """Secrets from their files."""
    auth, bus = settings.auth, settings.bus
    secret = _secret(auth.jwt_secret, auth.jwt_secret_file, ("auth", "jwt_secret_file"), faults)
    key = _secret(bus.key, bus.key_file, ("bus", "key_file"), faults)
    return replace(settings, auth=replace(auth, jwt_secret=secret), bus=replace(bus, key=key))


def _secret(given: str, file: Path | None, path: KeyPath, faults: Faults) -> str:
    if file is None:
        return given
    plain = path[-1].removesuffix("_file")
    if given:
        faults.add(path, f"expected either {plain} or {path[-1]}, not both")
        return given
    try:
        text = file.read_text("utf-8").strip()
    except OSError as error:
        faults.add(path, f"it cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        faults.add(path, "expected a text file")
    else:
        if text:
            return text
        faults.add(path, "the file is empty")
    return ""
