"""What follows a failed attempt, for every priority (contract 10.5, 10.6, 10.9)."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from support.facts import DAY, NOW, S, note, receipt

from notify_server.domain.notification import Priority
from notify_server.domain.reasons import SENTENCES, Reason
from notify_server.domain.receipt import Step
from notify_server.domain.settings import RETRY_RULES, RetrySettings
from notify_server.kit.backoff import full_jitter
from notify_server.policy.retry import (
    RetryPolicy,
    begin_attempt,
    begin_reminder,
    fail_attempt,
    parked,
    postponed_reminder,
    waited_out,
)
from notify_server.policy.visible import MAX_REPLAYS


def _policy(enabled=True, seed=1):
    return RetryPolicy.of(RetrySettings(enabled=enabled), Random(seed))


def _note(priority=Priority.HIGH):
    return note("ann", priority=priority, requires_acknowledgment=True)


TABLE = {
    # attempts, base delay, ack timeout, remind, fallback, grace, waits (contract 10.9)
    Priority.CRITICAL: (5, 0.5, 5, 60, ("email", "sms", "web_push"), 10, 30),
    Priority.URGENT: (4, 1, 10, 300, ("email", "web_push"), 30, 14),
    Priority.HIGH: (3, 2, 15, 900, ("email",), 300, 7),
    Priority.NORMAL: (2, 5, 30, 3600, (), None, 3),
    Priority.LOW: (1, 10, 30, 14400, (), None, 1),
}


@pytest.mark.parametrize("priority", Priority)
def test_defaults_are_the_table_of_the_contract(priority):
    rule = RETRY_RULES[priority]
    assert (
        rule.attempts, rule.base_delay_s, rule.ack_timeout_s, rule.remind_s,
        tuple(map(str, rule.fallback)), rule.offline_grace_s, rule.waits_s / 86_400,
    ) == TABLE[priority]  # fmt: skip


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("seed", range(20))
def test_schedule_of_a_person_who_never_acks(priority, seed):
    """Every attempt in turn, each pause within its doubled base, until it is failed."""
    policy, what, rule = _policy(seed=seed), _note(priority), RETRY_RULES[priority]
    now = NOW
    verdict = fail_attempt(policy, receipt(what), what, now, Reason.NO_ACK, is_online=True)
    for number in range(1, rule.attempts + 1):
        assert verdict.receipt.attempts == number
        assert (verdict.attempt.number, verdict.attempt.outcome) == (number, "failed")
        if number == rule.attempts:
            break
        assert verdict.receipt.step is Step.ATTEMPT
        pause = verdict.receipt.due_at - now
        assert timedelta() < pause <= timedelta(seconds=rule.base_delay_s * 2 ** (number - 1))
        now = verdict.receipt.due_at
        begun = begin_attempt(policy, verdict.receipt, what, now)
        assert (begun.receipt.step, begun.receipt.attempts) == (Step.JUDGE, number + 1)
        assert begun.receipt.due_at == now + timedelta(seconds=rule.ack_timeout_s)
        assert (begun.attempt.outcome, begun.attempt.reason) == ("sent", Reason.RETRY)
        now = begun.receipt.due_at
        verdict = fail_attempt(policy, begun.receipt, what, now, Reason.NO_ACK, is_online=True)
    assert verdict.receipt.closed is Reason.NO_ACK
    assert verdict.receipt.step is Step.WAIT
    assert verdict.receipt.due_at == NOW + timedelta(seconds=rule.waits_s)


def test_jitter_is_full_over_the_whole_pause():
    base = timedelta(seconds=8)
    rng = Random(7)
    drawn = sorted(full_jitter(base, 3, rng) / timedelta(seconds=32) for _ in range(4000))
    assert drawn[0] < 0.01
    assert drawn[-1] > 0.99
    assert abs(sum(drawn) / len(drawn) - 0.5) < 0.02


def test_failure_while_away_is_counted_and_parked():
    policy, what = _policy(), _note()
    verdict = fail_attempt(policy, receipt(what), what, NOW, Reason.SESSION_ENDED, is_online=False)
    assert (verdict.receipt.attempts, verdict.receipt.closed) == (1, None)
    assert (verdict.receipt.step, verdict.receipt.due_at) == (Step.WAIT, NOW + 7 * DAY)
    assert verdict.attempt.reason is Reason.SESSION_ENDED


def test_switched_off_one_attempt_is_all():
    what = _note(Priority.CRITICAL)
    verdict = fail_attempt(
        _policy(enabled=False), receipt(what), what, NOW, Reason.NO_ACK, is_online=True
    )
    assert verdict.receipt.closed is Reason.NO_ACK


def test_failed_is_replayed_three_times_then_poison():
    policy, what = _policy(), _note()
    current = receipt(what, attempts=3, closed=Reason.NO_ACK, step=Step.WAIT)
    for replay in range(1, MAX_REPLAYS + 1):
        verdict = fail_attempt(policy, current, what, NOW, Reason.NO_ACK, is_online=True)
        current = verdict.receipt
        assert (current.attempts, current.replays) == (3, replay)
        assert verdict.attempt.number == 3 + replay
    assert (current.closed, current.step, current.due_at) == (Reason.POISON, Step.IDLE, None)


def test_parked_waits_from_where_pushing_started():
    policy, what = _policy(), _note(Priority.LOW)
    later = receipt(what, push_at=NOW + 5 * DAY)
    assert parked(policy, later, what).due_at == NOW + 6 * DAY


@pytest.mark.parametrize(
    ("closed", "expected"), [(None, Reason.WAITED_OUT), (Reason.NO_ACK, Reason.NO_ACK)]
)
def test_waited_out_is_final_and_keeps_why_it_failed(closed, expected):
    over = waited_out(receipt(_note(), step=Step.WAIT, due_at=NOW, closed=closed))
    assert (over.closed, over.step, over.due_at) == (expected, Step.IDLE, None)


@pytest.mark.parametrize("priority", Priority)
def test_reminders_are_as_many_as_attempts(priority):
    policy, what, rule = _policy(), _note(priority), RETRY_RULES[priority]
    current = receipt(what, step=Step.REMIND, due_at=NOW, delivered_revision=1)
    for number in range(1, rule.attempts + 1):
        verdict = begin_reminder(policy, current, what, NOW)
        current = verdict.receipt
        assert (current.reminders, current.step) == (number, Step.REMIND)
        assert current.due_at == NOW + timedelta(seconds=rule.remind_s)
        assert (verdict.attempt.outcome, verdict.attempt.reason) == ("sent", Reason.REMINDER)
    verdict = begin_reminder(policy, current, what, NOW)
    assert (verdict.receipt.step, verdict.receipt.due_at) == (Step.IDLE, None)
    assert verdict.receipt.reminders == rule.attempts
    assert verdict.attempt.reason is Reason.NOT_ACKNOWLEDGED


def test_reminder_of_who_is_away_is_postponed_uncounted_while_it_waits():
    policy, what = _policy(), _note(Priority.LOW)
    current = receipt(what, step=Step.REMIND, due_at=NOW, delivered_revision=1)
    later = postponed_reminder(policy, current, what, NOW + 4 * 3600 * S)
    assert (later.reminders, later.due_at) == (0, NOW + 8 * 3600 * S)
    over = postponed_reminder(policy, current, what, NOW + DAY)
    assert (over.step, over.due_at) == (Step.IDLE, None)


def test_new_revision_counts_from_one():
    policy, what = _policy(), _note()
    fresh = receipt(replace(what, revision=2), attempts=0)
    verdict = fail_attempt(policy, fresh, what, NOW, Reason.NO_ACK, is_online=True)
    assert (verdict.attempt.revision, verdict.attempt.number) == (2, 1)


def test_every_reason_has_a_sentence():
    assert SENTENCES.keys() == set(Reason)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())
