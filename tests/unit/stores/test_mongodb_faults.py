"""F32, X06: networks and servers that fail in the middle of a call; nothing is done twice."""

import asyncio
import itertools

import pytest
from support import mongodb
from support.mongo_proxy import NOT_PRIMARY, STEPPED_DOWN, MongoProxy
from support.stores import accept_one, delivery, receipt, receipt_of, submission

from notify_server.domain.errors import InternalError, UnavailableError
from notify_server.domain.notification import Accepted
from notify_server.domain.reasons import Reason
from notify_server.kit.clock import SystemClock
from notify_server.stores.mongodb import client, database, queries
from notify_server.stores.mongodb.store import MongoStore

pytestmark = pytest.mark.skipif(not mongodb.is_there(), reason="no MongoDB: scripts/services")

STEPS = {
    "accept": ("insert", "notifications"),
    "receipts": ("insert", "receipts"),
    "finish": ("update", "notifications"),
    "look": ("find", "notifications"),
}
ERRORS = {"not primary": NOT_PRIMARY, "stepped down": STEPPED_DOWN, "answer lost": None}


@pytest.fixture
async def proxy(tmp_path):
    async with MongoProxy(mongodb.url_for(tmp_path)) as proxy:
        yield proxy


@pytest.fixture
async def store(proxy):
    store = MongoStore(proxy.url, SystemClock())
    await store.open()
    yield store
    await store.close()


def fail(proxy, step, error, times=1):
    if error is None:
        proxy.lose_answer(*step, times)
    else:
        proxy.refuse(*step, error, times)


@pytest.mark.parametrize("error", ERRORS.values(), ids=list(ERRORS))
@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
async def test_submission_meets_passing_fault_is_accepted_once(store, proxy, step, error):
    """Whichever call of it fails, twice in a row, and whether the server had done it or not."""
    await accept_one(store, "0", key="first")
    fail(proxy, step, error, times=2)
    made = await accept_one(store, "1", "2", key="k", scope="s")
    assert proxy.faults == 2
    assert await accept_one(store, "1", "2", key="k", scope="s") == made
    assert next(each.id for each in await store.latest(None, 9)) == made.id
    assert (await store.sizes(9))["notifications"] == 2
    assert [each.user for each in await store.recipients(made.id, "", 9)] == ["1", "2"]
    assert [entry.receipt.revision for entry in await store.active("1", "/", 9)] == [1]


async def test_change_that_the_server_refuses_is_told_in_the_words_of_the_domain(store):
    """Whoever calls the port knows no error of PyMongo's."""
    made = await accept_one(store, "1")
    change = {"$inc": {"submitter": 1}}
    with pytest.raises(InternalError):
        await store._database.update_all(queries.ONE, [({"_id": made.id}, change)])


@pytest.mark.parametrize("error", ERRORS.values(), ids=list(ERRORS))
async def test_revision_meets_passing_fault_is_made_once(store, proxy, error):
    made = await accept_one(store, "1", key="k")
    fail(proxy, ("update", "notifications"), error, times=2)
    revised = await store.replace(made.id, submission(key="k2", title="new"))
    assert proxy.faults == 2
    assert (revised.revision, revised.notification.content.title) == (2, "new")
    again = await store.replace(made.id, submission(key="k2", title="new"))
    assert (again.revision, again.replayed) == (2, True)
    (entry,) = await store.active("1", "/", 9)
    assert (entry.notification.revision, entry.receipt.revision) == (2, 2)


@pytest.mark.parametrize("error", ERRORS.values(), ids=list(ERRORS))
async def test_cancel_meets_passing_fault_closes_the_receipts(store, proxy, error):
    made = await accept_one(store, "1")
    fail(proxy, ("update", "notifications"), error, times=2)
    cancelled = await store.cancel(made.id)
    assert proxy.faults == 2
    assert cancelled.cancelled_at is not None
    held = await receipt_of(store, "1", made.id)
    assert held.closed is Reason.CANCELLED
    assert (await store.cancel(made.id)).cancelled_at == cancelled.cancelled_at


