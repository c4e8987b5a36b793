"""Frames and packets that break the protocol, and transports that break."""

import asyncio

import pytest

DEEP = "[" * 200 + "]" * 200
BROKEN = {
    "no type": ("x", "malformed"),
    "unknown type": ("7", "malformed"),
    "empty": ("", "malformed"),
    "ping by a client": ("2", "malformed"),
    "open by a client": ("0{}", "malformed"),
    "base64": ("bAAEC", "binary"),
    "empty packet": ("4", "malformed"),
    "json instead of a packet": ('4{"a":1}', "malformed"),
    "json true": ("4true", "malformed"),
    "payload no list": ("42{}", "malformed"),
    "no payload": ("42", "malformed"),
    "ack id no number": ('42abc["echo"]', "malformed"),
    "NaN": ('42["echo",NaN]', "malformed"),
    "beyond a double": ('42["echo",1e999]', "malformed"),
    "lone surrogate": ('42["echo","\\ud800"]', "malformed"),
    "too deep": (f'42["echo",{DEEP}]', "malformed"),
    "bomb": ('42["echo",' + "[" * 200_000, "malformed"),
    "long number": ('42["echo",' + "1" * 400_000 + "]", "malformed"),
    "binary event": ('451-["echo",{"_placeholder":true,"num":0}]', "binary"),
    "binary event, none attached": ('450-["echo"]', "binary"),
    "binary event, no count": ('45["echo"]', "binary"),
    "binary ack": ("461-1[]", "binary"),
    "connect error by a client": ('44{"message":"x"}', "malformed"),
    "reserved event": ('42["connect",{}]', "event_name"),
    "reserved event too": ('42["disconnect","x"]', "event_name"),
    "catch-all event": ('42["*"]', "event_name"),
    "dunder event": ('42["__init__"]', "event_name"),
    "event name a list": ('42[["echo"]]', "event_name"),
    "event name too long": ('42["' + "a" * 10_000 + '"]', "event_name"),
}
EACH = pytest.mark.parametrize(("frame", "fault"), BROKEN.values(), ids=BROKEN)


@EACH
async def test_broken_frame_ends_the_session_once_and_at_once(rig, frame, fault):
    """F5, F19, F20, F21, F22, S5, S8, S9."""
    rig.server.on("*", lambda event, sid, *args: rig.events.append((event, args)))
    client = await rig.joined()
    await client.send(frame)
    await client.send('42["echo","after"]')
    assert await client.ended() == []
    await rig.gone()
    assert rig.events == [("connect", client.sid), ("disconnect", client.sid)]
    assert rig.server.stats == {fault: 1}


@EACH
async def test_broken_frame_before_connect_closes_the_connection(rig, frame, fault):
    """F22, S9 before the client was let in."""
    client = await rig.raw()
    await client.send(frame)
    assert await client.ended() == []
    await rig.gone()
    assert rig.events == []
    assert rig.server.stats == {fault: 1}


@EACH
async def test_broken_frame_by_long_polling_ends_the_session(rig, frame, fault):
    """F22."""
    client = await rig.joined_poller()
    if frame == "":
        frame = "\x1e"
    await client.post(frame + "\x1e" + '42["echo","after"]')
    assert (await client.get())[0] == 400
    await rig.gone()
    assert rig.events == [("connect", client.sid), ("disconnect", client.sid)]


@pytest.mark.parametrize("join", [True, False])
async def test_binary_frame_closes_the_connection(rig, join):
    """S9, F38."""
    client = await (rig.joined() if join else rig.raw())
    await client.ws.send_bytes(b"x" * 1000)
    assert await client.ended() == []
    await rig.gone()
    assert rig.server.stats == {"binary": 1}


async def test_frame_over_the_limit_closes_the_connection(serve):
    rig = await serve(max_http_buffer_size=1000)
    client = await rig.joined()
    await client.send('42["echo","' + "x" * 1000 + '"]')
    assert await client.ended() == []
    await rig.gone()
    poller = await rig.joined_poller()
    assert (await poller.post('42["echo","' + "x" * 1000 + '"]'))[0] == 400
    await rig.gone()
    assert len(rig.of("disconnect")) == 2


async def test_connection_lost_tells_disconnect_once_and_at_once(rig):
    """F13: with frames in the queue and in the air."""
    client = await rig.joined()
    rig.server.write([client.sid] * 100, "/", "n", b'"' + b"x" * 10_000 + b'"')
    client.ws._response.connection.transport.abort()
    await rig.gone()
    assert rig.of("disconnect") == [("disconnect", client.sid)]


async def test_receive_loop_that_fails_unexpectedly_tells_disconnect_once(rig, monkeypatch):
    """F13, F22."""

    def fail(socket, payload):
        raise LookupError

    client = await rig.joined()
    monkeypatch.setattr(rig.server.eio, "receiver", fail)
    await client.send('42["echo"]')
    assert await client.ended() == []
    await rig.gone()
    assert rig.of("disconnect") == [("disconnect", client.sid)]


async def test_disconnect_handler_that_fails_leaves_no_trace(rig):
    def disconnect(sid, reason):
        rig.events.append(("disconnect", sid))
        raise TypeError

    rig.server.on("disconnect", disconnect)
    client = await rig.joined()
    await client.ws.close()
    await rig.gone()
    assert len(rig.of("disconnect")) == 1


async def test_peer_that_stops_answering_is_dropped_within_one_cycle(serve):
    """F22, F23: interval + timeout, no service cycle on top."""
    rig = await serve(ping_interval=0.2, ping_timeout=0.1)
    client = await rig.joined()
    client.pongs = False
    began = asyncio.get_running_loop().time()
    await rig.gone()
    assert asyncio.get_running_loop().time() - began < 5, "stock takes up to thirty"
    assert rig.of("disconnect") == [("disconnect", client.sid)]
    assert rig.server.stats == {"ping_timeouts": 1}


async def test_client_that_never_reads_is_cut_when_too_much_waits(serve):
    """F35 at the level of the transport."""
    rig = await serve(outbox_bytes=200_000)
    client = await rig.joined()
    for _ in range(2_000):
        rig.server.write([client.sid], "/", "n", b'"' + b"x" * 10_000 + b'"')
        await asyncio.sleep(0)
        if not rig.server.sessions[client.sid].socket.open:
            break
    await rig.gone()
    assert rig.server.stats == {"slow": 1}
