"""Connections that have left aiohttp: what is guarded, how they close, what they cost."""

import asyncio
import gc
import os
import socket
import tracemalloc

import aiohttp
import pytest
from aiohttp import web_protocol

from notify_server.sio.transport.channel import Channel
from notify_server.sio.transport.peer import Peer, Session
from notify_server.sio.transport.socket import EngineSocket

HANDSHAKE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def frame(text, opcode=1):
    payload = text.encode()
    assert len(payload) < 126
    return bytes((0x80 | opcode, 0x80 | len(payload))) + bytes(4) + payload


async def dial(rig):
    return await asyncio.open_connection("127.0.0.1", int(rig.base.rsplit(":", 1)[1]))


def handlers(rig):
    return rig._runner.server.connections


async def test_connection_leaves_aiohttp_with_everything(rig):
    """What is used of aiohttp beyond its public interface still does what it did."""
    client = await rig.joined()
    gc.collect()
    assert handlers(rig) == []
    assert not [x for x in gc.get_objects() if type(x) is web_protocol.RequestHandler
                and x._manager is rig._runner.server]  # fmt: skip
    assert len([task for task in asyncio.all_tasks() if "RequestHandler" in repr(task)]) == 0
    await client.send('421["echo"]')
    assert await client.read() == "431[]"


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no such option")
async def test_peer_that_takes_nothing_is_dropped_by_the_kernel_in_time(rig):
    """X14."""
    client = await rig.joined()
    channel = rig.server.sessions[client.sid].socket._channel
    sock = channel.transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000


async def test_bytes_behind_the_handshake_are_read(rig):
    reader, writer = await dial(rig)
    writer.write(HANDSHAKE + frame("40") + frame('421["echo"]'))
    await reader.readuntil(b"431[]")
    writer.close()
    await rig.gone()


async def test_cleanup_does_not_wait_for_websockets(rig):
    """F37."""
    client = await rig.joined()
    async with asyncio.timeout(30):  # for ever, if it did
        await rig._runner.cleanup()
    await client.ws.close()


async def test_messages_of_one_turn_leave_in_one_write(rig, monkeypatch):
    clients = [await rig.joined() for _ in range(3)]
    await rig.settled(*clients)
    writes = []
    for client in clients:
        channel = rig.server.sessions[client.sid].socket._channel
        monkeypatch.setattr(channel, "transport", Spy(channel.transport, writes))
    for number in range(50):
        rig.server.write([c.sid for c in clients], "/", "n", b"%d" % number)
    for client in clients:
        assert [await client.read() for _ in range(50)] == [f'42["n",{n}]' for n in range(50)]
    assert len(writes) == 3
    assert len({id(data) for data in writes}) == 1  # joined once for all of them


class Spy:
    def __init__(self, transport, writes):
        self._transport, self._writes = transport, writes

    def write(self, data):
        self._writes.append(data)
        self._transport.write(data)

    def __getattr__(self, name):
        return getattr(self._transport, name)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x02x", 1002),
        (b"\xc1\x81\0\0\0\0x", 1002),
        (b"\x83\x81\0\0\0\0x", 1002),
        (b"\x81\x82\0\0\0\0\xff\xff", 1002),
        (b"\x81\x83\0\0\0\x004\xff\xff", 1007),
        (b"\x81\xff\0\0\0\0\x7f\0\0\0\0\0\0\0", 1009),
        (b"\x88\x82\0\0\0\0\x03\xe8", 1000),
        (b"\x88\x80\0\0\0\0", None),
    ],
)
async def test_what_breaks_the_websocket_protocol_is_closed_with_its_code(rig, sent, code):
    reader, writer = await dial(rig)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"}")
    writer.write(sent)
    rest = await reader.read()
    if b"\x88" in rest or code in (1000, 1007, 1009, None):
        assert rest == b"\x88" + (b"\x00" if code is None else b"\x02" + code.to_bytes(2, "big"))
    writer.close()
    await rig.gone()


async def test_control_frames_are_answered_between_fragments(rig):
    reader, writer = await dial(rig)
    writer.write(HANDSHAKE + frame("40"))
    await reader.readuntil(b'40{"sid"')
    await reader.readuntil(b"}")
    writer.write(b"\x01\x82\0\0\0\x0042" + frame("hi", 9) + b"\x80\x88\0\0\0\0" + b'["echo"]')
    assert await reader.readuntil(b"hi") == b"\x8a\x02hi"
    writer.close()
    await rig.gone()


