"""S31 on MongoDB: looking for a tombstone and writing are two steps; what slips between is met."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from pymongo import AsyncMongoClient
from support import mongodb
from support.mongo_proxy import MongoProxy
from support.stores import ROLE, ROOM, accept_one, receipt, receipt_of

from notify_server.domain.erasure import tombstone_of
from notify_server.domain.errors import UnavailableError
from notify_server.domain.notification import ChannelName
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Attempt
from notify_server.domain.target import Membership, Source, UserRecord
from notify_server.kit.clock import ManualClock
from notify_server.stores.mongodb.burials import LATE
from notify_server.stores.mongodb.store import MongoStore

pytestmark = pytest.mark.skipif(not mongodb.is_there(), reason="no MongoDB: scripts/services")

SECOND = timedelta(seconds=1)
ANN = "ann-whom-nobody-knows"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def erasing(tmp_path, clock):
    """The node that erases."""
    store = MongoStore(mongodb.url_for(tmp_path), clock)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def proxy(tmp_path):
    async with MongoProxy(mongodb.url_for(tmp_path)) as proxy:
        yield proxy


@pytest.fixture
async def writing(proxy, clock):
    """The node that has looked already when the tombstone is set."""
    store = MongoStore(proxy.url, clock)
    await store.open()
    yield store
    await store.close()


async def everything(folder):
    """All documents in which she is named."""
    async with AsyncMongoClient(mongodb.url_for(folder)) as client:
        database = client.get_default_database()
        names = await database.list_collection_names()
        found = [each for name in names for each in await database[name].find().to_list()]
    return [document for document in found if ANN in str(document)]


WRITES = {
    "receipt": ("insert", "receipts"),
    "attempt": ("insert", "attempts"),
    "record": ("insert", "users"),
    "membership": ("insert", "users"),
}


def write(store, kind, made, at):
    tried = Attempt(ANN, made.id, 1, 1, at, "failed", Reason.NO_ACK, ChannelName.IN_APP)
    return {
        "receipt": lambda: store.save([receipt(ANN, made, at)]),
        "attempt": lambda: store.add_attempts([tried]),
        "record": lambda: store.save_user(UserRecord(ANN, at, name="Ann")),
        "membership": lambda: store.put_member(ANN, Membership(ROOM, Source.TOKEN, at)),
    }[kind]()


@pytest.mark.parametrize("kind", WRITES)
async def test_write_that_slips_by_the_tombstone_is_taken_away_by_another_node(
    erasing, writing, proxy, clock, tmp_path, kind
):
    """The writer dies after its write, the eraser before it looks again: nobody knows of it."""
    made = await accept_one(erasing, to=(ROLE,))
    let_go = proxy.hold(*WRITES[kind])
    late = asyncio.create_task(write(writing, kind, made, clock.now()))
    async with asyncio.timeout(60):
        while WRITES[kind] not in proxy.seen:  # noqa: ASYNC110 - it has looked by then
            await asyncio.sleep(0.02)
    await erasing.bury(ANN, clock.now() + SECOND)
    assert await erasing.held(ANN, "", 9) == []
    let_go.set()
    with contextlib.suppress(UnavailableError):  # dead, or not: what it wrote is there
        await late
    before = await everything(tmp_path)
    assert len(before) >= 2, "the tombstone, until it has been looked at again, and what slipped by"

    clock.advance(LATE + 2 * SECOND)
    third = MongoStore(mongodb.url_for(tmp_path), clock)
    await third.open()
    await third.changed(clock.now(), 9)
    await third.close()
    assert await everything(tmp_path) == []
    assert await erasing.buried_at(ANN) is not None
    assert await erasing.buried(clock.now() - 9 * LATE, 9) == [tombstone_of(ANN)]


async def test_who_comes_back_before_the_second_look_keeps_what_is_new(erasing, clock, tmp_path):
    made = await accept_one(erasing, to=(ROLE,))
    buried_at = clock.now()
    await erasing.bury(ANN, buried_at)
    clock.advance(SECOND)
    again = UserRecord(ANN, clock.now(), name="Ann", revoked_before=buried_at)
    assert await erasing.save_user(again)
    await erasing.put_member(ANN, Membership(ROOM, Source.TOKEN, clock.now()))
    await erasing.save([receipt(ANN, made, clock.now())])
    clock.advance(LATE)
    await erasing.changed(clock.now(), 9)
    record, memberships = await erasing.user(ANN)
    assert (record.name, [one.audience for one in memberships]) == ("Ann", [ROOM])
    assert await receipt_of(erasing, ANN, made.id) is not None
    graves = [each for each in await everything(tmp_path) if each["_id"] == tombstone_of(ANN)]
    assert graves == []
