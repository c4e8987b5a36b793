"""The decisions that every engine shares."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.stores import DAY, HOUR, MS, ROLE, delivery, submission

from notify_server.domain.errors import ConflictError, RejectedError
from notify_server.domain.receipt import Step
from notify_server.kit.clock import ManualClock
from notify_server.stores import rules

_NOW = ManualClock().now()


def _made(**fields):
    return rules.make(submission("1", to=(ROLE,), **fields), "id", _NOW)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("revision", [1, 2, 3])
@pytest.mark.parametrize("remind_at", [None, _NOW + HOUR])
def test_confirm_twice_is_confirm_once(step, revision, remind_at):
    receipt = replace(rules.first_receipt("1", _made(), DAY), step=step, revision=2)
    given = delivery("1", _made(), _NOW, revision=revision, remind_at=remind_at)
    once = rules.confirm(receipt, given, _NOW + MS)
    assert once != receipt
    assert rules.confirm(once, given, _NOW + HOUR) is once


def test_first_receipt_waits():
    receipt = rules.first_receipt("1", _made(line="/admin"), timedelta(hours=2))
    assert (receipt.step, receipt.due_at) == (Step.WAIT, _NOW + 2 * HOUR)
    assert (receipt.line, receipt.named, receipt.version) == ("/admin", True, 1)


def test_revise_keeps_whom_and_where():
    old = _made(line="/admin", title="old")
    new = rules.revise(old, submission("9", submitter="key:9", title="new"), _NOW + HOUR)
    assert (new.targets, new.line, new.submitter) == (old.targets, "/admin", "key:1")
    assert (new.content.title, new.revision, new.revised_at) == ("new", 2, _NOW + HOUR)
    assert new.created_at == old.created_at


@pytest.mark.parametrize(
    ("notification", "at", "live"),
    [
        (_made(), _NOW + DAY - MS, True),
        (_made(), _NOW + DAY, False),
        (_made(expires_at=_NOW + HOUR), _NOW + HOUR - MS, True),
        (_made(expires_at=_NOW + HOUR), _NOW + HOUR, False),
        (replace(_made(), cancelled_at=_NOW), _NOW, False),
        (replace(_made(), revised_at=_NOW + HOUR), _NOW + DAY, True),
    ],
)
def test_collapses_only_while_live(notification, at, live):
    assert rules.collapses(notification, at) is live


def test_check_replaceable_refuses_what_is_over_but_not_what_is_old():
    rules.check_replaceable(_made(), _NOW + 9 * DAY)
    with pytest.raises(ConflictError, match="cancelled or expired"):
        rules.check_replaceable(_made(expires_at=_NOW), _NOW)


def test_check_same_body():
    rules.check_same_body("a", "a")
    with pytest.raises(RejectedError, match="another body"):
        rules.check_same_body("a", "b")
