"""From a caller's draft to an accepted notification: decide, store, dispatch.

Submissions that arrive while the store is writing wait for each other and go into its next
transaction together; results are dispatched in the order in which the store accepted them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from notify_server.domain.claims import Caller, Scope
from notify_server.domain.errors import (
    Code,
    ConflictError,
    NotFoundError,
    NotifyError,
    UnavailableError,
)
from notify_server.domain.notification import Accepted, Draft, Notification, Submission
from notify_server.domain.settings import Settings
from notify_server.kit.aio import Background
from notify_server.kit.clock import Clock, to_ms
from notify_server.kit.failpoints import failpoint
from notify_server.kit.ids import Uuid7Generator
from notify_server.pipeline.audit import Audit
from notify_server.pipeline.confirm import Confirmations
from notify_server.pipeline.discovery import Discovery
from notify_server.pipeline.dispatch import Dispatcher
from notify_server.pipeline.figures import Figures
from notify_server.policy.decide import decide_submission
from notify_server.ports.store import Store

SUBMIT_ROUTE = "POST /notifications"
BULK_ROUTE = "POST /notifications/bulk"
_BATCH = 1_000
_BATCH_USERS = 10_000
"""Submissions of a transaction, and users whom they name: what is urgent waits for no more."""

_log = structlog.get_logger("notify.submit")


@dataclass(frozen=True, slots=True)
class Submitted:
    """The answer to a submission; ``status`` is ``accepted`` or ``transient``."""

    id: str
    status: str
    revision: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The answer to a cancel.

    Attributes:
        stopped: Receipts to which it had not been delivered.
        removed: Inboxes in which it was delivered but unread.
    """

    id: str
    stopped: int
    removed: int


_Answer = asyncio.Future[Accepted | NotifyError]


class _Waiting(NamedTuple):
    submission: Submission
    answer: _Answer


def _may_overtake(submission: Submission) -> bool:
    return submission.content.priority.is_pressing and submission.collapse_scope is None


def _fitting(waiting: Sequence[_Waiting]) -> int:
    """How many of the first go into one transaction, at least one."""
    users = 0
    for count, one in enumerate(waiting[:_BATCH]):
        users += len(one.submission.targets.users)
        if count and users > _BATCH_USERS:
            return count
    return min(len(waiting), _BATCH)


