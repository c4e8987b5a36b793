"""How a connection becomes a session, or does not."""

import asyncio
import contextlib
import json

import pytest
from socketio.exceptions import ConnectionRefusedError as Refused

from notify_server.sio.transport import outgoing

BOTH = pytest.mark.parametrize("transport", ["websocket", "polling"])


async def _leaver(rig, transport):
    """A client that has sent CONNECT and a way for it to leave."""
    if transport == "websocket":
        client = await rig.raw()
        await client.send("40")
        return client.ws.close
    client = await rig.poller()
    await client.post("40")
    return lambda: client.post("1")


async def test_emit_before_the_handler_decided_does_not_reach_the_client(rig, until):
    """F1."""
    decide = asyncio.Event()

    async def connect(sid, environ, auth):
        rig.events.append(("connect", sid))
        await rig.server.enter_room(sid, "r")
        await decide.wait()

    rig.server.on("connect", connect)
    client = await rig.raw()
    await client.send("40")
    await until(lambda: rig.of("connect"))
    sid = rig.of("connect")[0][1]
    await rig.server.emit("early")
    await rig.server.emit("early", to="r")
    await rig.server.emit("early", to=sid)
    rig.server.write([sid], "/", "early", b"1")
    decide.set()
    assert (await client.read()).startswith("40")
    await rig.server.emit("late", to="r")
    assert await client.read() == '42["late"]'


@BOTH
async def test_connect_handler_fails_leaves_no_trace_and_closes_late_without_a_word(
    serve, until, transport
):
    """F2."""
    rig = await serve(refusal_delay=(0.2, 0.2))

    async def connect(sid, environ, auth):
        await rig.server.enter_room(sid, "r")
        raise LookupError("the store is away")

    rig.server.on("connect", connect)
    client = await (rig.raw() if transport == "websocket" else rig.poller())
    began = asyncio.get_running_loop().time()
    await (client.send("40") if transport == "websocket" else client.post("40"))
    await until(lambda: rig.server.stats["failed_connects"])
    await until(lambda: not rig.server.manager.rooms and not rig.server.sessions)
    await rig.server.emit("secret", to="r")
    if transport == "websocket":
        assert await client.ended() == []
        assert client.ws.close_code == 1006
    else:
        assert (await client.get())[0] == 400
    assert asyncio.get_running_loop().time() - began >= 0.19
    await rig.gone()
    assert rig.of("disconnect") == []


async def test_doomed_connection_takes_no_second_connect(serve, until):
    """F2: what was refused for a passing reason comes back by a new transport only."""
    rig = await serve(refusal_delay=(0.5, 0.5))
    calls = []

    async def connect(sid, environ, auth):
        calls.append(sid)
        raise LookupError

    rig.server.on("connect", connect)
    client = await rig.raw()
    await client.send("40")
    await until(lambda: rig.server.stats["failed_connects"])
    with contextlib.suppress(ConnectionError):  # a busy machine may be too late for it
        await client.send("40")
    assert await client.ended() == []
    assert len(calls) == 1


@pytest.mark.parametrize("error", [TypeError, asyncio.CancelledError])
async def test_connect_handler_that_breaks_in_a_special_way_is_not_accepted(serve, until, error):
    """F2: stock takes a cancelled handler for consent and repeats one after a TypeError."""
    rig = await serve(refusal_delay=(0, 0))
    calls = []

    async def connect(sid, environ, auth):
        calls.append(sid)
        raise error

    rig.server.on("connect", connect)
    client = await rig.raw()
    await client.send("40")
    assert await client.ended() == []
    assert len(calls) == 1
    await rig.gone()


async def test_connection_refused_error_answers_connect_error_and_keeps_the_transport(rig):
    async def connect(sid, environ, auth):
        raise Refused("no", {"code": "TOKEN_INVALID"})

    rig.server.on("connect", connect)
    client = await rig.raw()
    answer = await client.join()
    assert json.loads(answer[2:]) == {"message": "no", "data": {"code": "TOKEN_INVALID"}}
    assert rig.server.manager.rooms == {}


@BOTH
async def test_client_leaves_while_the_handler_runs_leaves_no_trace(rig, until, transport):
    """F3, X25: a session that was let in after its client had left is told to have left."""
    decide = asyncio.Event()

    async def connect(sid, environ, auth):
        rig.events.append(("connect", sid))
        await rig.server.enter_room(sid, "r")
        await decide.wait()

    rig.server.on("connect", connect)
    leave = await _leaver(rig, transport)
    await until(lambda: rig.of("connect"))
    leaving = asyncio.ensure_future(leave())
    await until(lambda: not any(s.open for s in rig.server.eio.sockets.values()))
    decide.set()
    await rig.gone()
    await leaving
    assert rig.of("disconnect") == [("disconnect", rig.of("connect")[0][1])]
    assert rig.accepted == []


async def test_many_clients_leave_while_their_handlers_run_leave_no_ghost(rig, until, http):
    """X25."""
    decide = asyncio.Event()

    async def connect(sid, environ, auth):
        await decide.wait()

    rig.server.on("connect", connect)
    before = len(asyncio.all_tasks())
    clients = await asyncio.gather(*(rig.raw() for _ in range(250)))
    for client in clients:
        await client.send("40")
        client.ws._response.connection.transport.abort()
    pollers = await asyncio.gather(*(rig.poller() for _ in range(50)))
    await asyncio.gather(*(client.post("40") for client in pollers))
    leaving = asyncio.gather(*(client.post("1") for client in pollers))
    await until(lambda: not any(s.open for s in rig.server.eio.sockets.values()))
    decide.set()
    await leaving
    await rig.gone()
    await http.close()
    await until(lambda: len(asyncio.all_tasks()) <= before)


