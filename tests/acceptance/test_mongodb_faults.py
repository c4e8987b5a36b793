"""X01, X05, X06 over MongoDB: the store or the node dies at the worst moment."""

import asyncio
import secrets
import signal
import time

import aiohttp
import pytest
from pymongo import MongoClient
from support import mongodb
from support.figures import LoopLag
from support.mongodb import MongoServer
from support.nodes import small_and_large
from support.server import Server
from support.world import World

pytestmark = pytest.mark.skipif(
    not mongodb.can_start(), reason="no MongoDB that tests may kill: mongod, or scripts/services"
)

DEADLINE_S = 5
SLACK_S = 5
"""What a loaded machine may add to a deadline."""


@pytest.fixture
def store(tmp_path):
    """A MongoDB of the test's own."""
    folder = tmp_path / "mongodb"
    folder.mkdir()
    store = MongoServer(folder)
    store.start()
    yield store
    store.kill()


@pytest.fixture
def node(tmp_path, store):
    """A node over it, not started."""
    environ = {
        "NOTIFY_STORE__URL": f"{store.url}/notify",
        "NOTIFY_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
    }
    node = Server(tmp_path / "node", environ=environ)
    yield node
    node.kill()


@pytest.fixture
def documents(store):
    """The database as it is."""
    with MongoClient(store.url) as client:
        yield client["notify"]


class Submits:
    """Sends until it is stopped; what was not taken is asked for again with the same key."""

    def __init__(self, world, user):
        self._world = world
        self._user = user
        self.slowest = 0.0
        self.accepted = {}
        self.refused = []
        self.stopped = False

    async def run(self):
        number = 0
        while not self.stopped:
            number += 1
            await self._one(f"{self._user}-{number}")
            await asyncio.sleep(0.05)

    async def _one(self, key):
        while True:
            body = {"to": self._user, "title": key, "message": "M"}
            began = time.monotonic()
            answer = await self._world.api.post(body, key=key)
            self.slowest = max(self.slowest, time.monotonic() - began)
            if answer.status == 202:
                self.accepted[key] = answer.body["id"]
                return
            self.refused.append(answer)
            if self.stopped:
                return
            await asyncio.sleep(0.1)

    async def accepts(self, count):
        """Wait until that many more went through."""
        wanted = len(self.accepted) + count

        async def enough():
            return len(self.accepted) >= wanted

        await self._world.api.until(enough, 40)


@pytest.mark.parametrize("away_s", small_and_large(4, 30))
@pytest.mark.parametrize("way", ["killed", "stalled"])
async def test_store_away_and_back_refuses_in_time_and_keeps_connections(node, store, way, away_s):
    """X05, X06: 503 with Retry-After, never a 202 that is not stored, open connections stay."""
    await asyncio.to_thread(node.start)
    async with World(node) as world:
        watcher, other = await world.online(), await world.online()
        senders = [Submits(world, watcher.user), Submits(world, other.user)]
        tasks = [asyncio.create_task(sender.run()) for sender in senders]
        await senders[0].accepts(3)
        lag = await LoopLag.begin(world.http, node)
        if way == "killed":
            store.kill()
        else:
            store.signal(signal.SIGSTOP)
        away_since = time.monotonic()

        async def refused():
            return all(sender.refused for sender in senders)

        await world.api.until(refused, DEADLINE_S + SLACK_S)
        live = await world.api.call("GET", "/health/live")
        ready = await world.api.call("GET", "/health/ready")
        assert (live.status, ready.status) == (200, 503)
        await asyncio.sleep(max(0, away_s - (time.monotonic() - away_since)))
        await lag.stayed_small()
        if way == "killed":
            await asyncio.to_thread(store.start)
        else:
            store.signal(signal.SIGCONT)
        for sender in senders:
            await sender.accepts(3)
            sender.stopped = True
        await asyncio.gather(*tasks)
        for device, sender in zip((watcher, other), senders, strict=True):
            away = [answer for answer in sender.refused if answer.status == 503]
            assert away
            assert all(int(answer.headers["Retry-After"]) >= 1 for answer in away)
            busy = [answer for answer in sender.refused if answer not in away]
            assert {answer.status for answer in busy} <= {409}, "the first call is still under way"
            assert sender.slowest < DEADLINE_S + SLACK_S
            assert device.connections == 1
            assert device.open
            await device.sees(*sender.accepted.values())
            ids = await world.api.ids(device.user)
            assert sorted(ids) == sorted(sender.accepted.values()) == sorted(device.shown)


