"""What ``doctor`` finds of a MongoDB; a fault names the setting, never what is in it."""

import asyncio
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient
from support import mongodb
from support.mongo_proxy import MongoProxy
from support.ports import free_port
from support.tls import self_signed

from notify_server.domain.check import Verdict
from notify_server.kit.clock import AdjustedClock, SystemClock
from notify_server.stores.mongodb.inspection import inspect
from notify_server.stores.mongodb.queries import INDEXES
from notify_server.stores.mongodb.store import MongoStore

LOGIN = "joe:s3%2Fcret@"
here = pytest.mark.skipif(not mongodb.is_there(), reason="no MongoDB: scripts/services")


async def look(url):
    """Findings by name, and whether a server has been there."""
    found = await inspect(url, SystemClock())
    told = "".join(f"{check.detail} {check.advice}" for check in found.checks)
    assert "s3/cret" not in told
    assert "s3%2Fcret" not in told
    return {check.name: check for check in found.checks}, found.is_there


@pytest.fixture
async def url(tmp_path):
    """Of a store that a server has used."""
    url = mongodb.url_for(tmp_path)
    store = MongoStore(url, AdjustedClock(SystemClock()))
    await store.open()
    await store.close()
    return url


@pytest.fixture
async def database(url):
    """Whoever else has access to it."""
    client = AsyncMongoClient(url)
    yield client.get_default_database()
    await client.close()


@here
async def test_mongodb_as_it_should_be_shows_version_concern_and_every_index(url):
    found, is_there = await look(url)
    assert is_there
    assert "MongoDB " in found["store"].detail
    assert "w: majority" in found["write concern"].detail
    assert found["TTL indexes"].verdict is Verdict.OK
    shown = {
        (collection, name)
        for collection in {index.collection for index in INDEXES}
        for name in found[f"indexes {collection}"].detail.partition(": ")[2].split()
    }
    assert shown == {(index.collection, index.name) for index in INDEXES}
    assert Verdict.FAIL not in {check.verdict for check in found.values()}


@here
async def test_mongodb_without_any_server_so_far_is_left_as_it_is(tmp_path):
    url = mongodb.url_for(tmp_path)
    found, is_there = await look(url)
    assert not is_there
    assert "none yet" in found["indexes"].detail
    async with AsyncMongoClient(url) as client:
        assert await client.get_default_database().list_collection_names() == []


@here
async def test_index_that_is_missing_or_other_than_declared_is_told(url, database):
    await database.receipts.drop_index("by_due")
    await database.receipts.drop_index("by_change")
    await database.receipts.create_index([("user", 1)], name="by_change")
    await database.users.drop_index("by_member")
    found, _ = await look(url)
    assert found["indexes receipts"].verdict is Verdict.FAIL
    assert found["indexes receipts"].detail == "not as declared: by_change"
    assert found["indexes users"].verdict is Verdict.WARN
    assert "missing: by_member; there: by_revocation" in found["indexes users"].detail


@here
async def test_ttl_index_that_somebody_made_is_told(url, database):
    await database.receipts.create_index("changed_at", name="mine", expireAfterSeconds=60)
    found, _ = await look(url)
    assert "receipts.mine" in found["TTL indexes"].detail
    assert found["TTL indexes"].verdict is Verdict.WARN


async def test_mongodb_that_is_away_names_the_setting():
    found, is_there = await look(f"mongodb://{LOGIN}127.0.0.1:{free_port()}/x")
    assert not is_there
    assert (found["store"].verdict, found["store"].is_away) == (Verdict.FAIL, True)
    assert "[store] url" in found["store"].advice


@here
async def test_login_that_is_refused_is_not_taken_for_away(url):
    async with MongoProxy(url) as proxy:
        proxy.refuse("saslStart", None, (18, "AuthenticationFailed"), times=100)
        found, _ = await look(proxy.url.replace("://", f"://{LOGIN}"))
    assert "the login is refused" in found["store"].detail
    assert "authSource" in found["store"].advice
    assert not found["store"].is_away


@here
async def test_user_without_rights_is_told_which(url):
    async with MongoProxy(url) as proxy:
        proxy.refuse("update", "meta", (13, "Unauthorized"), times=100)
        found, _ = await look(proxy.url)
    assert "readWrite" in found["store"].advice


async def test_certificate_that_is_not_trusted_is_a_tls_fault(tmp_path):
    made = self_signed(tmp_path)

    async def hang_up(_, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "localhost", 0, ssl=made.server())
    port = server.sockets[0].getsockname()[1]
    async with server:
        found, _ = await look(f"mongodb://{LOGIN}localhost:{port}/x?tls=true")
    assert "certificate is not accepted" in found["store"].detail
    assert "tlsCAFile" in found["store"].advice


async def test_certificate_file_that_is_not_there_is_told(tmp_path):
    missing = Path(tmp_path, "none.pem")
    found, _ = await look(f"mongodb://{LOGIN}localhost/x?tls=true&tlsCAFile={missing}")
    assert "No such file" in found["store"].detail
