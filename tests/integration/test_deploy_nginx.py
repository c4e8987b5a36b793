"""Through a real nginx on the shipped configuration: long-polling stays on its node."""

import secrets

import aiohttp
import pytest
from support.nginx import Nginx, is_there
from support.server import Server
from support.world import World

pytestmark = pytest.mark.skipif(not is_there(), reason="nginx is not installed")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two servers that believe the same tokens, and nginx before them."""
    tmp_path = tmp_path_factory.mktemp("two")
    environ = {
        "NOTIFY_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
        "NOTIFY_SERVER__TRUSTED_PROXIES": "127.0.0.1",
    }
    servers = [Server(tmp_path / f"node{at}", environ=environ) for at in (1, 2)]
    proxy = Nginx(tmp_path / "nginx", [server.port for server in servers])
    try:
        for server in servers:
            server.start()
        yield servers, proxy.start()
    finally:
        proxy.stop()
        for server in servers:
            server.kill()


async def test_websockets_are_spread_over_both_nodes(two):
    servers, proxy = two
    async with World(servers[0]) as people:
        for at in range(12):
            await people.device(f"ws{at}", url=proxy.url, transport="websocket").connect()
        here = [await _sessions(people.http, server, "ws") for server in servers]
    assert sum(here) == 12
    assert min(here) >= 1


async def test_long_polling_stays_on_the_node_where_it_began(two):
    servers, proxy = two
    async with World(servers[0]) as people:
        devices = [
            await people.device(f"lp{at}", url=proxy.url, transport="polling").connect()
            for at in range(4)
        ]
        here = [await _sessions(people.http, server, "lp") for server in servers]
        home = servers[here.index(4)]
        await _send(people.http, home, "lp0")
        await devices[0].until(lambda: devices[0].items, what="the notification")
    assert sorted(here) == [0, 4]


async def test_figures_of_the_nodes_do_not_leave(two):
    servers, proxy = two
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{proxy.url}/health/ready") as answer:
            assert answer.status == 200
        async with http.get(f"{proxy.url}/metrics") as answer:
            assert answer.status == 404
        async with http.get(f"{servers[0].url}/metrics") as answer:
            assert answer.status == 200


async def test_node_that_is_gone_is_left_out(two):  # the last: it stays gone
    servers, proxy = two
    servers[0].kill()
    async with aiohttp.ClientSession() as http:
        for _ in range(6):
            async with http.get(f"{proxy.url}/health/ready") as answer:
                assert answer.status == 200
    async with World(servers[1]) as people:
        for transport in ("polling", "websocket"):
            await people.device("left", url=proxy.url, transport=transport).connect()


async def _sessions(http, server, name):
    headers = {"Authorization": f"Bearer {server.api_key}"}
    async with http.get(f"{server.url}/api/v1/admin/sessions", headers=headers) as answer:
        body = await answer.json()
        return sum(each["user"].startswith(name) for each in body["items"])


async def _send(http, server, user):
    headers = {"Authorization": f"Bearer {server.api_key}"}
    body = {"to": [user], "title": "t", "message": "m"}
    async with http.post(
        f"{server.url}/api/v1/notifications", json=body, headers=headers
    ) as answer:
        assert answer.status == 202
