"""A seeded load with faults: users on two devices each, submits, drops, kills; then a verdict.

CI runs it small, ``-m soak`` runs it long; the verdict names the seed, so that it can be repeated.
"""

import asyncio
import random
from dataclasses import dataclass

import aiohttp

OPEN_ROOMS = '[rooms]\nallow = ["open_*"]\n'
"""What a server under this load needs in its configuration."""

MOST_CALLS = 50
"""Calls that are under way together, at most."""

PRIORITIES = ("low", "normal", "high", "urgent", "critical")


@dataclass(frozen=True)
class Plan:
    """How much of what.

    Attributes:
        kills: kill -9 of the server, each after ``between_s`` of load.
        drops_per_s: Devices that lose their TCP connection, per second.
    """

    seed: int
    users: int = 12
    submits_per_s: int = 50
    kills: int = 3
    between_s: float = 1.5
    drops_per_s: float = 3


class Load:
    """Runs a plan against a world's server.

    Attributes:
        passing: Answers after which a caller tries again.
    """

    passing = (409, 503)

    def __init__(self, world, plan):
        self.world = world
        self.plan = plan
        self.random = random.Random(plan.seed)
        self.room = f"open_{world.user('room')}"
        self.role = world.user("ROLE")
        self.users = [world.user() for _ in range(plan.users)]
        self.role_users = self.users[::3]
        self.room_users = self.users[1::3]
        self.devices = []
        self.stopping = asyncio.Event()
        self.unknown = 0
        self.restarts = []

    async def run(self):
        """The whole run; returns the verdict."""
        await self._arrive()
        keepers = [asyncio.create_task(self._keep(device)) for device in self.devices]
        sender = asyncio.create_task(self._send())
        dropper = asyncio.create_task(self._drop())
        for _ in range(self.plan.kills):
            await asyncio.sleep(self.plan.between_s * self.random.uniform(0.5, 1.5))
            await self._kill()
        await asyncio.sleep(self.plan.between_s)
        self.stopping.set()
        await sender
        await dropper
        await self._settle()
        for keeper in keepers:
            keeper.cancel()
        ends = await asyncio.gather(*keepers, return_exceptions=True)
        broken = [end for end in ends if not isinstance(end, asyncio.CancelledError)]
        assert not broken, broken
        return await self._verdict()

    async def _arrive(self):
        for user in self.users:
            roles = [self.role] if user in self.role_users else []
            for _ in range(2):
                device = await self.world.online(user, roles)
                self.devices.append(device)
        for user in self.room_users:
            device = next(device for device in self.devices if device.user == user)
            answer = await device.ask("join_room", {"room": self.room, "stored": True})
            assert answer["ok"], answer

    async def _keep(self, device):
        """Whoever lost the connection comes back with the cursor."""
        while True:
            await device.socket.closed.wait()
            await device.stay_connected()

    async def _send(self):
        number = 0
        calls = set()
        while not self.stopping.is_set():
            number += 1
            call = asyncio.create_task(self._submit(number))
            calls.add(call)
            call.add_done_callback(calls.discard)
            await asyncio.sleep(1 / self.plan.submits_per_s)
            while len(calls) >= MOST_CALLS:  # a machine that is too slow must not drown
                await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*calls)

    def _target(self):
        roll = self.random.random()
        if roll < 0.7:
            user = self.random.choice(self.users)
            return user, [user]
        if roll < 0.8:
            users = self.random.sample(self.users, 3)
            return users, users
        if roll < 0.87:
            return {"role": self.role}, self.role_users
        if roll < 0.94:
            return {"room": self.room}, self.room_users
        return {"all": True}, self.users

    async def _submit(self, number):
        """Once, with a key; an answer that got lost is asked for again until there is one."""
        to, audience = self._target()
        op = f"op{number}"
        body = {
            "to": to,
            "title": op,
            "message": "m",
            "priority": self.random.choice(PRIORITIES),
            "data": {"op": op},
        }
        self.world.journal.submitted(op, body, audience, None)
        retry = self.random.random() < 0.7
        while True:
            try:
                answer = await self.world.api.post(body, key=f"{self.plan.seed}-{op}")
            except (OSError, TimeoutError, aiohttp.ClientError):
                if not retry:
                    self.unknown += 1
                    return
                await asyncio.sleep(0.1)
                continue
            if answer.status == 202:
                self.world.journal.submitted(op, body, audience, answer.body)
                return
            assert answer.status in self.passing, answer
            await asyncio.sleep(0.1)

    async def _drop(self):
        while not self.stopping.is_set():
            await asyncio.sleep(1 / self.plan.drops_per_s)
            device = self.random.choice(self.devices)
            if device.open:
                await device.drop()

    async def _kill(self):
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self.world.server.kill)
        started = loop.time()
        await asyncio.to_thread(self.world.server.start)
        self.restarts.append(loop.time() - started)

    async def _settle(self):
        """Everybody is back and holds what was accepted, or the time is over."""
        deadline = asyncio.get_running_loop().time() + 30
        while asyncio.get_running_loop().time() < deadline:
            if not self._missing():
                return
            await asyncio.sleep(0.1)

    def _missing(self):
        accepted = {r["id"]: r["audience"] for r in self.world.journal.of("submit") if r["id"]}
        held = {}
        for device in self.devices:
            held.setdefault(device.user, set()).update(device.items)
        return [i for i, users in accepted.items() if any(i not in held[u] for u in users)]

    async def _verdict(self):
        verdict = await self.world.judge(*self.devices)
        for device in self.devices:
            await device.close()
        verdict.ghost = await self.world.ghosts()
        print(f"seed {self.plan.seed}: {verdict}; unknown {self.unknown}; back {self.restarts}")
        return verdict
