"""The API key part of the port."""

from datetime import datetime

import orjson
from typing_extensions import override

from notify_server.domain.claims import ApiKey, Scope
from notify_server.domain.errors import Code, ConflictError
from notify_server.kit.clock import from_ms, to_ms
from notify_server.ports.store import KeyStore
from notify_server.stores.sqlite import reads, writes
from notify_server.stores.sqlite.database import Database
from notify_server.stores.sqlite.desk import Desk
from notify_server.stores.sqlite.rows import Row, Value
from notify_server.stores.texts import moment_or_none, ms_or_none, to_json


class SqliteKeys(KeyStore):
    """API keys, hashed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def add_key(self, key: ApiKey) -> None:
        await self._database.write(lambda desk: _add(desk, key))

    @override
    async def key(self, key_id: str) -> ApiKey | None:
        row = await self._database.read(lambda window: window.row(reads.API_KEY, (key_id,)))
        return None if row is None else _from_row(row)

    @override
    async def keys(self) -> list[ApiKey]:
        rows = await self._database.read(lambda window: window.rows(reads.API_KEYS))
        return [_from_row(row) for row in rows]

    @override
    async def revoke_key(self, key_id: str, at: datetime) -> bool:
        values = (to_ms(at), key_id)
        return await self._database.write(
            lambda desk: desk.write(writes.REVOKE_API_KEY, values) > 0
        )


def _add(desk: Desk, key: ApiKey) -> None:
    if desk.write(writes.ADD_API_KEY, key_to_row(key)) == 0:
        raise ConflictError(Code.CONFLICT, "There is a key with this id already.")


def key_to_row(key: ApiKey) -> tuple[Value, ...]:
    """Values for ``writes.ADD_API_KEY``."""
    return (
        key.id,
        key.name,
        to_json(sorted(key.scopes)),
        key.secret_hash,
        to_ms(key.created_at),
        ms_or_none(key.revoked_at),
    )


def _from_row(row: Row) -> ApiKey:
    key_id, name, scopes, secret_hash, created_at, revoked_at = row
    return ApiKey(
        id=key_id,
        name=name,
        scopes=frozenset(Scope(scope) for scope in orjson.loads(scopes)),
        secret_hash=secret_hash,
        created_at=from_ms(created_at),
        revoked_at=moment_or_none(revoked_at),
    )
