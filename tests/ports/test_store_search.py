"""What an operator's searches and figures ask of a store: all notifications, and how many."""

from dataclasses import replace

from support.stores import DAY, ROLE, SECOND, accept_one, delivery, receipt_of

from notify_server.domain.target import UserRecord


async def several(store, clock, count, *users, **rest):
    """One a second, oldest first."""
    made = []
    for _ in range(count):
        made.append(await accept_one(store, *users, **rest))
        clock.advance(SECOND)
    return made


async def test_latest_is_every_line_greatest_id_first_below_an_id(store, clock):
    made = await several(store, clock, 3, "1")
    made.append(await accept_one(store, to=(ROLE,), line="/ops"))
    assert await store.latest(None, 10) == made[::-1]
    assert await store.latest(None, 2) == made[:1:-1]
    assert await store.latest(made[2].id, 10) == [made[1], made[0]]
    assert await store.latest(made[0].id, 10) == []


async def test_latest_of_a_user_is_what_they_have_a_receipt_of(store, clock):
    first, second, third = await several(store, clock, 3, "1", to=(ROLE,))
    other = await accept_one(store, "2")
    await store.record_deliveries([delivery("2", second, clock.now())])
    assert await store.latest(None, 10, "1") == [third, second, first]
    assert await store.latest(None, 10, "2") == [other, second]
    assert await store.latest(other.id, 1, "2") == [second]
    assert await store.latest(None, 10, "nobody") == []


async def test_latest_of_a_user_has_what_they_deleted(store, clock):
    made = await accept_one(store, "1")
    held = await receipt_of(store, "1", made.id)
    await store.save([replace(held, deleted_at=clock.now())])
    assert await store.latest(None, 10, "1") == [made]


async def test_undelivered_are_those_with_somebody_whom_they_did_not_reach(store, clock):
    whole = await accept_one(store, "1", "2")
    half = await accept_one(store, "1", "2")
    nobody = await accept_one(store, to=(ROLE,))
    deleted = await accept_one(store, "1")
    reached = [delivery("1", whole, clock.now()), delivery("2", whole, clock.now())]
    await store.record_deliveries([*reached, delivery("1", half, clock.now())])
    held = await receipt_of(store, "1", deleted.id)
    await store.save([replace(held, deleted_at=clock.now())])
    ids = [whole.id, half.id, nobody.id, deleted.id, "nope", half.id]
    assert await store.undelivered(ids) == {half.id}
    assert await store.undelivered([]) == set()


async def test_undelivered_again_after_a_new_revision(store, clock):
    made = await accept_one(store, "1", scope="s")
    await store.record_deliveries([delivery("1", made, clock.now())])
    assert await store.undelivered([made.id]) == set()
    await accept_one(store, "1", scope="s")
    assert await store.undelivered([made.id]) == {made.id}


async def test_sizes_count_up_to_a_bound(store, clock):
    empty = {"notifications": 0, "receipts": 0, "users": 0, "due": 0}
    assert await store.sizes(10) == empty
    await several(store, clock, 3, "1", "2")
    await store.save_user(UserRecord("1", clock.now()))
    assert await store.sizes(10) == {"notifications": 3, "receipts": 6, "users": 1, "due": 0}
    clock.advance(9 * DAY)
    assert await store.sizes(10) == {"notifications": 3, "receipts": 6, "users": 1, "due": 6}
    assert await store.sizes(2) == {"notifications": 2, "receipts": 2, "users": 1, "due": 2}
