"""S3: what happens to an open connection when its token ends, is renewed, or is revoked."""

import asyncio
import time

import pytest
from support.rawsocket import RefusedError


async def closes(device, within):
    async with asyncio.timeout(within):
        await device.socket.closed.wait()


async def test_token_expiry_closes_the_open_connection_within_five_seconds(world):
    device = world.device()
    ends = time.time() + 4
    token = world.server.token(device.user, ttl=4)  # that ends with a whole second
    await device.connect(token=token)
    warning = await device.until(lambda: device.events("token_expiring"))
    assert 0 <= warning[0]["expires_in_s"] <= 4
    await closes(device, 4 + 5 + 11)
    assert time.time() >= ends - 1.5
    assert not device.socket.disconnected, "the transport is closed, so that a client comes back"
    expired = world.server.token(device.user, ttl=-120)
    with pytest.raises(RefusedError) as caught:
        await device.connect(token=expired)
    assert caught.value.code == "TOKEN_EXPIRED"
    await device.connect(token=world.server.token(device.user))
    await world.barrier(device)


async def test_token_refreshed_keeps_the_connection(world):
    device = world.device()
    await device.connect(token=world.server.token(device.user, ttl=4))
    answer = await device.ask("refresh_token", {"token": world.server.token(device.user)})
    assert answer["ok"], answer
    with pytest.raises(TimeoutError):
        await closes(device, 8)
    await world.barrier(device)


async def test_token_of_another_user_is_refused_and_changes_nothing(world):
    device = await world.online()
    other = world.user()
    for token in (world.server.token(other), "garbage", "", None, 5):
        answer = await device.ask("refresh_token", {"token": token})
        assert answer["ok"] is False, token
        assert answer["error"]["code"] in (
            "TOKEN_INVALID",
            "TOKEN_MISSING",
            "FORBIDDEN",
            "INVALID",
        )
    sent = await world.api.submit(other)
    await world.barrier(device)
    assert sent not in device.items
    assert device.open


async def test_token_refresh_with_earlier_end_is_refused(world):
    device = await world.online()
    answer = await device.ask("refresh_token", {"token": world.server.token(device.user, ttl=60)})
    assert answer["ok"] is False


async def test_token_refresh_takes_roles_away_at_once(world):
    role = world.user("ROLE")
    device = await world.online(roles=[role])
    token = world.server.token(device.user, [], ttl=7200)
    assert (await device.ask("refresh_token", {"token": token}))["ok"]
    sent = await world.api.submit({"role": role})
    await world.barrier(device)
    assert sent not in device.items


async def test_revoked_user_is_disconnected_and_old_tokens_are_dead(world):
    device, other = await world.online(), await world.online()
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    answer = await world.api.call("POST", f"/admin/users/{device.user}/revoke")
    assert answer.status in (200, 202, 204), answer
    await closes_or_disconnects(device)
    with pytest.raises(RefusedError) as caught:
        await world.device(device.user).connect(token=device.token)
    assert caught.value.code == "TOKEN_INVALID"
    listed = await world.api.call("GET", "/notifications", bearer=device.token)
    assert listed.status == 401
    await world.barrier(other)
    fresh = world.server.token(device.user, iat=int(time.time()) + 2)
    await world.device(device.user).connect(token=fresh)


async def closes_or_disconnects(device):
    await device.until(lambda: device.socket.disconnected or device.socket.closed.is_set())


async def test_operator_closes_one_session(world):
    user = world.user()
    one, two = await world.online(user), await world.online(user)
    sessions = [s for s in await world.api.sessions() if s["user"] == user]
    assert len(sessions) == 2
    answer = await world.api.call("DELETE", f"/admin/sessions/{sessions[0]['sid']}")
    assert answer.status in (200, 204), answer
    await one.until(lambda: one.socket.disconnected or one.socket.closed.is_set())
    await world.barrier(two)
    assert two.open


async def test_twenty_first_session_pushes_the_oldest_out(world):
    user = world.user()
    tabs = [await world.online(user) for _ in range(20)]
    newest = await world.online(user)
    await tabs[0].until(lambda: tabs[0].socket.disconnected)
    assert all(tab.open and not tab.socket.disconnected for tab in tabs[1:])
    sent = await world.api.submit(user)
    for tab in [*tabs[1:], newest]:
        await tab.sees(sent)
    assert sent not in tabs[0].items


async def test_http_tokens_that_are_no_tokens_get_401(world):
    cases = {"": "TOKEN_MISSING", "garbage": "TOKEN_INVALID"}
    cases[world.server.token(world.user(), ttl=-120)] = "TOKEN_EXPIRED"
    for token, code in cases.items():
        answer = await world.api.call("GET", "/notifications", bearer=token)
        assert (answer.status, answer.code) == (401, code)
