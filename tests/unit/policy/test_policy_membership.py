"""Who belongs to what, since when, by tokens and operators (contract 10.7)."""

from dataclasses import replace

import pytest
from support.facts import DAY, NOW, ROLE, ROOM, S

from notify_server.domain.claims import Claims
from notify_server.domain.target import (
    EVERYONE,
    Audience,
    AudienceKind,
    Membership,
    Source,
    UserRecord,
)
from notify_server.policy.membership import (
    ROLE_OUTLIVES_TOKEN,
    changes_by_token,
    is_revoked,
    person_of,
)
from notify_server.policy.rooms import is_allowed

LINES = {"/admin": ("ADMIN", "ROOT"), "/ops": ("OPS",)}
ADMIN = Audience(AudienceKind.ROLE, "ADMIN")
ROOT = Audience(AudienceKind.ROLE, "ROOT")
ADMIN_LINE = Audience(AudienceKind.LINE, "/admin")
RECORD = UserRecord("ann", NOW - DAY, token_iat=NOW - DAY, version=1)


def _claims(*roles, iat=NOW, exp=NOW + DAY, **fields):
    return Claims("ann", frozenset(roles), (), iat, exp, **fields)


def _held(audience, since=NOW - DAY, until=None, source=Source.TOKEN):
    return Membership(audience, source, since, until)


BELONGS = [
    ("token role", [_held(ROLE, until=NOW + S)], {}, {ROLE: NOW - DAY}),
    ("ended", [_held(ROLE, until=NOW)], {}, {}),
    ("ended but an operator's stays", [_held(ROLE, until=NOW - S),
                                       _held(ROLE, NOW - S, None, Source.OPERATOR)],
     {}, {ROLE: NOW - S}),
    ("two sources, the earlier", [_held(ROLE, NOW - S, NOW + S),
                                  _held(ROLE, NOW - DAY, None, Source.OPERATOR)],
     {}, {ROLE: NOW - DAY}),
    ("room of a session", [], {"r": NOW - S}, {ROOM: NOW - S}),
    ("room of a session and stored", [_held(ROOM, NOW - DAY, None, Source.SELF)],
     {"r": NOW - S}, {ROOM: NOW - DAY}),
    ("line by its role", [_held(ADMIN)], {}, {ADMIN: NOW - DAY, ADMIN_LINE: NOW - DAY}),
    ("line by the earlier role", [_held(ADMIN, NOW - S), _held(ROOT, NOW - DAY)],
     {}, {ADMIN: NOW - S, ROOT: NOW - DAY, ADMIN_LINE: NOW - DAY}),
    ("line of an ended role", [_held(ADMIN, until=NOW)], {}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("case", "memberships", "rooms", "expected"), BELONGS)
def test_person_belongs_to_what_holds_now(case, memberships, rooms, expected):
    who = person_of(RECORD, memberships, rooms, LINES, NOW)
    assert who.since == {EVERYONE: RECORD.known_since, **expected}, case


def test_first_token_makes_the_person_known():
    changes = changes_by_token(None, [], _claims("R", name="Ann", email="a@x.org"), NOW)
    assert changes.record.known_since == NOW
    assert (changes.record.name, changes.record.email) == ("Ann", "a@x.org")
    assert changes.put == (Membership(ROLE, Source.TOKEN, NOW, NOW + DAY + ROLE_OUTLIVES_TOKEN),)
    assert changes.remove == ()


def test_same_token_again_changes_nothing():
    first = changes_by_token(None, [], _claims("R"), NOW)
    again = changes_by_token(first.record, first.put, _claims("R"), NOW + S)
    assert (again.record, again.put, again.remove) == (None, (), ())


TOKENS = [
    # case, roles held, claims, put, removed
    ("older is ignored", ["R"], _claims("NEW", iat=NOW - 2 * DAY), [], []),
    ("newer adds and removes", ["R"], _claims("ADMIN"), ["ADMIN"], ["R"]),
    ("newer without roles", ["R", "ADMIN"], _claims(), [], ["ADMIN", "R"]),
    ("newer prolongs", ["R"], _claims("R", exp=NOW + 2 * DAY), ["R"], []),
    ("newer shortens", ["R"], _claims("R", exp=NOW + S), ["R"], []),
    ("as old as the newest", ["R"], _claims("ADMIN", iat=NOW - DAY), ["ADMIN"], ["R"]),
]


@pytest.mark.parametrize(("case", "held", "claims", "put", "removed"), TOKENS)
def test_newest_token_by_iat_says_the_roles(case, held, claims, put, removed):
    until = NOW + DAY / 2 + ROLE_OUTLIVES_TOKEN
    memberships = [_held(Audience(AudienceKind.ROLE, name), until=until) for name in held]
    changes = changes_by_token(RECORD, memberships, claims, NOW)
    assert [m.audience.name for m in changes.put] == put, case
    assert [a.name for a in changes.remove] == removed, case


def test_operators_memberships_are_none_of_a_tokens_business():
    memberships = [_held(ROLE, source=Source.OPERATOR), _held(ROOM, source=Source.SELF)]
    assert changes_by_token(RECORD, memberships, _claims(), NOW).remove == ()


def test_what_a_newer_token_does_not_say_is_kept():
    record = replace(RECORD, name="Ann", locale="de", email="old@x.org")
    changes = changes_by_token(record, [], _claims(email="new@x.org"), NOW)
    assert (changes.record.name, changes.record.locale) == ("Ann", "de")
    assert changes.record.email == "new@x.org"
    assert changes.record.known_since == RECORD.known_since


@pytest.mark.parametrize(
    ("before", "iat", "expected"),
    [(None, NOW, False), (NOW, NOW - S, True), (NOW, NOW, False), (NOW, NOW + S, False)],
)
def test_is_revoked_when_issued_before(before, iat, expected):
    assert is_revoked(replace(RECORD, revoked_before=before), _claims(iat=iat)) is expected
    assert is_revoked(None, _claims(iat=iat)) is False


@pytest.mark.parametrize(
    ("room", "patterns", "expected"),
    [
        ("task_1", ["task_*"], True),
        ("task_", ["task_*"], True),
        ("xtask_1", ["task_*"], False),
        ("task_1", [], False),
        ("anything", ["*"], True),
        ("a\nb", ["a*b"], True),
        ("a.b", ["a.b"], True),
        ("axb", ["a.b"], False),
        ("a[1]", ["a[1]"], True),
        ("a1", ["a[1]"], False),
        ("a?", ["a?"], True),
        ("ab", ["a?"], False),
        ("A", ["a"], False),
        ("a", ["a\n"], False),
        ("a\n", ["a"], False),
        ("x", [""], False),
        ("", [""], True),
        ("", ["*"], True),
        ("aba", ["ab*ba"], False),
        ("abba", ["ab*ba"], True),
        ("a1b2c", ["a*b*c"], True),
        ("a1c2b", ["a*b*c"], False),
        ("abcbc", ["a*bc"], True),
        ("xabab", ["*ab*ab"], True),
        ("xab", ["*ab*ab"], False),
        ("ab", ["**"], True),
        ("b", ["a", "b"], True),
    ],
)
def test_room_patterns_know_only_the_star(room, patterns, expected):
    assert is_allowed(room, patterns) is expected


def test_room_pattern_of_many_stars_does_not_backtrack():
    """As a regular expression this one runs for hours."""
    assert not is_allowed("a" * 128, ["*a" * 8 + "*b"])
