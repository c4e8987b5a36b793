"""Sessions on the line: who is let in, what is taken in, how it ends (contract 9)."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from support.rawsocket import ClosedError, RawSocket, RefusedError

from notify_server.domain.settings import LimitSettings, NamespaceSettings, Settings
from notify_server.domain.target import EVERYONE, Audience, AudienceKind
from notify_server.sio.gateway import ADMITTED_AT_ONCE, WARN_BEFORE_S, Gateway

S = timedelta(seconds=1)
ADMIN_LINE = Audience(AudienceKind.LINE, "/admin")


async def _until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


REFUSED = [
    ({"token": None}, "TOKEN_MISSING"),
    ({"token": ""}, "TOKEN_MISSING"),
    ({"token": "nonsense"}, "TOKEN_INVALID"),
    ({"token": 5}, "TOKEN_INVALID"),
    ({"ack": "yes"}, "INVALID"),
]


@pytest.mark.parametrize(("auth", "code"), REFUSED)
async def test_refused_for_good_with_its_code_and_no_trace(inside, device, auth, code):
    client = device(inside, "ann")
    with pytest.raises(RefusedError) as caught:
        await client.connect(auth=auth)
    assert caught.value.code == code
    assert caught.value.data["message"]
    assert len(inside.line.registry) == 0
    assert inside.gateway._admitted == {}


async def test_token_of_the_header_counts_for_a_namespace_joined_later(inside):
    """A client that can set headers need not say its token again for each namespace."""
    headers = {"Authorization": f"Bearer {inside.token('ann', ['ADMIN'])}"}
    url = f"{inside.url}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http, http.ws_connect(url, headers=headers) as ws:
        for join, answer in (("40", '40{"sid"'), ("40/admin,", '40/admin,{"sid"')):
            await ws.send_str(join)
            async with asyncio.timeout(30):
                while not (await ws.receive_str()).startswith(answer):
                    pass
        assert {s.user for s in inside.line.registry} == {"ann"}
        assert len(inside.line.registry) == 2


async def test_expired_and_revoked_tokens_are_refused(inside, device):
    old = inside.token("ann", ttl=60 * S, issued=inside.clock.now() - 600 * S)
    with pytest.raises(RefusedError) as caught:
        await device(inside, "ann").connect(token=old)
    assert caught.value.code == "TOKEN_EXPIRED"
    token = inside.token("bob")
    inside.clock.advance(S)
    await inside.line.people.revoke("bob")
    with pytest.raises(RefusedError) as caught:
        await device(inside, "bob").connect(token=token)
    assert caught.value.code == "TOKEN_INVALID"


async def test_line_needs_its_role(inside, device):
    with pytest.raises(RefusedError) as caught:
        await device(inside, "ann", line="/admin").connect()
    assert caught.value.code == "FORBIDDEN_NAMESPACE"
    await device(inside, "ann", ["ADMIN"], line="/admin").connect()


async def test_configured_line_is_a_line_of_its_own(make_inside, device):
    names = NamespaceSettings(lines={"/admin": ("ADMIN",), "/ops": ("OPS",)})
    inside = await make_inside(Settings(namespaces=names))
    ops = await device(inside, "ann", ["OPS"], line="/ops").connect()
    user = await device(inside, "ann", ["OPS"]).connect()
    sent = await inside.send(to=[Audience(AudienceKind.LINE, "/ops")], line="/ops")
    await ops.sees(sent)
    after = await inside.send("ann")
    await user.sees(after)
    assert user.ids == [after]


async def test_store_that_is_away_closes_without_a_word_so_that_clients_come_back(inside, device):
    client = device(inside, "ann")
    await inside.store.close()
    with pytest.raises((ClosedError, TimeoutError)):
        await client.connect(wait=False)
    assert not client.socket.disconnected
    assert not any(frame.startswith("44") for frame in client.socket.frames)
    await inside.store.open()
    await device(inside, "ann").connect()


async def test_21st_session_ends_the_oldest(make_inside, device):
    inside = await make_inside(Settings(limits=LimitSettings(sessions_per_user=3)))
    clients = [await device(inside, "ann").connect() for _ in range(4)]
    bystander = await device(inside, "bob").connect()
    await clients[0].until(lambda: clients[0].socket.disconnected)
    await _until(lambda: len(inside.line.registry) == 4)
    sent = await inside.send(to=[EVERYONE])
    for client in (*clients[1:], bystander):
        await client.sees(sent)


async def test_what_is_sent_right_behind_connect_is_not_missed(inside, device):
    """From the turn in which CONNECT is queued a session hears everything."""
    stop, sent = asyncio.Event(), []

    async def keep_sending():
        while not stop.is_set():
            sent.append(await inside.send("ann"))

    sender = asyncio.create_task(keep_sending())
    clients = [await device(inside, "ann").connect() for _ in range(5)]
    stop.set()
    await sender
    inside.clock.advance(S)
    last = await inside.send("ann")
    for client in clients:
        await client.sees(last)
        assert len(client.shown) == len(set(client.shown))
    await clients[0].sees(*sent)


async def test_revoked_between_admission_and_opening_is_closed(inside, device):
    client = await device(inside, "ann").connect()
    inside.clock.advance(S)
    await inside.line.people.revoke("ann")
    await client.until(lambda: client.socket.disconnected)
    await _until(lambda: len(inside.line.registry) == 0)


async def test_full_house_and_drain_say_come_back_at_the_handshake(make_inside, device):
    inside = await make_inside(Settings(limits=LimitSettings(connections=1)))
    await device(inside, "ann").connect()
    async with aiohttp.ClientSession() as http:
        for transport in ("polling", "websocket"):
            async with http.get(f"{inside.url}/socket.io/?EIO=4&transport={transport}") as answer:
                assert answer.status == 503
                assert int(answer.headers["Retry-After"]) >= 1


async def test_drain_asks_every_session_to_come_back_at_a_moment_of_its_own(inside, device):
    clients = [await device(inside, f"u{n}").connect() for n in range(6)]
    inside.gateway.announce_stop()
    after = set()
    for client in clients:
        await client.until(lambda client=client: client.events("reconnect"))
        (payload,) = client.events("reconnect")
        assert payload["reason"] == "drain"
        after.add(payload["after_ms"])
    assert len(after) > 1
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{inside.url}/socket.io/?EIO=4&transport=polling") as answer,
    ):
        assert answer.status == 503


async def test_expiring_token_is_announced_once_and_then_the_transport_is_closed(inside, device):
    client = await device(inside, "ann", ttl=600 * S).connect()
    inside.clock.advance((600 - WARN_BEFORE_S) * S - S)
    inside.gateway.tick()
    inside.clock.advance(S)
    for _ in range(3):
        inside.gateway.tick()
    await client.until(lambda: client.events("token_expiring"))
    inside.clock.advance(WARN_BEFORE_S * S)
    inside.gateway.tick()
    await client.until(client.socket.closed.is_set)
    assert client.events("token_expiring") == [{"expires_in_s": 60}]
    assert not client.socket.disconnected
    assert "1" not in client.socket.frames


async def test_refreshed_token_keeps_the_session(inside, device):
    client = await device(inside, "ann", ttl=120 * S).connect()
    inside.clock.advance(90 * S)
    inside.gateway.tick()
    answer = await client.ask("refresh_token", {"token": inside.token("ann")})
    assert answer["ok"]
    inside.clock.advance(60 * S)
    inside.gateway.tick()
    sent = await inside.send("ann")
    await client.sees(sent)


async def test_acks_reach_the_desk(inside, device):
    client = await device(inside, "ann").connect()
    sent = await inside.send("ann")
    await client.sees(sent)

    async with asyncio.timeout(30):
        while True:
            (entry,) = await inside.store.entries("ann", [sent])
            if entry.receipt.acks:
                break
            await asyncio.sleep(0.002)
    (ack,) = entry.receipt.acks
    assert (ack.session, ack.revision) == (client.socket.sid, 1)


async def test_ack_before_connect_closes_nothing(inside, device):
    """F7: a stock client does send one after reconnecting."""
    client = device(inside, "ann")
    async with aiohttp.ClientSession() as http:
        socket = await RawSocket(inside.url, http).open()
        await socket.send("4312345[]")
        await socket.connect({"token": inside.token("ann"), "ack": True})
        assert socket.sid
        await socket.close()
    await client.connect()


async def test_event_with_two_payloads_is_refused_and_the_session_stays(inside, device):
    client = await device(inside, "ann").connect()
    answer = await client.ask("mark_read", {"ids": []}, {"ids": []})
    assert (answer["ok"], answer["error"]["code"]) == (False, "BAD_REQUEST")
    assert (await client.ask("get_notifications", {}))["ok"]


async def test_session_that_ends_leaves_nothing_behind(inside, device):
    token = inside.token("ann", rooms=["*"])
    for _ in range(5):
        client = await device(inside, "ann").connect(token=token)
        assert (await client.ask("join_room", {"room": "r"}))["ok"]
        await client.drop()
    await _until(lambda: len(inside.line.registry) == 0)
    assert inside.line.counting._tallies == {}
    assert inside.gateway._admitted == {}
    assert inside.gateway._emitter._namespaces == {}
    assert isinstance(inside.gateway, Gateway)


async def test_handshakes_that_come_at_once_ask_the_store_a_few_at_a_time(
    inside, device, monkeypatch
):
    """X16: the others wait, and all come in."""
    asking, most, real, answer = 0, 0, inside.line.people.admit, asyncio.Event()

    async def admit(claims):
        nonlocal asking, most
        asking += 1
        most = max(most, asking)
        await answer.wait()
        person = await real(claims)
        asking -= 1
        return person

    monkeypatch.setattr(inside.line.people, "admit", admit)
    devices = [device(inside, f"u{number}") for number in range(40)]
    connecting = asyncio.gather(*(one.connect() for one in devices))
    await _until(lambda: asking == ADMITTED_AT_ONCE)
    for _ in range(50):  # one more would come meanwhile
        await asyncio.sleep(0.001)
    answer.set()
    await connecting
    assert len(inside.line.registry) == 40
    assert most == ADMITTED_AT_ONCE
