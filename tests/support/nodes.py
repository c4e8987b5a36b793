"""Several nodes: server processes over one MongoDB store, joined by one Redis."""

import asyncio
import secrets
import time

import pytest
from support import mongodb, nginx, redis_server
from support.api import Api
from support.nginx import Nginx
from support.server import Server
from support.world import World

PATIENCE_S = 60
"""How long a caller asks again."""


def missing():
    """What this machine lacks to run them, and how to get it; empty: nothing."""
    parts = {
        "MongoDB (install mongod, or Java and Maven for scripts/services)": mongodb.is_there(),
        "Redis (on Debian: apt-get install redis-server)": redis_server.is_there(),
        "nginx (on Debian: apt-get install nginx)": nginx.is_there(),
    }
    return " and ".join(name for name, there in parts.items() if not there)


def small_and_large(small, large):
    """The same test twice: quick enough for ``make test``, and as large as it takes."""
    return [
        pytest.param(small, id="small"),
        pytest.param(large, id="large", marks=[pytest.mark.soak, pytest.mark.timeout(3600)]),
    ]


class Nodes:
    """Equal nodes that share store, bus and secrets; each has a port and a folder of its own.

    Attributes:
        bus_url: Where nodes find Redis; a proxy may stand there.
    """

    def __init__(self, folder, toml="", count=2, store_url=None, redis=None):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.redis = redis or redis_server.RedisServer()
        self.bus_url = self.redis.url
        self._toml = toml
        self._count = count
        self._shared = {
            "NOTIFY_STORE__URL": store_url or mongodb.url_for(folder),
            "NOTIFY_BUS__KEY": secrets.token_urlsafe(48),
            "NOTIFY_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
        }
        self.servers = []
        self.nginx = None

    def front(self):
        """nginx before them, as the one server that clients see."""
        if self.nginx is None:
            ports = [server.port for server in self.servers]
            self.nginx = Nginx(self.folder / "nginx", ports).start()
        return Front(self.servers[0], self.nginx.url)

    def start(self):
        """The first, which makes the indexes; then all others at once."""
        self.redis.start()
        try:
            self.add("node0")
            for number in range(1, self._count):
                self._spawn(f"node{number}", self.bus_url)
            for server in self.servers:
                server.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def add(self, name, bus_url=None):
        """One more node, started."""
        server = self._spawn(name, bus_url or self.bus_url)
        server.wait_ready()
        return server

    def _spawn(self, name, bus_url):
        environ = {**self._shared, "NOTIFY_BUS__URL": bus_url}
        server = Server(self.folder / name, self._toml, environ=environ)
        self.servers.append(server)
        server.spawn()
        return server

    def stop(self):
        if self.nginx is not None:
            self.nginx.stop()
        for server in self.servers:
            server.kill()
        self.redis.kill()


class Front:
    """A node as seen through nginx: its address is another, its secrets are those of all."""

    def __init__(self, server, url):
        self._server = server
        self.url = url
        self.api_key = server.api_key

    def __getattr__(self, name):
        return getattr(self._server, name)


class PatientApi(Api):
    """A caller that asks again with its key when a busy machine answers too late."""

    async def post(self, body, *, key=None, **options):
        key = key or secrets.token_hex(8)
        ends = time.monotonic() + PATIENCE_S
        while True:
            answer = await super().post(body, key=key, **options)
            if answer.status not in (409, 503) or time.monotonic() > ends:
                return answer
            await asyncio.sleep(0.2)


class NodesWorld(World):
    """People whose devices connect to one node after the other, unless they name one."""

    def __init__(self, servers):
        super().__init__(servers[0])
        self.servers = servers
        self._turn = 0

    async def __aenter__(self):
        await super().__aenter__()
        self.api = PatientApi(self.server, self.http, self.journal)
        return self

    def device(self, user=None, roles=(), **options):
        self._turn += 1
        options.setdefault("url", self.servers[self._turn % len(self.servers)].url)
        return super().device(user, roles, **options)
