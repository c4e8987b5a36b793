"""When an attempt has failed, what comes next; and reminders. Contract 10.5 and 10.6."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notify_server.domain.notification import Notification, Priority
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Attempt, Receipt, Step
from notify_server.domain.settings import RetryRule, RetrySettings
from notify_server.kit.backoff import full_jitter
from notify_server.policy.visible import MAX_REPLAYS

SENT, FAILED = "sent", "failed"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The rows of [retry] with the chance that spreads them.

    Attributes:
        rules: One row per priority.
        enabled: False: the first attempt is the only one.
        rng: Seeded in tests.
    """

    rules: Mapping[Priority, RetryRule]
    enabled: bool
    rng: random.Random

    @classmethod
    def of(cls, settings: RetrySettings, rng: random.Random) -> "RetryPolicy":
        """From the configuration."""
        return cls(settings.rules, settings.enabled, rng)

    def rule(self, notification: Notification) -> RetryRule:
        """The row of its priority."""
        return self.rules[notification.content.priority]

    def attempts(self, notification: Notification) -> int:
        """How many attempts there are, the first included."""
        return self.rule(notification).attempts if self.enabled else 1

    def ack_timeout(self, notification: Notification) -> timedelta:
        """How long an attempt may stay unconfirmed."""
        return timedelta(seconds=self.rule(notification).ack_timeout_s)

    def waits_until(self, receipt: Receipt, notification: Notification) -> datetime:
        """Until when it is pushed to a person who was away."""
        return receipt.push_at + self.waits(notification)

    def waits(self, notification: Notification) -> timedelta:
        """How long it is pushed to people who are away."""
        return timedelta(seconds=self.rule(notification).waits_s)

    def remind(self, notification: Notification) -> timedelta:
        """The pause before the next reminder."""
        return timedelta(seconds=self.rule(notification).remind_s)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A receipt after a decision, and what is to be kept of it for explaining."""

    receipt: Receipt
    attempt: Attempt | None = None


def begin_attempt(
    policy: RetryPolicy, receipt: Receipt, notification: Notification, now: datetime
) -> Verdict:
    """Count a retry that goes out now; it is judged at its ack timeout."""
    counted = replace(
        receipt,
        attempts=receipt.attempts + 1,
        step=Step.JUDGE,
        due_at=now + policy.ack_timeout(notification),
        changed_at=receipt.changed_at,
    )
    reason = Reason.RETRY if receipt.attempts else Reason.RESENT
    return Verdict(counted, _kept(counted, counted.attempts, now, SENT, reason))


def fail_attempt(
    policy: RetryPolicy,
    receipt: Receipt,
    notification: Notification,
    now: datetime,
    reason: Reason,
    *,
    is_online: bool,
) -> Verdict:
    """Say what follows an attempt that was not confirmed.

    Args:
        receipt: With step JUDGE the attempt is counted already; else (a first attempt or a replay,
            which are kept in memory) it is counted here.
        is_online: Whether the person has an open session on the line; without one it is parked.
    """
    counted = receipt
    if receipt.step is not Step.JUDGE:
        was_failed = receipt.closed is Reason.NO_ACK
        counted = replace(
            receipt,
            attempts=receipt.attempts + (0 if was_failed else 1),
            replays=receipt.replays + (1 if was_failed else 0),
        )
    attempt = _kept(counted, counted.attempts + counted.replays, now, FAILED, reason)
    if counted.replays >= MAX_REPLAYS:
        closed = replace(counted, closed=Reason.POISON, step=Step.IDLE, due_at=None)
        return Verdict(closed, attempt)
    if counted.attempts >= policy.attempts(notification):
        return Verdict(
            parked(policy, replace(counted, closed=Reason.NO_ACK), notification), attempt
        )
    if not is_online:
        return Verdict(parked(policy, counted, notification), attempt)
    base = timedelta(seconds=policy.rule(notification).base_delay_s)
    pause = full_jitter(base, max(1, counted.attempts), policy.rng)
    return Verdict(replace(counted, step=Step.ATTEMPT, due_at=now + pause), attempt)


def parked(policy: RetryPolicy, receipt: Receipt, notification: Notification) -> Receipt:
    """Let it wait for the person's return, as long as its priority says."""
    return replace(receipt, step=Step.WAIT, due_at=policy.waits_until(receipt, notification))


def sent_again(receipt: Receipt, now: datetime) -> Receipt:
    """An operator wants it pushed as if it were new: attempts and waiting begin now.

    Its place in the list stays. Who is away is parked by the schedule, and has it replayed.
    """
    return replace(
        receipt, attempts=0, replays=0, closed=None,
        push_at=now, changed_at=now, step=Step.ATTEMPT, due_at=now,
    )  # fmt: skip


def waited_out(receipt: Receipt) -> Receipt:
    """The person did not return in time; it is only listed from now on."""
    return replace(receipt, closed=receipt.closed or Reason.WAITED_OUT, step=Step.IDLE, due_at=None)


def begin_reminder(
    policy: RetryPolicy, receipt: Receipt, notification: Notification, now: datetime
) -> Verdict:
    """Count a reminder that goes out now, or end them after the last."""
    if receipt.reminders >= policy.attempts(notification):
        ended = replace(receipt, step=Step.IDLE, due_at=None)
        kept = _kept(ended, receipt.reminders, now, FAILED, Reason.NOT_ACKNOWLEDGED)
        return Verdict(ended, kept)
    counted = replace(
        receipt, reminders=receipt.reminders + 1, due_at=now + policy.remind(notification)
    )
    return Verdict(counted, _kept(counted, counted.reminders, now, SENT, Reason.REMINDER))


def postponed_reminder(
    policy: RetryPolicy, receipt: Receipt, notification: Notification, now: datetime
) -> Receipt:
    """The person is away: nothing is counted; look again after the same pause, while it waits."""
    if policy.waits_until(receipt, notification) <= now:
        return replace(receipt, step=Step.IDLE, due_at=None)
    return replace(receipt, due_at=now + policy.remind(notification))


def _kept(receipt: Receipt, number: int, now: datetime, outcome: str, reason: Reason) -> Attempt:
    return Attempt(
        user=receipt.user,
        notification_id=receipt.notification_id,
        revision=receipt.revision,
        number=number,
        at=now,
        outcome=outcome,
        reason=reason,
    )