@pytest.mark.parametrize("error", ERRORS.values(), ids=list(ERRORS))
async def test_receipts_meet_passing_fault_are_written_once(store, proxy, error):
    """A compare-and-set whose answer was lost says that another was first: nothing is doubled."""
    made = await accept_one(store, "1", "2")
    fail(proxy, ("update", "receipts"), error)
    held = await receipt_of(store, "1", made.id)
    await store.save([held])
    after = await receipt_of(store, "1", made.id)
    assert after.version == held.version + 1
    fail(proxy, ("insert", "receipts"), error)
    await store.save([receipt("5", made)])
    assert (await receipt_of(store, "5", made.id)).version == 1
    for user, kind in (("2", "update"), ("7", "insert")):
        fail(proxy, (kind, "receipts"), error)
        (one,) = await store.record_deliveries([delivery(user, made, made.created_at)])
        assert [ack.session for ack in one.acks] == ["s1"]
        assert (await receipt_of(store, user, made.id)).acks == one.acks
    assert proxy.faults == 4


async def test_all_connections_cut_is_not_noticed_by_callers(store, proxy):
    await asyncio.gather(*(accept_one(store, str(n)) for n in range(20)))
    asked = [asyncio.create_task(accept_one(store, str(n), key=f"k{n}")) for n in range(20)]
    for _ in range(5):
        await asyncio.sleep(0)
        proxy.cut()
    made = await asyncio.gather(*asked)
    assert len({each.id for each in made}) == 20
    assert (await store.sizes(99))["notifications"] == 40


async def test_hundred_cancelled_callers_leave_the_connection_usable(store, proxy):
    """F32: what they asked for happens or not, once; connections are neither lost nor piled up."""
    await accept_one(store, "0")
    kinds = itertools.cycle(
        [
            lambda n: store.accept([submission(str(n), key=f"k{n}")]),
            lambda n: store.active(str(n), "/", 5),
            lambda n: store.record_deliveries([]),
            lambda n: store.latest(None, 5),
        ]
    )
    proxy.flowing.clear()
    asked = [asyncio.create_task(next(kinds)(n)) for n in range(100)]
    before = len(proxy.seen)
    await asyncio.sleep(0.2)
    for task in asked:
        task.cancel()
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, asyncio.CancelledError) for each in ended) >= 75
    proxy.flowing.set()
    made = await asyncio.gather(*(accept_one(store, str(n), key=f"k{n}") for n in range(0, 100, 4)))
    assert len({each.id for each in made}) == 25
    assert (await store.sizes(99))["notifications"] == 26
    assert proxy.links <= client.POOL + 2
    assert len(proxy.seen) > before


async def test_stalled_store_says_unavailable_in_time_and_goes_on(store, proxy, monkeypatch):
    """X06: callers hear within their patience, and what was not answered is not done twice."""
    made = await accept_one(store, "1")
    monkeypatch.setattr(database, "PATIENCE_S", 1.0)
    proxy.flowing.clear()
    loop = asyncio.get_running_loop()
    began = loop.time()
    asked = [accept_one(store, "1", key="k"), store.active("1", "/", 5), store.ping()]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in outcomes] == [UnavailableError] * 3, outcomes
    assert loop.time() - began < 20
    proxy.flowing.set()

    for _ in range(20):  # each waits for the server as long as its patience lasts
        (second,) = await store.accept([submission("1", key="k")])
        if isinstance(second, Accepted):
            break
    assert isinstance(second, Accepted), second
    monkeypatch.undo()
    entries = await store.active("1", "/", 9)
    assert {each.notification.id for each in entries} == {made.id, second.notification.id}


async def test_fault_that_stays_is_unavailable_and_nothing_is_stored(store, proxy, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE_S", 1.0)
    fail(proxy, STEPS["accept"], NOT_PRIMARY, times=1000)
    try:
        (outcome,) = await store.accept([submission("1", key="k")])
    except UnavailableError as error:  # on a busy machine the caller's patience ends first
        outcome = error
    assert isinstance(outcome, UnavailableError)
    monkeypatch.undo()
    assert (await store.sizes(9))["notifications"] == 0
    assert 2 <= proxy.faults < 100
