"""Rates: what is read, how much goes at once, and what is remembered of whom."""

from datetime import timedelta

import pytest

from notify_server.kit.clock import ManualClock
from notify_server.kit.rates import Rate, TokenBuckets, parse_rate


@pytest.fixture
def clock():
    return ManualClock()


def wait(clock, seconds):
    clock.advance(timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1/second", Rate(1, 1)),
        ("30/minute", Rate(30, 60)),
        ("999999999/hour", Rate(999_999_999, 3600)),
        ("off", None),
    ],
)
def test_rate_in_words_is_read(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "0/second", "-1/second", "1/day", "1", "1.5/second", "OFF", "1/second ", "1/second\n"],
)
def test_rate_in_other_words_is_refused_with_what_was_expected(text):
    with pytest.raises(ValueError, match="expected"):
        parse_rate(text)


async def test_take_as_many_as_the_rate_at_once_then_waits_for_the_next(clock):
    buckets = TokenBuckets(Rate(3, 60), clock)
    assert [await buckets.take("a") for _ in range(3)] == [0, 0, 0]
    assert await buckets.take("a") == pytest.approx(20)
    wait(clock, 5)
    assert await buckets.take("a") == pytest.approx(15), "being refused costs nothing"
    wait(clock, 15)
    assert await buckets.take("a") == 0
    assert await buckets.take("a") == pytest.approx(20)


@pytest.mark.parametrize("rate", [Rate(7, 1), Rate(3, 3600), Rate(100, 60)])
async def test_take_after_the_told_wait_is_always_allowed(clock, rate):
    buckets = TokenBuckets(rate, clock)
    refused = 0
    for _ in range(rate.most + 200):
        if wait_s := await buckets.take("a"):
            refused += 1
            clock._monotonic += wait_s  # to the last bit; a timedelta has microseconds
            assert await buckets.take("a") == 0
    assert refused == 200


async def test_take_is_per_key(clock):
    buckets = TokenBuckets(Rate(1, 1), clock)
    assert await buckets.take("a") == 0
    assert await buckets.take("a") > 0
    assert await buckets.take("b") == 0


async def test_take_a_cost_is_all_or_nothing(clock):
    buckets = TokenBuckets(Rate(10, 10), clock)
    assert await buckets.take("a", 7) == 0
    assert await buckets.take("a", 4) == pytest.approx(1)
    assert await buckets.take("a", 3) == 0


async def test_take_more_than_a_bucket_passes_when_full_and_is_paid_off(clock):
    buckets = TokenBuckets(Rate(10, 10), clock)
    assert await buckets.take("a", 1) == 0
    assert await buckets.take("a", 25) == pytest.approx(1)
    wait(clock, 1)
    assert await buckets.take("a", 25) == 0
    assert await buckets.take("a") == pytest.approx(16)


async def test_take_saves_nothing_up(clock):
    buckets = TokenBuckets(Rate(2, 1), clock)
    wait(clock, 1000)
    assert [await buckets.take("a") for _ in range(2)] == [0, 0]
    wait(clock, 1000)
    assert [bool(await buckets.take("a")) for _ in range(3)] == [False, False, True]


async def test_keys_idle_for_longest_are_forgotten(clock):
    buckets = TokenBuckets(Rate(1, 3600), clock, most_keys=3)
    for key in "abc":
        await buckets.take(key)
    assert await buckets.take("a") > 0
    for number in range(2):
        await buckets.take(f"new{number}")
    assert len(buckets) == 3
    assert await buckets.take("a") > 0, "it asked lately"
    assert await buckets.take("b") == 0, "forgotten"


async def test_forget_unknown_or_known_key(clock):
    buckets = TokenBuckets(Rate(1, 3600), clock)
    await buckets.take("a")
    buckets.forget("a")
    buckets.forget("a")
    assert len(buckets) == 0


async def test_off_allows_everything_and_keeps_nothing(clock):
    buckets = TokenBuckets(None, clock)
    assert not any([await buckets.take("a", 1000) for _ in range(1000)])
    assert len(buckets) == 0
