"""One person's data as a whole: found, taken out, and not brought back by what was on its way."""

import asyncio
from dataclasses import replace

import pytest
from support.stores import (
    DAY,
    HOUR,
    MS,
    ROLE,
    ROOM,
    accept_one,
    content,
    delivery,
    receipt,
    receipt_of,
    submission,
)

from notify_server.domain.erasure import tombstone_of
from notify_server.domain.errors import NotFoundError
from notify_server.domain.notification import ChannelName, IdempotencyKey, Submission
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Attempt
from notify_server.domain.target import Membership, Source, Targets, UserRecord

ANN, BOB = "ann", "bob"
SENDER = {"id": ANN, "name": "Ann A.", "avatar_url": None}


def attempt(user, notification, at):
    return Attempt(user, notification.id, 1, 1, at, "failed", Reason.NO_ACK, ChannelName.IN_APP)


async def accept_excluding(store, *excluded, **fields):
    made = Submission(Targets((), (ROLE,), excluded), content(**fields), "key:1", DAY)
    (accepted,) = await store.accept([made])
    return accepted.notification


async def test_held_pages_all_receipts_of_a_user_on_every_line_deleted_ones_too(store, clock):
    made = [await accept_one(store, ANN, BOB, line=line) for line in ("/", "/x", "/", "/")]
    await accept_one(store, BOB)
    first = await receipt_of(store, ANN, made[0].id)
    await store.save([replace(first, deleted_at=clock.now())])
    found = await store.held(ANN, "", 3)
    found += await store.held(ANN, found[-1].id, 3)
    assert [entry.id for entry in found] == sorted(n.id for n in made)
    assert all(entry.receipt.user == ANN for entry in found)
    assert await store.held("nobody", "", 3) == []


async def test_mentioning_finds_senders_submitters_and_excluded(store, clock):
    sent = await accept_one(store, BOB, sender=SENDER)
    submitted = await accept_one(store, BOB, submitter=f"user:{ANN}")
    excluding = await accept_excluding(store, ANN, "zoe")
    revised = await accept_one(store, BOB)
    await store.replace(revised.id, submission(sender=SENDER))
    await accept_one(store, ANN)
    found = await store.mentioning(ANN, "", 3)
    found += await store.mentioning(ANN, found[-1].id, 3)
    ids = [sent.id, submitted.id, excluding.id, revised.id]
    assert [notification.id for notification in found] == sorted(ids)


async def test_mentioning_finds_nobody_whom_a_newer_revision_no_longer_names(store, clock):
    """An export would hold what is not of that person any more."""
    made = await accept_one(store, BOB, sender=SENDER)
    await store.replace(made.id, submission())
    assert await store.mentioning(ANN, "", 3) == []


async def test_scrub_of_a_notification_to_several_leaves_the_others_theirs(store, clock):
    made = await accept_one(store, ANN, BOB, to=(ROOM,), scope="s")
    await store.add_attempts([attempt(ANN, made, clock.now()), attempt(BOB, made, clock.now())])
    (done,) = await store.scrub(ANN, [made.id])
    assert done.id == made.id
    assert done.notification == replace(made, targets=Targets((BOB,), (ROOM,)))
    assert (await store.notifications([made.id]))[made.id] == done.notification
    assert await receipt_of(store, ANN, made.id) is None
    assert await receipt_of(store, BOB, made.id) is not None
    assert await store.attempts(made.id, ANN) == []
    assert len(await store.attempts(made.id, BOB)) == 1
    assert await store.feed(ROOM, "/", None, 9) == [done.notification]


async def test_scrub_of_what_was_only_theirs_removes_it_whole(store, clock):
    made = await accept_one(store, ANN, key="k")
    await store.add_attempts([attempt(ANN, made, clock.now())])
    assert await store.scrub(ANN, [made.id, "unknown"]) == [(made.id, None)]
    assert await store.notifications([made.id]) == {}
    assert await store.attempts(made.id, ANN) == []
    assert await store.held(ANN, "", 9) == []
    with pytest.raises(NotFoundError):
        await store.cancel(made.id)
    (again,) = await store.accept([submission(ANN, key="k")])
    assert not again.replayed


async def test_scrub_clears_sender_submitter_and_exclusion_and_keeps_the_content(store, clock):
    made = await accept_one(store, BOB, sender=SENDER, submitter=f"user:{ANN}", title="kept")
    excluding = await accept_excluding(store, ANN, "zoe")
    await store.scrub(ANN, [made.id, excluding.id])
    found = await store.notifications([made.id, excluding.id])
    assert found[made.id].content == replace(made.content, sender=None)
    assert found[made.id].submitter == "erased"
    assert found[made.id].updated_at == made.updated_at
    assert found[excluding.id].targets == Targets((), (ROLE,), ("zoe",))
    assert await store.mentioning(ANN, "", 9) == []
    assert len(await store.mentioning("zoe", "", 9)) == 1


