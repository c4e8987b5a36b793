"""simulate against a server that loses and doubles: it must notice."""

import asyncio
import json
import os
import sys

import pytest
import pytest_asyncio
import socketio
from aiohttp import web

SECRET = "rW8q2Zt5Lx1Vb7Nc4Md0Kf9Hs3Gp6Jy-unit"


class Peer:
    """Delivers each notification as often as the test says."""

    def __init__(self):
        self.sio = socketio.AsyncServer(async_mode="aiohttp")
        self.sids = {}
        self.times = 1
        self.refuses = None
        self.url = ""
        self.sio.on("connect", self.connect)

    async def connect(self, sid, environ, auth):
        if self.refuses:
            raise socketio.exceptions.ConnectionRefusedError("no", {"code": self.refuses})
        user = json.loads(_payload(auth["token"]))["sub"]
        self.sids[user] = sid

    async def submit(self, request):
        body = await request.json()
        for user in body["to"]:
            for _ in range(self.times):
                await self.sio.emit(
                    "notification", {"notification": {**body, "id": "n"}}, to=self.sids[user]
                )
        await asyncio.sleep(0.05)  # the frames leave from tasks: let them be on their way first
        return web.json_response({"id": "n", "status": "accepted", "revision": 1}, status=202)


def _payload(token):
    import base64

    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest_asyncio.fixture
async def peer():
    made = Peer()
    app = web.Application()
    made.sio.attach(app)

    async def live(_):
        return web.json_response({"status": "ok"})

    app.router.add_get("/health/live", live)
    app.router.add_post("/api/v1/notifications", made.submit)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    yield made
    await made.sio.shutdown()
    await runner.cleanup()


async def simulate(url, folder, *arguments):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notify_server", "simulate", "--url", url, "--key", "k", "--json"),
        *("--users", "3", "--rate", "20", "--duration", "1s", *arguments),
        env={**os.environ, "NOTIFY_AUTH__JWT_SECRET": SECRET},
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, json.loads(out or b"null"), err.decode()


@pytest.mark.parametrize("polling", ["0", "1"])
async def test_simulate_where_all_arrive_once_is_exit_0(peer, tmp_path, polling):
    code, figures, err = await simulate(peer.url, tmp_path, "--polling", polling)
    assert code == 0, err
    assert figures["received"] == figures["expected"] == 20
    assert "Everybody got everything, once." in err


async def test_simulate_where_nothing_arrives_is_exit_1_and_lost(peer, tmp_path):
    peer.times = 0
    code, figures, err = await simulate(peer.url, tmp_path, "--wait", "1s")
    assert code == 1
    assert figures["lost"] == 20
    assert "20 lost" in err


async def test_simulate_where_all_arrive_twice_is_exit_1_and_doubled(peer, tmp_path):
    peer.times = 2
    code, figures, _ = await simulate(peer.url, tmp_path)
    assert code == 1
    assert (figures["received"], figures["doubled"], figures["lost"]) == (20, 20, 0)


async def test_simulate_where_the_token_is_refused_is_exit_1_with_a_sentence(peer, tmp_path):
    peer.refuses = "TOKEN_INVALID"
    code, figures, err = await simulate(peer.url, tmp_path)
    assert (code, figures) == (1, None)
    assert "notify-server: " in err
    assert "Traceback" not in err


async def test_simulate_where_nobody_listens_is_exit_3(tmp_path):
    code, _, err = await simulate("http://127.0.0.1:9", tmp_path)
    assert code == 3
    assert "No server answers" in err