POINTS = ["inserted", "half the receipts", "receipts_made", "after_store"]


async def test_node_killed_inside_a_submission_to_500_reaches_everybody_once(
    node, documents, tmp_path
):
    """Between any two of its writes; the caller's retry with the same key makes no second one."""
    await asyncio.to_thread(node.start)
    async with World(node) as world:
        for turn, point in enumerate(POINTS):
            users = [f"p{turn}-{n}" for n in range(500)]
            body = {"to": users, "title": point, "message": "M"}
            await asyncio.to_thread(node.stop)
            at = "receipts_made" if point == "half the receipts" else point
            await asyncio.to_thread(node.start, f"{at}:exit")
            with pytest.raises((aiohttp.ClientError, OSError)):
                await world.api.post(body, key=point)
            assert await asyncio.to_thread(node.wait_exit) == 70
            (stored,) = documents["notifications"].find({"users": users[0]})
            if point == "half the receipts":  # what a server that died in the middle leaves
                documents["receipts"].delete_many({"user": {"$in": users[::2]}})
            await asyncio.to_thread(node.start)
            early = await world.online(users[0])  # before anybody asks again
            assert early.shown == [stored["_id"]]
            answer = await world.api.post(body, key=point)
            assert (answer.status, answer.body["id"]) == (202, stored["_id"])
            assert answer.headers["Idempotency-Replay"] == "true"
            late = await world.online(users[499])
            assert late.shown == [stored["_id"]]

            async def everybody(identity=stored["_id"]):
                return documents["receipts"].count_documents({"notification_id": identity}) == 500

            await world.api.until(everybody, 30)
            for user in users[1:499:100]:
                assert await world.api.ids(user) == [stored["_id"]]
            await early.close()
            await late.close()
        assert documents["notifications"].count_documents({}) == len(POINTS)


REPLACING = {"receipts_moved", "revised"}
CHANGES = ["receipts_moved", "receipts_closed", "revised", "cancelled"]
"""In this order, because what one leaves unfinished must not pass the next one's point."""


async def test_node_killed_inside_a_change_completes_it_for_everybody(node, documents):
    """A replacement and a cancel, between any two of their writes."""
    await asyncio.to_thread(node.start)
    sent = {}
    async with World(node) as world:
        for point in CHANGES:
            users = [f"{point}-{n}" for n in range(50)]
            sent[point] = await world.api.submit(users, title="old")
            early = await world.online(users[0])
            assert early.shown == [sent[point]]
            await early.close()
            await asyncio.to_thread(node.stop)
            await asyncio.to_thread(node.start, f"{point}:exit")
            with pytest.raises((aiohttp.ClientError, OSError)):
                await change(world, point, sent[point])
            assert await asyncio.to_thread(node.wait_exit) == 70
            await asyncio.to_thread(node.start)
            answer = await change(world, point, sent[point])
            assert answer.status in (200, 202), answer

        async def finished():
            left = {"unfinished_at": {"$exists": True}}
            return not documents["notifications"].count_documents(left)

        await world.api.until(finished, 30)
        for point, identity in sent.items():
            receipts = [*documents["receipts"].find({"notification_id": identity})]
            assert len(receipts) == 50
            device = await world.online(f"{point}-1")
            if point in REPLACING:
                assert {receipt["revision"] for receipt in receipts} == {2}
                assert [device.items[each]["title"] for each in device.shown] == ["new"]
            else:
                assert {receipt["step"] for receipt in receipts} == {"idle"}
                assert device.shown == []


async def change(world, point, identity):
    """What dies at that point; the same again is the caller's retry."""
    if point in REPLACING:
        body = {"title": "new", "message": "M"}
        headers = {"Idempotency-Key": point}
        return await world.api.call("PUT", f"/notifications/{identity}", body, headers=headers)
    return await world.api.call("POST", f"/notifications/{identity}/cancel")
