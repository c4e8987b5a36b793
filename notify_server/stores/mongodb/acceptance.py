"""Accepting: what waits together is stored together, in order, and answered after the store is.

The insert of one document is the acceptance; a receipt that could not be made after it is made
later (``moves``). Replacing and cancelling are one update of that document, which demands the
state that was read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument

from notify_server.domain.errors import NotFoundError, NotifyError, UnavailableError
from notify_server.domain.notification import Accepted, Notification, Submission
from notify_server.kit.clock import Clock, to_ms
from notify_server.kit.failpoints import failpoint
from notify_server.kit.ids import Uuid7Generator, random_id
from notify_server.stores import rules
from notify_server.stores.mongodb import moves, queries
from notify_server.stores.mongodb.database import Database
from notify_server.stores.mongodb.documents import (
    REVISED_OPTIONAL,
    Document,
    key_fields,
    new_notification,
    notification_from,
    revised_fields,
)
from notify_server.stores.mongodb.faults import translate

KEPT_KEYS = 100
"""Idempotency keys kept in one notification, newest last: replacements bring more."""
FINISH_MS = 5_000
"""After this long another node may finish what follows an acceptance."""
_ROUNDS = 5
"""How often a submission is decided anew because another node was first."""

Outcome = Accepted | NotifyError


@dataclass(slots=True)
class _Known:
    """What of a batch's keys and scopes the store has."""

    keys: dict[str, Document]
    scopes: dict[str, Document]


