"""Acks: ours to the hook, the library's to its callbacks, and no id that could harm."""

import asyncio

import pytest
import socketio

ODD_IDS = [0, 1, 7, 10**18, 10**99, 2**53]


@pytest.mark.parametrize("ack_id", ODD_IDS)
async def test_ack_of_any_id_comes_to_the_hook_and_does_no_harm(rig, ack_id):
    """F7, X26."""
    client, other = await rig.joined(), await rig.joined()
    for sid in (client.sid, other.sid):
        await rig.server.enter_room(sid, "r")
    await rig.server.emit("n", to="r", callback=lambda: None)
    for each in (client, other):
        assert await each.read() == '421["n"]'
    await client.send(f"43{ack_id}[]")
    await client.send(f"43{ack_id}[]")
    await client.send('429["echo"]')
    assert await client.read() == "439[]"
    await rig.server.emit("again", to="r", callback=lambda: None)
    for each in (client, other):
        assert await each.read() == '422["again"]'
    ours = [(client.sid, "/", ack_id)] * 2
    assert rig.acks == (ours[1:] if ack_id == 1 else ours)  # 1 was the library's, once


@pytest.mark.parametrize("frame", ["43-1[]", "431e18[]", "43[]", "431", "431{}"])
async def test_ack_that_is_none_closes_its_own_connection_only(rig, frame):
    """X26."""
    client, other = await rig.joined(), await rig.joined()
    await client.send(frame)
    assert await client.ended() == []
    await other.send('421["echo"]')
    assert await other.read() == "431[]"
    assert rig.acks == []


@pytest.mark.parametrize("frame", ["431[]", "43/nowhere,5[]", "430[]"])
async def test_ack_before_connect_or_elsewhere_is_dropped_and_closes_nothing(rig, until, frame):
    """F24, X26: a stock client does that after reconnecting."""
    client = await rig.raw()
    await client.send(frame)
    await until(lambda: rig.server.stats == {"stray_acks": 1})
    assert (await client.join()).startswith("40")
    assert rig.acks == []


async def test_acks_of_written_frames_leave_the_library_table_alone(rig, until):
    """F24: many acks that never come hold nothing."""
    client = await rig.joined()
    for number in range(500):
        rig.server.write([client.sid], "/", "n", b"{}", 2**50 + number)
    assert rig.server.manager.callbacks == {}
    await client.send(f"43{2**50 + 3}[]")
    await until(lambda: rig.acks == [(client.sid, "/", 2**50 + 3)])


async def test_hook_is_called_in_the_turn_in_which_the_ack_is_read(rig, until):
    """Acks do not wait behind a handler."""
    go = asyncio.Event()

    async def work(sid):
        await go.wait()

    rig.server.on("work", work)
    client = await rig.joined()
    await client.send('42["work"]')
    await client.send("4399[]")
    await until(lambda: rig.acks == [(client.sid, "/", 99)])
    go.set()


async def test_hook_that_fails_closes_nothing(rig):
    def fail(*_):
        raise LookupError

    rig.server.set_ack_hook(fail)
    client = await rig.joined()
    await client.send("4399[]")
    await client.send('421["echo"]')
    assert await client.read() == "431[]"


async def test_call_from_within_a_handler_gets_its_answer(rig):
    """An ordinary application's call(), whose ack may not wait behind the handler that waits."""

    async def work(sid):
        return await rig.server.call("question", {"a": 1}, to=sid)

    rig.server.on("work", work)
    client = await rig.joined()
    await client.send('425["work"]')
    assert await client.read() == '421["question",{"a":1}]'
    await client.send('431["answer"]')
    assert await client.read() == '435["answer"]'


async def test_calls_that_time_out_leave_a_bounded_table(rig, monkeypatch):
    """F24."""
    monkeypatch.setattr("notify_server.sio.transport.manager.MAX_CALLBACKS", 10)
    client = await rig.joined()
    for _ in range(30):
        with pytest.raises(socketio.exceptions.TimeoutError):
            await rig.server.call("question", to=client.sid, timeout=0)
    assert len(rig.server.manager.callbacks[client.sid]) == 11
    await client.ws.close()
    await rig.gone()


async def test_callback_that_fails_closes_nothing(rig):
    def fail(*_):
        raise LookupError

    client = await rig.joined()
    await rig.server.emit("n", to=client.sid, callback=fail)
    assert await client.read() == '421["n"]'
    await client.send("431[]")
    await client.send('421["echo"]')
    assert await client.read() == "431[]"
