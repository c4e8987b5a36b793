"""Engine.IO 4: messages on both transports, and packets that break the protocol."""

import pytest
from conformance_client import SEPARATOR

TEXTS = ["hello", "", "ü€😀", "with\nlines\r\n", "b", "2probe", "a" * 70_000, "€" * 70_000]
INVALID = {
    "unknown type": "abc",
    "type beyond": "7",
    "no digit": "x4hello",
    "digit of another script": "\u0664hello",
    "ping from a client": "2",
    "base64 that is none": "b!!!",
}


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text[:8]!r}x{len(text)}")
async def test_message_polling_text_is_echoed(eio, text):
    poller = await eio.poller()
    await poller.send(f"4{text}")
    assert await poller.poll() == [f"4{text}"]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text[:8]!r}x{len(text)}")
async def test_message_websocket_text_is_echoed(eio, text):
    socket = await eio.socket()
    await socket.send(f"4{text}")
    assert await socket.read() == f"4{text}"


@pytest.mark.parametrize("count", [3, 40, 300])
async def test_message_polling_payload_of_several_packets_is_taken_whole(eio, count):
    """F16: stock drops everything beyond 16 packets, and answers 200."""
    poller = await eio.poller()
    packets = [f"4test{number}" for number in range(count)]
    await poller.send(*packets)
    assert await poller.take(count) == packets


async def test_message_polling_several_answers_come_in_one_payload(eio):
    poller = await eio.poller()
    await poller.send("4test1", "4test2", "4test3")
    assert await poller.get() == (200, "4test1\x1e4test2\x1e4test3")


async def test_message_polling_waits_until_there_is_one(eio):
    poller = await eio.poller()
    async with poller.waiting() as poll:
        await eio.engine.send(poller.sid, "later")
        assert await poll == (200, "4later")


async def test_message_websocket_burst_keeps_its_order(eio):
    socket = await eio.socket()
    packets = [f"4test{number}" for number in range(300)]
    await socket.send(*packets)
    assert await socket.take(300) == packets


async def test_message_websocket_each_packet_has_its_own_frame(eio):
    socket = await eio.socket()
    for number in range(50):
        await eio.engine.send(socket.sid, f"{number}")
    assert await socket.take(50) == [f"4{number}" for number in range(50)]


async def test_message_websocket_separator_is_only_data(eio):
    socket = await eio.socket()
    await socket.send("4one\x1e4two")
    assert await socket.read() == "4one\x1e4two"


@pytest.mark.parametrize("packet", ["5", "6", "3"])
async def test_packet_that_says_nothing_here_is_passed_over(eio, packet):
    """A late upgrade or noop, and a pong to no ping, end nothing."""
    poller, socket = await eio.poller(), await eio.socket()
    await poller.send(packet, "4hello")
    assert await poller.poll() == ["4hello"]
    await socket.send(packet, "4hello")
    assert await socket.read() == "4hello"


@pytest.mark.parametrize("packet", INVALID.values(), ids=INVALID)
async def test_invalid_packet_polling_closes_the_session(eio, packet):
    poller = await eio.poller()
    status, _ = await poller.post(packet)
    assert status == 400
    assert (await poller.get())[0] == 400
    assert (await poller.post("4hello"))[0] == 400
    assert len(eio.of("disconnect", poller.sid)) == 1
    assert eio.of("message") == []


@pytest.mark.parametrize("packet", ["", *INVALID.values()], ids=["empty", *INVALID])
async def test_invalid_packet_websocket_closes_the_session(eio, packet):
    socket = await eio.socket()
    await socket.send(packet)
    assert await socket.ended() == []
    await eio.until(lambda: eio.of("disconnect", socket.sid))
    assert eio.of("message") == []


@pytest.mark.parametrize("payload", ["4a\x1e\x1e4b", "4a\x1ex", "4a\x1e"])
async def test_invalid_packet_among_good_ones_closes_the_session(eio, payload):
    poller = await eio.poller()
    assert (await poller.post(payload))[0] == 400
    assert (await poller.get())[0] == 400
    assert len(eio.of("disconnect", poller.sid)) == 1


async def test_invalid_packet_ends_a_poll_that_waits(eio):
    poller = await eio.poller()
    async with poller.waiting() as poll:
        assert (await poller.post("abc"))[0] == 400
        status, text = await poll
    assert (status, text[:1]) in {(400, text[:1]), (200, "1"), (200, "6")}
    assert (await poller.get())[0] == 400


async def test_payload_that_is_not_utf8_closes_the_session(eio):
    poller = await eio.poller()
    assert (await poller.post(b"4\xff\xfe"))[0] == 400
    assert (await poller.get())[0] == 400


@pytest.fixture
async def binary_eio(serve_engine):
    return await serve_engine(binary=True)


async def test_binary_websocket_is_echoed_as_is(binary_eio):
    socket = await binary_eio.socket()
    await socket.send(b"\x01\x02\x03\x04", "4text", b"", b"\x00" * 70_000)
    assert await socket.take(4) == [b"\x01\x02\x03\x04", "4text", b"", b"\x00" * 70_000]
    assert bytes(binary_eio.of("message")[0][2]) == b"\x01\x02\x03\x04"


async def test_binary_polling_is_echoed_in_base64(binary_eio):
    poller = await binary_eio.poller()
    await poller.send("4hello", "bAQIDBA==")
    assert await poller.get() == (200, SEPARATOR.join(["4hello", "bAQIDBA=="]))
    assert bytes(binary_eio.of("message")[1][2]) == b"\x01\x02\x03\x04"


async def test_binary_switched_off_is_refused_on_both_transports(eio):
    socket, poller = await eio.socket(), await eio.poller()
    await socket.send(b"\x01\x02")
    assert await socket.ended() == []
    assert (await poller.post("bAQI="))[0] == 400
    assert eio.of("message") == []
