"""How sessions end, and that nothing is left of them."""

import asyncio

import pytest

from notify_server.sio.transport import engine
from notify_server.sio.transport.peer import Peer, Session
from notify_server.sio.transport.socket import EngineSocket


async def test_cut_drops_the_websocket_without_a_word(rig):
    client = await rig.joined()
    rig.server.write([client.sid], "/", "n", b"1")
    await client.read()
    rig.server.cut(client.sid)
    rig.server.cut(client.sid)
    assert await client.ended() == []
    assert client.ws.close_code == 1006
    await rig.gone()
    assert rig.of("disconnect") == [("disconnect", client.sid)]
    rig.server.cut(client.sid)


async def test_cut_later_waits(rig):
    client = await rig.joined()
    began = asyncio.get_running_loop().time()
    rig.server.cut(client.sid, 0.2)
    await client.send('421["echo"]')
    assert await client.read() == "431[]"
    assert await client.ended() == []
    assert asyncio.get_running_loop().time() - began > 0.19


async def test_cut_answers_the_poll_that_waits_and_the_next_with_400(rig, until):
    client = await rig.joined_poller()
    asking = asyncio.ensure_future(client.get())
    socket = rig.server.sessions[client.sid].socket
    await until(lambda: socket.polling)
    rig.server.cut(client.sid)
    assert (await asking)[0] == 400
    assert (await client.get())[0] == 400
    assert (await client.post("3"))[0] == 400
    await rig.gone()
    assert rig.of("disconnect") == [("disconnect", client.sid)]


async def test_cut_frees_a_writer_that_is_stuck(rig, until):
    """F36: the peer does not read and its buffers are full."""
    client = await rig.joined()
    rig.server.write([client.sid] * 35, "/", "n", b'"' + b"x" * 100_000 + b'"')
    rig.server.cut(client.sid)
    await rig.gone()  # else it would be the kernel that ends it, after fifteen seconds and more


async def test_disconnect_sends_the_disconnect_packet(rig):
    client = await rig.joined()
    await rig.server.disconnect(client.sid, "/")
    assert await client.read() == "41"
    assert rig.of("disconnect") == [("disconnect", client.sid)]
    assert (await client.join()).startswith("40")


async def test_client_packet_ends_the_namespace_or_the_connection(rig, until):
    client = await rig.joined()
    await client.send("41")
    await until(lambda: len(rig.of("disconnect")) == 1)
    await client.join()
    await client.send("1")
    assert await client.ended() == []
    await rig.gone()
    assert len(rig.of("disconnect")) == 2


async def test_client_close_by_polling_answers_the_poll_that_waits(rig, until):
    client = await rig.joined_poller()
    asking = asyncio.ensure_future(client.get())
    socket = rig.server.sessions[client.sid].socket
    await until(lambda: socket.polling)
    assert (await client.post("1"))[0] == 200
    assert await asking == (200, "6")
    await rig.gone()


async def test_session_can_be_read_in_the_disconnect_handler(rig):
    seen = []

    async def disconnect(sid, reason):
        async with rig.server.session(sid) as session:
            seen.append(session["user"])

    rig.server.on("disconnect", disconnect)
    client = await rig.joined()
    await rig.server.save_session(client.sid, {"user": "u1"})
    await client.ws.close()
    await rig.gone()
    assert seen == ["u1"]


async def test_engine_disconnect_from_within_a_handler_does_not_block(rig):
    async def work(sid):
        await rig.server.eio.disconnect(rig.server.manager.eio_sid_from_sid(sid, "/"))

    rig.server.on("work", work)
    client = await rig.joined()
    await client.send('42["work"]')
    assert await client.ended() == ["1"]
    await rig.gone()
    assert len(rig.of("disconnect")) == 1


async def test_thousand_rude_disconnects_leave_nothing(rig, until, http, leftovers):
    """F33-like leaks: sockets, rooms, environ, callbacks and tasks are back where they were."""
    before = len(asyncio.all_tasks())

    async def visit(number):
        if number % 4 == 0:
            client = await rig.joined_poller()
            await rig.server.enter_room(client.sid, f"r{number % 7}")
            rig.server.write([client.sid], "/", "n", b"1", 2**50)
            await client.post(["x", "1", "430[]", '42["connect"]'][number // 4 % 4])
            rig.server.cut(client.sid)
            return
        client = await rig.joined()
        await rig.server.enter_room(client.sid, f"r{number % 7}")
        await rig.server.emit("n", to=client.sid, callback=lambda: None)
        rig.server.probe(client.sid)
        await client.send(['42["echo"]', "x", '451-["a"]', "430[]"][number // 4 % 4])
        client.ws._response.connection.transport.abort()

    for start in range(0, 1000, 50):
        await asyncio.gather(*(visit(number) for number in range(start, start + 50)))
    await rig.gone()
    await http.close()
    await until(lambda: len(asyncio.all_tasks()) <= before)
    assert not leftovers(EngineSocket, Peer, Session)
    connects, disconnects = rig.of("connect"), rig.of("disconnect")
    assert sorted(sid for _, sid in connects) == sorted(sid for _, sid in disconnects)


@pytest.mark.parametrize("event", ["connect", "work"])
async def test_shutdown_cancels_a_handler_that_never_returns(rig, until, monkeypatch, event):
    """F37: one stuck handler must not hold up what comes after it in a stop."""
    monkeypatch.setattr(engine, "FINISH_S", 0.2)
    seen = []

    async def stuck(sid, *_given):
        seen.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("cancelled")

    rig.server.on(event, stuck)
    sound = await rig.joined("/") if event == "work" else None
    client = await rig.raw()
    await client.send("40")
    if event == "work":
        await client.send('42["work"]')
    await until(lambda: seen)
    async with asyncio.timeout(20):
        await rig.server.shutdown()
    await until(lambda: seen == ["began", "cancelled"])
    if sound:
        assert ("disconnect", sound.sid) in rig.events


async def test_shutdown_lets_handlers_finish(rig, until):
    begun, seen = asyncio.Event(), []

    async def work(sid):
        begun.set()
        await asyncio.sleep(0.2)
        seen.append("done")

    rig.server.on("work", work)
    client = await rig.joined()
    await client.send('42["work"]')
    await begun.wait()
    await rig.server.shutdown()
    assert seen == ["done"]
    assert rig.of("disconnect") == [("disconnect", client.sid)]


async def test_timer_set_in_a_connect_handler_keeps_nothing_of_the_client(rig, until, leftovers):
    """A timer keeps the context in which it was set; a slow one must not keep the connection."""
    timers = []

    @rig.server.on("connect")
    async def connect(sid, environ, auth):
        timers.append(asyncio.get_running_loop().call_later(60, print))

    client = await rig.joined()
    client.ws._response.connection.transport.abort()
    await rig.gone()
    await until(lambda: not leftovers(EngineSocket, Peer, Session))
    assert len(timers) == 1
    timers[0].cancel()
