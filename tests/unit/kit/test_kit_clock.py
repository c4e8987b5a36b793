"""Moments, milliseconds and the text of the wire agree."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_server.kit.backoff import full_jitter
from notify_server.kit.clock import (
    AdjustedClock,
    ManualClock,
    SystemClock,
    from_ms,
    to_ms,
    to_rfc3339,
)

_LAST_MS = 253_402_300_799_999


@given(st.integers(0, _LAST_MS))
def test_milliseconds_there_and_back_are_the_same(milliseconds):
    assert to_ms(from_ms(milliseconds)) == milliseconds


@given(st.integers(0, _LAST_MS))
def test_rfc3339_is_exact_and_python_reads_it(milliseconds):
    text = to_rfc3339(from_ms(milliseconds))
    assert text.endswith("Z")
    assert len(text.rpartition(".")[2]) == 4
    assert datetime.fromisoformat(text) == from_ms(milliseconds)


@given(st.integers(0, _LAST_MS - 1))
def test_order_of_moments_is_order_of_texts_and_numbers(milliseconds):
    one, two = from_ms(milliseconds), from_ms(milliseconds + 1)
    assert one < two
    assert to_rfc3339(one) < to_rfc3339(two)


def test_other_zones_are_the_same_moment():
    there = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    assert from_ms(to_ms(there)) == there
    assert from_ms(to_ms(there)).tzinfo is UTC


def test_system_clock_is_aware_in_whole_milliseconds_and_near():
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert abs(now.timestamp() - time.time()) < 5


def test_monotonic_time_never_goes_back():
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)


def test_manual_clock_moves_both_clocks_alike_and_only_when_told():
    clock = ManualClock()
    wall, mono = clock.now(), clock.monotonic()
    assert (clock.now(), clock.monotonic()) == (wall, mono)
    clock.advance(timedelta(days=1, milliseconds=5))
    assert clock.now() - wall == timedelta(days=1, milliseconds=5)
    assert clock.monotonic() - mono == pytest.approx(86_400.005)


class _Chance:
    def __init__(self, value):
        self.value = value

    def random(self):
        return self.value


@pytest.mark.parametrize("failures", [1, 2, 5, 10])
def test_full_jitter_stays_above_zero_and_within_the_doubled_base(failures):
    base = timedelta(seconds=2)
    assert full_jitter(base, failures, _Chance(0.0)) == base * 2 ** (failures - 1)
    assert full_jitter(base, failures, _Chance(1 - 2**-53)) >= timedelta()


@pytest.mark.parametrize("failures", [0, -1])
def test_full_jitter_before_the_first_failure_is_a_mistake(failures):
    with pytest.raises(ValueError, match="1-based"):
        full_jitter(timedelta(seconds=1), failures, _Chance(0.5))


@pytest.fixture
def measured():
    """A clock that was measured to 1 ms, and the one that its monotonic seconds come from."""
    base = ManualClock()
    clock = AdjustedClock(base)
    assert clock.adjust(base.now() + timedelta(hours=1), base.monotonic(), 0.001)
    return clock, base


def _said(base, error_ms):
    """An hour ahead, measured with an error."""
    return base.now() + timedelta(hours=1, milliseconds=error_ms), base.monotonic()


def test_adjusted_clock_keeps_a_better_measurement(measured):
    clock, base = measured
    assert not clock.adjust(*_said(base, 20), 0.025)
    assert clock.now() == base.now() + timedelta(hours=1)


def test_adjusted_clock_takes_a_better_or_a_like_measurement(measured):
    clock, base = measured
    assert clock.adjust(*_said(base, 1), 0.001)
    assert clock.now() == base.now() + timedelta(hours=1, milliseconds=1)


def test_adjusted_clock_believes_less_in_what_was_measured_long_ago(measured):
    """Two clocks run apart."""
    clock, base = measured
    base.advance(timedelta(minutes=10))
    assert clock.adjust(*_said(base, 20), 0.025)


def test_adjusted_clock_follows_one_that_was_set(measured):
    clock, base = measured
    assert clock.adjust(*_said(base, 5_000), 0.025)
    assert clock.now() == base.now() + timedelta(hours=1, seconds=5)
