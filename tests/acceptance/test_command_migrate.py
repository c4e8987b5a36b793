"""``migrate``: from one engine to the other and back, with real servers on both."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from support import mongodb
from support.world import World

pytestmark = pytest.mark.skipif(not mongodb.is_there(), reason="no MongoDB: scripts/services")


def migrate(source, target, *more):
    """Run the command; returns exit code, output and remarks."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("NOTIFY_")}
    done = subprocess.run(
        [sys.executable, "-m", "notify_server", "migrate", "--from", source, "--to", target, *more],
        capture_output=True, text=True, timeout=60, check=False, env=environ,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


async def start(server, url):
    """The same server, on that store."""
    server.environ["NOTIFY_STORE__URL"] = url
    await asyncio.to_thread(server.start)


async def test_store_moves_to_mongodb_and_back_with_everything(make_server, tmp_path):
    """People find their lists as they left them, callers' retries make nothing new."""
    file = f"sqlite:///{tmp_path / 'old.db'}"
    there = mongodb.url_for(tmp_path)
    back = f"sqlite:///{tmp_path / 'new.db'}"
    server = make_server()
    server.environ["NOTIFY_AUTH__JWT_SECRET"] = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZ" * 2
    await start(server, file)
    async with World(server) as world:
        device = await world.online(roles=["CAPTAIN"])
        user = device.user
        body = {"to": [user, "away"], "title": "named", "message": "M"}
        sent = await world.api.post(body, key="again")
        other = await world.api.submit({"role": "CAPTAIN"}, title="role")
        await device.sees(sent.body["id"], other)
        await device.ask("mark_read", {"notification_id": sent.body["id"]})
        await world.delivered(user, other)
        before = await world.api.inbox(user), await world.api.counts(user)
        code, _, error = await asyncio.to_thread(migrate, file, there)
        assert code == 1, error
        assert "in use by process" in error
        await device.close()
    assert await asyncio.to_thread(server.stop) == 0

    code, out, error = await asyncio.to_thread(migrate, file, there, "--json")
    assert code == 0, error
    assert json.loads(out)["kinds"]["notifications"] == {"found": 2, "brought": 2}
    code, out, error = await asyncio.to_thread(migrate, file, there, "--json")
    assert (code, json.loads(out)["brought"]) == (0, 0), error

    for url in (there, back):
        await start(server, url)
        async with World(server) as world:
            assert (await world.api.inbox(user), await world.api.counts(user)) == before
            again = await world.api.post(body, key="again")
            assert again.body["id"] == sent.body["id"]
            assert again.headers["Idempotency-Replay"] == "true"
            assert await world.api.ids("away") == [sent.body["id"]]
        assert await asyncio.to_thread(server.stop) == 0
        if url == there:
            code, out, error = await asyncio.to_thread(migrate, there, back)
            assert code == 0, error
            assert "both hold the same" in out


@pytest.mark.parametrize(
    ("source", "target", "code", "said"),
    [
        ("sqlite:///{}/none.db", "sqlite:///{}/b.db", 1, "is not there"),
        ("sqlite:///{}/a.db", "sqlite:///{}/a.db", 2, "the same store"),
        ("postgres://x", "sqlite:///{}/b.db", 2, "expected mongodb"),
        ("mongodb://127.0.0.1:1/x", "sqlite:///{}/b.db", 3, "store"),
    ],
)
def test_migrate_what_cannot_be_is_refused(tmp_path, source, target, code, said):
    found, _, error = migrate(source.format(tmp_path), target.format(tmp_path))
    assert (found, said in error) == (code, True), error
    assert not (tmp_path / "none.db").exists()
