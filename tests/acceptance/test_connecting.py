"""F1, F2, F5, F6, S2, S4, X25: before, while and instead of being let in."""

import asyncio
import contextlib
import json
import time

import aiohttp
import jwt
import pytest
from support.rawsocket import NOTICED_S, ClosedError, RefusedError


def hostile_tokens(server):
    """Name → token and the code that it gets."""
    now = int(time.time())
    good = {"sub": "eve", "roles": [], "iat": now, "exp": now + 600}
    secret = server.secret

    def sign(changes, key=secret, algorithm="HS256", headers=None):
        return jwt.encode({**good, **changes}, key, algorithm=algorithm, headers=headers)

    no_exp = {k: v for k, v in good.items() if k != "exp"}
    return {
        "none": (None, "TOKEN_MISSING"),
        "empty": ("", "TOKEN_MISSING"),
        "garbage": ("garbage", "TOKEN_INVALID"),
        "number": (5, "TOKEN_INVALID"),
        "object": ({"sub": "eve"}, "TOKEN_INVALID"),
        "a megabyte": ("a" * 1_000_000, None),
        "other secret": (sign({}, key="x" * 64), "TOKEN_INVALID"),
        "alg none": (jwt.encode(good, None, algorithm="none"), "TOKEN_INVALID"),
        "expired": (sign({"exp": now - 120, "iat": now - 600}), "TOKEN_EXPIRED"),
        "no exp": (jwt.encode(no_exp, secret), "TOKEN_INVALID"),
        "future nbf": (sign({"nbf": now + 600}), "TOKEN_INVALID"),
        "crit": (sign({}, headers={"crit": ["x"]}), "TOKEN_INVALID"),
        "kid path": (sign({}, headers={"kid": "../../dev/null"}), "TOKEN_INVALID"),
        "no sub": (jwt.encode({"iat": now, "exp": now + 60}, secret), "TOKEN_INVALID"),
        "empty sub": (sign({"sub": ""}), "TOKEN_INVALID"),
        "sub of control characters": (sign({"sub": "a\nb"}), "TOKEN_INVALID"),
        "sub that no path can name": (sign({"sub": ".."}), "TOKEN_INVALID"),
        "sub too long": (sign({"sub": "a" * 129}), "TOKEN_INVALID"),
        "roles no list": (sign({"roles": "ADMIN"}), "TOKEN_INVALID"),
    }


async def test_connect_hostile_tokens_are_refused_with_a_code_and_leave_nothing(world):
    for name, (token, code) in hostile_tokens(world.server).items():
        socket = world.raw()
        await socket.open()
        with pytest.raises((RefusedError, ClosedError)) as caught:
            await socket.connect({"token": token, "ack": True})
        if code is not None:
            assert isinstance(caught.value, RefusedError), name
            assert caught.value.code == code, name
            assert "eve" not in json.dumps(caught.value.data), name
        assert not socket.event_frames, name
        await socket.close()
    assert "eve" not in {s["user"] for s in await world.api.sessions()}


@pytest.mark.parametrize(
    "auth", [None, [], "text", 5, {"token": ["x"]}, {"ack": "yes"}, {"cursor": 5}]
)
async def test_connect_bad_auth_is_refused_cleanly(world, auth):
    socket = await world.raw().open()
    if isinstance(auth, dict) and "token" not in auth:
        auth = {"token": world.server.token(world.user()), **auth}
    with pytest.raises((RefusedError, ClosedError)) as caught:
        await socket.connect(auth)
    if auth is None or isinstance(auth, dict):
        assert caught.value.code, caught.value
    # Anything but an object breaks the protocol's framing, which may close the connection.


async def test_connect_token_may_come_as_header(world):
    token = world.server.token(world.user())
    socket = world.raw()
    socket.http = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})
    async with socket.http:
        await socket.open()
        await socket.connect({"ack": True})
        assert socket.sid
        await socket.close()


