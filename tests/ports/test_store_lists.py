"""What can be asked of the store about notifications, and what purging leaves."""

from dataclasses import replace

import pytest
from support.stores import (
    DAY,
    HOUR,
    MS,
    ROLE,
    ROOM,
    SECOND,
    accept_one,
    change_of,
    delivery,
    receipt,
    receipt_of,
    submission,
)

from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Attempt
from notify_server.domain.target import EVERYONE, Position
from notify_server.kit.clock import ManualClock

_EPOCH = ManualClock().now() - DAY


async def _several(store, clock, count, **rest):
    """One a second, oldest first."""
    made = []
    for _ in range(count):
        made.append(await accept_one(store, "1", **rest))
        clock.advance(SECOND)
    return made


def _place(notification):
    return Position(notification.created_at, notification.id)


async def test_notifications_gives_those_that_exist(store):
    first, second = await accept_one(store, "1"), await accept_one(store, "1")
    wanted = [second.id, "nope", first.id, first.id]
    assert await store.notifications(wanted) == {first.id: first, second.id: second}
    assert await store.notifications([]) == {}


async def test_notifications_takes_500_ids(store):
    answers = await store.accept([submission("1")] * 500)
    assert len(await store.notifications([answer.notification.id for answer in answers])) == 500


async def test_feed_is_newest_first_below_a_position(store, clock):
    made = await _several(store, clock, 5, to=(ROLE, ROOM))
    assert await store.feed(ROLE, "/", None, 10) == made[::-1]
    assert await store.feed(ROOM, "/", None, 2) == made[:2:-1]
    assert await store.feed(ROLE, "/", _place(made[2]), 10) == [made[1], made[0]]


async def test_feed_of_one_moment_is_ordered_by_id(store):
    answers = await store.accept([submission(to=(EVERYONE,)) for _ in range(6)])
    made = [answer.notification for answer in answers]
    assert await store.feed(EVERYONE, "/", None, 10) == made[::-1]
    assert await store.feed(EVERYONE, "/", _place(made[3]), 2) == [made[2], made[1]]


async def test_feed_of_another_audience_or_line_is_apart(store):
    made = await accept_one(store, "1", to=(ROLE,), line="/admin")
    assert await store.feed(ROLE, "/", None, 10) == []
    assert await store.feed(ROOM, "/admin", None, 10) == []
    assert await store.feed(ROLE, "/admin", None, 10) == [made]


async def test_feed_changed_is_oldest_change_first(store, clock):
    first, second, third = await _several(store, clock, 3, to=(ROLE,))
    since = clock.now()
    assert await store.feed_changed(ROLE, "/", since, 10) == []
    replaced = (await store.replace(second.id, submission())).notification
    clock.advance(MS)
    cancelled = await store.cancel(first.id)
    assert await store.feed_changed(ROLE, "/", since, 10) == [replaced, cancelled]
    assert await store.feed_changed(ROLE, "/", since, 1) == [replaced]
    assert await store.feed_changed(ROLE, "/", third.updated_at, 1) == [third]
    assert await store.feed_changed(ROOM, "/", since, 10) == []


async def test_changed_contains_the_bound_and_orders_by_change(store, clock):
    first, second, third = await _several(store, clock, 3)
    cancelled = await store.cancel(first.id)
    assert await store.changed(_EPOCH, 10) == [
        change_of(second),
        change_of(third),
        change_of(cancelled),
    ]
    assert await store.changed(third.updated_at, 10) == [change_of(third), change_of(cancelled)]
    assert await store.changed(_EPOCH, 1) == [change_of(second)]
    assert await store.changed(clock.now() + MS, 10) == []


async def test_changed_of_one_moment_is_ordered_by_id(store):
    answers = await store.accept([submission("1") for _ in range(5)])
    assert await store.changed(_EPOCH, 10) == [change_of(answer.notification) for answer in answers]


async def test_targets_are_those_of_each_that_exists(store):
    named = await accept_one(store, "1", "2")
    shared = await accept_one(store, to=(ROLE, ROOM))
    found = await store.targets([named.id, shared.id, "none", named.id])
    assert found == {named.id: named.targets, shared.id: shared.targets}
    assert await store.targets([]) == {}


async def test_expired_bounds_and_order(store, clock):
    start = clock.now()
    late, early, gone, never = [
        await accept_one(store, "1", expires_at=moment)
        for moment in (start + 2 * SECOND, start + SECOND, start + SECOND, None)
    ]
    await store.cancel(gone.id)
    assert await store.expired(start, start + DAY, 10) == [early, late]
    assert await store.expired(start + SECOND, start + 2 * SECOND, 10) == [late]
    assert await store.expired(start, start + SECOND, 10) == [early]
    assert await store.expired(start, start + DAY, 1) == [early]
    assert never.content.expires_at is None


async def test_expired_until_is_what_was_noted_and_never_goes_back(store, clock):
    assert await store.expired_until() is None
    for moment in (clock.now(), clock.now() - SECOND):
        await store.note_expired_until(moment)
        assert await store.expired_until() == clock.now()


