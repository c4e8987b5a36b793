"""Retries, reminders and snoozes: stored rows with a due time (contract 10.5, 10.6).

A failed first attempt becomes a row here; the ticker asks for due rows, each is taken by one
compare-and-set that counts the attempt and says when it will be judged, so that two schedulers over
one store never do the same attempt twice, and only then is it handed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from notify_server.domain.errors import UnavailableError
from notify_server.domain.notification import Notification
from notify_server.domain.person import Person
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Attempt, Entry, Receipt, Step
from notify_server.kit.aio import Background, pause
from notify_server.kit.clock import Clock
from notify_server.pipeline.changes import save_won
from notify_server.pipeline.delivery import DeliveryDesk, Failure
from notify_server.pipeline.figures import Figures
from notify_server.pipeline.frames import personal_frame
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Phase, Registry
from notify_server.pipeline.signalling import Signalling
from notify_server.policy.engage import receipt_of, woken
from notify_server.policy.retry import (
    RetryPolicy,
    Verdict,
    begin_attempt,
    begin_reminder,
    fail_attempt,
    parked,
    postponed_reminder,
    waited_out,
)
from notify_server.policy.state import is_delivered
from notify_server.policy.visible import (
    Rules,
    has_access,
    is_awaiting,
    is_expired,
    is_visible,
    is_wanted,
)
from notify_server.ports.bus import FrameNews, Tell, tell_nobody
from notify_server.ports.store import ReceiptKey, ReceiptStore

_PAGE = 500
_RETRY_S = 1.0
_TRIES = 20
_SOON = timedelta(seconds=1)
_WIDEST_PAGE = 16 * _PAGE

OVERDUE = timedelta(seconds=5)
"""A row that nobody took for so long has no node with a session of its user."""

_log = structlog.get_logger("notify.schedule")


@dataclass(frozen=True, slots=True)
class _Decided:
    """A due row with what becomes of it, and whether a frame goes out for it."""

    entry: Entry
    verdict: Verdict
    is_sent: bool = False


class Schedule:
    """Writes what follows a failure, and does what is due."""

    def __init__(
        self,
        store: ReceiptStore,
        registry: Registry,
        people: People,
        desk: DeliveryDesk,
        signalling: Signalling,
        retry: RetryPolicy,
        rules: Rules,
        background: Background,
        clock: Clock,
        figures: Figures,
    ) -> None:
        self._store = store
        self._registry = registry
        self._people = people
        self._desk = desk
        self._signalling = signalling
        self._retry = retry
        self._rules = rules
        self._background = background
        self._clock = clock
        self._figures = figures
        self._is_shared = False
        self._tell: Tell = tell_nobody
        desk.on_failed(self.failed)

    def share(self) -> None:
        """Other nodes do what is due for sessions that are theirs."""
        self._is_shared = True

    def on_news(self, tell: Tell) -> None:
        """Who tells the other nodes what is shown again."""
        self._tell = tell

    # What failed in memory becomes a row

    def failed(self, failure: Failure) -> None:
        """Write what follows an attempt that these users' sessions did not confirm."""
        self._background.spawn(self._write_failures(failure), "write failures")

    async def _write_failures(self, failure: Failure) -> None:
        for start in range(0, len(failure.users), _PAGE):
            page = replace(failure, users=failure.users[start : start + _PAGE])
            while not await self._wrote_page(page):
                await pause(_RETRY_S)

    async def _wrote_page(self, page: Failure) -> bool:
        """False while the store is away: open sessions would be sent nothing any more."""
        everybody = page.notification.targets.users
        named = [u for u in page.users if u in everybody]
        members = [u for u in page.users if u not in everybody]
        try:
            lost = await self._insert_failures(page, members)
            for user in [*named, *lost]:
                await self._write_failure(page, user)
        except UnavailableError:
            _log.warning("failures_not_written", count=len(page.users))
            return False
        return True

    async def _insert_failures(self, failure: Failure, users: Sequence[str]) -> list[str]:
        """Insert receipts of an audience's members; returns the users who have one already."""
        entry = Entry(failure.notification, None)
        decided = [self._fail(entry, user, failure.reason) for user in users]
        lost = {key.user for key in await self._save(decided)}
        return sorted(lost)

    async def _write_failure(self, failure: Failure, user: str) -> None:
        """Write one failure; read again and again when others write too, so that each counts."""
        for _ in range(_TRIES):
            found = await self._store.entries(user, [failure.notification.id])
            if not found or not await self._is_to_fail(found[0], failure, user):
                return
            if not await self._save([self._fail(found[0], user, failure.reason)]):
                return

    async def _is_to_fail(self, entry: Entry, failure: Failure, user: str) -> bool:
        """Whether the failed frame still matters: not revised, not counted, not delivered.

        A retry that is out is judged when its row is due, unless its session has ended before.
        """
        revision = failure.notification.revision
        if entry.notification.revision != revision:
            return False
        receipt = entry.receipt
        if receipt is not None:
            is_counted = receipt.revision == revision and receipt.attempts > 0
            if failure.is_first and is_counted:  # by another node, whose frame it was as well
                return False
            if receipt.step is Step.JUDGE and failure.reason is not Reason.SESSION_ENDED:
                return False
        person = await self._people.person(user)
        return is_awaiting(person, entry, self._rules, self._clock.now())

    def _fail(self, entry: Entry, user: str, reason: Reason) -> Verdict:
        now = self._clock.now()
        person = self._registry.person(user)
        mark = person.read_mark(entry.notification.line) if person else None
        receipt = receipt_of(entry, user, mark, now)
        return fail_attempt(
            self._retry, replace(receipt, changed_at=now), entry.notification, now, reason,
            is_online=self._may_be_online(user, entry.notification.line),
        )  # fmt: skip

    def _may_be_online(self, user: str, line: str) -> bool:
        """Other nodes may have a session where this one has none: the row shows it when due."""
        return self._is_shared or self._registry.is_online(user, line)

    async def _save(self, verdicts: Sequence[Verdict]) -> list[ReceiptKey]:
        """Write verdicts; returns those that lost against another writer."""
        lost = set(await self._store.save([v.receipt for v in verdicts])) if verdicts else set()
        won = [v for v in verdicts if _key(v.receipt) not in lost]
        await self._keep([v.attempt for v in won if v.attempt is not None])
        return sorted(lost)

    async def _keep(self, attempts: Sequence[Attempt]) -> None:
        """What is counted is written down too, even if the store goes away in between."""
        if not attempts:
            return
        try:
            await self._store.add_attempts(attempts)
        except UnavailableError:
            self._background.spawn(self._keep_later(attempts), "write attempts down")

    async def _keep_later(self, attempts: Sequence[Attempt]) -> None:
        _log.warning("attempts_not_written", count=len(attempts))
        await pause(_RETRY_S)
        await self._keep(attempts)

    # What is due

    async def run(self) -> None:
        """Do everything that is due now; called by the ticker."""
        limit = _PAGE
        try:
            while limit <= _WIDEST_PAGE:
                found, taken = await self._run_page(limit)
                if found < limit:
                    return
                if not taken:  # other nodes' rows stand before ours, until they are overdue
                    limit *= 2
        except UnavailableError:
            _log.warning("due_rows_not_read")

    async def _run_page(self, limit: int) -> tuple[int, int]:
        """Do what is ours of the most overdue; returns how many were found, and how many tried."""
        entries = await self._store.due(self._clock.now(), limit)
        self._count(entries)
        decided = [await self._decide(entry) for entry in entries if self._is_ours(entry)]
        if decided:
            await self._do(decided)
        return len(entries), len(decided)

    def _is_ours(self, entry: Entry) -> bool:
        """Where nodes share the store: who has the session, or anybody when nobody seems to."""
        receipt = entry.receipt
        if not self._is_shared or receipt is None or receipt.step is Step.WAIT:
            return True
        if self._registry.is_online(receipt.user, receipt.line):
            return True
        return receipt.due_at is not None and self._clock.now() - receipt.due_at >= OVERDUE

    async def _do(self, decided: Sequence[_Decided]) -> None:
        won = await save_won(
            self._store, {_key(d.verdict.receipt): d.verdict.receipt for d in decided}
        )
        taken = [d for d in decided if _key(d.verdict.receipt) in won]
        for one in taken:
            self._hand_over(one)
        await self._keep([d.verdict.attempt for d in taken if d.verdict.attempt is not None])

    def _count(self, entries: Sequence[Entry]) -> None:
        receipts = [entry.receipt for entry in entries if entry.receipt is not None]
        for receipt in receipts:
            self._figures.due.add(receipt.step)
        oldest = min((r.due_at for r in receipts if r.due_at is not None), default=None)
        late = timedelta() if oldest is None else self._clock.now() - oldest
        self._figures.late_s = late.total_seconds()

    async def _decide(self, entry: Entry) -> _Decided:
        receipt = entry.receipt
        if receipt is None:
            raise AssertionError("a due row is a receipt")
        now = self._clock.now()
        notification = entry.notification
        if notification.cancelled_at is not None or is_expired(notification, now):
            return _Decided(entry, Verdict(_ended(entry, receipt)))
        if receipt.step is Step.WAIT:
            return _Decided(entry, Verdict(waited_out(receipt)))
        if receipt.step is Step.WAKE:
            waits = self._rules.waits[notification.content.priority]
            return _Decided(entry, Verdict(woken(receipt, waits, now)), is_sent=True)
        if not self._registry.is_online(receipt.user, receipt.line):
            return _Decided(entry, self._decide_away(receipt, notification))
        return await self._decide_online(entry, receipt)

    def _decide_away(self, receipt: Receipt, notification: Notification) -> Verdict:
        """Without an open session the schedule pauses."""
        now = self._clock.now()
        if receipt.step is Step.REMIND:
            return Verdict(postponed_reminder(self._retry, receipt, notification, now))
        if receipt.step is Step.JUDGE:
            return fail_attempt(
                self._retry, receipt, notification, now, Reason.NO_ACK, is_online=self._is_shared
            )
        return Verdict(parked(self._retry, receipt, notification))

    async def _decide_online(self, entry: Entry, receipt: Receipt) -> _Decided:
        now = self._clock.now()
        notification = entry.notification
        person = await self._people.person(receipt.user)
        if receipt.step is Step.REMIND:
            if not self._may_remind(person, entry):
                return _Decided(entry, Verdict(replace(receipt, step=Step.IDLE, due_at=None)))
            if not self._is_live(receipt):
                return _Decided(entry, Verdict(replace(receipt, due_at=now + _SOON)))
            verdict = begin_reminder(self._retry, receipt, notification, now)
            is_sent = verdict.receipt.reminders > receipt.reminders
            return _Decided(entry, verdict, is_sent=is_sent)
        if is_delivered(entry, person.read_mark(receipt.line)):
            return _Decided(entry, Verdict(replace(receipt, step=Step.IDLE, due_at=None)))
        if not is_awaiting(person, entry, self._rules, now):
            return _Decided(entry, Verdict(parked(self._retry, receipt, notification)))
        if receipt.step is Step.JUDGE:
            verdict = fail_attempt(
                self._retry, receipt, notification, now, Reason.NO_ACK, is_online=True
            )
            return _Decided(entry, verdict)
        return _Decided(entry, begin_attempt(self._retry, receipt, notification, now), is_sent=True)

    def _is_live(self, receipt: Receipt) -> bool:
        """Whether a session can be reminded; one that catches up would not know it as one."""
        sessions = self._registry.of_user(receipt.user, receipt.line)
        return any(session.phase is Phase.LIVE for session in sessions)

    def _hand_over(self, decided: _Decided) -> None:
        """Send what was counted, in the loop turn in which the count is known to be stored."""
        receipt, notification = decided.verdict.receipt, decided.entry.notification
        if receipt.step in (Step.WAIT, Step.IDLE) and not decided.is_sent:
            self._signalling.touch_counts(receipt.user, receipt.line)
            return
        if not decided.is_sent:
            return
        reminder = receipt.reminders if receipt.step is Step.REMIND else None
        if receipt.step is not Step.JUDGE:
            self._tell(FrameNews(receipt.user, notification.id, reminder))
        self._show(decided.entry.notification, receipt, reminder)

    async def show(self, user: str, notification_id: str, reminder: int | None) -> None:
        """Another node did what was due: show it on this one's sessions too."""
        for entry in await self._store.entries(user, [notification_id]):
            if entry.receipt is not None:
                self._show(entry.notification, entry.receipt, reminder)

    def _show(self, notification: Notification, receipt: Receipt, reminder: int | None) -> None:
        """Send it to the sessions here: an attempt, a reminder, or back from a snooze."""
        person = self._registry.person(receipt.user)
        if person is None:
            return
        is_wake = receipt.step is Step.WAIT
        entry = Entry(notification, receipt)
        if is_wake:
            self._signalling.touch_counts(receipt.user, receipt.line)
            if not is_awaiting(person, entry, self._rules, self._clock.now()):
                return
        attempt = receipt.attempts if receipt.step is Step.JUDGE else None
        frame = personal_frame(
            person, entry, self._rules, self._clock, attempt=attempt, reminder=reminder
        )
        sessions = self._registry.of_user(receipt.user, receipt.line)
        for session in sessions:
            if session.phase is Phase.CATCHING_UP:
                session.miss(notification)
        live = [s for s in sessions if s.phase is Phase.LIVE]
        if live:
            self._desk.send(live, frame, is_stored=not is_wake)

    def _may_remind(self, person: Person, entry: Entry) -> bool:
        """Dismissing does not end reminders; leaving, deleting and unsubscribing do.

        Who received it and left keeps it, but is no longer asked: so access is judged without
        the receipt.
        """
        now = self._clock.now()
        return (
            is_visible(person, entry, self._rules, now)
            and is_wanted(person, entry.notification, self._rules)
            and has_access(person, entry.notification, None, self._rules)
        )


def _ended(entry: Entry, receipt: Receipt) -> Receipt:
    """Expiry and cancelling end every schedule; what was delivered stays delivered."""
    reason = Reason.CANCELLED if entry.notification.cancelled_at is not None else Reason.EXPIRED
    is_undelivered = receipt.delivered_revision < entry.notification.revision
    closed = reason if is_undelivered else receipt.closed
    return replace(receipt, closed=closed, step=Step.IDLE, due_at=None, snoozed_until=None)


def _key(receipt: Receipt) -> ReceiptKey:
    return ReceiptKey(receipt.user, receipt.notification_id)