async def test_connect_user_token_on_admin_line_is_forbidden(world):
    """S4: another line needs its role; an unknown one does not exist."""
    token = world.server.token(world.user(), ["USER"])
    for line, codes in {
        "/admin": {"FORBIDDEN_NAMESPACE"},
        "/ops": {"FORBIDDEN_NAMESPACE"},
        "/nowhere": {"FORBIDDEN_NAMESPACE", None},
    }.items():
        socket = await world.raw(line).open()
        with pytest.raises(RefusedError) as caught:
            await socket.connect({"token": token})
        assert caught.value.code in codes, line


async def test_connect_admin_events_do_not_exist_on_the_user_line(world):
    """S4: what only operators may do cannot be asked for from ``/``, whoever asks."""
    device = await world.online(roles=["ADMIN"])
    for event in ("send_notification", "get_stats", "get_sessions", "explain", "cancel"):
        answer = await device.ask(event, {"to": device.user, "title": "T", "message": "M"})
        assert answer["ok"] is False, event
        assert answer["error"]["code"] in ("UNKNOWN_EVENT", "FORBIDDEN", "FORBIDDEN_NAMESPACE")
    assert await world.api.ids(device.user) == []


async def test_connect_aliases_are_the_user_line(world):
    for line in ("/ws/notifications/", "/ws/notifications"):
        device = await world.online(line=line)
        sent = await world.api.submit(device.user)
        await device.sees(sent)
        assert (await device.ask("mark_read", {"notification_id": sent}))["ok"]


async def test_connect_first_comes_count_then_replay_then_done(world):
    user = world.user()
    ids = [await world.api.submit(user) for _ in range(3)]
    device = await world.online(user)
    names = [name for name, _ in device.frames]
    assert names[0] == "notification_count"
    assert device.events("notification_count")[0]["count"] == 3
    assert device.shown == ids, "oldest first"
    assert all(p["replayed"] is True for p in device.events("notification"))
    assert names.index("replay_done") > names.index("notification")
    assert device.replays == [{**device.replays[0], "recovered": True, "count": 3}]


async def test_broadcast_reaches_nobody_who_is_not_let_in(world):
    """F1: open transports without CONNECT, or with a refused one, get nothing."""
    silent = await world.raw().open()
    refused = await world.raw().open()
    with pytest.raises(RefusedError):
        await refused.connect({"token": "wrong"})
    device = await world.online()
    sent = await world.api.submit({"all": True})
    await device.sees(sent)
    await world.barrier(device)
    assert not silent.event_frames
    assert not refused.event_frames


async def test_events_before_connect_reach_no_handler(world):
    user = world.user()
    sent = await world.api.submit(user)
    socket = await world.raw().open()
    await socket.send('42["mark_read",{"notification_id":"%s"}]' % sent)  # noqa: UP031
    with contextlib.suppress(ConnectionError):
        await socket.send('421["get_notifications",{}]')
        await socket.send("431[]")
    device = await world.online(user)
    assert (await world.api.item(user, sent))["is_read"] is False
    assert not socket.event_frames
    await device.close()


@pytest.mark.parametrize("event", ["connect", "disconnect", "connect_error"])
async def test_reserved_event_name_closes_and_runs_nothing(world, event):
    """F5, S5: a client that plays the server's own events is thrown out."""
    device = await world.online()
    await device.socket.emit(event, {"token": "x"}, "reason")
    async with asyncio.timeout(30):
        await device.socket.closed.wait()
    await world.gone(device.user)
    await device.connect()
    await world.barrier(device)


@pytest.mark.parametrize("name", ["on_connect", "notification", "MARK_READ", "mark_read "])
async def test_unknown_event_is_answered_and_harms_nothing(world, name):
    device = await world.online()
    answer = await device.ask(name, {})
    assert answer["ok"] is False
    assert answer["error"]["code"] == "UNKNOWN_EVENT"
    await world.barrier(device)
    assert device.connections == 1