class Acceptance:
    """Decides and writes one batch at a time; called by the store's one writer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._ids = Uuid7Generator()

    async def prepare(self) -> None:
        """Never make an id below one that is there."""
        for document in await self._database.find(queries.NEWEST, {}, 1, ["_id"]):
            self._ids.observe(document["_id"])

    async def accept(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Store each, in order; what can not be stored is its own outcome."""
        outcomes: list[Outcome | None] = [None] * len(submissions)
        left = list(range(len(submissions)))
        stuck = 0
        while left and stuck < _ROUNDS:
            before = len(left)
            left = await self._round(submissions, outcomes, left)
            stuck = stuck + 1 if len(left) == before else 0
        return [outcome or UnavailableError("Too many at once on one key.") for outcome in outcomes]

    async def _round(
        self, submissions: Sequence[Submission], outcomes: list[Outcome | None], left: list[int]
    ) -> list[int]:
        """Decide and store; returns those that must be decided again."""
        known = await self._known([submissions[place] for place in left])
        now = self._clock.now()
        fresh: dict[int, Document] = {}
        taken: set[str] = set()
        for place in left:
            try:
                outcomes[place] = replayed(known.keys, submissions[place], now)
                names = _names(submissions[place])
                if outcomes[place] is None and taken.isdisjoint(names):
                    taken |= names
                    decided = await self._decide(known, submissions[place], now)
                    if isinstance(decided, Accepted):
                        outcomes[place] = decided
                    elif decided is not None:
                        fresh[place] = decided
            except NotifyError as error:
                outcomes[place] = error
        await self._insert(fresh, outcomes)
        return [place for place in left if outcomes[place] is None]

    async def _decide(
        self, known: _Known, submission: Submission, now: datetime
    ) -> Accepted | Document | None:
        """A new revision, a document to insert, or None: it must be looked at again."""
        live = known.scopes.get(submission.collapse_scope or "")
        if live is not None and rules.collapses(notification_from(live), now):
            return await self._revise(live, submission, now)
        if await self._freed(known, submission, now):
            return None
        return self._made(submission, now)

    async def _known(self, submissions: Sequence[Submission]) -> _Known:
        keys = [s.idempotency.scope for s in submissions if s.idempotency is not None]
        scopes = [s.collapse_scope for s in submissions if s.collapse_scope is not None]
        known = _Known({}, {})
        if keys:
            found = {"key_scopes": {"$in": keys}}
            for document in await self._database.find(queries.WITH_KEYS, found):
                known.keys |= dict.fromkeys(document["key_scopes"], document)
        if scopes:
            wanted = {"collapse_scope": {"$in": scopes}}
            for document in await self._database.find(queries.IN_SCOPES, wanted):
                known.scopes[document["collapse_scope"]] = document
        return known

    async def _freed(self, known: _Known, submission: Submission, now: datetime) -> bool:
        """Take the key or the scope from what has held it for too long; False: nobody had it."""
        key = submission.idempotency
        holder = None if key is None else known.keys.get(key.scope)
        if holder is not None:
            await forget_keys(self._database, holder, to_ms(now - rules.KEY_LIFE))
        over = known.scopes.get(submission.collapse_scope or "")
        if over is not None:
            wanted = {"_id": over["_id"], "collapse_scope": over["collapse_scope"]}
            gone = {"$unset": {"collapse_scope": ""}}
            await self._database.update(queries.WITH_SCOPE, wanted, gone)
        return holder is not None or over is not None

    def _made(self, submission: Submission, now: datetime) -> Document:
        """A document that is sure to be storable."""
        notification = rules.make(submission, self._ids.next(to_ms(now)), now)
        document = new_notification(notification, submission)
        document["unfinished_at"] = document["created_at"] + FINISH_MS
        if notification.targets.users:
            document["waiting_users"] = document["users"]
        try:
            bson.encode(document)
        except Exception as error:
            raise translate(error) from error
        return document

    async def _insert(self, fresh: dict[int, Document], outcomes: list[Outcome | None]) -> None:
        """Insert; those whose key or scope another node has taken stay without an outcome."""
        places, documents = list(fresh), list(fresh.values())
        refused = await self._database.insert(
            queries.ONE, [RawBSONDocument(bson.encode(document)) for document in documents]
        )
        mine = await self._mine([documents[index] for index in refused])
        stored = []
        for index, (place, document) in enumerate(zip(places, documents, strict=True)):
            if index not in refused or document["_id"] in mine:
                outcomes[place] = Accepted(notification_from(document), 1)
                stored.append(document)
        failpoint("inserted")
        await self._finish(stored)

    async def _mine(self, documents: Sequence[Document]) -> set[str]:
        """Of those that were refused, the ones that an unheard try had inserted."""
        if not documents:
            return set()
        wanted = {"_id": {"$in": [document["_id"] for document in documents]}}
        found = await self._database.find(queries.ONE, wanted, fields=["_id"])
        return {document["_id"] for document in found}

    async def _finish(self, documents: Sequence[Document]) -> None:
        """What is accepted is accepted: if this fails, it is finished later."""
        try:
            await moves.finish(self._database, documents)
        except Exception as error:  # noqa: BLE001 - translate() logs it, and the sweep makes it good
            translate(error)

    # -- replace and cancel --------------------------------------------------------------------

    async def replace(self, notification_id: str, submission: Submission) -> Accepted:
        """Make the next revision of a named one.

        Raises:
            NotFoundError, ConflictError, RejectedError: As the port says.
        """
        for _ in range(_ROUNDS):
            known = await self._known([submission])
            now = self._clock.now()
            earlier = replayed(known.keys, submission, now)
            if earlier is not None:
                return earlier
            key = submission.idempotency
            if key is not None and key.scope in known.keys:
                await self._freed(known, submission, now)
                continue
            document = await self._get(notification_id)
            rules.check_replaceable(notification_from(document), now)
            revised = await self._revise(document, submission, now)
            if revised is not None:
                return revised
        raise UnavailableError("Too many changes at once.")

    async def cancel(self, notification_id: str) -> Notification:
        """Cancel it and close its receipts; one that is cancelled already stays as it is."""
        at = to_ms(self._clock.now())
        change = {
            "$set": {"cancelled_at": at, "updated_at": at, "unfinished_at": at + FINISH_MS},
            "$unset": {"collapse_scope": ""},
        }
        wanted = {"_id": notification_id, "cancelled_at": None}
        changed = await self._database.update(queries.CANCELLABLE, wanted, change)
        document = await self._get(notification_id)
        if changed or "unfinished_at" in document:  # it may be this call that was not heard
            failpoint("cancelled")
            await self._finish([document])
        return notification_from(document)

    async def _get(self, notification_id: str) -> Document:
        found = await self._database.find(queries.ONE, {"_id": notification_id}, 1)
        if not found:
            raise NotFoundError
        return found[0]

    async def _revise(
        self, old: Document, submission: Submission, now: datetime
    ) -> Accepted | None:
        """None: another node has changed it meanwhile."""
        notification = rules.revise(notification_from(old), submission, now)
        at = to_ms(now)
        change = _revision(notification, submission, at)
        wanted: dict[str, Any] = {
            "_id": old["_id"],
            "revision": old["revision"],
            "cancelled_at": None,
        }
        key = submission.idempotency
        if key is not None:
            wanted["key_scopes"] = {"$ne": key.scope}
        try:
            bson.encode(change)
        except Exception as error:
            raise translate(error) from error
        changed = await self._database.update(queries.REVISABLE, wanted, change)
        document = await self._get(notification.id)
        if not changed and document.get("revised_by") != change["$set"]["revised_by"]:
            return None  # else an earlier try of this very call was not heard
        failpoint("revised")
        await self._finish([document])
        return Accepted(notification_from(document), notification.revision)