async def test_expired_follows_the_newest_revision(store, clock):
    start = clock.now()
    made = await accept_one(store, "1", expires_at=start + SECOND)
    await store.replace(made.id, submission(expires_at=start + HOUR))
    assert await store.expired(start, start + SECOND, 10) == []
    assert [each.id for each in await store.expired(start, start + HOUR, 10)] == [made.id]


async def test_purge_removes_the_oldest_with_all_that_hangs_on_them(store, clock):
    made = await accept_one(store, "1", to=(ROLE,), scope="s", key="k")
    await store.record_deliveries([delivery("2", made, clock.now())])
    attempt = Attempt("1", made.id, 1, 1, clock.now(), "failed", Reason.NO_ACK)
    await store.add_attempts([attempt])
    clock.advance(SECOND)
    kept = await accept_one(store, "1", to=(ROLE,))
    assert await store.purge(kept.created_at, 10) == 1
    assert await store.notifications([made.id, kept.id]) == {kept.id: kept}
    assert await store.feed(ROLE, "/", None, 10) == [kept]
    assert await store.entries("2", [made.id]) == []
    assert await store.inbox("2", "/", None, 10) == []
    assert (await store.summary(made.id)).total == 0
    assert await store.attempts(made.id, "1") == []
    assert [entry.id for entry in await store.due(clock.now() + 9 * DAY, 10)] == [kept.id]
    (again,) = await store.accept([submission("1", scope="s", key="k", body="other")])
    assert (again.replayed, again.revision) == (False, 1)


async def test_purge_keeps_what_was_revised_since(store, clock):
    made = await accept_one(store, "1", scope="s")
    clock.advance(SECOND)
    (revised,) = await store.accept([submission("1", scope="s")])
    assert await store.purge(clock.now(), 10) == 0
    assert await store.purge(clock.now() + MS, 10) == 1
    assert revised.notification.id == made.id


async def test_purge_keeps_what_was_snoozed_until_then(store, clock):
    """It came back as new at that moment, whatever happened to the receipt since."""
    made = await accept_one(store, "1", "2")
    until = clock.now() + HOUR
    for user, snoozed in (("1", until), ("2", until - SECOND)):
        held = await receipt_of(store, user, made.id)
        assert await store.save([replace(held, snoozed_until=snoozed)]) == []
    held = await receipt_of(store, "1", made.id)
    assert await store.save([replace(held, snoozed_until=None)]) == []
    clock.advance(DAY)
    assert await store.purge(until, 10) == 0
    assert await store.purge(until + MS, 10) == 1


async def test_purge_keeps_what_is_to_expire_later(store, clock):
    await accept_one(store, "1", expires_at=clock.now() + DAY)
    clock.advance(DAY - MS)
    assert await store.purge(clock.now(), 10) == await store.purgeable(clock.now(), 10) == 0
    clock.advance(MS)
    assert await store.purgeable(clock.now(), 10) == 1
    assert await store.purge(clock.now(), 10) == 1


async def test_purge_stops_at_its_limit(store, clock):
    made = await _several(store, clock, 45)
    assert await store.purgeable(clock.now(), 42) == 42
    assert await store.purge(clock.now(), 42) == 42
    assert await store.purgeable(clock.now(), 42) == 3
    assert await store.changed(_EPOCH, 100) == [change_of(one) for one in made[42:]]
    assert await store.purge(clock.now(), 42) == 3
    assert await store.purge(clock.now(), 42) == 0


async def test_purge_forgets_old_idempotency_keys_only(store, clock):
    await store.accept([submission("1", key="old")])
    clock.advance(DAY)
    await store.accept([submission("1", key="young")])
    await store.purge(_EPOCH, 10)
    (old, young) = await store.accept([submission("1", key="old"), submission("1", key="young")])
    assert (old.replayed, young.replayed) == (False, True)


async def test_writing_after_a_purge_leaves_nothing_behind(store, clock):
    made = await accept_one(store, "1")
    held = await receipt_of(store, "1", made.id)
    clock.advance(SECOND)
    await store.purge(clock.now(), 10)
    assert await store.save([held]) == [("1", made.id)]
    assert await store.save([receipt("2", made)]) == [("2", made.id)]
    (answer,) = await store.record_deliveries([delivery("2", made, clock.now())])
    assert (answer.user, answer.version) == ("2", 0)
    await store.add_attempts([Attempt("1", made.id, 1, 1, clock.now(), "sent", Reason.RETRY)])
    assert await store.attempts(made.id, "1") == []
    assert await store.recipients(made.id, "", 10) == []


@pytest.mark.parametrize("limit", [0, 1])
async def test_lists_keep_to_their_limit(store, clock, limit):
    await _several(store, clock, 2, to=(ROLE,), expires_at=clock.now() + HOUR)
    for answer in (
        await store.feed(ROLE, "/", None, limit),
        await store.feed_changed(ROLE, "/", _EPOCH, limit),
        await store.changed(_EPOCH, limit),
        await store.expired(_EPOCH, clock.now() + DAY, limit),
        await store.active("1", "/", limit),
        await store.inbox("1", "/", None, limit),
        await store.changed_entries("1", "/", _EPOCH, limit),
        await store.changed_ids("1", "/", _EPOCH, limit),
        await store.due(clock.now() + DAY, limit),
    ):
        assert len(answer) == limit