class Submissions:
    """The one way in for notifications, whoever calls."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        discovery: Discovery,
        confirmations: Confirmations,
        audit: Audit,
        settings: Settings,
        background: Background,
        clock: Clock,
        figures: Figures,
    ) -> None:
        self._store = store
        self._audit = audit
        self._dispatcher = dispatcher
        self._discovery = discovery
        self._confirmations = confirmations
        self._settings = settings
        self._background = background
        self._clock = clock
        self._figures = figures
        self._ids = Uuid7Generator()
        self._running: set[str] = set()
        self._waiting: list[_Waiting] = []
        self._is_storing = False

    @property
    def waiting(self) -> int:
        """Submissions that the store has not begun to write."""
        return len(self._waiting)

    def note_refusal(self, error: NotifyError) -> None:
        """Count a submission that was refused, here or before it came here."""
        self._figures.submits.add(error.code)

    async def submit(self, caller: Caller, draft: Draft, key: str | None) -> Submitted:
        """Accept one notification; when this returns it is durable.

        Raises:
            RejectedError: FORBIDDEN, NOBODY_LEFT, IDEMPOTENCY_MISMATCH.
            ConflictError: IDEMPOTENCY_RUNNING.
            UnavailableError: The store is away; nothing was promised.
        """
        done = await self._end(self._begin(caller, draft, SUBMIT_ROUTE, key))
        if isinstance(done, NotifyError):
            raise done
        return done

    async def submit_many(
        self, caller: Caller, drafts: Sequence[Draft | NotifyError], key: str | None
    ) -> list[Submitted | NotifyError]:
        """Accept each draft by itself; a refused one harms no other.

        Args:
            drafts: In order; errors are passed through.
            key: Of the whole call; item n without a key of its own has ``<key>#n``.
        """
        begun: list[Submitted | NotifyError | _Answer] = []
        for number, draft in enumerate(drafts):
            if isinstance(draft, NotifyError):
                begun.append(draft)
                continue
            own = draft.idempotency_key or (f"{key}#{number}" if key else None)
            begun.append(self._begin(caller, draft, BULK_ROUTE, own))
        try:
            return [await self._end(one) for one in begun]
        finally:  # whoever has gone has been told to send all of them again
            for one in begun:
                if isinstance(one, asyncio.Future):
                    one.cancel()

    def _begin(
        self, caller: Caller, draft: Draft, route: str, key: str | None
    ) -> Submitted | NotifyError | _Answer:
        """Decide, and hand in what is to be stored: a thousand are begun before one is awaited."""
        try:
            decided = decide_submission(caller, draft, route, key, self._settings)
            return self._hand_in(decided) if draft.persist else self._submit_transient(decided)
        except NotifyError as error:
            self.note_refusal(error)
            return error

    async def _end(self, begun: Submitted | NotifyError | _Answer) -> Submitted | NotifyError:
        if not isinstance(begun, asyncio.Future):
            return begun
        result = await begun
        if isinstance(result, Accepted):
            return self._answered(result)
        self.note_refusal(result)
        return result

    async def replace(
        self, caller: Caller, notification_id: str, draft: Draft, key: str | None
    ) -> Submitted:
        """Make a new revision of a notification of the same caller.

        Raises:
            NotFoundError: Unknown, or another caller's.
            ConflictError: It is cancelled or expired.
        """
        existing = await self._own(caller, notification_id)
        kept = Draft(existing.targets, draft.content, existing.line, body_hash=draft.body_hash)
        route = f"PUT /notifications/{notification_id}"
        decided = decide_submission(caller, kept, route, key, self._settings)
        try:
            self._take(decided)
            try:
                await self._note_foreign(caller, existing, "notification.replace")
                with self._discovery.after_failure():
                    accepted = await self._store.replace(notification_id, decided)
            finally:
                self._release(decided)
        except NotifyError as error:
            self.note_refusal(error)
            raise
        return self._answer(accepted)

    async def cancel(self, caller: Caller, notification_id: str) -> Cancelled:
        """Stop what has not gone out and take it out of inboxes where it is unread.

        Raises:
            NotFoundError: Unknown, or another caller's.
        """
        existing = await self._own(caller, notification_id)
        await self._confirmations.flush()  # what has arrived counts as arrived
        before = await self._store.summary(notification_id)
        await self._note_foreign(caller, existing, "notification.cancel")
        with self._discovery.after_failure():
            cancelled = await self._store.cancel(notification_id)
        self._put(cancelled)
        return Cancelled(notification_id, before.pending, before.unread_delivered)

    async def _own(self, caller: Caller, notification_id: str) -> Notification:
        found = (await self._store.notifications([notification_id])).get(notification_id)
        if found is None:
            raise NotFoundError
        if found.submitter != caller.name and not caller.may(Scope.ADMIN):
            raise NotFoundError
        return found

    async def _note_foreign(self, caller: Caller, changed: Notification, action: str) -> None:
        """An operator who is about to change what another caller sent goes into the audit."""
        if changed.submitter != caller.name:
            await self._audit.record(caller.name, action, f"notification:{changed.id}")

    def _submit_transient(self, decided: Submission) -> Submitted:
        now = self._clock.now()
        notification = Notification(
            id=self._ids.next(to_ms(now)),
            targets=decided.targets,
            content=decided.content,
            submitter=decided.submitter,
            created_at=now,
            updated_at=now,
            revised_at=now,
            line=decided.line,
        )
        self._dispatcher.put_transient(notification)
        self._figures.submits.add("transient")
        return Submitted(notification.id, "transient", 1)

    def _hand_in(self, decided: Submission) -> _Answer:
        """Have it stored with all that waits; its key is taken until it is answered."""
        answer: _Answer = asyncio.get_running_loop().create_future()
        self._take(decided)
        self._waiting.append(_Waiting(decided, answer))
        if not self._is_storing:
            self._is_storing = True
            self._background.spawn(self._store_waiting(), "store submissions")
        return answer

    async def _store_waiting(self) -> None:
        try:
            while self._waiting:
                if batch := self._next_batch():
                    await self._store_batch(batch)
        finally:
            self._is_storing = False

    def _next_batch(self) -> list[_Waiting]:
        """The next transaction: what is urgent or critical first, else in the order of arrival.

        What may replace another one keeps its place, or older content could win. Whose caller has
        been told to try again is not begun any more.
        """
        waiting = []
        for one in self._waiting:
            if one.answer.done():
                self._release(one.submission)
            else:
                waiting.append(one)
        if (count := _fitting(waiting)) < len(waiting):
            waiting.sort(key=lambda w: not _may_overtake(w.submission))
            count = _fitting(waiting)
        self._waiting = waiting[count:]
        return waiting[:count]

    async def _store_batch(self, batch: Sequence[_Waiting]) -> None:
        """Store, then dispatch in that order, then answer."""
        try:
            results = await self._store.accept([waiting.submission for waiting in batch])
        except NotifyError as error:
            results = [error] * len(batch)
        except BaseException:
            for waiting in batch:
                self._release(waiting.submission)
                waiting.answer.cancel()
            raise
        failpoint("after_store")
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, Accepted) and not result.replayed:
                self._put(result.notification)
            elif isinstance(result, UnavailableError):
                self._discovery.doubt()  # it may be stored all the same
            self._release(waiting.submission)
            if not waiting.answer.done():
                waiting.answer.set_result(result)

    def _put(self, notification: Notification) -> None:
        """Dispatch what is stored; a failure must leave nobody of the batch without answer."""
        try:
            self._dispatcher.put(notification)
        except Exception:  # noqa: BLE001 - it is stored, and whoever comes back gets it
            self._discovery.doubt()
            _log.exception("dispatch_not_begun", notification=notification.id)

    def _answer(self, accepted: Accepted) -> Submitted:
        if not accepted.replayed:
            self._put(accepted.notification)
        return self._answered(accepted)

    def _answered(self, accepted: Accepted) -> Submitted:
        self._figures.submits.add("replayed" if accepted.replayed else "accepted")
        return Submitted(accepted.notification.id, "accepted", accepted.revision, accepted.replayed)

    def _take(self, decided: Submission) -> None:
        """Refuse a second call with a key whose first call is still running."""
        if decided.idempotency is None:
            return
        if decided.idempotency.scope in self._running:
            raise ConflictError(
                Code.IDEMPOTENCY_RUNNING,
                "A call with this Idempotency-Key is still running.",
                retry_after_s=1,
            )
        self._running.add(decided.idempotency.scope)

    def _release(self, decided: Submission) -> None:
        if decided.idempotency is not None:
            self._running.discard(decided.idempotency.scope)