@pytest.mark.parametrize("name", ["*", "__init__", "", "x" * 10_000])
async def test_event_name_that_is_none_runs_nothing(world, name):
    """S5: refused or closed, and the next connection is as good as any."""
    device = await world.online()
    try:
        answer = await device.ask(name, {})
    except ClosedError:
        await device.connect()
    else:
        assert answer["ok"] is False
    await world.barrier(device)


@pytest.mark.parametrize(
    "frame", ['42[["list"],{}]', '42[{"a":1}]', "42[5]", "42[]", "42{}", "42x"]
)
async def test_frame_that_is_no_event_closes_at_most_this_connection(world, frame):
    device, other = await world.online(), await world.online()
    await device.socket.send(frame)
    await world.barrier(other)
    await device.drop()
    await device.connect()
    await world.barrier(device)


async def test_binary_packets_close_and_are_kept_nowhere(world):
    """S9: the product takes no binary."""
    for frame in (
        '451-["mark_read",{"_placeholder":true,"num":0}]',
        '461-1[{"_placeholder":true}]',
    ):
        device = await world.online()
        await device.socket.send(frame)
        async with asyncio.timeout(30):
            await device.socket.closed.wait()


async def test_leaving_while_connecting_leaves_no_ghost(world):
    """X25: two hundred clients go before they are answered."""
    users = [world.user("ghost") for _ in range(100)]
    tokens = {user: world.server.token(user) for user in users}

    async def hit_and_run(user, how):
        socket = await world.raw().open()
        await socket.send("40" + json.dumps({"token": tokens[user], "ack": True}))
        if how == "close":
            await socket.close()
        else:
            await socket.drop()

    await asyncio.gather(*(hit_and_run(u, how) for u in users for how in ("close", "drop")))

    async def none_left():
        return not {s["user"] for s in await world.api.sessions()} & set(users)

    await world.api.until(none_left, NOTICED_S)


async def test_polling_client_leaving_while_connecting_leaves_no_ghost(world):
    """X25 over long-polling: the session ends with its transport."""
    users = [world.user("ghost") for _ in range(20)]
    base = f"{world.server.url}/socket.io/?EIO=4&transport=polling"

    async def hit_and_run(user):
        async with world.http.get(base) as answer:
            sid = json.loads((await answer.text())[1:])["sid"]
        token = world.server.token(user)
        packet = "40" + json.dumps({"token": token})
        async with world.http.post(f"{base}&sid={sid}", data=packet) as answer:
            assert answer.status == 200
        async with world.http.post(f"{base}&sid={sid}", data="1") as answer:
            await answer.read()

    await asyncio.gather(*(hit_and_run(user) for user in users))

    async def none_left():
        return not {s["user"] for s in await world.api.sessions()} & set(users)

    await world.api.until(none_left, NOTICED_S)


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")])
async def test_stock_client_gets_and_acknowledges_over_each_transport(world, transports):
    user = world.user()
    client = world.stock(transports=transports)
    await client.start(world.server.token(user))
    ids = [await world.api.submit(user) for _ in range(5)]
    await client.until(lambda: len(client.ids) >= 5)
    assert client.ids == ids
    await world.delivered(user, *ids)
    answer = await client.sio.call("mark_read", {"notification_id": ids[0]}, timeout=30)
    assert answer["ok"] is True


async def test_two_connects_on_one_transport_reach_two_lines(world):
    user = world.user()
    token = world.server.token(user, ["OPS"])
    socket = await world.raw().open()
    await socket.connect({"token": token, "ack": False})
    await socket.send('40/ops,{"token":"%s"}' % token)  # noqa: UP031
    await socket.until(lambda: any(f.startswith("40/ops,") for f in socket.frames))
    sent = await world.api.submit({"namespace": "/ops"})
    await socket.until(lambda: any(sent in f for f in socket.frames))
    frame = next(f for f in socket.frames if sent in f)
    assert frame.startswith("42/ops,")
