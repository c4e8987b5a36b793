"""X15, X19: two stores over one database: the first writer wins, and both go by one clock."""

import asyncio
from datetime import timedelta

import pytest
from support import mongodb
from support.stores import accept_one, delivery, receipt, receipt_of, submission

from notify_server.domain.audit import AuditEntry, sealed
from notify_server.domain.target import UserRecord
from notify_server.kit.clock import AdjustedClock, SystemClock
from notify_server.stores.mongodb.store import MongoStore

pytestmark = pytest.mark.skipif(not mongodb.is_there(), reason="no MongoDB: scripts/services")

ROUNDS = range(20)
WIDE = timedelta(seconds=10)
"""More than a loaded machine needs for a round trip, far less than the clocks are apart."""


class SkewedClock(SystemClock):
    """A machine whose wall clock is set wrong."""

    def __init__(self, by):
        self._by = by

    def now(self):
        return super().now() + self._by


@pytest.fixture
async def make_store(tmp_path):
    made = []

    async def make(by=timedelta(0)):
        clock = AdjustedClock(SkewedClock(by))
        made.append(MongoStore(mongodb.url_for(tmp_path), clock))
        await made[-1].open()
        return made[-1], clock

    yield make
    for store in made:
        await store.close()


@pytest.fixture
async def stores(make_store):
    """Two nodes'."""
    return [(await make_store())[0] for _ in range(2)]


async def test_two_nodes_race_for_an_idempotency_key_one_notification_is_made(stores):
    for n in ROUNDS:
        calls = [store.accept([submission("1", key=f"k{n}")]) for store in stores * 2]
        answers = [answer for (answer,) in await asyncio.gather(*calls)]
        assert len({answer.notification.id for answer in answers}) == 1
        assert sorted(answer.replayed for answer in answers) == [False, True, True, True]
    assert (await stores[0].sizes(99))["notifications"] == len(ROUNDS)


async def test_two_nodes_race_for_a_collapse_scope_each_makes_a_revision_of_one(stores):
    for n in ROUNDS:
        calls = [store.accept([submission("1", scope=f"s{n}")]) for store in stores * 2]
        answers = [answer for (answer,) in await asyncio.gather(*calls)]
        assert len({answer.notification.id for answer in answers}) == 1
        assert sorted(answer.revision for answer in answers) == [1, 2, 3, 4]
    entries = await stores[1].active("1", "/", 99)
    assert [(each.notification.revision, each.receipt.revision) for each in entries] == [
        (4, 4) for _ in ROUNDS
    ]


async def test_two_nodes_race_for_a_receipt_one_writes_it(stores):
    made = await accept_one(stores[0], "1")
    for n in ROUNDS:
        held = await receipt_of(stores[0], "1", made.id)
        calls = [store.save([held]) for store in stores * 2]
        assert sorted(map(len, await asyncio.gather(*calls))) == [0, 1, 1, 1]
        fresh = receipt(f"member{n}", made)
        calls = [store.save([fresh]) for store in stores * 2]
        assert sorted(map(len, await asyncio.gather(*calls))) == [0, 1, 1, 1]
    after = await receipt_of(stores[1], "1", made.id)
    assert after.version == 1 + len(ROUNDS)


async def test_two_nodes_confirm_one_receipt_both_are_kept(stores):
    made = await accept_one(stores[0], "1")
    for user in ("1", "member"):
        calls = [
            store.record_deliveries([delivery(user, made, made.created_at, session=f"s{n}")])
            for n, store in enumerate(stores * 2)
        ]
        await asyncio.gather(*calls)
        held = await receipt_of(stores[0], user, made.id)
        assert sorted(ack.session for ack in held.acks) == ["s0", "s1", "s2", "s3"]


async def test_two_nodes_race_for_an_audit_number_or_a_new_user_one_is_first(stores):
    now = SystemClock().now()
    for seq in range(1, 6):
        entries = [sealed(AuditEntry(seq, now, f"w{n}", "a", "s"), "salt") for n in range(2)]
        pairs = zip(stores, entries, strict=True)
        written = await asyncio.gather(*(store.add_audit(entry) for store, entry in pairs))
        assert sorted(written) == [False, True]
        calls = [store.save_user(UserRecord(f"u{seq}", now)) for store in stores]
        assert sorted(await asyncio.gather(*calls)) == [False, True]


async def test_nodes_whose_machines_disagree_go_by_the_stores_clock(make_store):
    """X15: one is 90 s behind, one an hour ahead; order is that of the acceptance."""
    apart = (timedelta(seconds=-90), timedelta(0), timedelta(hours=1))
    nodes = [await make_store(by) for by in apart]
    moments = [clock.now() for _, clock in nodes]
    assert max(moments) - min(moments) < WIDE
    made = [await accept_one(store, "1") for store, _ in nodes * 2]
    stamps = [each.created_at for each in made]
    assert max(stamps) - min(stamps) < WIDE
    assert len({each.id for each in made}) == 6
    for store, clock in nodes:
        await store.measure_clock()
        assert abs(clock.now() - stamps[-1]) < WIDE
        listed = await store.changed(min(stamps), 99)
        assert {each.id for each in listed} == {each.id for each in made}
