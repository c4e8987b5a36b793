"""Signs of life: which frames a client has certainly received."""

import asyncio


async def test_probe_is_confirmed_by_its_pong(rig, until):
    client = await rig.joined()
    assert rig.server.mark(client.sid) == 1
    rig.server.write([client.sid], "/", "n", b"1")
    assert rig.server.probe(client.sid) == 1
    assert rig.server.mark(client.sid) == 2
    assert rig.server.probe(client.sid) == 2
    assert rig.alive == []
    assert await client.read() == '42["n",1]'
    reading = asyncio.ensure_future(client.read())
    await until(lambda: rig.alive == [(client.sid, 1), (client.sid, 2)])
    reading.cancel()


async def test_pong_that_was_not_asked_for_confirms_nothing(rig):
    client = await rig.joined()
    for _ in range(5):
        await client.send("3")
    await client.send('421["echo"]')
    assert await client.read() == "431[]"
    assert rig.server.probe(client.sid) == 1
    client.pongs = False
    await client.send('422["echo"]')
    assert [await client.read() for _ in range(2)] == ["2", "432[]"]
    assert rig.alive == []


async def test_heartbeat_confirms_the_frames_before_it_for_every_session(serve, until):
    rig = await serve(ping_interval=0.1, ping_timeout=5)
    rig.server.on("connect", lambda sid, environ, auth: None, namespace="/a")
    client = await rig.joined()
    first = client.sid
    await client.join("/a")
    mark = rig.server.mark(first)
    assert rig.server.mark(client.sid) == mark
    reading = asyncio.ensure_future(client.read())
    await until(lambda: {(first, mark), (client.sid, mark)} <= set(rig.alive))
    reading.cancel()


async def test_extra_pings_do_not_multiply_the_heartbeat(serve, until):
    """Stock starts a heartbeat of its own for each pong."""
    rig = await serve(ping_interval=0.2, ping_timeout=5)
    client = await rig.joined()
    before = len(rig.alive)
    for _ in range(20):
        rig.server.probe(client.sid)
    reading = asyncio.ensure_future(client.read())
    await until(lambda: len(rig.alive) > before + 20)  # with one more they are all answered
    began, before = asyncio.get_running_loop().time(), len(rig.alive)
    await until(lambda: len(rig.alive) >= before + 3)
    assert asyncio.get_running_loop().time() - began > 0.39
    reading.cancel()


async def test_unanswered_probe_does_not_hide_a_dead_heartbeat(serve):
    rig = await serve(ping_interval=0.5, ping_timeout=0.2)
    client = await rig.joined()
    client.pongs = False
    rig.server.probe(client.sid)
    await client.send("3")
    await rig.gone()
    assert rig.server.stats == {"ping_timeouts": 1}


async def test_polling_confirms_when_the_client_asks_for_the_next_answer(rig, until):
    client = await rig.joined_poller()
    mark = rig.server.mark(client.sid)
    rig.server.write([client.sid], "/", "n", b"1")
    assert await client.get() == (200, '42["n",1]')
    assert (client.sid, mark) not in rig.alive
    asking = asyncio.ensure_future(client.get())
    await until(lambda: (client.sid, mark) in rig.alive)
    later = rig.server.mark(client.sid)
    assert later > mark
    rig.server.write([client.sid], "/", "n", b"2")
    assert await asking == (200, '42["n",2]')
    assert (client.sid, later) not in rig.alive


async def test_polling_probe_is_confirmed_by_the_next_poll_or_the_pong(rig, until):
    client = await rig.joined_poller()
    mark = rig.server.probe(client.sid)
    assert await client.get() == (200, "2")
    await client.post("3")
    assert rig.alive[-1] == (client.sid, mark)
    mark = rig.server.probe(client.sid)
    await client.get()
    asking = asyncio.ensure_future(client.get())
    await until(lambda: rig.alive[-1][1] >= mark)
    rig.server.cut(client.sid)
    await asking


async def test_marks_only_grow_and_none_is_told_twice(serve, until):
    rig = await serve(ping_interval=0.05, ping_timeout=5)
    client = await rig.joined_poller()
    for _ in range(6):
        _, text = await client.get()
        if "2" in text.split("\x1e"):
            await client.post("3")
    marks = [mark for _, mark in rig.alive]
    assert marks == sorted(set(marks))


async def test_unknown_session_has_no_marks(rig):
    assert (rig.server.mark("x"), rig.server.probe("x")) == (0, 0)


async def test_upgrade_confirms_what_polling_had_carried(rig, until):
    client = await rig.joined_poller()
    mark = rig.server.mark(client.sid)
    rig.server.write([client.sid], "/", "n", b"1")
    assert await client.get() == (200, '42["n",1]')
    query = f"?EIO=4&transport=websocket&sid={client.eio_sid}"
    async with rig.http.ws_connect(rig.url + query) as ws:
        await ws.send_str("2probe")
        assert await ws.receive_str() == "3probe"
        await ws.send_str("5")
        await until(lambda: (client.sid, mark) in rig.alive)
        rig.server.write([client.sid], "/", "n", b"2")
        assert await ws.receive_str() == '42["n",2]'
    await rig.gone()
