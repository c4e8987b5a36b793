"""The HTTP side on a real socket over the real line and a real SQLite file, with time in hand."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import aiohttp
import pytest
from aiohttp import web

from notify_server.app.build import build
from notify_server.auth.keys import make_key
from notify_server.auth.signing import issue_token
from notify_server.domain.claims import Scope
from notify_server.domain.settings import (
    AuthSettings,
    CorsSettings,
    ServerSettings,
    Settings,
)
from notify_server.kit.clock import ManualClock
from notify_server.stores.sqlite.store import SqliteStore

SECRET = "s" * 32
ORIGIN = "https://app.example"
BODY = {"title": "T", "message": "M"}


class Answer(NamedTuple):
    """One answer, read to its end."""

    status: int
    body: object
    headers: object

    @property
    def code(self):
        return self.body["code"]

    @property
    def paths(self):
        return [fault["path"] for fault in self.body["errors"]]


class Service:
    """A running HTTP side, and short ways to call it."""

    def __init__(self, product, settings, clock, http, url, keys):
        self.product = product
        self.settings = settings
        self.clock = clock
        self.http = http
        self.url = url
        self.keys = keys

    def token(self, user, *roles, ttl=timedelta(hours=1)):
        return issue_token(SECRET, user, roles, [], ttl, self.clock.now())

    async def call(self, method, path, body=None, *, bearer=None, raw=None, headers=None):
        """``bearer``: None for the key that may do all, "" for none at all."""
        sent = dict(headers or {})
        credential = self.keys["admin"] if bearer is None else bearer
        if credential:
            sent.setdefault("Authorization", f"Bearer {credential}")
        extra = {"json": body} if body is not None else {}
        if raw is not None:
            extra = {"data": raw}
            sent.setdefault("Content-Type", "application/json")
        full = self.url + (f"/api/v1{path}" if not path.startswith("!") else path[1:])
        async with self.http.request(
            method, full, headers=sent, allow_redirects=False, **extra
        ) as response:
            text = await response.text()
            is_json = "json" in response.headers.get("Content-Type", "")
            parsed = await response.json(content_type=None) if is_json and text else text
            return Answer(response.status, parsed, response.headers)

    async def submit(self, to, **fields):
        answer = await self.call("POST", "/notifications", {"to": to, **BODY, **fields})
        assert answer.status == 202, answer
        return answer.body["id"]


@pytest.fixture
async def make_service(tmp_path):
    """Starts HTTP sides; ``**changes`` replace groups of the settings."""
    closing = []

    async def make(*, demo=False, **changes):
        clock = ManualClock()
        settings = replace(
            Settings(
                server=ServerSettings(data_dir=tmp_path),
                auth=AuthSettings(jwt_secret=SECRET),
                cors=CorsSettings((ORIGIN,)),
            ),
            **changes,
        )
        store = SqliteStore(tmp_path / "notify.db", clock)
        await store.open()
        keys = {}
        for name, scopes in {
            "admin": [Scope.ADMIN], "send": [Scope.SEND], "read": [Scope.READ],
            "broadcast": [Scope.SEND, Scope.BROADCAST],
        }.items():  # fmt: skip
            stored, keys[name] = make_key(name, scopes, clock.now())
            await store.add_key(stored)
        product = build(settings, store, clock, keys["admin"] if demo else None)
        product.background.spawn(product.line.dispatcher.run(), "dispatch")
        runner = web.AppRunner(product.app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}{settings.server.base_path}"
        http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20))
        closing.extend([store.close, product.background.close, runner.cleanup, http.close])
        return Service(product, settings, clock, http, url, keys)

    yield make
    for close in reversed(closing):
        async with asyncio.timeout(30):
            await close()


@pytest.fixture
async def service(make_service):
    """One with the defaults."""
    return await make_service()
