"""Events of clients: in order, one at a time, and not without end."""

import asyncio
import logging

import pytest


async def test_handlers_of_one_session_run_in_order_and_not_at_once(rig, until):
    """F9."""
    running, most, seen = 0, 0, []

    async def work(sid, number):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        seen.append(number)
        running -= 1

    rig.server.on("work", work)
    client = await rig.joined()
    for number in range(100):
        await client.send(f'42["work",{number}]')
    await until(lambda: len(seen) == 100)
    assert seen == list(range(100))
    assert most == 1


async def test_flood_of_events_closes_the_offender_and_keeps_tasks_few(serve, until):
    """F9: 20,000 events while the first handler runs."""
    rig = await serve(events_queued=16)
    go, calls = asyncio.Event(), []

    async def work(sid):
        calls.append(sid)
        await go.wait()

    rig.server.on("work", work)
    good = await rig.joined()
    client = await rig.joined()
    tasks = len(asyncio.all_tasks())
    try:
        for _ in range(20_000):
            await client.send('42["work"]')
    except ConnectionError:
        pass
    assert await client.ended() == []
    assert len(asyncio.all_tasks()) <= tasks + 3
    assert rig.server.stats == {"overflows": 1}
    await good.send('421["echo"]')
    assert await good.read() == "431[]"
    go.set()
    await until(lambda: rig.of("disconnect") == [("disconnect", client.sid)])
    assert calls == [client.sid]


async def test_burst_that_handlers_keep_up_with_is_served(serve):
    """F9: what comes in one read is no flood."""
    rig = await serve(events_queued=16)
    frames = [f'42{number}["echo"]' for number in range(300)]
    client = await rig.joined()
    for frame in frames:
        await client.send(frame)
    assert [await client.read() for _ in frames] == [f"43{n}[]" for n in range(300)]
    poller = await rig.joined_poller()
    assert (await poller.post("\x1e".join(frames)))[0] == 200
    assert sum([(await poller.get())[1].count("[]") for _ in range(19)]) == 300
    assert rig.server.stats == {}


async def test_no_task_is_left_when_there_is_no_work(rig, until):
    """F9."""
    client = await rig.joined()
    await until(lambda: not any(p.lanes for p in rig.server.peers))
    before = len(asyncio.all_tasks())
    await client.send('421["echo"]')
    await client.read()
    await until(lambda: len(asyncio.all_tasks()) <= before)


async def test_failing_handler_is_logged_without_payload_and_closes_nothing(rig, caplog):
    async def work(sid, secret):
        raise LookupError("broken")

    rig.server.on("work", work)
    client = await rig.joined()
    with caplog.at_level(logging.DEBUG):
        await client.send('427["work","hunter2"]')
        await client.send('428["echo"]')
        assert await client.read() == "438[]"
    assert "a handler failed" in caplog.text
    assert "hunter2" not in caplog.text


async def test_token_of_a_client_is_in_no_log(serve, caplog):
    rig = await serve()
    with caplog.at_level(logging.DEBUG):
        client = await rig.joined(auth={"token": "hunter2"})
        await client.ws.close()
        await rig.gone()
    assert "hunter2" not in caplog.text


async def test_pongs_are_heard_while_a_handler_runs(serve, until):
    """F10: a slow handler does not make a healthy client look dead."""
    rig = await serve(ping_interval=0.1, ping_timeout=20)
    go = asyncio.Event()

    async def work(sid):
        await go.wait()
        return "done"

    rig.server.on("work", work)
    client = await rig.joined()
    await client.send('421["work"]')
    reading = asyncio.ensure_future(client.read())
    await until(lambda: len(rig.alive) >= 5)  # stock hears none
    go.set()
    assert await reading == '431["done"]'


@pytest.mark.parametrize("frame", ['42/other,["echo"]', "41/other,", '42["echo"]'])
async def test_event_without_a_session_is_passed_over(rig, until, frame):
    """It may have crossed the server's own goodbye."""
    client = await rig.joined()
    await rig.server.disconnect(client.sid)
    assert await client.read() == "41"
    await client.send(frame)
    await until(lambda: rig.server.stats == {"stray_events": 1})
    assert (await client.join()).startswith("40")
    assert rig.of("echo") == []


@pytest.mark.parametrize("frame", ['42["echo"]', "41"])
async def test_event_in_place_of_a_handshake_closes_the_connection(rig, frame):
    client = await rig.raw()
    await client.send(frame)
    assert await client.ended() == []
    await rig.gone()


async def test_events_sent_before_leaving_are_handled_before_the_disconnect(rig):
    client = await rig.joined()
    for _ in range(5):
        await client.send('42["echo"]')
    await client.send("41")
    await client.ws.close()
    await rig.gone()
    assert [name for name, _ in rig.events] == ["connect"] + ["echo"] * 5 + ["disconnect"]