async def test_what_was_scrubbed_takes_no_more_by_its_collapse_scope(store, clock):
    made = await accept_one(store, ANN, BOB, scope="s")
    await store.scrub(ANN, [made.id])
    (again,) = await store.accept([submission(ANN, BOB, scope="s")])
    assert again.notification.id != made.id
    assert await receipt_of(store, ANN, again.notification.id) is not None


async def test_scrub_twice_and_at_once_is_harmless(store, clock):
    made = [await accept_one(store, ANN, BOB) for _ in range(5)]
    ids = [notification.id for notification in made]
    await asyncio.gather(*(store.scrub(ANN, ids) for _ in range(3)))
    assert await store.held(ANN, "", 9) == []
    assert len(await store.held(BOB, "", 9)) == 5


async def test_bury_removes_record_memberships_and_own_keys_only(store, clock):
    await store.save_user(UserRecord(ANN, clock.now(), name="Ann", email="a@example.org"))
    await store.put_member(ANN, Membership(ROLE, Source.OPERATOR, clock.now()))
    for user in (ANN, "ann2"):
        scope = f'["user:{user}","POST /notifications","k"]'
        made = submission(BOB, submitter=f"user:{user}")
        await store.accept([replace(made, idempotency=IdempotencyKey(scope, "h"))])
    clock.advance(MS)
    await store.bury(ANN, clock.now())
    assert await store.user(ANN) == (None, ())
    assert await store.members(ROLE, "", 9) == []
    assert await store.buried_at(ANN) == clock.now()
    assert await store.buried_at(BOB) is None
    for user, replayed in ((ANN, False), ("ann2", True)):
        scope = f'["user:{user}","POST /notifications","k"]'
        made = submission(BOB, submitter=f"user:{user}")
        (again,) = await store.accept([replace(made, idempotency=IdempotencyKey(scope, "h"))])
        assert again.replayed is replayed


async def test_bury_again_moves_the_moment_forward(store, clock):
    await store.bury(ANN, clock.now())
    clock.advance(HOUR)
    await store.bury(ANN, clock.now())
    assert await store.buried_at(ANN) == clock.now()


async def test_what_was_decided_before_brings_nothing_back(store, clock):
    before = clock.now()
    made = await accept_one(store, BOB, to=(ROLE,))
    clock.advance(HOUR)
    await store.bury(ANN, clock.now())
    late = receipt(ANN, made, before)
    assert await store.save([late]) == [(ANN, made.id)]
    await store.record_deliveries([delivery(ANN, made, before)])
    await store.add_attempts([attempt(ANN, made, before)])
    await store.put_member(ANN, Membership(ROLE, Source.TOKEN, before))
    assert not await store.save_user(UserRecord(ANN, before, name="Ann"))
    assert await receipt_of(store, ANN, made.id) is None
    assert await store.attempts(made.id, ANN) == []
    assert await store.user(ANN) == (None, ())


async def test_somebody_who_comes_back_is_written_as_anybody(store, clock):
    made = await accept_one(store, BOB, to=(ROLE,))
    buried = clock.now()
    await store.bury(ANN, buried)
    clock.advance(HOUR)
    assert await store.save_user(UserRecord(ANN, clock.now(), revoked_before=buried))
    await store.put_member(ANN, Membership(ROLE, Source.TOKEN, clock.now()))
    assert await store.save([receipt(ANN, made, clock.now())]) == []
    await store.record_deliveries([delivery(ANN, made, clock.now())])
    record, memberships = await store.user(ANN)
    assert (record.version, len(memberships)) == (1, 1)
    assert (await receipt_of(store, ANN, made.id)).delivered_revision == 1


async def test_leave_no_trace_can_always_be_asked_for(store):
    await store.leave_no_trace()
    await store.leave_no_trace()


async def test_buried_finds_the_hashes_of_who_was_erased_since(store, clock):
    now = clock.now()
    for user, at in ((ANN, now), (BOB, now - HOUR)):
        await store.bury(user, at)
    assert await store.buried(now - MS, 9) == [tombstone_of(ANN)]
    assert await store.buried(now - HOUR, 9) == [tombstone_of(BOB), tombstone_of(ANN)]
    assert await store.buried(now - HOUR, 1) == [tombstone_of(BOB)]
