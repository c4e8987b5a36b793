"""Signals on real sockets: encoded once, each under the name that its session came by."""

import asyncio
import json

import pytest
from support.rawsocket import ClosedError

from notify_server.domain.settings import CompatSettings, Settings
from notify_server.domain.signals import Removal, RemovedSignal
from notify_server.domain.target import EVERYONE
from notify_server.pipeline.frames import shared_frame
from notify_server.sio.emitter import BACKLOG_FRAMES, SocketEmitter


def _emitter(inside) -> SocketEmitter:
    return inside.gateway._emitter


async def _notification(inside, *users):
    sent = await inside.send(*users)
    return (await inside.store.notifications([sent]))[sent]


async def test_aliases_of_the_user_line_get_the_same_frame(inside, device):
    clients = [
        await device(inside, "ann", line=line).connect()
        for line in ("/", "/ws/notifications", "/ws/notifications/")
    ]
    sent = await inside.send(to=[EVERYONE])
    for client in clients:
        await client.sees(sent)
    wires = {json.dumps(client.wires(sent), sort_keys=True) for client in clients}
    assert len(wires) == 1


async def test_unknown_sessions_are_passed_over(inside, device):
    client = await device(inside, "ann").connect()
    signal = RemovedSignal(("n",), Removal.DELETED)
    assert _emitter(inside).emit(["unknown", client.socket.sid, ""], signal) == []
    await client.until(lambda: client.removed == {"n": "deleted"})
    assert _emitter(inside).backlog("unknown") == (0, 0)
    _emitter(inside).disconnect("unknown")
    _emitter(inside).cut("unknown")


async def test_notification_to_who_has_too_much_waiting_is_given_back_other_signals_are_not(
    inside, device
):
    client = await device(inside, "ann").connect()
    frame = shared_frame(await _notification(inside, "bob"))
    emitter, sid = _emitter(inside), client.socket.sid
    # Within one turn of the loop nothing leaves, so that the session looks as slow as can be.
    behind = [emitter.emit([sid], frame) for _ in range(BACKLOG_FRAMES + 5)]
    assert behind[:BACKLOG_FRAMES] == [[]] * BACKLOG_FRAMES
    assert behind[BACKLOG_FRAMES:] == [[sid]] * 5
    assert emitter.emit([sid], RemovedSignal(("n",), Removal.DELETED)) == []
    await client.until(lambda: "n" in client.removed)
    assert len(client.events("notification")) == BACKLOG_FRAMES
    assert emitter.backlog(sid) == (0, 0)


async def test_slow_session_is_caught_up_and_loses_nothing(inside, device):
    client = await device(inside, "ann").connect()
    frame = shared_frame(await _notification(inside, "bob"))
    for _ in range(BACKLOG_FRAMES):
        _emitter(inside).emit([client.socket.sid], frame)
    sent = await asyncio.gather(*(inside.send("ann") for _ in range(20)))
    await client.sees(*sent)
    assert client.open


async def test_compat_event_follows_the_count(make_inside, device):
    inside = await make_inside(Settings(compat=CompatSettings(badge_update=True)))
    await inside.send("ann")
    client = await device(inside, "ann").connect()
    assert client.events("badge_update") == [{"unread_count": 1}]
    names = [name for name, _ in client.frames]
    assert names.index("badge_update") == names.index("notification_count") + 1


async def test_disconnect_says_so_and_cut_does_not(inside, device):
    gone, cut = await device(inside, "ann").connect(), await device(inside, "ann").connect()
    _emitter(inside).disconnect(gone.socket.sid)
    _emitter(inside).cut(cut.socket.sid)
    for client in (gone, cut):
        async with asyncio.timeout(30):
            while client.socket.sid in {s.id for s in inside.line.registry}:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
    await gone.until(lambda: gone.socket.disconnected)
    await cut.until(cut.socket.closed.is_set)
    assert not cut.socket.disconnected
    assert "1" not in cut.socket.frames  # no Engine.IO close packet: a stock client comes back


async def test_closed_session_is_forgotten(inside, device):
    client = await device(inside, "ann").connect()
    await client.close()
    async with asyncio.timeout(30):
        while _emitter(inside)._namespaces:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
    assert _emitter(inside).emit([client.socket.sid], RemovedSignal((), Removal.DELETED)) == []
    with pytest.raises((ClosedError, ConnectionError)):
        await client.ask("get_notifications", {}, timeout=2)
