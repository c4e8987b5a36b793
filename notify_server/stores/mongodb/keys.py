"""The API key part of the port."""

from datetime import datetime

from typing_extensions import override

from notify_server.domain.claims import ApiKey
from notify_server.domain.errors import Code, ConflictError
from notify_server.kit.clock import to_ms
from notify_server.ports.store import KeyStore
from notify_server.stores.mongodb import queries
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import key_from, key_to


class MongoKeys(KeyStore):
    """API keys, hashed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def add_key(self, key: ApiKey) -> None:
        if await self._database.run(self._database.insert(queries.API_KEY, [key_to(key)])):
            raise ConflictError(Code.CONFLICT, "There is a key with this id already.")

    @override
    async def key(self, key_id: str) -> ApiKey | None:
        found = await self._database.run(self._database.find(queries.API_KEY, {"_id": key_id}, 1))
        return key_from(found[0]) if found else None

    @override
    async def keys(self) -> list[ApiKey]:
        found = await self._database.run(self._database.find(queries.ALL_KEYS, {}))
        return [key_from(document) for document in found]

    @override
    async def revoke_key(self, key_id: str, at: datetime) -> bool:
        wanted = {"_id": key_id}
        # The least of the two is the first: a revocation is never moved.
        change = {"$min": {"revoked_at": to_ms(at)}}
        return await self._database.run(self._database.update(queries.API_KEY, wanted, change))
