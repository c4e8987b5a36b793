"""HTTP calls of tests: what a sending service, a user's page and an operator do."""

import asyncio
import time
from typing import NamedTuple

import aiohttp

PREFIX = "/api/v1"


class Answer(NamedTuple):
    """Status, parsed body and headers of one answer."""

    status: int
    body: dict
    headers: dict

    @property
    def code(self):
        """The error code, or None."""
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def paths(self):
        """Paths of the faults."""
        return [fault["path"] for fault in self.body.get("errors", [])]


class Api:
    """One server over HTTP, with its API key unless a user or another bearer is named."""

    def __init__(self, server, http, journal=None):
        self.server = server
        self.http = http
        self.journal = journal

    def as_user(self, user):
        """The user's newest token, so that reading a list never changes their roles."""
        return self.server.newest.get(user) or self.server.token(user)

    async def call(self, method, path, body=None, *, bearer=None, headers=None, raw=None, **query):
        """Any call; ``bearer`` is a token or key, "" for none, default the API key."""
        sent = dict(headers or {})
        credential = self.server.api_key if bearer is None else bearer
        if credential:
            sent.setdefault("Authorization", f"Bearer {credential}")
        extra = {"json": body} if body is not None else {}
        if raw is not None:
            extra = {"data": raw}
            sent.setdefault("Content-Type", "application/json")
        url = self.server.url + (path if path.startswith("/health") else PREFIX + path)
        params = {k: str(v) for k, v in query.items() if v is not None}
        async with self.http.request(
            method, url, headers=sent, params=params, timeout=aiohttp.ClientTimeout(30), **extra
        ) as response:
            text = await response.text()
            is_json = "json" in response.headers.get("Content-Type", "")
            parsed = await response.json(content_type=None) if is_json and text else {"text": text}
            return Answer(response.status, parsed, dict(response.headers))

    # --- the sending service ---

    async def post(self, body, *, key=None, bearer=None, path="/notifications"):
        """Submit a body as it is."""
        headers = {"Idempotency-Key": key} if key else None
        return await self.call("POST", path, body, bearer=bearer, headers=headers)

    async def submit(self, to, *, key=None, bearer=None, audience=None, **fields):
        """Submit a good one; returns its id, and tells the journal who should get it."""
        body = {"to": to, "title": "Title", "message": "Message", **fields}
        answer = await self.post(body, key=key, bearer=bearer)
        assert answer.status == 202, (answer.status, answer.body)
        if self.journal is not None and audience is not None:
            self.journal.submitted(answer.body["id"], body, audience, answer.body)
        return answer.body["id"]

    async def explain(self, notification_id, **query):
        """The operator's explanation."""
        answer = await self.call("GET", f"/admin/notifications/{notification_id}", **query)
        assert answer.status == 200, answer
        return answer.body

    # --- the user's page ---

    async def inbox(self, user, limit=100, *, token=None, **filters):
        """Every item of the user's list (all pages), newest first."""
        items, before = [], None
        while True:
            answer = await self.call(
                "GET",
                "/notifications",
                bearer=token or self.as_user(user),
                limit=limit,
                before=before,
                **filters,
            )
            assert answer.status == 200, answer
            items += answer.body["items"]
            if not answer.body["page_info"]["has_more"]:
                return items
            before = answer.body["page_info"]["before"]

    async def ids(self, user, **filters):
        """Ids of the list, newest first."""
        return [item["id"] for item in await self.inbox(user, **filters)]

    async def counts(self, user, *, token=None):
        """``(unread, unseen)`` as a fresh GET says."""
        answer = await self.call(
            "GET", "/notifications/unread-count", bearer=token or self.as_user(user)
        )
        assert answer.status == 200, answer
        return answer.body["count"], answer.body["unseen"]

    async def item(self, user, notification_id):
        """One notification as its user sees it."""
        answer = await self.call(
            "GET", f"/notifications/{notification_id}", bearer=self.as_user(user)
        )
        assert answer.status == 200, answer
        return answer.body

    async def act(self, user, notification_id, verb, **body):
        """``mark-read`` and its sisters; asserts success."""
        answer = await self.call(
            "POST",
            f"/notifications/{notification_id}/{verb}/",
            body or None,
            bearer=self.as_user(user),
        )
        assert answer.status in (200, 204), answer
        return answer.body

    # --- waiting ---

    async def sessions(self):
        """The operator's list of open sessions."""
        answer = await self.call("GET", "/admin/sessions")
        assert answer.status == 200, answer
        return answer.body["items"]

    async def until(self, question, timeout=30.0, every=0.05):
        """Ask until the answer is true; returns it."""
        deadline = time.monotonic() + timeout
        while True:
            answer = await question()
            if answer:
                return answer
            assert time.monotonic() < deadline, f"still {answer!r} after {timeout} s"
            await asyncio.sleep(every)
