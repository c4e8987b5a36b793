"""Socket.IO 5: joining and leaving namespaces."""

import asyncio
import json

import pytest
import socketio

MAIN, CUSTOM = "/", "/custom"
INVALID = {
    "unknown type": "4abc",
    "type beyond": "47",
    "type of binary": "45",
    "nothing": "4",
    "event first": '42["message",1]',
    "payload of text": '40"token"',
    "payload of a list": "40[]",
    "payload cut off": '40{"token":',
    "connect error from a client": '44{"message":"no"}',
}


@pytest.fixture(params=["websocket", "polling"])
async def connected(request, sio):
    """An Engine.IO session on either transport."""
    return await (sio.socket() if request.param == "websocket" else sio.poller())


@pytest.mark.parametrize(
    ("packet", "answer", "event"),
    [
        ("40", "40", '42["auth",{}]'),
        ('40{"token":"123"}', "40", '42["auth",{"token":"123"}]'),
        ("40{}", "40", '42["auth",{}]'),
        ("40/custom,", "40/custom,", '42/custom,["auth",{}]'),
        ("40/custom", "40/custom,", '42/custom,["auth",{}]'),
        ('40/custom,{"token":"abc"}', "40/custom,", '42/custom,["auth",{"token":"abc"}]'),
    ],
)
async def test_connect_is_answered_with_a_session_id(connected, packet, answer, event):
    await connected.send(packet)
    accepted, auth = await connected.take(2)
    assert accepted.startswith(answer)
    payload = json.loads(accepted.removeprefix(answer))
    assert set(payload) == {"sid"}
    assert isinstance(payload["sid"], str)
    assert payload["sid"] != connected.sid  # that one is a secret of the transport
    assert auth == event


async def test_connect_event_of_the_connect_handler_comes_behind_the_answer(serve_socketio):
    """What a handler sends to its own client is not lost because it has not returned yet."""
    rig = await serve_socketio()

    async def greet(sid, environ, auth):
        await rig.server.emit("auth", auth or {}, to=sid)

    rig.server.on("connect", greet)
    client = await rig.socket()
    await client.send('40{"token":"123"}')
    answer, event = await client.take(2)
    assert answer.startswith("40{")
    assert event == '42["auth",{"token":"123"}]'


async def test_connect_to_two_namespaces_gives_two_sessions(connected, sio):
    first = await connected.join(MAIN)
    second = await connected.join(CUSTOM)
    assert first != second
    await connected.send('42/custom,["message",1]', '42["message",2]')
    answers = await connected.take(2)
    assert sorted(answers) == ['42/custom,["message-back",1]', '42["message-back",2]']


async def test_connect_unknown_namespace_is_answered_with_an_object(connected, sio):
    await connected.send("40/random")
    assert await connected.take(1) == ['44/random,{"message":"Invalid namespace"}']
    await connected.join(CUSTOM)
    assert len(sio.of("connect")) == 1


async def test_connect_unknown_namespace_with_auth_is_answered_the_same(connected):
    await connected.send('40/random,{"token":"123"}')
    assert await connected.take(1) == ['44/random,{"message":"Invalid namespace"}']


@pytest.mark.parametrize(
    ("refusal", "payload"),
    [(["no"], {"message": "no"}), (["no", {"code": 7}], {"message": "no", "data": {"code": 7}})],
)
async def test_connect_refused_by_the_handler_tells_why(serve_socketio, refusal, payload):
    rig = await serve_socketio()

    async def refuse(sid, environ, auth):
        raise socketio.exceptions.ConnectionRefusedError(*refusal)

    rig.server.on("connect", refuse, namespace=CUSTOM)
    client = await rig.socket()
    await client.send("40/custom,")
    answer = await client.read()
    assert answer.startswith("44/custom,")
    assert json.loads(answer.removeprefix("44/custom,")) == payload
    await client.join(MAIN)  # the others are not touched


