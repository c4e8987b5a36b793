"""What an operator sets and sees of a person (contract 7)."""

import pytest

WHOLE = {
    "name": "Ann", "email": "ann@example.org", "phone": "+491701234567", "locale": "de-CH",
    "time_zone": "Europe/Zurich", "roles": ["EDITOR"], "rooms": ["r1", "r2"],
}  # fmt: skip


async def put(world, user, **fields):
    return await world.api.call("PUT", f"/admin/users/{user}", fields)


async def get(world, user):
    answer = await world.api.call("GET", f"/admin/users/{user}")
    assert answer.status == 200, answer
    return answer.body


async def test_profile_comes_back_as_it_was_set(world):
    user = world.user()
    answer = await put(world, user, **WHOLE)
    assert answer.status == 200, answer
    shown = await get(world, user)
    assert {name: shown[name] for name in WHOLE} == WHOLE
    assert {m["source"] for m in shown["memberships"]} == {"operator"}
    assert shown["known_since"] is not None
    assert shown["sessions"] == []


async def test_put_is_the_whole_so_what_is_left_out_is_cleared(world):
    user = world.user()
    await put(world, user, **WHOLE)
    shown = (await put(world, user, email="new@example.org", rooms=["r2"])).body
    assert (shown["email"], shown["rooms"], shown["roles"]) == ("new@example.org", ["r2"], [])
    assert [shown[name] for name in ("name", "phone", "locale", "time_zone")] == [None] * 4


async def test_role_given_by_an_operator_counts_from_then_on(world):
    role, device = world.user("R"), await world.online()
    before = await world.api.submit({"role": role})
    await put(world, device.user, roles=[role])
    after = await world.api.submit({"role": role})
    await device.sees(after)
    assert await world.api.ids(device.user) == [after]
    assert before not in await world.api.ids(device.user)


async def test_person_with_tokens_shows_them_counts_and_sessions(world):
    role = world.user("R")
    device = await world.online(roles=[role])
    await device.sees(await world.api.submit(device.user))
    await put(world, device.user, phone="+491701234567")
    shown = await get(world, device.user)
    assert shown["counts"]["/"]["count"] == 1
    assert shown["newest_token_at"] is not None
    assert (shown["memberships"][0]["role"], shown["memberships"][0]["source"]) == (role, "token")
    assert [session["user"] for session in shown["sessions"]] == [device.user]
    assert shown["subscriptions"]["info"] == {"subscribed": True, "required": False}


async def test_person_to_whom_something_was_sent_is_shown_and_a_stranger_is_404(world):
    user = world.user()
    assert (await world.api.call("GET", f"/admin/users/{user}")).status == 404
    assert (await world.api.call("GET", f"/admin/users/{user}/export")).status == 404
    await world.api.submit(user)
    shown = await get(world, user)
    assert (shown["known_since"], shown["counts"]["/"]["count"]) == (None, 1)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("email", ["x", "a@", "@b.c", "a b@c.de", "", 5, "a@b.c\n", "a" * 250 + "@b.de"]),
        ("phone", ["0170123", "+0170123456", "+49 170 1234567", "+49", "+" + "1" * 16, 49]),
        ("locale", ["x", "de_CH", "german-", "de-CH-", "d3", 1]),
        ("time_zone", ["CET+1", "Mars/Phobos", "../etc/passwd", "/etc/localtime", "europe/berlin"]),
        ("name", ["", 5, "x" * 256, "a\nb", "\x1b[2J", "a\x85b", "a\u2028b"]),
        ("roles", ["EDITOR", ["a\nb"], [""], [1], ["r"] * 101]),
        ("rooms", [{}, ["x" * 129], ["."], [".."]]),
        ("nope", ["x"]),
    ],
)  # fmt: skip
async def test_bad_values_are_refused_whole_with_their_path(world, field, values):
    user = world.user()
    for value in values:
        answer = await put(world, user, **{**WHOLE, field: value})
        assert answer.status == 422, (value, answer)
        assert [path.partition("[")[0] for path in answer.paths] == [field], (value, answer)
    assert (await world.api.call("GET", f"/admin/users/{user}")).status == 404


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("locale", ["de", "de-CH", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "en-x-own", None]),
        ("time_zone", ["UTC", "America/Argentina/Buenos_Aires", None]),
        ("phone", ["+4917012345678", None]),
        ("email", ["o'neil+tag@sub.example.org", None]),
    ],
)
async def test_good_values_are_taken(world, field, values):
    user = world.user()
    for value in values:
        answer = await put(world, user, **{field: value})
        assert (answer.status, answer.body.get(field)) == (200, value), answer


async def test_reading_key_may_look_and_not_touch(world):
    user = world.user()
    await put(world, user, **WHOLE)
    made = await world.api.call("POST", "/admin/api-keys", {"name": "r", "scopes": ["read"]})
    sender = await world.api.call("POST", "/admin/api-keys", {"name": "s", "scopes": ["send"]})
    for path in (f"/admin/users/{user}", f"/admin/users/{user}/export"):
        by_reader = await world.api.call("GET", path, bearer=made.body["key"])
        by_sender = await world.api.call("GET", path, bearer=sender.body["key"])
        by_person = await world.api.call("GET", path, bearer=world.server.token(user))
        assert [a.status for a in (by_reader, by_sender, by_person)] == [200, 403, 403]
    for method in ("PUT", "DELETE"):
        answer = await world.api.call(method, f"/admin/users/{user}", {}, bearer=made.body["key"])
        assert answer.status == 403


async def test_what_was_set_is_audited_without_what_it_says(world):
    user = world.user()
    await put(world, user, **WHOLE)
    found = await world.api.call("GET", "/admin/audit", subject=f"user:{user}", action="user.put")
    (entry,) = found.body["items"]
    assert entry["details"]["roles"] == ["EDITOR"]
    assert entry["details"]["set"] == ["name", "email", "phone", "locale", "time_zone"]
    assert "ann@example.org" not in str(found.body)
