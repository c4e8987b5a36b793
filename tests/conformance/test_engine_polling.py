"""Engine.IO 4 by long-polling: one poll and one request at a time, bodies however they arrive."""

import asyncio

import pytest

BODY = "4h€llo\x1e4wörld\x1e4😀".encode()
LIMIT = 1_000_000


@pytest.fixture
async def wire(eio):
    connections = []

    async def connect():
        connections.append(await eio.wire())
        return connections[-1]

    yield connect
    for connection in connections:
        await connection.close()


async def test_request_with_packets_is_answered_with_ok_in_small_letters(eio):
    """The text says so; stock answers in capitals."""
    assert await (await eio.poller()).post("4hello") == (200, "ok")


async def test_second_poll_closes_the_session(eio):
    """F14: stock splits the messages between the two."""
    poller = await eio.poller()
    async with poller.waiting() as first:
        assert (await poller.get())[0] == 400
        assert await first == (200, "1")
    assert (await poller.get())[0] == 400
    assert len(eio.of("disconnect", poller.sid)) == 1


async def test_second_request_with_packets_closes_the_session(eio, wire):
    """No two requests with packets at once: 400 and the end, as the text demands."""
    poller, slow = await eio.poller(), await wire()
    await slow.start_post(poller.sid, 10)
    await slow.write(b"4hal")
    assert (await poller.post("4second"))[0] == 400
    assert (await poller.get())[0] == 400
    await slow.write(b"f done")
    assert (await slow.answer())[0] == 400
    assert eio.of("message") == []
    assert len(eio.of("disconnect", poller.sid)) == 1


async def test_poll_and_request_at_once_are_as_it_is_meant(eio):
    poller = await eio.poller()
    async with poller.waiting() as poll:
        await poller.send("4hello")
        assert await poll == (200, "4hello")


async def test_poll_carries_no_more_packets_than_the_stock_python_client_takes(eio):
    """F16 the other way round: that client drops an answer of more than 16, and its session."""
    poller = await eio.poller()
    for number in range(40):
        await eio.engine.send(poller.sid, f"{number}")
    taken = []
    while len(taken) < 40:
        taken += (packets := await poller.poll())
        assert len(packets) <= 16
    assert taken == [f"4{number}" for number in range(40)]


async def test_aborted_poll_loses_no_message(eio):
    """F14: stock gives the next message to the poll that nobody reads any more."""
    poller = await eio.poller()
    await poller.aborted_poll()
    await eio.engine.send(poller.sid, "m1")
    await eio.engine.send(poller.sid, "m2")
    assert await poller.take(2) == ["4m1", "4m2"]


async def test_aborted_poll_with_nothing_to_send_closes_the_session(eio):
    """As the newest official suite has it: the next poll is refused."""
    poller = await eio.poller()
    await poller.aborted_poll()
    assert (await poller.get())[0] == 400
    assert len(eio.of("disconnect", poller.sid)) == 1


async def test_aborted_poll_that_no_other_follows_ends_the_session_soon(eio):
    """Long before the heartbeat, which is what tells of it else."""
    poller, kept = await eio.poller(), await eio.poller()
    async with kept.waiting() as poll:
        await poller.aborted_poll()
        await eio.until(lambda: eio.of("disconnect", poller.sid))
        assert not poll.done(), "who is there is left alone"
    assert eio.of("disconnect") == [("disconnect", poller.sid, "transport close")]


async def test_aborted_poll_with_something_to_send_ends_the_session_soon(eio):
    poller = await eio.poller()
    await poller.aborted_poll()
    await eio.engine.send(poller.sid, "m1")
    await eio.until(lambda: eio.of("disconnect", poller.sid))
    assert (await poller.get())[0] == 400


async def test_aborted_poll_that_another_follows_in_time_ends_nothing(eio):
    poller = await eio.poller()
    await poller.aborted_poll()
    await eio.engine.send(poller.sid, "m1")
    assert await poller.take(1) == ["4m1"]
    async with poller.waiting() as poll:
        done, _ = await asyncio.wait([poll], timeout=3.5)  # longer than it takes to be given up
        assert not done
        await eio.engine.send(poller.sid, "m2")
        assert await poll == (200, "4m2")


