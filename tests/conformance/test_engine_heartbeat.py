"""Engine.IO 4: the server pings, who does not answer is closed; and the ways to close."""

import asyncio

import pytest
from conformance_rig import OFFICIAL

QUICK = {"ping_interval": 0.1, "ping_timeout": 5}


async def test_heartbeat_polling_pings_again_after_each_pong(serve_engine):
    rig = await serve_engine(**QUICK)
    poller = await rig.poller()
    for _ in range(3):
        assert await poller.poll() == ["2"]
        await poller.send("3")
    assert rig.of("disconnect") == []


async def test_heartbeat_websocket_pings_again_after_each_pong(serve_engine):
    rig = await serve_engine(**QUICK)
    socket = await rig.socket(pongs=False)
    for _ in range(3):
        assert await socket.read() == "2"
        await socket.send("3")
    assert rig.of("disconnect") == []


async def test_heartbeat_comes_at_the_interval(serve_engine):
    rig = await serve_engine(ping_interval=0.3, ping_timeout=20)
    loop = asyncio.get_running_loop()
    start = loop.time()
    socket = await rig.socket(pongs=False)
    for _ in range(2):
        assert await socket.read() == "2"
        assert 0.29 < loop.time() - start < 0.3 + 5, "five for a busy machine"
        start = loop.time()
        await socket.send("3")


async def test_heartbeat_messages_are_no_pong(serve_engine):
    """A client that talks but does not answer pings has lost what the server sends."""
    rig = await serve_engine(**OFFICIAL)
    socket = await rig.socket(pongs=False)

    async def talk():
        while True:
            await socket.send("4hello")
            await asyncio.sleep(0.05)

    talking = asyncio.ensure_future(talk())
    await rig.until(lambda: rig.of("disconnect", socket.sid))
    talking.cancel()
    await asyncio.wait([talking])


async def test_ping_timeout_polling_closes_the_session(serve_engine):
    """As the official suite: nobody polls, and the session has gone when interval and timeout are.

    The same instant is in the announced settings, so a poll right behind it must find nothing;
    a machine that stood still before the ping was due gives it that much longer.
    """
    rig = await serve_engine(**OFFICIAL)
    for _ in range(10):
        poller = await rig.poller()
        await asyncio.sleep(0.3 + 0.2)
        status, _ = await poller.get()
        await rig.until(lambda sid=poller.sid: rig.of("disconnect", sid))
        if status == 400:
            break
    assert status == 400
    assert {reason for *_, reason in rig.of("disconnect")} == {rig.engine.reason.PING_TIMEOUT}


async def test_ping_timeout_polling_ends_the_poll_that_waits(serve_engine):
    rig = await serve_engine(**OFFICIAL)
    poller = await rig.poller()
    assert await poller.poll() == ["2"]
    async with asyncio.timeout(20):
        status, text = await poller.get()
    assert status == 400 or (status, text) == (200, "1")
    assert (await poller.get())[0] == 400
    assert len(rig.of("disconnect")) == 1


async def test_ping_timeout_websocket_closes_the_connection(serve_engine):
    rig = await serve_engine(**OFFICIAL)
    loop = asyncio.get_running_loop()
    start = loop.time()
    socket = await rig.socket(pongs=False)
    assert (await socket.ended())[:1] == ["2"]
    assert loop.time() - start > 0.45
    await rig.until(lambda: rig.of("disconnect", socket.sid))
    assert [reason for *_, reason in rig.of("disconnect")] == [rig.engine.reason.PING_TIMEOUT]


async def test_ping_timeout_after_answered_pings_closes_the_connection(serve_engine):
    rig = await serve_engine(ping_interval=0.1, ping_timeout=0.7)
    socket = await rig.socket()
    with pytest.raises(TimeoutError):
        await socket.read(timeout=1)  # answers pings all the while
    socket.pongs = False
    assert set(await socket.ended()) <= {"2"}


async def test_close_packet_polling_ends_the_poll_with_a_noop(eio):
    poller = await eio.poller()
    async with poller.waiting() as poll:
        assert (await poller.post("1"))[0] == 200
        assert await poll == (200, "6")
    assert (await poller.get())[0] == 400
    assert (await poller.post("4hello"))[0] == 400
    assert len(eio.of("disconnect", poller.sid)) == 1


async def test_close_packet_polling_races_with_its_poll(eio):
    poller = await eio.poller()
    (status, text), posted = await asyncio.gather(poller.get(), poller.post("1"))
    assert (status, text, posted[0]) == (200, "6", 200)
    assert (await poller.get())[0] == 400


async def test_close_packet_polling_that_overtakes_its_poll_ends_that_with_a_noop(eio):
    """The official suite sends both at once; nothing says which arrives first."""
    poller = await eio.poller()
    assert (await poller.post("1"))[0] == 200
    assert await poller.get() == (200, "6")
    assert (await poller.get())[0] == 400
    assert len(eio.of("disconnect", poller.sid)) == 1


async def test_close_packet_takes_what_stands_before_it(eio):
    poller, socket = await eio.poller(), await eio.socket()
    await poller.send("4last", "1")
    await socket.send("4last", "1")
    await eio.until(lambda: len(eio.of("disconnect")) == 2)
    assert len(eio.of("message")) == 2


async def test_close_packet_websocket_closes_the_connection(eio):
    socket = await eio.socket()
    await socket.send("1")
    assert await socket.ended() == []
    reasons = await eio.until(lambda: eio.of("disconnect", socket.sid))
    assert [reason for *_, reason in reasons] == [eio.engine.reason.CLIENT_DISCONNECT]


@pytest.mark.parametrize("how", ["close", "drop"])
async def test_websocket_that_its_client_ends_is_told_once(eio, how):
    socket = await eio.socket()
    await getattr(socket, how)()
    await eio.until(lambda: eio.of("disconnect", socket.sid))
    assert (await eio.poller()).sid  # the server is well
    assert len(eio.of("disconnect")) == 1


async def test_close_by_the_server_reaches_the_poll_that_waits(eio):
    poller = await eio.poller()
    async with poller.waiting() as poll:
        await eio.engine.disconnect(poller.sid)
        assert await poll == (200, "1")
    assert (await poller.get())[0] == 400
    assert len(eio.of("disconnect", poller.sid)) == 1


async def test_close_by_the_server_comes_behind_the_messages(eio):
    poller, socket = await eio.poller(), await eio.socket()
    async with poller.waiting() as poll:
        for sid in (poller.sid, socket.sid):
            await eio.engine.send(sid, "last")
            await eio.engine.disconnect(sid)
        status, text = await poll
    packets = text.split("\x1e")
    if packets == ["4last"]:  # the poll was answered before there was more
        packets += await poller.poll()
    assert (status, packets) == (200, ["4last", "1"])
    assert await socket.ended() == ["4last", "1"]
    assert len(eio.of("disconnect")) == 2
