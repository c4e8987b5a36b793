"""What an operator's search means: every filter alone, and all that is given together."""

from datetime import timedelta

import pytest
from support.facts import NOW, S, note

from notify_server.domain.notification import Priority
from notify_server.domain.operators import Search, Standing
from notify_server.policy.filters import is_searched, standing_of

ONE = note(
    "1",
    title="Disk almost FULL",
    message="on host ß7",
    type="alert",
    priority=Priority.HIGH,
    source="disk_watch",
    tags=("ops", "disk"),
    sender={"id": "9", "name": "Watcher", "avatar_url": None},
    collapse_key="disk-7",
    expires_at=NOW + 10 * S,
)


def found(**wanted):
    return is_searched(ONE, Search(**wanted), NOW)


def test_search_without_filters_finds_everything():
    assert found()


@pytest.mark.parametrize(
    ("name", "hit", "miss"),
    [
        ("type", "alert", "info"), ("priority", Priority.HIGH, Priority.LOW),
        ("source", "disk_watch", "disk"), ("tag", "ops", "op"), ("line", "/", "/ops"),
        ("caller", "key:1", "key:2"), ("standing", Standing.LIVE, Standing.CANCELLED),
        ("since", NOW, NOW + S), ("until", NOW + S, NOW),
    ],
)  # fmt: skip
def test_search_filter_keeps_what_it_names(name, hit, miss):
    assert found(**{name: hit})
    assert not found(**{name: miss})
    assert not found(type="alert", **{name: miss} if name != "type" else {"tag": "x"})


@pytest.mark.parametrize(
    "text", ["full disk", "HOST", "SS7", "alert", "disk_watch", "ops", "watcher", "disk-7", "n1"]
)
def test_search_text_is_looked_for_in_all_that_people_know_it_by(text):
    assert found(text=text)


@pytest.mark.parametrize("text", ["full empty", "hostess", "key:1"])
def test_search_text_that_does_not_occur_finds_nothing(text):
    assert not found(text=text)


def test_standing_is_cancelled_before_expired_before_live():
    assert standing_of(ONE, NOW) is Standing.LIVE
    assert standing_of(ONE, NOW + 10 * S) is Standing.EXPIRED
    cancelled = note("1", cancelled_at=NOW, expires_at=NOW - timedelta(days=1))
    assert standing_of(cancelled, NOW) is Standing.CANCELLED
    assert is_searched(cancelled, Search(standing=Standing.CANCELLED), NOW)


def test_search_for_undelivered_leaves_out_what_is_over():
    assert found(standing=Standing.UNDELIVERED)
    assert not is_searched(ONE, Search(standing=Standing.UNDELIVERED), NOW + 10 * S)