async def test_connect_twice_is_no_second_session(sio):
    """Closed, as the reference does it, or passed over: never two sessions nor two events."""
    client = await sio.joined()
    await client.send("40", '42["message",1]')
    assert await client.read() in ('42["message-back",1]', None)
    assert len(sio.of("connect")) == 1


@pytest.mark.parametrize("packet", INVALID.values(), ids=INVALID)
async def test_invalid_handshake_closes_a_websocket(sio, packet):
    client = await sio.socket()
    await client.send(packet)
    assert await client.ended() == []
    assert sio.told == []


@pytest.mark.parametrize("packet", INVALID.values(), ids=INVALID)
async def test_invalid_handshake_closes_polling(sio, packet):
    client = await sio.poller()
    await client.post(packet)
    assert (await client.get())[0] == 400
    assert sio.told == []


async def test_event_to_a_namespace_not_joined_is_not_handled(sio):
    client = await sio.joined(MAIN)
    await client.send('42/custom,["message",1]', '42["message",2]')
    assert await client.read() in ('42["message-back",2]', None)
    assert [args for *_, args in sio.of("message")] in ([(2,)], [])


async def test_no_handshake_within_the_deadline_closes_both_transports(serve_socketio):
    """F6: who says nothing is not kept, however well it answers pings."""
    rig = await serve_socketio(handshake_timeout=0.7, ping_interval=0.1)
    socket, poller = await rig.socket(), await rig.poller()

    async def poll():
        while (answer := await poller.get())[0] == 200:
            if answer[1] == "2":
                await poller.post("3")
        return answer[0]

    assert await asyncio.gather(socket.ended(), poll()) == [[], 400]


async def test_no_handshake_after_a_refusal_closes(serve_socketio):
    rig = await serve_socketio(handshake_timeout=1)
    socket = await rig.socket()
    await socket.send("40/random")
    assert await socket.ended() == ['44/random,{"message":"Invalid namespace"}']


async def test_handshake_within_the_deadline_keeps_the_connection(serve_socketio):
    rig = await serve_socketio(handshake_timeout=0.5)
    client = await rig.joined()
    with pytest.raises(TimeoutError):
        await client.read(timeout=0.7)


async def test_disconnect_from_the_main_namespace_keeps_the_connection(serve_socketio):
    rig = await serve_socketio(ping_interval=0.3)
    client = await rig.joined(pongs=False)
    await client.send("41")
    assert await client.read() == "2"
    assert len(rig.of("disconnect")) == 1


@pytest.mark.parametrize("packet", ["41/custom", "41/custom,"])
async def test_disconnect_from_one_namespace_leaves_the_other(connected, sio, packet):
    await connected.join(MAIN)
    left = await connected.join(CUSTOM)
    await connected.send(packet, '42["message","message to main namespace"]')
    assert await connected.take(1) == ['42["message-back","message to main namespace"]']
    gone = await sio.until(lambda: sio.of("disconnect"))
    assert [(sid, namespace) for _, sid, namespace, _ in gone] == [(left, CUSTOM)]


async def test_disconnect_then_connect_gives_a_new_session(connected, sio):
    await connected.join(MAIN)
    first = await connected.join(CUSTOM)
    await connected.send("41/custom,")
    assert await connected.join(CUSTOM) != first
    await connected.send('42/custom,["message",1]')
    assert await connected.take(1) == ['42/custom,["message-back",1]']


async def test_disconnect_by_the_server_is_told_and_leaves_the_other(connected, sio):
    await connected.join(MAIN)
    left = await connected.join(CUSTOM)
    await sio.server.disconnect(left, namespace=CUSTOM)
    await connected.send('42["message",1]')
    assert await connected.take(2) == ["41/custom,", '42["message-back",1]']
    assert len(sio.of("disconnect")) == 1


async def test_end_of_the_transport_is_told_in_each_namespace_once(connected, sio):
    await connected.join(MAIN)
    await connected.join(CUSTOM)
    await connected.send("1")
    await sio.until(lambda: len(sio.of("disconnect")) == 2)
    assert {namespace for _, _, namespace, _ in sio.of("disconnect")} == {MAIN, CUSTOM}