def replayed(keys: dict[str, Document], submission: Submission, now: datetime) -> Accepted | None:
    """What an earlier call with the same key made, or None.

    Raises:
        RejectedError: It had another body.
    """
    key = submission.idempotency
    if key is None or key.scope not in keys:
        return None
    document = keys[key.scope]
    known = document["keys"][document["key_scopes"].index(key.scope)]
    if known["at"] <= to_ms(now - rules.KEY_LIFE):
        return None
    rules.check_same_body(known["hash"], key.body_hash)
    return Accepted(notification_from(document), known["revision"], replayed=True)


async def forget_keys(database: Database, document: Document, until_ms: int) -> None:
    """Take the keys that were used until then from a notification, unless it got others."""
    pairs = zip(document["key_scopes"], document["keys"], strict=True)
    kept = [(scope, key) for scope, key in pairs if key["at"] > until_ms]
    await _keep_keys(database, document, kept)


async def _keep_keys(
    database: Database, document: Document, kept: Sequence[tuple[str, Document]]
) -> None:
    change: Document = {"$unset": {"key_scopes": "", "keys": "", "keys_at": ""}}
    if kept:
        scopes, keys = zip(*kept, strict=True)
        oldest = min(key["at"] for key in keys)
        change = {"$set": {"key_scopes": scopes, "keys": keys, "keys_at": oldest}}
    wanted = {"_id": document["_id"], "keys_at": document["keys_at"]}
    await database.update(queries.WITH_KEY, wanted, change)


async def forget_keys_of(database: Database, first: str) -> None:
    """Take all keys away whose scopes begin with a caller's, ``["user:42",``."""
    between = {"$elemMatch": {"$gte": first, "$lt": first[:-1] + "-"}}
    for document in await database.find(queries.KEYS_BETWEEN, {"key_scopes": between}):
        pairs = zip(document["key_scopes"], document["keys"], strict=True)
        kept = [(scope, key) for scope, key in pairs if not scope.startswith(first)]
        await _keep_keys(database, document, kept)


def _names(submission: Submission) -> set[str]:
    """What two submissions of one batch can not both be decided on at once."""
    names = set()
    if submission.idempotency is not None:
        names.add(f"key {submission.idempotency.scope}")
    if submission.collapse_scope is not None:
        names.add(f"scope {submission.collapse_scope}")
    return names


def _revision(notification: Notification, submission: Submission, at: int) -> Document:
    fields = revised_fields(notification)
    fields |= {
        "waits": to_ms(notification.revised_at + submission.waits) - at,
        "unfinished_at": at + FINISH_MS,
        "revised_by": random_id(),
    }
    change: Document = {"$set": fields, "$max": {"kept_from": at}}
    if absent := REVISED_OPTIONAL - fields.keys():
        change["$unset"] = dict.fromkeys(absent, "")
    key = submission.idempotency
    if key is not None:
        known = key_fields(key.body_hash, notification.revision, at)
        change["$push"] = {
            "key_scopes": {"$each": [key.scope], "$slice": -KEPT_KEYS},
            "keys": {"$each": [known], "$slice": -KEPT_KEYS},
        }
        change["$min"] = {"keys_at": at}
    return change
