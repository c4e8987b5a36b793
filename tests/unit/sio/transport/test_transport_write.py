"""The write path: one packet for many, nothing for nobody."""

import pytest


async def test_write_reaches_each_session_with_the_same_frame(rig):
    clients = [await rig.joined() for _ in range(3)]
    rig.server.write([c.sid for c in clients], "/", "n", b'{"a":"\xc3\xa9"}', 2**51)
    for client in clients:
        assert await client.read() == f'42{2**51}["n",{{"a":"é"}}]'


async def test_write_puts_one_object_into_all_queues(rig):
    clients = [await rig.joined() for _ in range(3)]
    sockets = await rig.settled(*clients)
    rig.server.write([c.sid for c in clients], "/", "n", b"1")
    rig.server.write([c.sid for c in clients], "/", "n", b"2")
    waiting = {socket.pending for socket in sockets}
    assert [link.count for link in waiting] == [2]
    for client in clients:
        assert [await client.read() for _ in range(2)] == ['42["n",1]', '42["n",2]']


async def test_write_in_a_namespace_names_it_and_reaches_only_its_sessions(rig):
    rig.server.on("connect", lambda sid, environ, auth: None, namespace="/a")
    inside, outside = await rig.joined("/a"), await rig.joined()
    rig.server.write([inside.sid, outside.sid, "unknown"], "/a", "n", b"1", 0)
    assert await inside.read() == '42/a,0["n",1]'
    rig.server.write([inside.sid, outside.sid], "/", "m", b"2")
    assert await outside.read() == '42["m",2]'
    rig.server.write([inside.sid], "/a", "last", b"3")
    assert await inside.read() == '42/a,["last",3]'


async def test_write_to_nobody_reaches_nobody(rig):
    """F8."""
    client = await rig.joined()
    rig.server.write([], "/", "n", b"1")
    rig.server.write([""], "/", "n", b"1")
    with pytest.raises(TypeError):
        rig.server.write(client.sid, "/", "n", b"1")
    for target in ("", []):
        with pytest.raises(ValueError, match="empty target"):
            await rig.server.emit("n", to=target)
        with pytest.raises(ValueError, match="empty target"):
            await rig.server.emit("n", room=target)
    rig.server.write([client.sid], "/", "last", b"1")
    assert await client.read() == '42["last",1]'


async def test_write_reaches_a_long_polling_session(rig):
    client = await rig.joined_poller()
    rig.server.write([client.sid], "/", "n", b"1")
    rig.server.write([client.sid], "/", "n", b"2")
    assert await client.get() == (200, '42["n",1]\x1e42["n",2]')


async def test_write_from_the_accept_hook_follows_the_connect_packet(rig):
    rig.server.set_accept_hook(lambda sid, namespace: rig.server.write([sid], namespace, "n", b"1"))
    client = await rig.joined()
    assert await client.read() == '42["n",1]'


async def test_backlog_counts_what_waits(rig):
    client = await rig.joined_poller()
    assert rig.server.backlog(client.sid) == (0, 0)
    rig.server.write([client.sid], "/", "n", b'"\xc3\xa9"')
    assert rig.server.backlog(client.sid) == (1, len('42["n","é"]'.encode()))
    await client.get()
    assert rig.server.backlog(client.sid) == (0, 0)
    assert rig.server.backlog("unknown") == (0, 0)


async def test_backlog_counts_what_the_transport_holds(serve, until):
    """A client that does not read: nothing is hidden behind what the kernel took."""
    rig = await serve(outbox_bytes=1 << 26)
    client = await rig.joined()
    text = b'"' + b"x" * 100_000 + b'"'
    assert rig.server.backlog(client.sid) == (0, 0)
    rig.server.write([client.sid] * 200, "/", "n", text)
    messages, size = rig.server.backlog(client.sid)
    assert size > 5_000_000
    assert size // len(text) <= messages <= 200
    for _ in range(200):
        await client.read()
    await until(lambda: rig.server.backlog(client.sid) == (0, 0))


async def test_emit_what_browsers_cannot_parse_is_refused(rig):
    """F19."""
    client = await rig.joined()
    with pytest.raises(ValueError, match="NaN"):
        await rig.server.emit("n", float("nan"), to=client.sid)
    with pytest.raises(TypeError):
        await rig.server.emit("n", b"x", to=client.sid)
