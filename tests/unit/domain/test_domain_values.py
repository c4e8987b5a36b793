"""The small truths of the domain's values."""

import pickle
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from notify_server.domain import (
    actions,
    claims,
    errors,
    explanation,
    notification,
    person,
    receipt,
    settings,
    signals,
    target,
    view,
)
from notify_server.domain.claims import Caller, Scope
from notify_server.domain.errors import Code, Fault, NotFoundError, NotifyError, RejectedError
from notify_server.domain.notification import Content, Notification, Priority
from notify_server.domain.reasons import SENTENCES, Reason
from notify_server.domain.receipt import Entry, Receipt
from notify_server.domain.settings import Settings
from notify_server.domain.target import EVERYONE, Audience, AudienceKind, Position, Targets

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MODULES = [
    actions, claims, explanation, notification, person, receipt, settings, signals, target, view,
]  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_values_are_frozen_and_slotted(module):
    """What passes between stages cannot be changed behind a stage's back."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and _is_data(value):
            assert value.__dataclass_params__.frozen, value
            assert hasattr(value, "__slots__"), value


def _is_data(value):
    return hasattr(value, "__dataclass_fields__")


def test_frozen_means_frozen():
    with pytest.raises(FrozenInstanceError):
        Content("a", "b").title = "c"


def test_priorities_are_ranked_least_first():
    assert [p.rank for p in Priority] == [0, 1, 2, 3, 4]
    assert all(a.rank < b.rank for a, b in pairwise(Priority))
    assert list(map(str, Priority)) == ["low", "normal", "high", "urgent", "critical"]


def test_audience_keys_differ_by_kind_and_name():
    keys = {Audience(kind, name).key for kind in AudienceKind for name in ("a", "b")}
    assert len(keys) == 8
    assert EVERYONE.key == "all:"


def test_positions_are_ordered_by_time_then_id():
    places = [Position(NOW, "b"), Position(NOW, "a"), Position(NOW - timedelta(seconds=1), "z")]
    assert sorted(places) == places[::-1]


@pytest.mark.parametrize(
    ("scopes", "scope", "expected"),
    [
        ({Scope.SEND}, Scope.SEND, True),
        ({Scope.SEND}, Scope.BROADCAST, False),
        ({Scope.ADMIN}, Scope.BROADCAST, True),
        ({Scope.BROADCAST}, Scope.SEND, False),
        ({Scope.READ}, Scope.ADMIN, False),
        (set(), Scope.READ, False),
    ],
)
def test_caller_may_what_its_scopes_or_admin_allow(scopes, scope, expected):
    assert Caller("key:1", frozenset(scopes)).may(scope) is expected


# Errors


def _classes():
    return [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, NotifyError)]


def test_every_error_is_a_notify_error_and_says_a_sentence():
    made = [
        NotifyError(Code.INVALID),
        RejectedError.at("to[0].user", "is empty"),
        NotFoundError(),
        errors.ConflictError(Code.CONFLICT, "in the way"),
        errors.LimitedError("slow down", 3),
        errors.UnavailableError("away", 2),
        errors.InternalError(),
    ]
    assert {type(e) for e in made} == set(_classes())
    assert all(str(error) for error in made)
    assert [e.retry_after_s for e in made[4:6]] == [3, 2]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NotifyError(Code.INVALID, "Said."), "Said."),
        (NotifyError(Code.INVALID, faults=[Fault("a", "b"), Fault("", "c")]), "a: b; c"),
        (NotifyError(Code.KEY_INVALID), "Key invalid"),
        (NotifyError(Code.INVALID, "Said.", [Fault("a", "b")]), "Said."),
    ],
)
def test_text_is_the_detail_or_the_faults_or_the_code(error, text):
    assert str(error) == text


def test_internal_error_tells_nothing_of_the_cause():
    with pytest.raises(errors.InternalError) as caught:
        raise errors.InternalError from ValueError("secret")
    assert "secret" not in str(caught.value)


def test_codes_are_upper_snake_and_are_their_own_name():
    assert all(code.value == code.name == code.name.upper() for code in Code)


def test_every_reason_has_one_sentence():
    assert set(SENTENCES) == set(Reason)


# Entries


def _notification(**given):
    start = {
        "id": "n1", "targets": Targets(("ann",)), "content": Content("t", "m"),
        "submitter": "key:1", "created_at": NOW, "updated_at": NOW, "revised_at": NOW,
    }  # fmt: skip
    return Notification(**{**start, **given})


def test_entry_has_its_place_from_the_receipt_or_the_notification():
    later = NOW + timedelta(hours=1)
    mine = Receipt("ann", "n1", "/", True, sort_at=later, push_at=later, changed_at=later)
    assert Entry(_notification(), None).position == Position(NOW, "n1")
    assert Entry(_notification(), mine).position == Position(later, "n1")


def test_pushing_starts_at_the_receipt_or_the_newest_revision_whichever_is_later():
    early, late = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    mine = Receipt("ann", "n1", "/", True, sort_at=NOW, push_at=early, changed_at=NOW)
    assert Entry(_notification(), None).pushed_from == NOW
    assert Entry(_notification(), mine).pushed_from == early
    assert Entry(_notification(revised_at=late), mine).pushed_from == late


def test_settings_hold_every_section_of_the_contract():
    assert {f.name for f in fields(Settings)} >= {
        "server", "store", "bus", "auth", "cors", "namespaces", "rooms", "types", "retry",
        "fallback", "inbox", "audience", "cleanup", "rate_limits", "limits", "compat", "log",
    }  # fmt: skip


def test_default_lines_are_those_of_the_contract():
    names = Settings().namespaces
    assert names.user == ("/ws/notifications/", "/ws/notifications")
    assert names.lines["/admin"] == ("ADMIN",)


def test_default_limits_are_those_of_the_contract():
    limits = Settings().limits
    assert (limits.title_chars, limits.message_chars, limits.data_bytes) == (255, 4096, 32 * 1024)
    assert (limits.notification_bytes, limits.bulk_bytes) == (64 * 1024, 1024 * 1024)
    assert (limits.targets, limits.bulk_items, limits.bulk_targets) == (500, 1000, 10_000)
    assert (limits.tags, limits.tag_chars, limits.id_chars, limits.data_depth) == (32, 64, 128, 16)
    assert (limits.sessions_per_user, limits.connections_per_ip, limits.connections) == (
        20, 200, 10_000,
    )  # fmt: skip
    assert (limits.replay, limits.rooms_per_user) == (300, 256)


def test_values_can_be_told_apart_by_what_they_hold():
    assert Content("a", "b") == Content("a", "b") != Content("a", "c")
    assert pickle.loads(pickle.dumps(Position(NOW, "x"))) == Position(NOW, "x")
