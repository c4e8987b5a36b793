"""Strict JSON: what is refused at the door, where the fault is, what it costs (S8, F19, F20)."""

import time
from contextlib import suppress

import pytest

from notify_server.domain.errors import Code, RejectedError
from notify_server.wire.json import body_hash, canonical, check_json, loads

MEGABYTE = 1_000_000


def refusal(body):
    with pytest.raises(RejectedError) as caught:
        loads(body)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1,]", b"{'a': 1}", b"\xff", b"[NaN]", b"[Infinity]", b"[-Infinity]", b"[1e999]",
     b"[01]", b'["\\ud800"]', b'{"\\ud800": 1}', b"null null", b"\xef\xbb\xbf{}",
     b"[" + b"9" * 400_000 + b"]"],
)  # fmt: skip
def test_loads_what_is_no_json_is_bad_request(body):
    assert refusal(body).code is Code.BAD_REQUEST


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"a": 1, "a": 2}', "a"),
        (b'{"x": {"b": 1, "c": 2, "b": 3}}', "b"),
        (b'{"a": {"n": 9223372036854775808}}', "a.n"),
        (b'{"a": [1, -9223372036854775809]}', "a[1]"),
        (b'{"a": 1180591620717411303424}', "a"),
        (b"[" * 33 + b"]" * 33, ""),
        (b"[" * 1_100 + b"]" * 1_100, ""),
        (b'{"a":' * 900 + b"1" + b"}" * 900, ""),
    ],
)
def test_loads_json_that_cannot_be_kept_is_invalid_with_its_path(body, path):
    error = refusal(body)
    assert error.code is Code.INVALID
    assert [fault.path for fault in error.faults] == [path]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b'{"__proto__": {"a": 1}, "constructor": 2}', {"__proto__": {"a": 1}, "constructor": 2}),
        (b"[9223372036854775807, -9223372036854775808]", [2**63 - 1, -(2**63)]),
        (b'["\\ud83d\\ude00"]', ["\U0001f600"]),
        (b'["0123456789012345678901234567890"]', ["0123456789012345678901234567890"]),
        (b"[" * 32 + b"]" * 32, None),
    ],
)
def test_loads_good_json_is_taken_as_it_is(body, value):
    assert value is None or loads(body) == value
    loads(body)


BOMBS = {
    "depth": b"[" * 200_000,
    "depth, closed": b"[" * 1_000 + b"]" * 1_000,
    "keys": b"{" + b",".join(b'"k%d":1' % i for i in range(90_000)) + b"}",
    "lists": b"[" + b",".join([b"[]"] * 300_000) + b"]",
    "texts": b"[" + b",".join([b'""'] * 300_000) + b"]",
    "the same key": b"{" + b",".join([b'"a":1'] * 160_000) + b"}",
    "digits": b"[" + b"9" * 400_000 + b"]",
    "fraction": b"[0." + b"9" * 400_000 + b"]",
}


@pytest.mark.parametrize("name", BOMBS)
def test_loads_bomb_of_a_megabyte_costs_little(name):
    """S8: under 50 ms on a quiet machine; four times that here, as a busy one must not decide."""
    spent = []
    for _ in range(5):
        started = time.process_time()
        with suppress(RejectedError):
            loads(BOMBS[name])
        spent.append(time.process_time() - started)
    assert min(spent) < 0.2


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": float("nan")}, "x.a"),
        ([float("inf")], "x[0]"),
        ({"a": [{"b": "\ud800"}]}, "x.a[0].b"),
        ({"\udfff": 1}, "x.?"),
        ({"a": b"bytes"}, "x.a"),
        ({1: 2}, "x"),
        (2**63, "x"),
        ("\ud800", "x"),
        ([[[[]]]], "x[0][0][0]"),
    ],
)
def test_check_json_value_of_a_socket_is_refused_with_its_path(value, path):
    assert [fault.path for fault in check_json(value, "x", 3)] == [path]


def test_check_json_many_faults_stop_at_twenty():
    assert len(list(check_json([float("nan")] * 1_000))) == 20


def test_body_hash_order_of_keys_does_not_matter():
    assert body_hash({"a": 1, "b": [1, 2]}) == body_hash({"b": [1, 2], "a": 1})
    assert body_hash({"a": 1}) != body_hash({"a": 2})
    assert canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()


def test_canonical_of_what_was_not_checked_is_refused():
    with pytest.raises(RejectedError):
        canonical({"a": 2**70})
