"""Everything can be read page by page, and put into any store as it is."""

import pytest
from support.stores import (
    DAY,
    ENGINES,
    HOUR,
    ROLE,
    ROOM,
    SECOND,
    Shop,
    accept_one,
    delivery,
    full_content,
    receipt,
    receipt_of,
    submission,
)

from notify_server.domain.audit import AuditEntry, sealed
from notify_server.domain.claims import ApiKey, Scope
from notify_server.domain.erasure import tombstone_of
from notify_server.domain.errors import ConflictError
from notify_server.domain.notification import ChannelName
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Attempt
from notify_server.domain.target import Membership, Position, Source, UserRecord, Watermark
from notify_server.domain.transfer import Person, Tombstone
from notify_server.pipeline.migration import Migration


@pytest.fixture(params=sorted(ENGINES))
async def target(request, shop, tmp_path_factory, clock):
    """Another store, of each engine."""
    other = Shop(request.param, tmp_path_factory.mktemp("target"), clock)
    yield await other.open()
    await other.close()


async def fill(store, clock):
    """A bit of everything that a store holds."""
    now = clock.now()
    made = await accept_one(store, "1", "2", to=(ROLE, ROOM), key="k", scope="s")
    clock.advance(SECOND)
    await store.accept([submission("1", to=(ROLE,), scope="s", key="k2")])
    await store.accept([submission(*(f"u{n}" for n in range(500)))])
    await store.accept([submission("ö", "2", **_fields(full_content(now + DAY)))])
    gone = await accept_one(store, "1")
    await store.cancel(gone.id)
    await store.record_deliveries([delivery("1", made, clock.now(), revision=2)])
    await store.save([receipt("member", made, snoozed_until=clock.now() + HOUR)])
    held = await receipt_of(store, "2", made.id)
    await store.save([held])
    await store.add_attempts(
        [
            Attempt(user, made.id, 2, n, now, "lost", Reason.CANCELLED, ChannelName.IN_APP)
            for user in ("1", "2")
            for n in (1, 2)
        ]
    )
    mark = Watermark(Position(now, made.id), now)
    record = UserRecord("1", now, "Ada", "a@example.org", "+1", "en", "UTC", now, None)
    await store.save_user(record)
    found, _ = await store.user("1")
    await store.save_user(_with(found, {"/": mark}))
    for source in (Source.TOKEN, Source.OPERATOR):
        await store.put_member("1", Membership(ROLE, source, now))
    await store.put_member("only member", Membership(ROOM, Source.OPERATOR, now, now + DAY))
    await store.add_key(ApiKey("a", "n", frozenset({Scope.SEND, Scope.READ}), "h", now))
    await store.add_key(ApiKey("b", "m", frozenset({Scope.SEND}), "g", now))
    await store.revoke_key("b", now)
    for seq in (1, 2, 3):
        entry = AuditEntry(seq, now, "w", "a", f"s{seq}", details={"x": seq})
        await store.add_audit(sealed(entry, "salt"))
    await store.forget_subject("s2")
    await store.bury("erased", now)
    await store.note_expired_until(now)


def _fields(content):
    return {name: getattr(content, name) for name in content.__slots__}


def _with(record, marks):
    values = {name: getattr(record, name) for name in record.__slots__}
    return UserRecord(**{**values, "read_marks": marks})


async def everything(store):
    """All that is in a store."""
    kept = await store.kept("", 999)
    rows = {}
    for one in kept:
        identity = one.notification.id
        rows[identity] = (
            await store.recipients(identity, "", 999),
            await store.attempts_between(identity, "", None),
        )
    people = {one.id: (one.record, set(one.memberships)) for one in await store.people("", 999)}
    return {
        "kept": kept,
        "rows": rows,
        "people": people,
        "keys": await store.keys(),
        "audit": await store.audit(None, 999),
        "head": await store.audit_head(),
        "tombstones": await store.tombstones("", 999),
        "expired": await store.expired_until(),
        "active": await store.active("1", "/", 99),
        "feed": await store.feed(ROLE, "/", None, 99),
        "mentioning": await store.mentioning("9", "", 99),
        "members": await store.members(ROOM, "", 99),
    }


def steps():
    done = []
    return done, done.append


async def test_migration_brings_everything_and_twice_changes_nothing(store, target, clock):
    await fill(store, clock)
    clock.advance(SECOND)
    done, step = steps()
    report = await Migration(store, target, step).run(clock)
    assert await everything(target) == await everything(store)
    assert sum(done) == 4
    assert report.counts["notifications"] == (4, 4)
    assert report.counts["receipts"].brought == report.counts["receipts"].found > 500
    assert report.counts["attempts"] == (4, 4)
    assert report.compared > 0
    again = await Migration(store, target, step).run(clock)
    assert again.brought == 0
    assert await everything(target) == await everything(store)


async def test_migration_after_changes_of_the_source_brings_them(store, target, clock):
    """Broken off, or the old server ran for another day: what differs follows."""
    await fill(store, clock)
    clock.advance(SECOND)
    await Migration(store, target, len_of).run(clock)
    (first, *_) = await store.kept("", 1)
    await store.replace(first.notification.id, submission(key="later", title="new"))
    held = await receipt_of(store, "u7", (await store.kept("", 9))[1].notification.id)
    await store.save([held])
    await store.revoke_key("a", clock.now())
    await store.forget_subject("s3")
    await store.remove_member("1", ROLE, Source.OPERATOR)
    clock.advance(SECOND)
    report = await Migration(store, target, len_of).run(clock)
    assert await everything(target) == await everything(store)
    assert 0 < report.brought < 20


def len_of(_):
    """Counts nothing."""


async def test_target_works_on_where_the_source_ended(store, target, clock):
    """Retries with an old key, revisions of an open scope, new ids above the old ones."""
    await fill(store, clock)
    clock.advance(SECOND)
    await Migration(store, target, len_of).run(clock)
    (newest,) = await store.latest(None, 1)
    (replayed,) = await target.accept([submission("1", "2", to=(ROLE, ROOM), key="k", scope="s")])
    assert (replayed.replayed, replayed.revision) == (True, 1)
    (revised,) = await target.accept([submission("1", to=(ROLE,), scope="s")])
    assert revised.revision == 3
    fresh = await accept_one(target, "1")
    assert fresh.id > newest.id
    cancelled = await target.cancel(fresh.id)
    assert cancelled.cancelled_at is not None
    held = await receipt_of(target, "1", revised.notification.id)
    assert held.revision == 3


async def test_target_with_others_in_it_is_told_apart(store, target, clock):
    await fill(store, clock)
    await accept_one(target, "somebody")
    clock.advance(SECOND)
    with pytest.raises(ConflictError, match="Begin with an empty one"):
        await Migration(store, target, len_of).run(clock)


async def test_what_is_kept_comes_by_pages_in_order(store, clock):
    await fill(store, clock)
    kept = await store.kept("", 999)
    assert [each.notification.id for each in kept] == sorted(each.notification.id for each in kept)
    assert await store.kept(kept[0].notification.id, 2) == kept[1:3]
    assert [key.scope for key in kept[0].keys] == ["k", "k2"]
    people = await store.people("", 999)
    assert Person("only member", None, people[-1].memberships) == people[-1]
    (grave,) = await store.tombstones("", 9)
    assert grave == Tombstone(tombstone_of("erased"), await store.buried_at("erased"))
