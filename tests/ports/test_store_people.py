"""People, what they belong to, and API keys."""

import asyncio
from dataclasses import replace

import pytest
from support.stores import DAY, HOUR, MS, ROLE, ROOM, SECOND

from notify_server.domain.claims import ApiKey, Scope
from notify_server.domain.errors import ConflictError
from notify_server.domain.target import (
    EVERYONE,
    Audience,
    AudienceKind,
    Membership,
    Position,
    Source,
    UserRecord,
    Watermark,
)


async def test_user_never_seen_is_none(store):
    assert await store.user("1") == (None, ())


async def test_save_user_keeps_every_field(store, clock):
    now = clock.now()
    record = UserRecord(
        id="1",
        known_since=now,
        name="Jöhn",
        email="j@example.org",
        locale="de",
        time_zone="Europe/Berlin",
        token_iat=now - HOUR,
        revoked_before=now - DAY,
        subscriptions={"post_like": False, "a.b": True, "$x": False},
        read_marks={"/": Watermark(Position(now, "id1"), now + MS)},
        skipped={"/admin": Position(now - HOUR, "id2")},
    )
    assert await store.save_user(record)
    assert await store.user("1") == (replace(record, version=1), ())


async def test_save_user_writes_only_over_the_version_that_was_read(store, clock):
    record = UserRecord("1", clock.now())
    assert await store.save_user(record)
    assert not await store.save_user(replace(record, name="late"))
    assert not await store.save_user(replace(record, name="late", version=2))
    assert await store.save_user(replace(record, name="next", version=1))
    found, _ = await store.user("1")
    assert (found.name, found.version) == ("next", 2)


async def test_save_user_in_parallel_lets_exactly_one_win(store, clock):
    record = UserRecord("1", clock.now())
    won = await asyncio.gather(*(store.save_user(record) for _ in range(30)))
    assert sum(won) == 1


async def test_memberships_come_with_the_user_ended_ones_too(store, clock):
    now = clock.now()
    held = {
        Membership(ROLE, Source.TOKEN, now, now - HOUR),
        Membership(ROLE, Source.OPERATOR, now),
        Membership(ROOM, Source.SELF, now - DAY),
    }
    for membership in held:
        await store.put_member("1", membership)
    await store.put_member("2", Membership(ROOM, Source.SELF, now))
    record, memberships = await store.user("1")
    assert record is None
    assert len(memberships) == 3
    assert set(memberships) == held


@pytest.mark.parametrize(
    ("until_after_new", "kept"), [(None, True), (MS, True), (0 * MS, False), (-MS, False)]
)
async def test_put_member_keeps_since_unless_it_had_ended(store, clock, until_after_new, kept):
    old, new = clock.now(), clock.now() + HOUR
    until = None if until_after_new is None else new + until_after_new
    await store.put_member("1", Membership(ROLE, Source.TOKEN, old, until))
    await store.put_member("1", Membership(ROLE, Source.TOKEN, new, new + DAY))
    _, memberships = await store.user("1")
    since = old if kept else new
    assert memberships == (Membership(ROLE, Source.TOKEN, since, new + DAY),)


async def test_remove_member_by_source(store, clock):
    await store.put_member("1", Membership(ROLE, Source.TOKEN, clock.now()))
    await store.put_member("1", Membership(ROLE, Source.OPERATOR, clock.now()))
    assert await store.remove_member("1", ROLE, Source.TOKEN)
    assert not await store.remove_member("1", ROLE, Source.TOKEN)
    assert not await store.remove_member("1", ROOM, Source.OPERATOR)
    _, memberships = await store.user("1")
    assert [membership.source for membership in memberships] == [Source.OPERATOR]


async def test_members_page_by_user_each_once(store, clock):
    for user in ("b", "a", "c"):
        for source in (Source.TOKEN, Source.OPERATOR):
            await store.put_member(user, Membership(ROLE, source, clock.now(), clock.now()))
    await store.put_member(
        "d", Membership(Audience(AudienceKind.ROOM, "ADMIN"), source, clock.now())
    )
    assert await store.members(ROLE, "", 2) == ["a", "b"]
    assert await store.members(ROLE, "b", 2) == ["c"]
    assert await store.members(ROOM, "", 10) == []
    assert await store.members(EVERYONE, "", 10) == []


async def test_members_of_all_is_every_user(store, clock):
    for user in ("b", "a", "c"):
        await store.save_user(UserRecord(user, clock.now()))
    assert await store.members(EVERYONE, "", 2) == ["a", "b"]
    assert await store.members(EVERYONE, "b", 2) == ["c"]


async def test_keys_are_kept_and_revoked(store, clock):
    now = clock.now()
    young = ApiKey("b", "young", frozenset({Scope.SEND, Scope.READ}), "hash2", now + SECOND)
    old = ApiKey("c", "old", frozenset({Scope.ADMIN}), "hash1", now)
    await store.add_key(young)
    await store.add_key(old)
    assert await store.keys() == [old, young]
    assert await store.key("b") == young
    assert await store.key("nope") is None
    assert await store.revoke_key("b", now + HOUR)
    assert not await store.revoke_key("nope", now)
    assert await store.key("b") == replace(young, revoked_at=now + HOUR)
    assert len(await store.keys()) == 2


async def test_add_key_with_a_known_id_is_a_conflict(store, clock):
    key = ApiKey("a", "one", frozenset(), "hash1", clock.now())
    await store.add_key(key)
    with pytest.raises(ConflictError):
        await store.add_key(replace(key, secret_hash="other"))
    assert await store.key("a") == key


async def test_revoked_finds_who_was_revoked_since_earliest_first(store, clock):
    now = clock.now()
    for number, at in enumerate([now, now - MS, None, now - HOUR]):
        assert await store.save_user(UserRecord(str(number), now, revoked_before=at))
    await store.put_member("member only", Membership(ROLE, Source.OPERATOR, now))
    assert await store.revoked(now - MS, 9) == ["1", "0"]
    assert await store.revoked(now - HOUR, 2) == ["3", "1"]
    assert await store.revoked(now + MS, 9) == []
