"""Several nodes: server processes over one MongoDB store, joined by one Redis."""

import secrets

from support import mongodb, nginx, redis_server
from support.nginx import Nginx
from support.server import Server
from support.world import World


def missing():
    """What this machine lacks to run them, and how to get it; empty: nothing."""
    parts = {
        "MongoDB (install mongod, or Java and Maven for scripts/services)": mongodb.is_there(),
        "Redis (on Debian: apt-get install redis-server)": redis_server.is_there(),
        "nginx (on Debian: apt-get install nginx)": nginx.is_there(),
    }
    return " and ".join(name for name, there in parts.items() if not there)


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
        self.nginx = Nginx(self.folder / "nginx", [server.port for server in self.servers]).start()
        return Front(self.servers[0], self.nginx.url)

    def start(self):
        self.redis.start()
        try:
            for number in range(self._count):
                self.add(f"node{number}")
        except BaseException:
            self.stop()
            raise
        return self

    def add(self, name, bus_url=None):
        """One more node, started."""
        environ = {**self._shared, "NOTIFY_BUS__URL": bus_url or self.bus_url}
        server = Server(self.folder / name, self._toml, environ=environ)
        self.servers.append(server.start())
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


class NodesWorld(World):
    """People whose devices connect to one node after the other, unless they name one."""

    def __init__(self, servers):
        super().__init__(servers[0])
        self.servers = servers
        self._turn = 0

    def device(self, user=None, roles=(), **options):
        self._turn += 1
        options.setdefault("url", self.servers[self._turn % len(self.servers)].url)
        return super().device(user, roles, **options)
