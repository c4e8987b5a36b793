"""Every question to MongoDB is declared, and its index begins with what it asks for."""

import asyncio
from datetime import timedelta

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from support import mongo_log, mongodb
from support.stores import ROLE, accept_one, delivery, receipt, receipt_of, submission

from notify_server.domain.audit import AuditEntry, sealed
from notify_server.domain.claims import ApiKey, Scope
from notify_server.domain.receipt import Step
from notify_server.domain.target import EVERYONE, Membership, Position, Source, UserRecord
from notify_server.kit.clock import ManualClock
from notify_server.stores.mongodb import queries
from notify_server.stores.mongodb.store import MongoStore

pytestmark = pytest.mark.skipif(not mongodb.is_there(), reason="no MongoDB: scripts/services")


@pytest.mark.parametrize("query", queries.QUERIES, ids=lambda query: query.name)
def test_index_holds_equal_fields_then_the_order_then_the_range(query):
    """The rule of equality, sort, range; an index that is walked backwards is the same index."""
    keys = [("_id", 1)] if query.index is None else list(query.index.keys)
    assert query.index is None or query.index.collection == query.collection
    fields = [field for field, _ in keys]
    equal = fields[: len(query.equal)]
    assert sorted(equal) == sorted(query.equal)
    rest = keys[len(equal) :]
    ordered = rest[: len(query.sort)]
    assert [field for field, _ in ordered] == [field for field, _ in query.sort]
    assert len({a * b for (_, a), (_, b) in zip(ordered, query.sort, strict=True)}) <= 1
    if query.within:
        assert query.within == fields[len(equal)]


def test_every_index_serves_a_question_or_keeps_something_unique():
    used = {query.index for query in queries.QUERIES}
    idle = [index.name for index in queries.INDEXES if index not in used and not index.unique]
    assert idle == []


async def _use_everything(store, clock):
    made = await accept_one(store, "1", "2", to=(ROLE,), key="k", scope="s")
    await store.accept([submission("1", key="k"), submission("1", to=(ROLE,), scope="s")])
    await store.replace(made.id, submission(key="k2"))
    place = Position(clock.now(), made.id)
    await store.save([receipt("5", made), receipt("6", made, snoozed_until=clock.now())])
    held = await receipt_of(store, "5", made.id)
    await store.save([held])
    await store.record_deliveries([delivery("2", made, clock.now(), step=Step.JUDGE)])
    for before in (None, place):
        await store.feed(ROLE, "/", before, 5)
        await store.inbox("1", "/", before, 5)
    await store.feed_changed(ROLE, "/", clock.now(), 5)
    await store.active("1", "/", 5)
    await store.changed_entries("1", "/", clock.now(), 5)
    await store.changed_ids("1", "/", clock.now(), 5)
    await store.due(clock.now(), 5)
    for user in (None, "1"):
        await store.latest(None, 5, user)
        await store.latest(made.id, 5, user)
    await store.undelivered([made.id])
    await store.sizes(5)
    await store.expired(clock.now(), clock.now(), 5)
    await store.recipients(made.id, "", 5)
    await store.holders(made.id)
    await store.summary(made.id)
    await store.attempts(made.id, "1")
    await store.note_expired_until(clock.now())
    await store.expired_until()
    await store.save_user(UserRecord("1", clock.now()))
    await store.put_member("1", Membership(ROLE, Source.TOKEN, clock.now()))
    await store.remove_member("1", ROLE, Source.TOKEN)
    await store.user("1")
    await asyncio.gather(*(store.members(audience, "", 5) for audience in (ROLE, EVERYONE)))
    await store.add_key(ApiKey("a", "n", frozenset({Scope.SEND}), "h", clock.now()))
    await store.keys()
    await store.add_audit(sealed(AuditEntry(1, clock.now(), "w", "a", "s"), "salt"))
    given = {"who": "w", "action": "a", "subject": "s"}
    for names in ((), ("who",), ("action",), ("subject",), ("who", "action"), tuple(given)):
        await store.audit(9, 9, **{name: given[name] for name in names})
    await store.audit_head()
    await store.held("1", "", 5)
    await store.mentioning("1", "", 5)
    await store.scrub("2", [made.id])
    await store.bury("2", clock.now())
    await store.buried_at("2")
    kept, people = await store.kept("", 9), await store.people("", 9)
    await store.bring(kept)
    tried = await store.attempts_between(made.id, "", None)
    await store.bring_receipts(made, [held], tried)
    await store.bring_people(people)
    await store.bring_keys(await store.keys())
    await store.bring_audit(await store.audit(None, 9), await store.audit_head())
    await store.bring_tombstones(await store.tombstones("", 9))
    await store.forget_subject("s")
    await store.key("a")
    await store.revoke_key("a", clock.now())
    await store.cancel(made.id)
    clock.advance(timedelta(days=400))
    await store.changed(clock.now(), 5)
    await store.accept([submission("1", key="k", scope="s")])
    await store.purgeable(clock.now(), 100)
    await store.purge(clock.now(), 100)
    await store.ping()


async def test_nothing_is_asked_that_is_not_declared(tmp_path):
    """The same holds for the whole suite of the port: ``tests/ports/conftest.py``."""
    clock = ManualClock()
    with mongo_log.listening() as log:
        store = MongoStore(mongodb.url_for(tmp_path), clock)
        await store.open()
        await _use_everything(store, clock)
        await store.close()
    assert len(log.asked) > 30
    assert log.undeclared() == []


def _sample(query):
    """A filter as the store would make one; the fields beside the index are what a document has."""
    wanted = dict.fromkeys(query.equal, "x")
    if query.within:
        wanted[query.within] = {"$gt": "x"}
    return wanted


def _stages(plan):
    """Names of all stages of a plan, whatever lies in what."""
    if isinstance(plan, list):
        return {stage for each in plan for stage in _stages(each)}
    if not isinstance(plan, dict):
        return set()
    inner = {stage for each in plan.values() for stage in _stages(each)}
    return inner | ({plan["stage"]} if isinstance(plan.get("stage"), str) else set())


async def _explained(database, query):
    """The stages of the server's plan for a question."""
    asked = {"find": query.collection, "filter": _sample(query)}
    if query.sort:
        asked["sort"] = dict(query.sort)
    told = await database.command("explain", asked, verbosity="queryPlanner")
    return _stages(told["queryPlanner"]["winningPlan"])


async def test_server_plans_an_index_scan_for_each_question_and_never_sorts(tmp_path):
    """By the plan of the server itself; what stands in for one plans nothing, and says so."""
    url = mongodb.url_for(tmp_path)
    store = MongoStore(url, ManualClock())
    await store.open()
    await store.close()
    asked = [query for query in queries.QUERIES if _sample(query) or query.sort]
    async with AsyncMongoClient(url) as client:
        database = client.get_default_database()
        if mongodb.is_stand_in():
            with pytest.raises(OperationFailure, match="no such command"):
                await _explained(database, asked[0])
            return
        plans = {query.name: await _explained(database, query) for query in asked}
    assert {name: plan for name, plan in plans.items() if plan & {"COLLSCAN", "SORT"}} == {}