async def test_aborted_polls_over_and_over_lose_and_double_nothing(eio):
    poller = await eio.poller()
    taken = []
    for number in range(8):
        await poller.aborted_poll()
        await eio.engine.send(poller.sid, f"{number}")
        taken += await poller.take(1)
    assert taken == [f"4{number}" for number in range(8)]


async def test_body_split_at_every_byte_boundary_is_taken_whole(eio, wire):
    """F15: stock takes the first segment for the whole body, and answers 200."""
    poller, connection = await eio.poller(), await wire()
    for cut in range(1, len(BODY)):
        assert (await connection.post(poller.sid, BODY, cut))[0] == 200
        assert await poller.take(3) == ["4h€llo", "4wörld", "4😀"]


async def test_body_of_single_bytes_is_taken_whole(eio, wire):
    poller, connection = await eio.poller(), await wire()
    assert (await connection.post(poller.sid, BODY, *range(1, len(BODY))))[0] == 200
    assert await poller.take(3) == ["4h€llo", "4wörld", "4😀"]


@pytest.mark.parametrize("cuts", [(), (1, 5, 9), tuple(range(1, len(BODY)))], ids=len)
async def test_body_in_chunks_of_http_is_taken_whole(eio, wire, cuts):
    poller, connection = await eio.poller(), await wire()
    answer = await connection.post(poller.sid, BODY, *cuts, chunked=True)
    assert answer[0] == 200
    assert await poller.take(3) == ["4h€llo", "4wörld", "4😀"]


async def test_body_of_900_kilobytes_in_many_segments_is_taken_whole(eio, wire):
    poller, connection = await eio.poller(), await wire()
    body = b"4" + bytes(65 + number % 26 for number in range(900_000))
    assert (await connection.post(poller.sid, body, *range(1400, len(body), 1400)))[0] == 200
    assert await poller.poll() == [body.decode()]


async def test_body_that_breaks_off_is_no_message(eio, wire):
    poller, connection = await eio.poller(), await wire()
    await connection.start_post(poller.sid, 10)
    await connection.write(b"4half")
    await connection.close()
    await eio.engine.send(poller.sid, "waiting")
    await poller.get()  # what becomes of the session is not said
    assert eio.of("message") == []


async def test_payload_of_exactly_the_limit_is_taken(eio):
    poller = await eio.poller()
    await poller.send("4" + "x" * (LIMIT - 1))
    assert await poller.poll() == ["4" + "x" * (LIMIT - 1)]


async def test_payload_beyond_the_limit_is_an_error(eio, wire):
    """Never a silent cut: an error status, no message, and the session is over."""
    poller = await eio.poller()
    async with asyncio.timeout(30):
        status, _ = await poller.post("4" + "x" * LIMIT)
    assert status in (400, 413)
    assert eio.of("message") == []
    assert (await poller.get())[0] == 400


async def test_payload_beyond_the_limit_in_chunks_is_an_error(eio, wire):
    poller, connection = await eio.poller(), await wire()
    await connection.start_post(poller.sid, 0, chunked=True)
    part = b"4" + b"x" * 99_999
    for _ in range(11):
        await connection.write(b"%x\r\n%s\r\n" % (len(part), part))
    await connection.write(b"0\r\n\r\n")
    assert (await connection.answer())[0] in (400, 413)
    assert eio.of("message") == []
    assert (await poller.get())[0] == 400


async def test_message_beyond_the_limit_on_a_websocket_closes_it(eio):
    socket = await eio.socket()
    await socket.send("4" + "x" * LIMIT)
    assert await socket.ended() == []
    await eio.until(lambda: eio.of("disconnect", socket.sid))
    assert eio.of("message") == []


async def test_message_of_exactly_the_limit_on_a_websocket_is_taken(eio):
    socket = await eio.socket()
    await socket.send("4" + "x" * (LIMIT - 1))
    assert await socket.read() == "4" + "x" * (LIMIT - 1)
