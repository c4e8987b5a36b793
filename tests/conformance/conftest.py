"""Protocol conformance: the transport with a small echo application, and clients that speak raw.

What is checked stands in the texts of Engine.IO protocol 4 and Socket.IO protocol 5 and in what
their official suites look for. Servers are real ones, on loopback.
"""

import aiohttp
import pytest
from conformance_rig import EngineRig, SocketIORig


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session


async def _serving(make, http):
    rigs = []

    async def start(**options):
        rig = make(http, **options)
        await rig.start()
        rigs.append(rig)
        return rig

    yield start
    for rig in rigs:
        await rig.stop()


@pytest.fixture
async def serve_engine(http):
    """Start Engine.IO servers: ``await serve_engine(ping_interval=0.3, …)``."""
    async for start in _serving(EngineRig, http):
        yield start


@pytest.fixture
async def serve_socketio(http):
    """Start Socket.IO servers: ``await serve_socketio(ping_interval=0.3, …)``."""
    async for start in _serving(SocketIORig, http):
        yield start


@pytest.fixture
async def eio(serve_engine):
    """An Engine.IO server whose heartbeat does not interfere."""
    return await serve_engine()


@pytest.fixture
async def sio(serve_socketio):
    """A Socket.IO server whose heartbeat does not interfere."""
    return await serve_socketio()
