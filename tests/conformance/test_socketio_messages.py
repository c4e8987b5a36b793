"""Socket.IO 5: events and acknowledgements, and packets that break the protocol."""

import asyncio
import json

import pytest

ARGUMENTS = {
    "official": '1,"2",{"3":[true]}',
    "nothing": "",
    "primitives": '0,-1,1.5,"",true,false,null',
    "unicode": '"ü€😀"',
    "escapes": r'"quote \" backslash \\ line \n"',
    "objects": '{"a":{"b":[{"c":null}]}},[],{}',
    "lists": "[1],[[2]]",
    "looks binary": '{"_placeholder":false}',
    "many": ",".join(map(str, range(200))),
}
INVALID = {
    "unknown type": "4abc",
    "type beyond": "48",
    "payload no list": "42{}",
    "payload empty": "42[]",
    "payload missing": "42",
    "payload of text": '42"message"',
    "payload cut off": '42["message"',
    "payload with more behind": '42["message"]x',
    "payload not JSON": '42["message",NaN]',
    "name no text": "42[{}]",
    "name missing": "42[null]",
    "ack id no number": '42abc["message-with-ack",1,"2",{"3":[false]}]',
    "ack id negative": '42-1["message-with-ack"]',
    "ack without id": "43[]",
    "ack without payload": "431",
    "ack payload no list": "431{}",
    "disconnect with payload": '41{"a":1}',
    "connect error from a client": '44{"message":"no"}',
    "reserved connect": '42["connect",{}]',
    "reserved disconnect": '42["disconnect"]',
    "reserved connect_error": '42["connect_error"]',
}


@pytest.fixture(params=["websocket", "polling"])
async def joined(request, sio):
    """A client in the main namespace on either transport."""
    return await (sio.joined() if request.param == "websocket" else sio.joined_poller())


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
async def test_event_comes_back_with_its_arguments(joined, arguments):
    comma = "," if arguments else ""
    await joined.send(f'42["message"{comma}{arguments}]')
    (answer,) = await joined.take(1)
    assert answer.startswith("42[")
    assert json.loads(answer[2:]) == json.loads(f'["message-back"{comma}{arguments}]')


async def test_event_is_encoded_to_the_letter(joined):
    await joined.send('42["message",1,"2",{"3":[true]}]')
    assert await joined.take(1) == ['42["message-back",1,"2",{"3":[true]}]']


@pytest.mark.parametrize(
    ("event", "answer"),
    [
        ('42/custom,["message",1]', '42/custom,["message-back",1]'),
        ('42/custom,7["message-with-ack","a"]', '43/custom,7["a"]'),
        ('42/custom,["message","/,1"]', '42/custom,["message-back","/,1"]'),
    ],
)
async def test_event_in_a_namespace_carries_its_name(joined, event, answer):
    await joined.join("/custom")
    await joined.send(event)
    assert await joined.take(1) == [answer]


@pytest.mark.parametrize(
    ("event", "answer"),
    [
        ('42456["message-with-ack",1,"2",{"3":[false]}]', '43456[1,"2",{"3":[false]}]'),
        ('421["message-with-ack"]', "431[]"),
        ('420["message-with-ack",1]', "430[1]"),
        ('42999999999["message-with-ack",1]', "43999999999[1]"),
        ('4212["message-with-ack",null]', "4312[null]"),
        ('4212["message-with-ack",[1,2]]', "4312[[1,2]]"),
    ],
)
async def test_ack_of_the_server_has_id_and_arguments(joined, event, answer):
    await joined.send(event)
    assert await joined.take(1) == [answer]


async def test_event_of_no_handler_changes_nothing(joined):
    await joined.send('42["nobody-listens",1]', '42["message",1]')
    assert await joined.take(1) == ['42["message-back",1]']


@pytest.mark.parametrize("count", [40, 120])
async def test_burst_of_events_with_acks_is_answered_whole_and_in_order(joined, count):
    """F16: 40 emits of a stock client are one payload by polling."""
    await joined.send(*(f'42{number}["message-with-ack",{number}]' for number in range(count)))
    assert await joined.take(count) == [f"43{number}[{number}]" for number in range(count)]


