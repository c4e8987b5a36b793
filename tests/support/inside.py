"""The product in this process, on a real port, with a clock that a test moves and no ticker."""

import dataclasses
from datetime import timedelta

from aiohttp import web

from notify_server.app.build import build
from notify_server.auth.signing import issue_token
from notify_server.domain.claims import Caller, Scope
from notify_server.domain.notification import Content, Draft, Priority
from notify_server.domain.settings import AuthSettings, Settings
from notify_server.domain.target import Targets
from notify_server.kit.clock import ManualClock

SECRET = "inside-" * 8
CALLER = Caller("key:inside", frozenset({Scope.SEND, Scope.BROADCAST}))


class Inside:
    """Everything wired as ``app`` does it; a test drives the ticks."""

    def __init__(self, store, clock: ManualClock, settings=None):
        base = settings or Settings()
        self.settings = dataclasses.replace(base, auth=AuthSettings(jwt_secret=SECRET))
        self.store = store
        self.clock = clock
        self.product = build(self.settings, store, clock, None)
        self.line = self.product.line
        self.gateway = self.product.gateway

    async def start(self):
        self.product.background.spawn(self.line.dispatcher.run(), "dispatch")
        self._runner = web.AppRunner(self.product.app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def stop(self):
        await self.product.transport.shutdown()
        await self._runner.cleanup()
        await self.product.background.close()

    def token(self, user, roles=(), rooms=(), ttl=timedelta(hours=1), issued=None, **extra):
        now = issued or self.clock.now()
        return issue_token(SECRET, user, list(roles), list(rooms), ttl, now, **extra)

    async def send(self, *users, to=(), line="/", **fields):
        """Submit as a service does; returns the id."""
        fields.setdefault("priority", Priority.NORMAL)
        content = Content(fields.pop("title", "t"), fields.pop("message", "m"), **fields)
        draft = Draft(Targets(users, tuple(to)), content, line)
        return (await self.line.submissions.submit(CALLER, draft, None)).id
