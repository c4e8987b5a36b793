"""Ids only grow, whatever the clock does."""

import re
import subprocess
import sys
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_server.kit.failpoints import failpoint
from notify_server.kit.ids import Uuid7Generator, first_ack_id, random_id

_MS = st.integers(0, 2**47)


@given(st.lists(_MS, min_size=2, max_size=50))
def test_ids_grow_even_when_the_clock_goes_back(moments):
    ids = Uuid7Generator()
    made = [ids.next(ms) for ms in moments]
    assert made == sorted(set(made))


@given(_MS)
def test_id_is_a_uuid_of_version_7_with_its_time(milliseconds):
    made = uuid.UUID(Uuid7Generator().next(milliseconds))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == milliseconds


@given(_MS, _MS)
def test_ids_are_never_behind_one_that_was_observed(seen_ms, now_ms):
    other = Uuid7Generator().next(seen_ms)
    ids = Uuid7Generator()
    ids.observe(other)
    assert ids.next(now_ms) > other


def test_a_burst_in_one_millisecond_grows_without_doubles():
    ids = Uuid7Generator()
    made = [ids.next(1_000_000) for _ in range(20_000)]
    assert made == sorted(set(made))


def test_two_generators_do_not_meet():
    made = {Uuid7Generator().next(5) for _ in range(1000)}
    assert len(made) == 1000


def test_random_ids_are_url_safe_and_differ():
    made = {random_id("s_") for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"s_[A-Za-z0-9_-]{22}", one) for one in made)


def test_first_ack_ids_fit_into_a_javascript_number_with_room():
    assert all(0 <= first_ack_id() < 2**52 for _ in range(100))


def test_failpoint_does_nothing_unless_it_was_asked_for():
    failpoint("anything")


@pytest.mark.parametrize(
    ("asked", "passes"), [("here:exit", 0), ("here:exit:3", 2), ("other:exit,here:exit:2", 1)]
)
def test_failpoint_ends_the_process_at_the_nth_pass(asked, passes):
    program = (
        "from notify_server.kit.failpoints import failpoint\n"
        "for n in range(9):\n    print(n, flush=True)\n    failpoint('here')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"NOTIFY_TEST_FAILPOINT": asked},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 70
    assert ended.stdout.split() == [str(n) for n in range(passes + 1)]
