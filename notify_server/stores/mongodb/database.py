"""The client: declared questions, changes with their deadline, and what is tried again.

One per process (PyMongo's asynchronous client belongs to one event loop, F32). Cancelling a task
inside a call would cost its connection, so every call runs in a task of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bson.raw_bson import RawBSONDocument
from pymongo import ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, ConnectionFailure, PyMongoError
from pymongo.operations import IndexModel, ReplaceOne, UpdateMany
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

from notify_server.domain.errors import InternalError, NotifyError, UnavailableError
from notify_server.kit.aio import end
from notify_server.kit.aio import pause as rest
from notify_server.kit.clock import Clock
from notify_server.kit.metrics import FAST_S, Histogram, Meter
from notify_server.kit.remote import scrubbed
from notify_server.stores.mongodb.client import NAME, Client, make_client
from notify_server.stores.mongodb.documents import Document
from notify_server.stores.mongodb.faults import UNSTORABLE, are_doubles, is_passing, translate
from notify_server.stores.mongodb.queries import INDEXES, META, Query

T = TypeVar("T")
Filter = Mapping[str, Any]
Stored = Document | RawBSONDocument

PATIENCE_S = 5.0
"""How long a caller waits for an operation before it hears that the store is away."""
_ENCODED = "expected user and password percent-encoded: %2F for a slash, %40 for an at sign"
START_S = 60.0
"""The same for the indexes at a start: where one is new, and there is much, it must be built."""
_PAUSE_S = (0.05, 0.1, 0.2, 0.4)
_HALF_MS = timedelta(microseconds=500)


class Database:
    """One database of a MongoDB deployment."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._client: Client | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._took = Histogram(
            "notify_store_commit_seconds", "Writes, until they are durable.", bounds=FAST_S
        )
        self.reads = 0
        self.writes = 0
        self.commits = 0

    async def open(self) -> None:
        """Connect and make the indexes; the second time does nothing.

        Raises:
            UnavailableError: It can not be reached.
        """
        if self._client is not None:
            return
        try:
            self._client = make_client(self._url)
        except (PyMongoError, ValueError, OSError) as error:  # such as a certificate's file
            told = scrubbed(str(error), self._url)
            raise UnavailableError(f"The store's URL can not be used: {told}.") from None
        try:
            await self.run(self._ping())  # one that is away is told soon
            await self.run(self._make_indexes(), START_S)
        except NotifyError:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what was begun, then let go; the second time does nothing.

        What is not finished in time is dropped, as at a crash: each write stands by itself.
        """
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE_S)
        await end(self._tasks)
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def meters(self) -> list[Meter]:
        """How long writes take."""
        return [self._took]

    async def run(self, operation: Coroutine[Any, Any, T], patience_s: float | None = None) -> T:
        """Do an operation of several calls; cancelling the caller does not cancel it.

        Raises:
            UnavailableError: Not open, or not done in time; it may have happened or not.
            NotifyError: What it raised itself.
        """
        if self._client is None:
            operation.close()
            raise UnavailableError("The store is not open.")
        task = asyncio.get_running_loop().create_task(operation)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        try:
            async with asyncio.timeout(patience_s or PATIENCE_S):
                return await asyncio.shield(task)
        except TimeoutError as error:
            raise UnavailableError("The store did not answer in time.") from error

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has heard it, or has gone

    async def _persist(
        self, call: Callable[[], Awaitable[T]], patience_s: float | None = None
    ) -> T:
        """One call, that may be repeated: what passes is tried again within PATIENCE_S.

        Raises:
            BulkWriteError: What was to be inserted is partly there.
            NotifyError: Anything else.
        """
        ends = self._clock.monotonic() + (patience_s or PATIENCE_S)
        tries = 0
        while True:
            try:
                return await call()
            except (PyMongoError, *UNSTORABLE) as error:
                if isinstance(error, BulkWriteError) and are_doubles(error):
                    raise
                pause = _PAUSE_S[min(tries, len(_PAUSE_S) - 1)]
                if not is_passing(error) or self._clock.monotonic() + pause >= ends:
                    raise translate(error) from error
                tries += 1
                await rest(pause)

    # -- inside an operation -------------------------------------------------------------------

    def collection(self, name: str) -> AsyncCollection[Document]:
        """One collection.

        Raises:
            ConnectionFailure: The store has been closed meanwhile.
        """
        if self._client is None:
            raise ConnectionFailure("closed")
        return self._client.get_default_database(NAME)[name]

    async def find(
        self,
        query: Query,
        wanted: Filter,
        limit: int | None = None,
        fields: Sequence[str] | None = None,
    ) -> list[Document]:
        """The documents that answer a declared question, in its order."""
        if limit == 0:  # to MongoDB that means all
            return []
        self.reads += 1

        async def call() -> list[Document]:
            cursor = self.collection(query.collection).find(wanted, fields)
            if query.sort:
                cursor = cursor.sort(list(query.sort))
            return await cursor.limit(limit or 0).to_list()

        return await self._persist(call)

    async def count(self, query: Query, wanted: Filter, limit: int) -> int:
        """How many answer a declared question; counted up to ``limit`` (at least 1)."""
        self.reads += 1
        return await self._persist(
            lambda: self.collection(query.collection).count_documents(wanted, limit=limit)
        )

    async def tally(
        self, query: Query, wanted: Filter, conditions: Mapping[str, object]
    ) -> Mapping[str, int]:
        """Of what answers a declared question, how many meet each condition; counted over there."""
        self.reads += 1
        sums = {name: {"$sum": {"$cond": [each, 1, 0]}} for name, each in conditions.items()}
        steps: list[Document] = [{"$match": dict(wanted)}, {"$group": {"_id": None, **sums}}]

        async def call() -> list[Document]:
            return await (await self.collection(query.collection).aggregate(steps)).to_list()

        found = await self._persist(call)
        return {name: found[0][name] if found else 0 for name in conditions}

    async def insert(self, query: Query, documents: Sequence[Stored]) -> set[int]:
        """Insert each by itself; returns the places of those that were there already.

        An earlier try that was not heard counts as "there already".
        """
        if not documents:
            return set()
        try:
            await self._commit(
                lambda: self.collection(query.collection).insert_many(documents, ordered=False),
                len(documents),
            )
        except BulkWriteError as error:
            return {fault["index"] for fault in error.details["writeErrors"]}
        return set()

    async def update(self, query: Query, wanted: Filter, change: Filter) -> bool:
        """Change the one document that is found; False: there is none, or not any more."""
        result = await self._commit(
            lambda: self.collection(query.collection).update_one(wanted, change)
        )
        return result.matched_count > 0

    async def put(self, query: Query, wanted: Filter, change: Filter) -> None:
        """Change the one document that is found, or make it."""
        await self._commit(
            lambda: self.collection(query.collection).update_one(wanted, change, upsert=True)
        )

    async def put_all(self, query: Query, documents: Sequence[Document]) -> None:
        """Make each what is there under its ``_id``, in order."""
        if not documents:
            return
        puts = [ReplaceOne({"_id": each["_id"]}, each, upsert=True) for each in documents]
        await self._commit(
            lambda: self.collection(query.collection).bulk_write(puts), len(documents)
        )

    async def update_all(self, query: Query, changes: Sequence[tuple[Filter, Filter]]) -> None:
        """Change all documents that each filter finds."""
        if not changes:
            return
        many = [UpdateMany(*change) for change in changes]
        await self._commit(
            lambda: self.collection(query.collection).bulk_write(many, ordered=False),
            len(changes),
        )

    async def server_time(self) -> tuple[datetime, float, float]:
        """The server's wall time, the second of ours when it was that, and how wrong that may be.

        Not written by a majority: waiting for that would come after the moment that is asked for.
        """
        began = self._clock.monotonic()
        document = await self._persist(
            lambda: (
                self.collection(META)
                .with_options(write_concern=WriteConcern(w=1))
                .find_one_and_update(
                    {"_id": "clock"},
                    {"$currentDate": {"at": True}},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            )
        )
        ended = self._clock.monotonic()
        if document is None:
            raise InternalError
        at: datetime = document["at"]
        # It cuts to milliseconds: on average it was half of one later.
        return at + _HALF_MS, (began + ended) / 2, (ended - began) / 2 + _HALF_MS.total_seconds()

    async def delete(self, query: Query, wanted: Filter) -> int:
        """Remove all that are found; returns how many."""
        result = await self._commit(lambda: self.collection(query.collection).delete_many(wanted))
        return result.deleted_count

    async def _commit(self, call: Callable[[], Awaitable[T]], writes: int = 1) -> T:
        """A call that changes documents, with what it takes until most members have it."""
        self.writes += writes
        self.commits += 1
        began = self._clock.monotonic()
        try:
            return await self._persist(call)
        finally:
            self._took.observe(self._clock.monotonic() - began)

    async def _ping(self) -> None:
        client = self._client
        if client is not None:
            await self._persist(lambda: client.admin.command("ping"))

    async def _make_indexes(self) -> None:
        """One call for each collection; those that are there are left as they are."""
        wanted: dict[str, list[IndexModel]] = {}
        for index in INDEXES:
            model = IndexModel(list(index.keys), **index.options)
            wanted.setdefault(index.collection, []).append(model)
        for name, models in wanted.items():
            await self._persist(partial(self._make_indexes_of, name, models), START_S)

    async def _make_indexes_of(self, name: str, models: list[IndexModel]) -> None:
        await self.collection(name).create_indexes(models)


def url_fault(url: str) -> str | None:
    """What is wrong with a URL, without asking any server; None if nothing is."""
    if "@" in url.partition("://")[2].partition("/")[2].partition("?")[0]:
        return _ENCODED
    if url.startswith("mongodb+srv://"):  # the rest is known to the name server alone
        return None if urlsplit(url).hostname else "expected a host"
    try:
        parse_uri(url)
    except (PyMongoError, ValueError, OSError) as error:  # OSError: a certificate's file
        return scrubbed(str(error), url)
    return None