async def test_always_connect_answers_first_and_serves_nobody_before_the_handler(serve, until):
    """F4: the session is told at once; events wait for the decision, refused ones are dropped."""
    rig = await serve(always_connect=True)
    decide, refuse = asyncio.Event(), []

    async def connect(sid, environ, auth):
        await rig.server.emit("auth", auth, to=sid)
        await decide.wait()
        if refuse:
            raise Refused("no")

    rig.server.on("connect", connect)
    client = await rig.raw()
    assert (await client.join("/", {"token": "x"})).startswith("40{")
    assert await client.read() == '42["auth",{"token":"x"}]'
    await client.send('421["echo"]')
    await client.send('42["echo"]')
    assert rig.of("echo") == []
    decide.set()
    assert await client.read() == "431[]"
    await until(lambda: len(rig.of("echo")) == 2)

    decide.clear()
    refuse.append(True)
    other = await rig.raw()
    assert (await other.join()).startswith("40{")
    assert await other.read() == '42["auth"]'
    await other.send('421["echo"]')
    decide.set()
    assert (await other.read()).startswith("41")
    await until(lambda: rig.server.stats["stray_events"] == 1)
    assert len(rig.of("echo")) == 2


async def test_always_connect_handler_may_wait_for_an_ack(serve):
    rig = await serve(always_connect=True)
    answers = []

    async def connect(sid, environ, auth):
        answers.append(await rig.server.call("who", to=sid, timeout=5))

    rig.server.on("connect", connect)
    client = await rig.joined()
    assert await client.read() == '421["who"]'
    await client.send('431["me"]')
    await client.send('421["echo"]')
    assert await client.read() == "431[]"
    assert answers == ["me"]


async def test_connect_answer_comes_in_a_read_of_its_own(rig, monkeypatch):
    """A client that awaits one packet after the other would miss what came in the same read."""
    monkeypatch.setattr(outgoing, "PAUSE_S", 3600)  # until the test ends it
    sids = []

    async def connect(sid, environ, auth):
        sids.append(sid)
        await rig.server.emit("early", to=sid)

    rig.server.on("connect", connect)
    rig.server.set_accept_hook(lambda sid, ns: rig.server.write([sid], ns, "next", b"1"))
    clients = [await rig.raw() for _ in range(2)]
    for client in clients:
        await client.send("40")
        assert (await client.read()).startswith("40{")
        socket = rig.server.sessions[sids[-1]].socket
        assert socket.backlog == (2, len('42["early"]42["next",1]'))
        rig.server.write([sids[-1]], "/", "last", b"2")
        rig.server.eio.outgoing._go_on()
        assert [await client.read() for _ in range(3)] == [
            '42["early"]',
            '42["next",1]',
            '42["last",2]',
        ]
        assert socket.pending is rig.server.eio.outgoing.start


async def test_silent_connections_are_closed_after_the_handshake_timeout(serve, until):
    """F6."""
    rig = await serve(handshake_timeout=1)
    clients = await asyncio.gather(*(rig.raw() for _ in range(50)))
    await asyncio.gather(*(client.send("40/nowhere,") for client in clients[:10]))
    poller = await rig.poller()
    frames = await asyncio.gather(*(client.ended() for client in clients))
    assert frames[0] == ['44/nowhere,{"message":"Invalid namespace"}']
    assert frames[-1] == []
    assert (await poller.get())[0] == 400
    await rig.gone()


async def test_accepted_session_outlives_the_handshake_timeout(serve):
    """F6: only connections without a session are closed, and so is one that lost its last."""
    rig = await serve(handshake_timeout=0.5)
    client = await rig.joined()
    await asyncio.sleep(0.6)
    await client.send('421["echo"]')
    assert await client.read() == "431[]"
    await rig.server.disconnect(client.sid)
    assert await client.ended() == ["41"]


async def test_unknown_namespace_answers_connect_error(rig):
    client = await rig.raw()
    assert await client.join("/nowhere") == '44/nowhere,{"message":"Invalid namespace"}'
    assert (await client.join()).startswith("40")


async def test_second_connect_of_a_namespace_is_passed_over(rig, until):
    client = await rig.joined()
    await client.send("40")
    await until(lambda: rig.server.stats["duplicate_connects"])
    await client.send('421["echo"]')
    assert await client.read() == "431[]"


async def test_handlers_of_the_legacy_shape_are_called(rig):
    seen = []
    rig.server.on("connect", lambda sid, environ: seen.append("connect"))
    rig.server.on("disconnect", lambda sid: seen.append("disconnect"))
    client = await rig.joined(auth={"token": "x"})
    await client.ws.close()
    await rig.gone()
    assert seen == ["connect", "disconnect"]


async def test_environ_carries_the_real_peer(rig):
    """F11."""
    seen = []
    rig.server.on("connect", lambda sid, environ, auth: seen.append(environ))
    client = await rig.raw(headers={"X-Forwarded-For": "9.9.9.9"})
    local = client.ws.get_extra_info("sockname")
    await client.join()
    assert (seen[0]["REMOTE_ADDR"], seen[0]["REMOTE_PORT"]) == (local[0], str(local[1]))
