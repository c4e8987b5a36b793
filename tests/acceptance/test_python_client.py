"""The Python client against the real server: killed, held to its rate, stopped, forked."""

import asyncio
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.world import World

from notify_server.client import (
    AsyncClient,
    AuthenticationError,
    Client,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    UnreachableError,
    role,
)
from notify_server.policy.presets import PRESETS


@pytest.fixture
def client(server):
    with Client(data_dir=server.data_dir) as made:
        yield made


async def listed(world, user):
    """What stands in a person's list."""
    bearer = world.api.as_user(user)
    answer = await world.api.call("GET", "/notifications", bearer=bearer, limit=100)
    return answer.body["items"]


async def test_notification_of_the_client_reaches_an_open_session(world, client):
    device = await world.online()
    sent = await asyncio.to_thread(client.send, device.user, "T", "M", priority="high")
    await device.until(lambda: sent.id in device.items)
    assert (sent.status, sent.revision, sent.replayed) == ("accepted", 1, False)
    again = await asyncio.to_thread(client.get, sent.id)
    assert again["title"] == "T"


async def test_every_preset_is_taken_with_its_priority(world, server):
    user = world.user()
    async with AsyncClient(server.url, server.api_key) as client:
        helpers = [getattr(client, f"notify_{name}") for name in PRESETS]
        await asyncio.gather(*(helper(user, "M") for helper in helpers))
    found = {item["type"]: item for item in await listed(world, user)}
    assert {name: item["priority"] for name, item in found.items()} == {
        name: preset.priority for name, preset in PRESETS.items()
    }
    assert {item["title"] for item in found.values()} == {p.title for p in PRESETS.values()}


def test_bad_input_has_the_path_of_each_fault(client):
    with pytest.raises(InvalidRequestError) as caught:
        client.send(["1", ""], "", "M", type="nope", ttl_s=-1)
    assert {fault.path for fault in caught.value.errors} == {"to[1]", "title", "type", "ttl_s"}
    assert not caught.value.retryable


def test_key_that_is_wrong_or_may_not_and_ids_that_are_unknown_are_typed(server, client):
    with pytest.raises(AuthenticationError), Client(server.url, "wrong") as other:
        other.send("1", "T", "M")
    path = "/api/v1/admin/api-keys"
    made = client.call("POST", path, {"name": "narrow", "scopes": ["send"]})
    with pytest.raises(ForbiddenError), Client(server.url, made["key"]) as narrow:
        narrow.send(role("ADMIN"), "T", "M")
    with pytest.raises(NotFoundError):
        client.cancel("0198c0de-0000-7000-8000-000000000001")


def test_replace_and_cancel_change_what_was_sent(world_user, client):
    sent = client.send(world_user, "T", "M")
    assert client.replace(sent.id, "New", "M").revision == 2
    assert client.explain(sent.id, user=world_user)["notification"]["title"] == "New"
    assert client.cancel(sent.id).stopped == 1
    assert client.explain(sent.id)["cancelled_at"]


@pytest.fixture
def world_user(server):
    return f"pyclient-{os.urandom(4).hex()}"


def test_many_are_sent_with_a_result_for_each(client, world_user):
    good = [{"to": world_user, "title": str(n), "message": "m"} for n in range(1200)]
    results = client.send_many([*good, {"to": "", "title": "t", "message": "m"}])
    assert all(one.sent for one in results[:-1])
    assert [fault.path for fault in results[-1].error.errors] == ["to"]
    again = client.send_many(
        body | {"idempotency_key": one.idempotency_key}
        for body, one in zip(good, results, strict=False)
    )
    assert all(one.sent.replayed for one in again)
    assert [one.sent.id for one in again] == [one.sent.id for one in results[:-1]]


async def test_server_killed_between_store_and_answer_leaves_one_notification(make_server):
    """The first call is stored and never answered; the next attempts bring the same key."""
    server = make_server()
    await asyncio.to_thread(server.start, failpoint="after_store:exit:2")
    async with World(server) as world:
        user = world.user()
        await world.known(user)
        starts = []

        def start_again(_seconds):
            if not starts:  # the connection ends before the process does
                starts.append(server.wait_exit())
                server.start()

        with Client(server.url, server.api_key, pause=start_again) as client:
            first = await asyncio.to_thread(client.send, user, "first", "M")
            sent = await asyncio.to_thread(client.send, user, "second", "M")
        assert len(starts) == 1
        assert sent.replayed
        assert sorted(item["id"] for item in await listed(world, user)) == [first.id, sent.id]


