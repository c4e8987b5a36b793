"""``notify-server api-key``: the keys of the systems that send."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from notify_server.app.offline import offline
from notify_server.auth.keys import make_key
from notify_server.cli import options
from notify_server.cli.asking import path_of
from notify_server.cli.configured import read_settings
from notify_server.cli.gateway import open_server
from notify_server.cli.show import clean, note, say, say_json, say_table
from notify_server.cli.where import find_endpoint
from notify_server.domain.claims import Scope
from notify_server.domain.errors import NotFoundError
from notify_server.domain.settings import Settings
from notify_server.kit.clock import SystemClock
from notify_server.pipeline.audit import LOCAL, Audit
from notify_server.wire.api_key import key_to_wire, parse_new_key

api_key = typer.Typer(help="Make, list and revoke API keys.")


@api_key.command("create")
def create(
    name: Annotated[str, typer.Option("--name", help="What it is called.", metavar="TEXT")],
    scope: Annotated[
        list[Scope],
        typer.Option(
            "--scope",
            help="What it may do: send, broadcast, read or admin; may be repeated.",
            metavar="SCOPE",
        ),
    ],
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Make a key and print it, this once: only its hash is kept.

    \b
    Examples:
      notify-server api-key create --name shop --scope send
      notify-server api-key create --name ops --scope send --scope broadcast --scope read
    """
    body = {"name": name, "scopes": sorted({one.value for one in scope})}
    made = asyncio.run(_Keys(url, key, config, data_dir).create(body))
    if as_json:
        say_json(made)
        return 0
    note(f"The key {made['id']} ({clean(made['name'])}), shown only now:")
    say(str(made["key"]))
    return 0


@api_key.command("list")
def list_keys(
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """List all keys, revoked ones too.

    \b
    Examples:
      notify-server api-key list
      notify-server api-key list --json
    """
    items = asyncio.run(_Keys(url, key, config, data_dir).list())
    if as_json:
        say_json({"items": items})
        return 0
    rows = [
        (
            one["id"],
            one["name"],
            " ".join(one["scopes"]),
            one["created_at"],
            one["revoked_at"] or "",
        )
        for one in items
    ]
    say_table(("id", "name", "scopes", "created", "revoked"), rows)
    return 0


@api_key.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as listed.", metavar="ID")],
    as_json: options.AsJson = False,
    url: options.Url = None,
    key: options.Key = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
) -> int:
    """Revoke a key: it is refused within 5 s, for good.

    \b
    Examples:
      notify-server api-key revoke 0f3a5c7e9b1d2f4a
    """
    revoked = asyncio.run(_Keys(url, key, config, data_dir).revoke(key_id))
    if as_json:
        say_json(revoked)
    else:
        say(f"revoked {revoked['id']} ({clean(revoked['name'])})")
    return 0


class _Keys:
    """The keys of the running server, or of its store when none runs."""

    def __init__(
        self, url: str | None, key: str | None, config: Path | None, data_dir: Path | None
    ) -> None:
        self._settings: Settings = read_settings(config, data_dir)
        self._endpoint = find_endpoint(url, key, self._settings.server.data_dir)

    async def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        async with open_server(self._endpoint) as api:
            if api is not None:
                return await api.call("POST", path_of("api-keys"), body)
        stored, key = make_key(*parse_new_key(body), SystemClock().now())
        async with offline(self._settings) as (_, store):
            await store.add_key(stored)
            details = {"name": stored.name, "scopes": sorted(stored.scopes)}
            await Audit(store, SystemClock()).record(
                LOCAL, "api_key.create", f"key:{stored.id}", details
            )
        return key_to_wire(stored) | {"key": key}

    async def list(self) -> list[dict[str, Any]]:
        async with open_server(self._endpoint) as api:
            if api is not None:
                answer = await api.call("GET", path_of("api-keys"))
                items: list[dict[str, Any]] = answer["items"]
                return items
        async with offline(self._settings) as (_, store):
            return [key_to_wire(one) for one in await store.keys()]

    async def revoke(self, key_id: str) -> dict[str, Any]:
        async with open_server(self._endpoint) as api:
            if api is not None:
                return await api.call("POST", path_of("api-keys", key_id, "revoke"))
        async with offline(self._settings) as (_, store):
            known = await store.revoke_key(key_id, SystemClock().now())
            stored = await store.key(key_id)
            if known:
                await Audit(store, SystemClock()).record(LOCAL, "api_key.revoke", f"key:{key_id}")
        if not known or stored is None:
            raise NotFoundError(f"There is no key {key_id}.")
        return key_to_wire(stored)
