"""API keys: whose they are, and that a wrong one learns nothing (S22)."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from notify_server.auth.keys import KeyRing, make_key
from notify_server.domain.claims import Caller, Scope
from notify_server.domain.errors import Code, RejectedError, UnavailableError
from notify_server.kit.clock import ManualClock


class Shelf:
    """A key store in memory that counts its reads."""

    def __init__(self):
        self.held = {}
        self.reads = 0
        self.away = False

    async def add_key(self, key):
        self.held[key.id] = key

    async def key(self, key_id):
        self.reads += 1
        if self.away:
            raise UnavailableError("The store is away.")
        return self.held.get(key_id)

    async def keys(self):
        return list(self.held.values())

    async def revoke_key(self, key_id, at):
        self.held[key_id] = replace(self.held[key_id], revoked_at=at)
        return True


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def ring(shelf, clock):
    return KeyRing(shelf, clock)


@pytest.fixture
async def key(shelf, clock):
    stored, key = make_key("ci", [Scope.SEND, Scope.READ], clock.now())
    await shelf.add_key(stored)
    return key


async def refusal(ring, key):
    with pytest.raises(RejectedError) as caught:
        await ring.caller(key)
    return caught.value


def test_made_key_is_stored_without_its_secret(clock):
    stored, key = make_key("ci", [Scope.SEND], clock.now())
    key_id, secret = re.fullmatch(r"nk_([0-9a-f]{16})_([\w-]{43})", key).groups()
    assert (stored.id, stored.name, stored.scopes) == (key_id, "ci", frozenset({Scope.SEND}))
    assert stored.created_at == clock.now()
    assert stored.revoked_at is None
    assert secret not in repr(stored)
    assert re.fullmatch(r"[0-9a-f]{64}", stored.secret_hash)


async def test_good_key_names_its_caller(ring, key):
    caller = await ring.caller(key)
    assert caller == Caller(f"key:{key.split('_')[1]}", frozenset({Scope.SEND, Scope.READ}))


async def test_every_made_key_is_accepted(ring, shelf, clock):
    for _ in range(200):  # secrets may hold _ and -
        stored, key = make_key("x", [], clock.now())
        await shelf.add_key(stored)
        assert (await ring.caller(key)).name == f"key:{stored.id}"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nk_",
        "nk__",
        "nk_0000000000000000_" + "A" * 43,
        "nk_0000000000000000_",
        "NK_0000000000000000_" + "A" * 43,
        "nk_" + "0" * 100_000,
        "nk_000000000000000é_" + "A" * 43,
        "nk_0000000000000000_" + "A" * 43 + "\n",
    ],
)
async def test_malformed_or_unknown_key_is_refused(ring, bad):
    error = await refusal(ring, bad)
    assert (error.code, str(error)) == (Code.KEY_INVALID, "The API key is not valid.")


async def test_unknown_id_and_wrong_secret_do_the_same_work(ring, shelf, key, clock):
    """S22: also while the right key is in use; nothing of a wrong one is remembered."""
    await ring.caller(key)
    prefix, key_id, _ = key.split("_", 2)
    wrong_secret = f"{prefix}_{key_id}_{'A' * 43}"
    unknown_id = make_key("x", [], clock.now())[1]
    answers = []
    for bad in (wrong_secret, unknown_id, wrong_secret, unknown_id):
        before = shelf.reads
        error = await refusal(ring, bad)
        answers.append((error.code, str(error), error.faults, shelf.reads - before))
    assert len(set(answers)) == 1
    assert answers[0][-1] == 1


async def test_no_prefix_of_a_key_is_accepted(ring, key):
    for length in range(len(key)):
        assert (await refusal(ring, key[:length])).code is Code.KEY_INVALID


async def test_key_in_use_reads_the_store_every_few_seconds_only(ring, shelf, key, clock):
    for _ in range(50):
        await ring.caller(key)
    assert shelf.reads == 1
    clock.advance(timedelta(seconds=3))
    await ring.caller(key)
    assert shelf.reads == 2


async def test_revoked_key_is_refused_within_five_seconds(ring, shelf, key, clock):
    await ring.caller(key)
    await shelf.revoke_key(key.split("_")[1], clock.now())
    clock.advance(timedelta(seconds=5))
    assert (await refusal(ring, key)).code is Code.KEY_INVALID


async def test_store_that_is_away_is_no_verdict(ring, shelf, key):
    """S36"""
    shelf.away = True
    with pytest.raises(UnavailableError):
        await ring.caller(key)


async def test_memory_of_keys_is_bounded(ring, shelf, clock):
    for _ in range(1100):
        stored, key = make_key("x", [], clock.now())
        await shelf.add_key(stored)
        await ring.caller(key)
    assert len(ring._good) == 1024
