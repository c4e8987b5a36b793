"""One test's people: devices, sockets and calls on one server, all closed when it ends."""

import asyncio
import itertools
import uuid

import aiohttp
from support.api import Api
from support.client import Device
from support.journal import Journal
from support.oracle import judge
from support.rawsocket import NOTICED_S, RawSocket
from support.stock import StockClient

_numbers = itertools.count(1)


class World:
    """Use as ``async with``; ``world.user()`` makes names that no other test uses."""

    def __init__(self, server, journal_path=None):
        self.server = server
        self.journal = Journal(journal_path)
        self.http = None
        self.api = None
        self._ends = []

    async def __aenter__(self):
        self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self.api = Api(self.server, self.http, self.journal)
        return self

    async def __aexit__(self, *_):
        try:
            await asyncio.gather(*(end() for end in self._ends))
        finally:
            await self.http.close()
            await asyncio.sleep(0)  # lets aiohttp's transports report their end
            self.journal.close()

    # --- people ---

    def user(self, name="u"):
        """A user id that nobody else has."""
        return f"{name}-{next(_numbers)}-{uuid.uuid4().hex[:6]}"

    def room(self, name="room"):
        """A room that nobody else has."""
        return self.user(name)

    def device(self, user=None, roles=(), **options):
        """A device that is not connected yet."""
        device = Device(
            self.server, self.http, user or self.user(), roles, journal=self.journal, **options
        )
        self._ends.append(device.close)
        return device

    async def online(self, user=None, roles=(), **options):
        """A device that is connected and caught up."""
        return await self.device(user, roles, **options).connect()

    async def known(self, user, roles=(), **options):
        """Somebody whom the server has seen once and who is away now."""
        device = await self.online(user, roles, **options)
        await device.close()
        await self.gone(user)
        return device

    async def gone(self, user):
        """Wait until the server holds no session of that user."""

        async def nobody():
            return user not in {session["user"] for session in await self.api.sessions()}

        await self.api.until(nobody, 5 + NOTICED_S)

    def raw(self, line="/", url=None):
        """A bare websocket that is not open yet."""
        socket = RawSocket(url or self.server.url, self.http, line)
        self._ends.append(socket.close)
        return socket

    def stock(self, **options):
        """A stock client that is not connected yet."""
        client = StockClient(self.server, self.http, **options)
        self._ends.append(client.stop)
        return client

    # --- barriers ---

    async def barrier(self, *devices, priority="normal"):
        """After this, what was emitted before has arrived: a marker of that priority went through.

        Order per user and priority (contract 10.4) makes this exact for live frames.
        """
        marks = {}
        for device in devices:
            if device.user not in marks:
                marks[device.user] = await self.api.submit(
                    device.user, source="barrier", priority=priority, title="barrier"
                )
            await device.sees(marks[device.user])
        return set(marks.values())

    async def delivered(self, user, *ids):
        """Wait until the operator's page says so: a list or a view would make it so by itself."""
        for identity in ids:

            async def done(identity=identity):
                page = await self.api.explain(identity, user=user)
                states = [r["state"] for r in page["recipients"]["items"]]
                return bool(states and states[0]) and states[0]["delivered_at"] is not None

            await self.api.until(done)

    async def acks_stored(self):
        """After this, every ack that was sent before has had its effect: a later one is stored."""
        device = await self.online()
        sent = await self.api.submit(device.user)
        await self.delivered(device.user, sent)

    async def counts_agree(self, *devices, timeout=20.0):
        """Each device's count becomes what a fresh GET says, and stays it."""
        for device in devices:

            async def same(device=device):
                fresh = await self.api.counts(device.user)
                return (device.count, device.unseen) == fresh

            await self.api.until(same, timeout)

    # --- the verdict ---

    async def judge(self, *devices):
        """List for everybody, then ask the oracle."""
        for device in {device.user: device for device in devices}.values():
            device.journal_list(await self.api.inbox(device.user))
        return judge(self.journal)

    async def ghosts(self):
        """What is left of sessions once all clients are closed and that had to be noticed."""
        deadline = asyncio.get_running_loop().time() + NOTICED_S
        while True:
            left = await self.api.sessions()
            if not left or asyncio.get_running_loop().time() > deadline:
                return left
            await asyncio.sleep(0.05)