@pytest.mark.parametrize("header", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Connection"])
async def test_handshake_without_a_header_is_answered_400(rig, header):
    reader, writer = await dial(rig)
    lines = [line for line in HANDSHAKE.split(b"\r\n") if not line.startswith(header.encode())]
    writer.write(b"\r\n".join(lines))
    assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()
    assert rig.traces() == {}


async def test_client_that_never_reads_holds_no_more_than_the_limit(serve, until):
    """F35, X13: it answers nothing, the others are served."""
    rig = await serve(outbox_bytes=200_000)
    good, bad = await rig.joined(), await rig.joined()
    text = b'"' + b"x" * 10_000 + b'"'
    while bad.sid in rig.server.sessions:
        rig.server.write([good.sid, bad.sid], "/", "n", text)
        assert rig.server.backlog(bad.sid)[1] < 1_000_000
        await good.read()
    assert rig.server.stats == {"slow": 1}


async def test_client_that_never_reads_is_sent_50_megabytes_and_costs_few(serve):
    """X13: it is cut, nothing of what it was owed stays, and no task was made for it."""
    rig = await serve()
    good, bad = await rig.joined(), await rig.joined()
    tasks, text = len(asyncio.all_tasks()), b'"' + b"x" * 100_000 + b'"'
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(500):
            rig.server.write([good.sid, bad.sid], "/", "n", text)
            await good.read()
            good.seen.clear()
        gc.collect()
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert bad.sid not in rig.server.sessions
    assert rig.server.stats == {"slow": 1}
    assert peak - before < 11_000_000, (
        "4 MiB that wait, as text and as frames, and what is under way"
    )
    assert now - before < 1_000_000
    assert len(asyncio.all_tasks()) <= tasks


async def test_half_open_peer_is_gone_in_time_with_everything(serve, until):
    """F36, X14: no FIN, no pong."""
    rig = await serve(ping_interval=0.2, ping_timeout=0.1)
    _, writer = await dial(rig)
    writer.write(HANDSHAKE + frame("40"))
    await until(lambda: rig.of("connect"))
    await rig.gone()
    assert len(rig.of("disconnect")) == 1
    writer.close()


async def test_ten_thousand_visits_half_of_them_rude_leave_nothing(rig, until, leftovers):
    tasks, files = len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))

    async def visit(number):
        reader, writer = await dial(rig)
        writer.write(HANDSHAKE + frame("40"))
        await reader.readuntil(b'0{"sid"')
        if number % 2:
            await reader.readuntil(b'40{"sid"')
            writer.write(b"\x88\x82\0\0\0\0\x03\xe8")
            await reader.read()
            writer.close()
        else:
            writer.transport.abort()

    for start in range(0, VISITS, 100):
        await asyncio.gather(*(visit(number) for number in range(start, start + 100)))
    await rig.gone()
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    await until(lambda: len(os.listdir("/proc/self/fd")) <= files)
    assert not leftovers(EngineSocket, Peer, Session, Channel)
    assert rig.server.eio.wheel._spokes.keys() == set() or not any(
        rig.server.eio.wheel._spokes.values()
    )


VISITS = 10_000


async def test_binary_is_for_those_who_ask_for_it(serve, until):
    """F21, F38: ten attachments at most, counted first, never before the client was let in."""
    rig = await serve(binary=True)
    client = await rig.joined()
    await client.ws.send_str(
        '452-1["echo",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]'
    )
    await client.ws.send_bytes(b"a")
    await client.ws.send_bytes(b"b")
    assert (await client.ws.receive_str()).startswith("462-1[")
    assert [await client.ws.receive_bytes() for _ in range(2)] == [b"b", b"a"]
    assert rig.of("echo") == [("echo", (b"b", b"a"))]
    poller = await rig.joined_poller()
    await rig.server.emit("n", b"\1\2", to=poller.sid)
    assert await poller.get() == (200, '451-["n",{"_placeholder":true,"num":0}]\x1ebAQI=')
    await poller.post('451-["echo",{"_placeholder":true,"num":0}]\x1ebAQI=')
    await until(lambda: rig.of("echo")[1:] == [("echo", (b"\1\2",))])


@pytest.mark.parametrize(
    "text",
    [
        '450-["echo"]',
        '45["echo"]',
        '4511-["echo",{"_placeholder":true,"num":0}]',
        '459999999999-["echo"]',
        '451-["echo",{"_placeholder":true,"num":1}]',
        '451-["echo",{"_placeholder":true,"num":-1}]',
        '451-["connect",{"_placeholder":true,"num":0}]',
        '451-{"_placeholder":true,"num":0}',
        '451-["echo",{"_placeholder":true,"num":0}]|text',
    ],
)
@pytest.mark.parametrize("join", [True, False])
async def test_binary_packet_that_is_wrong_closes_the_connection(serve, text, join):
    """F21, F38, S9."""
    rig = await serve(binary=True)
    client = await (rig.joined() if join else rig.raw())
    for part in text.split("|"):
        await client.send('42["echo"]' if part == "text" else part)
    assert await client.ended() == []
    await rig.gone()
    assert rig.of("echo") == []


async def test_stray_binary_frame_closes_the_connection(serve):
    rig = await serve(binary=True)
    client = await rig.joined()
    await client.ws.send_bytes(b"x")
    assert (await client.ws.receive(30)).type is not aiohttp.WSMsgType.BINARY
    await rig.gone()
