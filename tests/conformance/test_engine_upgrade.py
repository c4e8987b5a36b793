"""Engine.IO 4: from long-polling to websocket, in order, and all that may go wrong on the way."""

import asyncio
from time import perf_counter

import aiohttp
import pytest


async def _probe(socket):
    await socket.send("2probe")
    assert await socket.read() == "3probe"


async def _upgraded(rig):
    poller = await rig.poller()
    socket = await rig.upgrade(poller)
    await _probe(socket)
    await socket.send("5")
    return poller, socket


async def _refused(rig, sid):
    """Whether a further websocket is refused, or closed with nothing said on it."""
    try:
        ws = await rig.connect(sid)
    except aiohttp.WSServerHandshakeError as error:
        return error.status == 400
    return (await ws.receive(30)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_upgrade_goes_from_polling_to_websocket(eio):
    poller = await eio.poller()
    socket = await eio.upgrade(poller)
    await _probe(socket)
    assert await poller.get() == (200, "6")
    await socket.send("5", "4hello")
    assert await socket.read() == "4hello"
    assert eio.of("disconnect") == []


async def test_upgrade_ends_the_poll_that_waits_with_a_noop(eio):
    poller = await eio.poller()
    async with poller.waiting() as poll:
        socket = await eio.upgrade(poller)
        await _probe(socket)
        assert await poll == (200, "6")
    await socket.send("5", "4hello")
    assert await socket.read() == "4hello"


async def test_upgrade_loses_doubles_and_reorders_no_message_of_the_server(eio):
    poller = await eio.poller()
    sent = 0

    async def send():
        nonlocal sent
        for _ in range(10):
            await eio.engine.send(poller.sid, f"{sent}")
            sent += 1

    await send()
    socket = await eio.upgrade(poller)
    await send()
    await socket.send("2probe")
    await send()
    assert await socket.read() == "3probe"
    await send()
    polled = [packet for packet in await poller.poll() if packet != "6"]
    await send()
    await socket.send("5")
    await send()
    rest = await socket.take(sent - len(polled))
    assert polled + rest == [f"4{number}" for number in range(60)]


async def test_upgrade_keeps_the_order_of_the_client(eio):
    poller = await eio.poller()
    await poller.send("41", "42")
    socket = await eio.upgrade(poller)
    await poller.send("43")
    await _probe(socket)
    await poller.send("44")
    await socket.send("5", "45", "46")
    await eio.until(lambda: len(eio.of("message")) == 6)
    assert [f"{data}" for *_, data in eio.of("message")] == list("123456")


async def test_upgrade_many_at_once_all_go_through(eio):
    async def one(number):
        poller = await eio.poller()
        poll = asyncio.ensure_future(poller.get())
        socket = await eio.upgrade(poller)
        await _probe(socket)
        assert await poll == (200, "6")
        await socket.send("5", f"4hello {number}")
        assert await socket.read() == f"4hello {number}"

    await asyncio.gather(*(one(number) for number in range(40)))


async def test_upgraded_session_refuses_http_and_goes_on(eio):
    poller, socket = await _upgraded(eio)
    assert (await poller.get())[0] == 400
    assert (await poller.post("4by http"))[0] == 400
    await socket.send("4hello")
    assert await socket.read() == "4hello"
    assert len(eio.of("message")) == 1


async def test_upgraded_session_refuses_another_websocket_and_goes_on(eio):
    poller, socket = await _upgraded(eio)
    assert await _refused(eio, poller.sid)
    await socket.send("4hello")
    assert await socket.read() == "4hello"
    assert eio.of("disconnect") == []


async def test_upgraded_session_closes_another_websocket_once_it_is_open(eio):
    """As the official suite: a refusal by HTTP would be an error that it does not expect."""
    poller, socket = await _upgraded(eio)
    other = await eio.connect(poller.sid)
    assert (await other.receive(30)).type is aiohttp.WSMsgType.CLOSE
    assert other.close_code == 1000
    await socket.send("4hello")
    assert await socket.read() == "4hello"


async def test_websocket_session_refuses_another_websocket_and_goes_on(eio):
    socket = await eio.socket()
    assert await _refused(eio, socket.sid)
    assert await eio.status(EIO="4", transport="polling", sid=socket.sid) == 400
    await socket.send("4hello")
    assert await socket.read() == "4hello"


@pytest.mark.parametrize("probed", [False, True])
async def test_second_upgrade_at_once_is_refused_and_the_first_goes_on(eio, probed):
    poller = await eio.poller()
    first = await eio.upgrade(poller)
    if probed:
        await _probe(first)
    assert await _refused(eio, poller.sid)
    if not probed:
        await _probe(first)
    await first.send("5", "4hello")
    assert await first.read() == "4hello"


async def test_upgraded_session_that_ends_is_told_once(eio):
    poller, socket = await _upgraded(eio)
    await socket.send("1")
    assert await socket.ended() == []
    await eio.until(lambda: eio.of("disconnect", poller.sid))
    assert await _refused(eio, poller.sid)
    assert len(eio.of("disconnect")) == 1


async def test_upgraded_session_is_pinged_on_the_websocket(serve_engine):
    rig = await serve_engine(ping_interval=0.15, ping_timeout=5)
    _, socket = await _upgraded(rig)
    socket.pongs = False
    for _ in range(2):
        assert await socket.read() == "2"
        await socket.send("3")


@pytest.mark.parametrize("frame", ["4hello", "2", "2other", "abc", "", "5", "1"])
async def test_upgrade_that_begins_with_no_probe_is_given_up(eio, frame):
    """The websocket is closed, the session stays where it is."""
    poller = await eio.poller()
    socket = await eio.upgrade(poller)
    await socket.send(frame)
    assert await socket.ended() == []
    await poller.send("4hello")
    assert await poller.take(1) == ["4hello"]
    assert len(eio.of("message")) == 1


@pytest.mark.parametrize("how", ["close", "drop"])
@pytest.mark.parametrize("probed", [False, True])
async def test_upgrade_that_the_client_gives_up_leaves_polling_as_it_was(eio, how, probed):
    poller = await eio.poller()
    socket = await eio.upgrade(poller)
    if probed:
        await _probe(socket)
    await getattr(socket, how)()
    await poller.send("4hello")
    assert await poller.take(1) == ["4hello"]
    async with poller.waiting() as poll:  # and it waits again
        await eio.engine.send(poller.sid, "later")
        assert await poll == (200, "4later")
    again = await eio.upgrade(poller)
    await _probe(again)
    await again.send("5", "4upgraded")
    assert await again.read() == "4upgraded"


@pytest.mark.parametrize("probed", [False, True])
async def test_stuck_probe_polls_go_on_and_not_in_a_hot_loop(eio, probed):
    """F18: stock answers polls with noops as fast as they come, and sends nothing else."""
    poller = await eio.poller()
    socket = await eio.upgrade(poller)
    if probed:
        await _probe(socket)
    polls, end = 0, perf_counter() + 0.5
    async with asyncio.timeout(5):
        while perf_counter() < end:
            polls += 1
            try:
                async with asyncio.timeout(0.5):
                    assert await poller.poll() == ["6"]
            except TimeoutError:
                break
    assert polls <= 10
    await eio.engine.send(poller.sid, "late")
    assert await poller.take(1) == ["4late"]


async def test_stuck_probe_is_closed_and_the_session_stays(eio):
    """F18: there is a deadline of some seconds, before the probe and behind it."""
    pollers = [await eio.poller() for _ in range(2)]
    sockets = [await eio.upgrade(poller) for poller in pollers]
    await _probe(sockets[1])
    assert await asyncio.gather(*(socket.ended() for socket in sockets)) == [[], []]
    for poller in pollers:
        await poller.send("4hello")
        assert await poller.take(1) == ["4hello"]
    assert eio.of("disconnect") == []


async def test_upgrade_switched_off_is_refused_and_polling_goes_on(serve_engine):
    rig = await serve_engine(allow_upgrades=False)
    poller = await rig.poller()
    assert await _refused(rig, poller.sid)
    await poller.send("4hello")
    assert await poller.poll() == ["4hello"]


async def test_upgrade_of_a_session_that_has_gone_is_refused(eio):
    poller = await eio.poller()
    await poller.send("1")
    assert await _refused(eio, poller.sid)
