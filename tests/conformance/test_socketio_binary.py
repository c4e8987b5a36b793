"""Socket.IO 5: attachments, by the option ``binary=True``; without it they are refused."""

import asyncio
import base64

import pytest

ONE, TWO = b"\x01\x02\x03", b"\x04\x05\x06"
MAX_ATTACHMENTS = 10


def placeholder(number):
    return f'{{"_placeholder":true,"num":{number}}}'


PAIR = f"{placeholder(0)},{placeholder(1)}"
BROKEN = {
    "no count": [f'45["message",{placeholder(0)}]', ONE],
    "count no number": [f'45x-["message",{placeholder(0)}]', ONE],
    "count cut off": ["451", ONE],
    "placeholder beyond": [f'451-["message",{placeholder(1)}]', ONE],
    "placeholder below": [f'451-["message",{placeholder(-1)}]', ONE],
    "placeholder no number": ['451-["message",{"_placeholder":true,"num":"0"}]', ONE],
    "text where an attachment is due": [f'451-["message",{placeholder(0)}]', '42["message",1]'],
    "attachment to nothing": [ONE],
    "attachment too many": [f'451-["message",{placeholder(0)}]', ONE, TWO],
    "eleven attachments": ['4511-["message"]'],
    "attachments without end": ['459999999999-["message"]'],
    "payload no list": ["451-{}", ONE],
    "reserved name": [f'451-["connect",{placeholder(0)}]', ONE],
    "ack without id": [f"461-[{placeholder(0)}]", ONE],
}


@pytest.fixture
async def sio_binary(serve_socketio):
    return await serve_socketio(binary=True)


def by_polling(packets):
    """As packets of a payload: attachments in base64."""
    return [f"b{base64.b64encode(p).decode()}" if isinstance(p, bytes) else p for p in packets]


@pytest.fixture(params=["websocket", "polling"])
async def talk(request, sio_binary):
    """Send packets and read answers on either transport, attachments as bytes."""
    if request.param == "websocket":
        client = await sio_binary.joined()
    else:
        client = await sio_binary.joined_poller()

    async def exchange(*packets, answers):
        await client.send(*(packets if request.param == "websocket" else by_polling(packets)))
        taken = await client.take(answers)
        return [base64.b64decode(p[1:]) if p[:1] == "b" else p for p in taken]

    exchange.session = client.session
    exchange.join = client.join
    return exchange


async def test_binary_event_comes_back_with_its_attachments(talk, sio_binary):
    answers = await talk(f'452-["message",{PAIR}]', ONE, TWO, answers=3)
    assert answers == [f'452-["message-back",{PAIR}]', ONE, TWO]
    ((*_, arguments),) = sio_binary.of("message")
    assert [bytes(argument) for argument in arguments] == [ONE, TWO]


async def test_binary_event_is_acked_with_its_attachments(talk):
    answers = await talk(f'452-789["message-with-ack",{PAIR}]', ONE, TWO, answers=3)
    assert answers == [f"462-789[{PAIR}]", ONE, TWO]


async def test_binary_event_in_a_namespace_comes_back_there(talk):
    await talk.join("/custom")
    answers = await talk(f'451-/custom,["message",{placeholder(0)}]', ONE, answers=2)
    assert answers == [f'451-/custom,["message-back",{placeholder(0)}]', ONE]


async def test_binary_ack_in_a_namespace_has_its_id(talk):
    await talk.join("/custom")
    answers = await talk(f'451-/custom,7["message-with-ack",{placeholder(0)}]', ONE, answers=2)
    assert answers == [f"461-/custom,7[{placeholder(0)}]", ONE]


async def test_binary_event_takes_attachments_at_any_depth(talk):
    packet = f'["message",{{"a":[{placeholder(0)},{{"b":{placeholder(1)}}}]}},"text"]'
    answers = await talk(f"452-{packet}", ONE, b"", answers=3)
    assert answers == ["452-" + packet.replace('"message"', '"message-back"'), ONE, b""]


async def test_binary_event_takes_ten_attachments(talk):
    holders = ",".join(placeholder(number) for number in range(MAX_ATTACHMENTS))
    attachments = [bytes([number]) for number in range(MAX_ATTACHMENTS)]
    answers = await talk(f'4510-["message",{holders}]', *attachments, answers=11)
    assert answers == [f'4510-["message-back",{holders}]', *attachments]


