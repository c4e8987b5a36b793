"""Why a person has a notification, or has it not yet: read from what the store keeps anyway."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from notify_server.domain.errors import NotFoundError
from notify_server.domain.explanation import ExplainedAttempt, Explanation, Recipient
from notify_server.domain.notification import Notification
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Ack, AckVia, Attempt, Entry, Receipt, Status, Step
from notify_server.domain.target import Position, UserRecord
from notify_server.kit.clock import Clock
from notify_server.policy.state import state_of
from notify_server.policy.visible import Rules
from notify_server.ports.store import Store

MAX_RECIPIENTS = 100

_PROMPT = timedelta(seconds=2)
"""A frame that left within this time after acceptance was no replay."""
_NOT_COUNTED = (Reason.REMINDER, Reason.NOT_ACKNOWLEDGED)
"""Reminders have a count of their own."""


class Explanations:
    """Answers an operator's "what became of it"."""

    def __init__(self, store: Store, rules: Rules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    async def explain(
        self,
        notification_id: str,
        user: str | None = None,
        after_user: str = "",
        limit: int = MAX_RECIPIENTS,
    ) -> Explanation:
        """Tell what became of a notification.

        Args:
            notification_id: Which one.
            user: Only this person.
            after_user: Only people whose id is greater.
            limit: How many people, 100 at most.

        Raises:
            NotFoundError: Unknown.
        """
        found = (await self._store.notifications([notification_id])).get(notification_id)
        if found is None:
            raise NotFoundError
        receipts, has_more = await self._receipts(found, user, after_user, limit)
        summary = await self._store.summary(notification_id)
        return Explanation(
            notification=found,
            summary=summary._asdict(),
            recipients=tuple([await self._recipient(found, one) for one in receipts]),
            has_more=has_more,
        )

    async def _receipts(
        self, notification: Notification, user: str | None, after_user: str, limit: int
    ) -> tuple[list[Receipt], bool]:
        if user is not None:
            entries = await self._store.entries(user, [notification.id])
            return [entry.receipt for entry in entries if entry.receipt is not None], False
        page = await self._store.recipients(
            notification.id, after_user, min(limit, MAX_RECIPIENTS) + 1
        )
        return page[:limit], len(page) > limit

    async def _recipient(self, notification: Notification, receipt: Receipt) -> Recipient:
        record, _memberships = await self._store.user(receipt.user)
        mark = None if record is None else record.read_marks.get(receipt.line)
        kept = await self._store.attempts(notification.id, receipt.user)
        entry = Entry(notification, receipt)
        state = state_of(entry, mark, self._rules.waits, self._clock.now())
        is_due = receipt.step is not Step.IDLE and receipt.due_at is not None
        return Recipient(
            user=receipt.user,
            named=receipt.named,
            state=state,
            delivered_revision=receipt.delivered_revision,
            delivered_via=_delivered_via(receipt),
            reminders=receipt.reminders,
            attempts=explained_attempts(notification, receipt, kept),
            closed=receipt.closed or _why_listed_only(entry, record, state.status),
            next_step=receipt.step if is_due else None,
            next_at=receipt.due_at if is_due else None,
        )


def _why_listed_only(entry: Entry, record: UserRecord | None, status: Status) -> Reason | None:
    """Why nothing is pushed any more where the receipt does not say it itself.

    The place up to which all is skipped stands in the user's record; a waiting time may end
    before the receipt was made.
    """
    receipt = entry.receipt
    if receipt is None or receipt.delivered_revision >= entry.notification.revision:
        return None
    upto = None if record is None else record.skipped.get(receipt.line)
    if upto is not None and Position(entry.pushed_from, entry.id) <= upto:
        return Reason.SKIPPED
    return Reason.WAITED_OUT if status is Status.FAILED else None


def _delivered_via(receipt: Receipt) -> AckVia | None:
    """By what it first counted as delivered, read off the moments that the receipt holds."""
    at = receipt.delivered_at
    if at is None:
        return None
    for ack in receipt.acks:
        if ack.at <= at:
            return ack.via
    acted = (receipt.seen_at, receipt.clicked_at, receipt.acknowledged_at, receipt.pinned_at)
    return AckVia.STATE if at in acted else AckVia.LIST


def explained_attempts(
    notification: Notification, receipt: Receipt, kept: Sequence[Attempt]
) -> tuple[ExplainedAttempt, ...]:
    """Failures and retries as kept, and confirmations as the receipt holds them, by time.

    A first success is only in the receipt, so its number and reason are read off what was kept
    before its frame left.
    """
    tries = [
        ExplainedAttempt(a.revision, a.number, a.at, a.outcome, a.reason, a.channel) for a in kept
    ]
    confirmed = [_confirmed(notification, ack, kept) for ack in receipt.acks]
    return tuple(sorted([*tries, *confirmed], key=_when))


def _when(attempt: ExplainedAttempt) -> tuple[datetime, int, bool]:
    return attempt.at, attempt.number, attempt.outcome == "delivered"


def _confirmed(notification: Notification, ack: Ack, kept: Sequence[Attempt]) -> ExplainedAttempt:
    left_at = ack.at - timedelta(milliseconds=ack.rtt_ms)
    before = [
        attempt
        for attempt in kept
        if attempt.revision == ack.revision
        and attempt.reason not in _NOT_COUNTED
        and attempt.at <= left_at
    ]
    number, reason = _after(before, notification, ack, left_at)
    return ExplainedAttempt(
        revision=ack.revision,
        number=number,
        at=ack.at,
        outcome="delivered",
        reason=reason,
        session=ack.session,
        round_trip_ms=ack.rtt_ms,
        via=ack.via,
    )


def _after(
    before: Sequence[Attempt], notification: Notification, ack: Ack, left_at: datetime
) -> tuple[int, Reason]:
    """Which attempt a frame was, and why it was sent, from the attempts before it left."""
    if before:
        last = before[-1]
        if last.outcome == "sent":
            return last.number, last.reason
        return last.number + 1, Reason.REPLAY
    if ack.revision > 1:
        return 1, Reason.REVISION
    return 1, Reason.LIVE if left_at <= notification.created_at + _PROMPT else Reason.REPLAY