async def test_bulk_whose_answer_was_lost_is_there_once(make_server):
    server = make_server()
    await asyncio.to_thread(server.start, failpoint="after_store:exit:1")
    async with World(server) as world:
        user = world.user()

        def start_again(_seconds):
            if server.starts == 1:  # the connection ends before the process does
                server.wait_exit()
                server.start()

        bodies = [{"to": user, "title": str(n), "message": "m"} for n in range(50)]
        with Client(server.url, server.api_key, pause=start_again) as client:
            results = await asyncio.to_thread(client.send_many, bodies)
        assert all(one.sent for one in results)
        assert {item["title"] for item in await listed(world, user)} == {str(n) for n in range(50)}
        assert len(await listed(world, user)) == 50


async def test_sending_through_a_restart_loses_and_doubles_nothing(make_server):
    """Draining, gone and back: the client waits as it is told, each notification is there once."""
    server = make_server()
    await asyncio.to_thread(server.start)
    async with World(server) as world:
        user, sent, has_begun = world.user(), [], asyncio.Event()
        await world.known(user)
        async with AsyncClient(
            server.url, server.api_key, attempts=1000, pause=lambda _: asyncio.sleep(0.02)
        ) as client:

            async def keep_sending():
                while len(sent) < 60:
                    sent.append(await client.send(user, f"n{len(sent)}", "M"))
                    if len(sent) == 10:
                        has_begun.set()

            work = asyncio.create_task(keep_sending())
            await has_begun.wait()
            assert await asyncio.to_thread(server.stop) == 0
            await asyncio.to_thread(server.start)
            await work
        items = await listed(world, user)
        assert sorted(item["id"] for item in items) == sorted(one.id for one in sent)
        assert len({one.id for one in sent}) == 60


async def test_rate_is_kept_by_waiting_as_told(make_server):
    server = make_server('[rate_limits]\nsubmit = "3/second"\n')
    await asyncio.to_thread(server.start)

    def work():
        waits = []
        with Client(server.url, server.api_key, attempts=1) as hasty:
            refused = None
            for _ in range(50):
                try:
                    hasty.send("1", "T", "M")
                except RateLimitedError as error:
                    refused = error
                    break
        assert refused is not None
        assert refused.retry_after_s >= 1
        with Client(
            server.url, server.api_key, pause=lambda s: waits.append(s) or time.sleep(s)
        ) as one:
            sent = [one.send("1", "T", "M").id for _ in range(5)]
            many = one.send_many({"to": "1", "title": "t", "message": "m"} for _ in range(5))
        assert len(set(sent)) == 5
        assert all(result.sent for result in many)
        return waits

    assert min(await asyncio.to_thread(work)) > 1


def test_server_that_is_not_there_is_unreachable(make_server):
    server = make_server()
    with Client(server.url, "k", attempts=1) as client, pytest.raises(UnreachableError):
        client.send("1", "T", "M")


def test_client_is_used_by_many_threads_at_once(client, world_user):
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda n: client.send(world_user, str(n), "M").id, range(80)))
    assert len(set(sent)) == 80


FORKS = """
import os, sys
from notify_server.client import Client
with Client(sys.argv[1], sys.argv[2]) as client:
    client.send("fork", "before", "M")
    children = []
    for n in range(4):
        child = os.fork()
        if child == 0:
            for k in range(5):
                client.send("fork", f"{n}.{k}", "M")
            os._exit(0)
        children.append(child)
    for n in range(5):
        client.send("fork", f"parent {n}", "M")
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)
    print(client.call("GET", "/health/live")["status"])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_client_is_used_by_forked_children_too(server):
    ran = subprocess.run(
        [sys.executable, "-c", FORKS, server.url, server.api_key],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "ok\n"), ran.stderr


async def test_progress_is_one_row_that_ends_with_its_outcome(world, server):
    device = await world.online()
    async with AsyncClient(data_dir=server.data_dir) as client:
        progress = client.send_progress_update(device.user, "Export", every_s=0)

        async def work():
            async with progress:
                await progress.update(50, "half")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await work()
    await device.until(lambda: device.items.get(progress.sent.id, {}).get("type") == "error")
    (item,) = await listed(world, device.user)
    assert (item["id"], item["revision"], item["data"]) == (progress.sent.id, 3, {"percent": 50})
