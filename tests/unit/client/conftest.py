"""The client against a peer that answers as the test says; each test for both clients."""

import asyncio
import inspect
import sys
from pathlib import Path

import pytest
import pytest_asyncio

from notify_server.client import AsyncClient, Client

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.peer import running_peer


@pytest_asyncio.fixture
async def peer():
    async with running_peer() as made:
        yield made


@pytest.fixture(params=["sync", "async"])
def using(request, peer):
    """``await using(work, **options)``: what ``work`` makes of a client of the peer."""

    async def use(work, **options):
        given = {"url": peer.url, "key": "k", **options}
        if request.param == "sync":
            pause = given.pop("pause", peer.pauses.append)

            def run():
                with Client(pause=pause, **given) as client:
                    return work(client)

            return await asyncio.to_thread(run)
        async with AsyncClient(pause=peer.pause, **given) as client:
            made = work(client)
            return await made if inspect.isawaitable(made) else made

    return use


@pytest.fixture(autouse=True)
def _own_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("NOTIFY_URL", "NOTIFY_API_KEY", "NOTIFY_SERVER__DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