async def test_burst_of_emits_arrives_whole_and_in_order(joined, sio):
    for number in range(40):
        await sio.server.emit("news", number, to=joined.session)
    assert await joined.take(40) == [f'42["news",{number}]' for number in range(40)]


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (None, '42["news"]'),
        ((), '42["news"]'),
        ("text", '42["news","text"]'),
        ((1, "2", None), '42["news",1,"2",null]'),
        ([1, 2], '42["news",[1,2]]'),
        ({"a": [True]}, '42["news",{"a":[true]}]'),
    ],
)
async def test_emit_is_encoded_to_the_letter(sio, data, sent):
    client = await sio.joined()
    await sio.server.emit("news", data, to=client.session)
    assert await client.read() == sent


async def test_emit_to_a_room_reaches_its_members_on_both_transports(sio):
    inside = [await sio.joined(), await sio.joined_poller()]
    outside = await sio.joined()
    for client in inside:
        await sio.server.enter_room(client.session, "room")
    await sio.server.emit("news", 1, room="room")
    await sio.server.emit("news", 2)
    for client in inside:
        assert await client.take(2) == ['42["news",1]', '42["news",2]']
    assert await outside.read() == '42["news",2]'


@pytest.mark.parametrize(
    ("arguments", "returned"), [('"bar"', "bar"), ("", None), ('1,{"a":2}', (1, {"a": 2}))]
)
async def test_ack_of_the_client_reaches_the_caller(joined, sio, arguments, returned):
    call = asyncio.ensure_future(sio.server.call("ask", "foo", to=joined.session, timeout=30))
    (asked,) = await joined.take(1)
    number, payload = asked[2:].split("[", 1)
    assert (int(number) >= 0, payload) == (True, '"ask","foo"]')
    await joined.send(f"43{number}[{arguments}]")
    assert await call == returned


async def test_ack_of_the_client_in_a_namespace_reaches_the_caller(joined, sio):
    await joined.join("/custom")
    request = {"to": joined.session, "namespace": "/custom", "timeout": 5}
    call = asyncio.ensure_future(sio.server.call("ask", "foo", **request))
    (asked,) = await joined.take(1)
    number = asked.removeprefix("42/custom,").split("[", 1)[0]
    await joined.send(f'43/custom,{number}["bar"]')
    assert await call == "bar"


async def test_ack_of_the_client_counts_once_and_only_by_its_id(joined, sio):
    """F7: stock loses its own counter to an ack with id 0."""
    answers = []
    await sio.server.emit("ask", to=joined.session, callback=answers.append)
    (asked,) = await joined.take(1)
    number = asked[2:].split("[", 1)[0]
    await joined.send("430[1]", "4399999[2]", f"43{number}[3]", f"43{number}[4]", '42["message",5]')
    assert await joined.take(1) == ['42["message-back",5]']
    assert answers == [3]
    await sio.server.emit("ask", to=joined.session, callback=answers.append)
    (asked,) = await joined.take(1)
    await joined.send(f"43{asked[2:].split('[', 1)[0]}[6]", '42["message",7]')
    await joined.take(1)
    assert answers == [3, 6]


async def test_ack_ids_of_two_calls_differ(joined, sio):
    for _ in range(2):
        await sio.server.emit("ask", to=joined.session, callback=print)
    first, second = await joined.take(2)
    assert first != second


@pytest.mark.parametrize("packet", INVALID.values(), ids=INVALID)
async def test_invalid_format_closes_a_websocket(sio, packet):
    client = await sio.joined()
    await client.send(packet)
    assert await client.ended() == []
    await sio.until(lambda: sio.of("disconnect"))
    assert sio.of("message") == []


@pytest.mark.parametrize("packet", INVALID.values(), ids=INVALID)
async def test_invalid_format_closes_polling(sio, packet):
    client = await sio.joined_poller()
    await client.post(packet)
    assert (await client.get())[0] == 400
    await sio.until(lambda: sio.of("disconnect"))
    assert sio.of("message") == []
