"""Behind TLS of its own: websockets leave aiohttp there as well, and polling is as it is."""

import asyncio
import contextlib

import aiohttp
import pytest
import uvloop
from aiohttp import web
from conformance_rig import EngineRig, SocketIORig
from support.tls import self_signed

BIG = "x" * 900_000


@pytest.fixture
def tls(tmp_path):
    """(server context, client context) of a certificate that signs itself."""
    made = self_signed(tmp_path)
    return made.server(), made.client()


@contextlib.asynccontextmanager
async def serving(tls, make):
    """A rig behind TLS."""
    server, client = tls
    connector = aiohttp.TCPConnector(limit=0, ssl=client)
    async with aiohttp.ClientSession(connector=connector) as http:
        rig = make(http)
        app = web.Application()
        rig.attach(app)
        rig._runner = web.AppRunner(app, shutdown_timeout=1)
        await rig._runner.setup()
        await web.TCPSite(rig._runner, "localhost", 0, ssl_context=server).start()
        rig.url = f"https://localhost:{rig._runner.addresses[0][1]}{rig.path}"
        try:
            yield rig
        finally:
            await rig.stop()


async def websocket_talks_and_ends_once(tls):
    async with serving(tls, EngineRig) as rig:
        socket = await rig.socket()
        await socket.send("4hello", "4" + BIG)
        assert await socket.take(2) == ["4hello", "4" + BIG]
        await socket.close()
        await rig.until(lambda: rig.of("disconnect", socket.sid))
        assert len(rig.of("disconnect")) == 1


async def websocket_that_breaks_off_is_noticed(tls):
    async with serving(tls, EngineRig) as rig:
        socket = await rig.socket()
        await socket.drop()
        await rig.until(lambda: rig.of("disconnect", socket.sid))


async def polling_and_its_upgrade_talk(tls):
    async with serving(tls, EngineRig) as rig:
        poller = await rig.poller()
        await poller.send("4hello", "4" + BIG[:500_000])
        assert await poller.take(2) == ["4hello", "4" + BIG[:500_000]]
        socket = await rig.upgrade(poller)
        await socket.send("2probe")
        assert await socket.read() == "3probe"
        await socket.send("5", "4upgraded")
        assert await socket.read() == "4upgraded"
        await rig.engine.disconnect(poller.sid)
        assert await socket.ended() == ["1"]


async def poll_that_is_given_up_is_noticed(tls):
    async with serving(tls, EngineRig) as rig:
        poller = await rig.poller()
        await poller.aborted_poll()
        await rig.until(lambda: rig.of("disconnect", poller.sid))


async def connection_that_is_cut_ends_at_once(tls):
    async with serving(tls, SocketIORig) as rig:
        client = await rig.joined()
        rig.server.cut(client.session)
        assert await client.ended() == []
        await rig.until(lambda: rig.of("disconnect", client.session))
        assert not rig.server.sessions


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize(
    "scenario",
    [
        websocket_talks_and_ends_once,
        websocket_that_breaks_off_is_noticed,
        polling_and_its_upgrade_talk,
        poll_that_is_given_up_is_noticed,
        connection_that_is_cut_ends_at_once,
    ],
)
def test_tls_changes_nothing_on_either_loop(tls, loop, scenario):
    """Each loop has a TLS of its own."""
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scenario(tls))
