"""S22, S26: a key does what its scopes say, a token what its roles say."""

import json

import pytest

BODY = {"title": "T", "message": "M"}


@pytest.fixture(scope="module")
def keys(server):
    """Keys by their scopes, made as an operator makes them."""
    made = {}
    for name in ("send", "send broadcast", "read", "admin"):
        scopes = [part for scope in name.split() for part in ("--scope", scope)]
        printed = server.cli("api-key", "create", "--name", name, *scopes, "--json")
        made[name] = json.loads(printed)["key"]
    return made


def targets(world):
    return {
        "named": (world.user(), {"send", "send broadcast", "admin"}),
        "room": ({"room": world.room()}, {"send", "send broadcast", "admin"}),
        "role": ({"role": world.user("R")}, {"send broadcast", "admin"}),
        "line": ({"namespace": "/ops"}, {"send broadcast", "admin"}),
        "all": ({"all": True}, {"send broadcast", "admin"}),
    }


async def test_key_submits_what_its_scope_allows(world, keys):
    device = await world.online(roles=["OPS"])
    for name, (to, allowed) in targets(world).items():
        for scope, key in keys.items():
            answer = await world.api.post({"to": to, **BODY}, bearer=key)
            expected = 202 if scope in allowed else 403
            assert answer.status == expected, (name, scope, answer)
            if expected == 403:
                assert answer.code == "FORBIDDEN"
    await world.barrier(device)


async def test_key_of_scope_send_cannot_hide_a_broadcast_in_a_bulk_call(world, keys):
    user = world.user()
    items = [{"to": user, **BODY}, {"to": {"all": True}, **BODY}, {"to": [user, {"role": "R"}]}]
    answer = await world.api.post({"items": items}, bearer=keys["send"], path="/notifications/bulk")
    assert answer.status in (200, 202, 207), answer
    codes = [item.get("error", {}).get("code") for item in answer.body["items"]]
    assert codes[0] is None
    assert codes[1] == "FORBIDDEN"
    assert codes[2] in ("FORBIDDEN", "INVALID")


async def test_key_reads_and_changes_what_its_scope_allows(world, keys):
    user = world.user()
    sent = await world.api.submit(user)
    reading = [f"/admin/notifications/{sent}", "/admin/sessions"]
    for scope, key in keys.items():
        for path in reading:
            answer = await world.api.call("GET", path, bearer=key)
            assert (answer.status == 200) is (scope in ("read", "admin")), (scope, path, answer)
        answer = await world.api.call("POST", f"/admin/users/{user}/revoke", bearer=key)
        assert (answer.status < 300) is (scope == "admin"), (scope, answer)


@pytest.mark.parametrize("key", ["nk_x_y", "nk_", "x" * 5000, "nk_a_b_c", "Bearer"])
async def test_key_that_is_none_is_401(world, key):
    answer = await world.api.post({"to": world.user(), **BODY}, bearer=key)
    assert answer.status == 401, answer


async def test_key_with_right_id_and_wrong_secret_is_401(world, keys):
    head, _, _ = keys["send"].rpartition("_")
    answer = await world.api.post({"to": world.user(), **BODY}, bearer=f"{head}_{'a' * 43}")
    assert (answer.status, answer.code) == (401, "KEY_INVALID")


async def test_no_credential_is_401(world):
    answer = await world.api.post({"to": world.user(), **BODY}, bearer="")
    assert answer.status == 401


async def test_key_revoked_is_refused_within_a_moment(world, server):
    printed = server.cli("api-key", "create", "--name", "gone", "--scope", "send", "--json")
    made = json.loads(printed)
    assert (await world.api.post({"to": world.user(), **BODY}, bearer=made["key"])).status == 202
    server.cli("api-key", "revoke", made["id"])

    async def refused():
        answer = await world.api.post({"to": world.user(), **BODY}, bearer=made["key"])
        return answer.status == 401

    await world.api.until(refused)


async def test_token_submits_only_with_a_send_role(world):
    user = world.user()
    plain = world.server.token(world.user(), ["USER"])
    answer = await world.api.post({"to": user, **BODY}, bearer=plain)
    assert (answer.status, answer.code) == (403, "FORBIDDEN")
    admin = world.server.token(world.user(), ["ADMIN"])
    assert (await world.api.post({"to": user, **BODY}, bearer=admin)).status == 202
    assert len(await world.api.ids(user)) == 1


async def test_api_key_is_no_token_and_opens_no_inbox(world):
    answer = await world.api.call("GET", "/notifications")
    assert answer.status in (401, 403)
