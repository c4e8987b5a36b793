"""From a draft to a decided submission: scopes (S26), exclusions, collapse scope, channels."""

from dataclasses import replace

import pytest
from support.facts import ROLE, ROOM

from notify_server.domain.claims import Caller, Scope
from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.notification import Content, Draft, Priority
from notify_server.domain.reasons import Reason
from notify_server.domain.settings import RETRY_RULES, FallbackSettings, Settings
from notify_server.domain.target import EVERYONE, Audience, AudienceKind, Targets
from notify_server.policy.decide import decide_submission

LINE = Audience(AudienceKind.LINE, "/admin")
SEND = Caller("key:1", frozenset({Scope.SEND}))
BOTH = Caller("key:1", frozenset({Scope.SEND, Scope.BROADCAST}))
ADMIN = Caller("key:1", frozenset({Scope.ADMIN}))
READER = Caller("key:1", frozenset({Scope.READ}))
ONLY_BROADCAST = Caller("key:1", frozenset({Scope.BROADCAST}))


def _decide(users=("1",), to=(), exclude=(), caller=BOTH, key=None, settings=None, **fields):
    line = fields.pop("line", "/")
    draft = Draft(
        Targets(tuple(users), tuple(to), tuple(exclude)), Content("t", "m", **fields), line,
        body_hash="hash",
    )  # fmt: skip
    return decide_submission(caller, draft, "POST /x", key, settings or Settings())


SCOPES = [
    # targets, who may
    ({"users": ["1"]}, {SEND, BOTH, ADMIN}),
    ({"users": [], "to": [ROOM]}, {SEND, BOTH, ADMIN}),
    ({"users": [], "to": [ROLE]}, {BOTH, ADMIN}),
    ({"users": [], "to": [EVERYONE]}, {BOTH, ADMIN}),
    ({"users": [], "to": [LINE]}, {BOTH, ADMIN}),
    ({"users": ["1"], "to": [ROOM, ROLE]}, {BOTH, ADMIN}),
]


@pytest.mark.parametrize("caller", [SEND, BOTH, ADMIN, READER, ONLY_BROADCAST])
@pytest.mark.parametrize(("targets", "who_may"), SCOPES)
def test_scope_that_each_target_needs(targets, who_may, caller):
    if caller in who_may:
        assert _decide(caller=caller, **targets).submitter == "key:1"
    else:
        with pytest.raises(RejectedError) as caught:
            _decide(caller=caller, **targets)
        assert caught.value.code is Code.FORBIDDEN


SETTLED = [
    # users, audiences, exclude, settled users, settled audiences
    (["2", "1", "2"], [], [], ("1", "2"), ()),
    (["1", "2"], [], ["1"], ("2",), ()),
    (["1"], [EVERYONE], ["1"], (), (EVERYONE,)),
    ([], [ROOM, ROLE, ROOM], ["9", "8", "9"], (), (ROLE, ROOM)),
]


@pytest.mark.parametrize(("users", "to", "exclude", "settled", "audiences"), SETTLED)
def test_targets_are_settled_sorted_without_doubles_and_excluded(
    users, to, exclude, settled, audiences
):
    targets = _decide(users, to, exclude).targets
    assert (targets.users, targets.audiences) == (settled, audiences)
    assert targets.exclude == tuple(sorted(set(exclude)))


@pytest.mark.parametrize(("users", "exclude"), [([], []), (["1"], ["1"]), (["1", "2"], ["2", "1"])])
def test_nobody_left_is_refused_at_to(users, exclude):
    with pytest.raises(RejectedError) as caught:
        _decide(users, (), exclude)
    assert caught.value.code is Code.NOBODY_LEFT
    assert [fault.path for fault in caught.value.faults] == ["to"]


def test_collapse_scope_is_of_caller_key_line_targets_and_exclusions():
    base = {"users": ["1", "2"], "collapse_key": "c"}
    scope = _decide(**base).collapse_scope
    assert _decide(**{**base, "users": ["2", "1", "1"]}).collapse_scope == scope
    others = [
        _decide(**base, caller=replace(BOTH, name="key:2")),
        _decide(**{**base, "collapse_key": "d"}),
        _decide(**{**base, "users": ["1"]}),
        _decide(**base, to=[ROOM]),
        _decide(**base, exclude=["3"]),
        _decide(**base, line="/admin"),
    ]
    assert len({scope, *(other.collapse_scope for other in others)}) == 1 + len(others)
    assert _decide(["1"]).collapse_scope is None


@pytest.mark.parametrize(
    ("one", "other"),
    [({"users": ["a,b"]}, {"users": ["a", "b"]}),
     ({"users": [], "to": [Audience(AudienceKind.ROOM, "x")]}, {"users": ["room:x"]})],
)  # fmt: skip
def test_collapse_scopes_of_lookalike_targets_differ(one, other):
    scopes = {_decide(**targets, collapse_key="c").collapse_scope for targets in (one, other)}
    assert len(scopes) == 2


def test_idempotency_scope_is_caller_route_and_key():
    key = _decide(key="k").idempotency
    assert (key.scope, key.body_hash) == ('["key:1","POST /x","k"]', "hash")
    assert _decide().idempotency is None


def test_idempotency_scopes_of_lookalike_callers_differ():
    odd = replace(BOTH, name="key:1|POST /x|a")
    scopes = {
        _decide(caller=caller, key=key).idempotency.scope
        for caller, key in ((BOTH, "a|POST /x|b"), (odd, "b"))
    }
    assert len(scopes) == 2


@pytest.mark.parametrize("priority", Priority)
def test_waits_and_missing_channels_are_those_of_the_priority(priority):
    decided = _decide(priority=priority)
    rule = RETRY_RULES[priority]
    assert decided.waits.total_seconds() == rule.waits_s
    assert [note.channel for note in decided.channel_notes] == list(rule.fallback)
    assert {note.reason for note in decided.channel_notes} <= {Reason.NO_CHANNEL}
    off = _decide(priority=priority, settings=Settings(fallback=FallbackSettings(enabled=False)))
    assert off.channel_notes == ()
