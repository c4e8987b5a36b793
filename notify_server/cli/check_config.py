"""``notify-server check-config``: every fault of a configuration at once, or what it comes to."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from notify_server.cli import options
from notify_server.cli.configured import read_settings
from notify_server.cli.show import clean, say, say_json
from notify_server.domain.settings import Settings
from notify_server.kit.remote import without_password

_SECRETS = frozenset({"auth.jwt_secret", "bus.key"})
_URLS = frozenset({"store.url", "bus.url", "auth.jwks_url"})
"""They may hold a password."""


def check_config(
    file: Annotated[
        Path | None, typer.Argument(help="Configuration file (TOML).", metavar="[FILE]")
    ] = None,
    as_json: options.AsJson = False,
) -> int:
    """Check a configuration and print what it comes to.

    Secrets are left out. The environment (NOTIFY_<SECTION>__<KEY>) counts as it would for the
    server. Faults are printed all at once, each with file and line; then the exit code is 2.

    \b
    Examples:
      notify-server check-config notify.toml
      notify-server check-config notify.toml --json
    """
    settings = read_settings(file, None)
    effective = dict(effective_settings(settings))
    if as_json:
        say_json(effective)
        return 0
    say("OK")
    for key, value in effective.items():
        say(f"{key} = {clean(_shown(value))}")
    return 0


def effective_settings(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Each key with its value as JSON knows it; secrets only say that they are set."""
    yield from _walk(settings, "")


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value):
        children = {one.name: getattr(value, one.name) for one in fields(value)}
    elif isinstance(value, Mapping):
        children = {str(name): inner for name, inner in value.items()}
    else:
        yield path, _plain(path, value)
        return
    for name, inner in children.items():
        # These two are folded away in the file: [retry.high], [namespaces."/x"].
        folded = f"{path}.{name}" in ("retry.rules", "namespaces.lines")
        yield from _walk(inner, path if folded else f"{path}.{name}".lstrip("."))


def _plain(path: str, value: Any) -> Any:
    if path in _SECRETS:
        return "(set)" if value else ""
    if path in _URLS and value:
        return without_password(value)
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    return '"off"' if value is None else str(value)