async def test_binary_option_leaves_text_as_it_is(talk):
    assert await talk('42["message",1]', answers=1) == ['42["message-back",1]']
    assert await talk('421["message-with-ack",1]', answers=1) == ["431[1]"]


async def test_binary_ack_of_the_client_reaches_the_caller(sio_binary):
    client = await sio_binary.joined()
    call = asyncio.ensure_future(sio_binary.server.call("ask", ONE, to=client.session, timeout=30))
    asked, attachment = await client.take(2)
    number = asked.removeprefix("451-").split("[", 1)[0]
    assert (asked, attachment) == (f'451-{number}["ask",{placeholder(0)}]', ONE)
    await client.send(f'462-{number}["bar",{placeholder(0)},{placeholder(1)}]', ONE, TWO)
    assert await call == ("bar", ONE, TWO)


async def test_binary_emit_to_a_room_of_mixed_transports_is_right_for_each(sio_binary):
    """F17: stock sends the encoding of one transport on the other."""
    sockets = [await sio_binary.joined() for _ in range(2)]
    pollers = [await sio_binary.joined_poller() for _ in range(2)]
    await sio_binary.server.emit("news", {"data": ONE})
    header = f'451-["news",{{"data":{placeholder(0)}}}]'
    for socket in sockets:
        assert await socket.take(2) == [header, ONE]
    for poller in pollers:
        assert await poller.take(2) == by_polling([header, ONE])


async def test_binary_attachments_may_come_in_several_requests(sio_binary):
    client = await sio_binary.joined_poller()
    for packet in by_polling([f'452-["message",{PAIR}]', ONE, TWO]):
        await client.send(packet)
    assert await client.take(3) == by_polling([f'452-["message-back",{PAIR}]', ONE, TWO])


@pytest.mark.parametrize("packets", BROKEN.values(), ids=BROKEN)
async def test_broken_binary_closes_a_websocket(sio_binary, packets):
    """F21, F38: stock goes deaf on most of these, and keeps what it was sent."""
    client = await sio_binary.joined()
    await client.send(*packets)
    assert await client.ended() in ([], [f'451-["message-back",{placeholder(0)}]', ONE])
    await sio_binary.until(lambda: sio_binary.of("disconnect"))


@pytest.mark.parametrize("packets", BROKEN.values(), ids=BROKEN)
async def test_broken_binary_closes_polling(sio_binary, packets):
    client = await sio_binary.joined_poller()
    await client.post("\x1e".join(by_polling(packets)))
    assert (await client.get())[0] == 400
    await sio_binary.until(lambda: sio_binary.of("disconnect"))


async def test_binary_event_of_no_attachments_is_handled_or_closes(sio_binary):
    """F21: not in the text; what may not be is a connection that is deaf from then on."""
    client = await sio_binary.joined()
    await client.send('450-["message",1]', '42["message",2]')
    assert await client.take(2) in (
        ['42["message-back",1]', '42["message-back",2]'],
        [None, None],
    )


@pytest.mark.parametrize(
    "packets", [[f'451-["message",{placeholder(0)}]', ONE], [f"461-1[{placeholder(0)}]", ONE]]
)
async def test_binary_before_a_namespace_is_joined_closes(sio_binary, packets):
    """F38: nothing is kept of who has not been let in."""
    client = await sio_binary.socket()
    await client.send(packets[0])
    assert await client.ended() == []
    assert sio_binary.told == []


@pytest.mark.parametrize(
    "packet", [ONE, f'451-["message",{placeholder(0)}]', f"461-1[{placeholder(0)}]", "450-[]"]
)
@pytest.mark.parametrize("joined", [False, True])
async def test_binary_switched_off_closes(sio, packet, joined):
    """S9: before and after a namespace is joined, in any form, on both transports."""
    socket = await (sio.joined() if joined else sio.socket())
    poller = await (sio.joined_poller() if joined else sio.poller())
    await socket.send(packet)
    assert await socket.ended() == []
    await poller.post(*by_polling([packet]))
    assert (await poller.get())[0] == 400
    assert sio.of("message") == []
