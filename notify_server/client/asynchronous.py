"""The client for asyncio: the methods of ``sync.py``, awaited."""

import asyncio
import os
import random
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from typing import Any, Self, TypeVar, Unpack

import httpx2
from typing_extensions import override

from notify_server.client.batches import Report, send_batch, send_many
from notify_server.client.body import PATH, Details, To
from notify_server.client.endpoint import endpoint_from_environment
from notify_server.client.errors import ClientError
from notify_server.client.flow import (
    ATTEMPTS,
    TIMEOUT_S,
    Call,
    Flow,
    Reply,
    Wait,
    make_call,
    once,
    read_reply,
    surely,
)
from notify_server.client.operations import cancel_call, explain_call, replace_call
from notify_server.client.presets import PresetHelpers
from notify_server.client.progress import AsyncProgress, Plan
from notify_server.client.results import Cancelled, ItemResult, Sent, to_cancelled, to_sent
from notify_server.client.transport import to_failure, to_reply, to_request, transport_options

T = TypeVar("T")

Pause = Callable[[float], Awaitable[object]]


class AsyncClient(PresetHelpers[Coroutine[Any, Any, Sent]]):
    """One server, called with one key.

    For many tasks of one event loop; a second loop, or a forked child, needs a client of its own.
    Close it, or use it in an ``async with`` block.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        data_dir: str | os.PathLike[str] | None = None,
        timeout_s: float = TIMEOUT_S,
        attempts: int = ATTEMPTS,
        http: httpx2.AsyncClient | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """Make it; nothing is called yet.

        Args:
            url: Of the server; else NOTIFY_URL, else what ``run.json`` in ``data_dir`` says.
            key: API key or token; else NOTIFY_API_KEY, else that of ``run.json``.
            data_dir: Of a server on this machine; else NOTIFY_SERVER__DATA_DIR, else ``data``.
            timeout_s: Longest silence of the server within a call.
            attempts: How often a call is made that fails for the moment.
            http: Your own, with a proxy or certificates; you close it.
            pause: Waits between attempts.

        Raises:
            SetupError: No server is named and none runs here, or there is no key.
        """
        self.endpoint = endpoint_from_environment(url, key, data_dir)
        self._options = transport_options(self.endpoint, timeout_s)
        self._attempts = attempts
        self._pause = pause
        self._random = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._given = http
        self._own: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections; a later call opens new ones."""
        if self._own is not None:
            await self._own.aclose()
            self._own = None

    def with_key(self, key: str) -> "AsyncClient":
        """The same server over the same connections with another key or token; close this one."""
        return AsyncClient(
            self.endpoint.url, key, attempts=self._attempts, http=self._http, pause=self._pause
        )

    async def call(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> dict[str, Any]:
        """Make any call of the API, this once.

        Args:
            method: HTTP method.
            path: From ``/api`` or ``/health`` on.
            body: Sent as JSON, unless None.
            key: Idempotency key.

        Returns:
            The answer's JSON object; ``replayed`` is added when an earlier call had made it.

        Raises:
            ClientError: The server's refusal, with its code.
            UnreachableError: No server answers there.
        """
        return await self._run(once(make_call(method, path, body, key)))

    async def call_surely(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> dict[str, Any]:
        """Make a call, again and again while it may still come through; see ``call``.

        Only for calls that may be repeated: a GET, or one with an idempotency key.
        """
        return await self._surely(make_call(method, path, body, key))

    async def download(self, path: str) -> AsyncIterator[bytes]:
        """GET something large, piece by piece.

        Raises:
            ClientError: The server's refusal, or that it did not come to its end.
        """
        http = self._http
        request = to_request(http, self.endpoint, make_call("GET", path))
        try:
            response = await http.send(request, stream=True)
            try:
                if response.status_code >= 300:
                    await response.aread()
                    read_reply(to_reply(response))
                async for piece in response.aiter_bytes():
                    yield piece
            finally:
                await response.aclose()
        except httpx2.HTTPError as exc:
            raise to_failure(self.endpoint, exc) from None

    async def send_many(
        self, items: Iterable[Mapping[str, Any]], *, progress: Report | None = None
    ) -> list[ItemResult]:
        """Send many: bodies as ``POST /api/v1/notifications`` takes them.

        They go in bulk calls of up to 1,000 items, 10,000 named users and 1 MB. Each item gets an
        idempotency key, unless it has one, and what fails for the moment is sent again with it.
        When the server stays away, or refuses the key, the rest is not tried.

        Args:
            items: Any iterable; read batch by batch.
            progress: Called after each batch with the number of items done, and of all if known.

        Returns:
            One result for each item, in order; look at each ``error``.
        """
        return await self._run(send_many(items, progress, self._attempts, self._random))

    async def send_batch(self, items: Sequence[Mapping[str, Any]]) -> list[ItemResult]:
        """Send up to 1,000 bodies in one call; as ``send_many``, for who cuts batches alone.

        Raises:
            ClientError: The call as a whole was refused, or the server stays away.
        """
        return await self._run(send_batch(items, self._attempts, self._random))

    async def replace(
        self, id: str, title: str, message: str, *, type: str = "info", **details: Unpack[Details]
    ) -> Sent:
        """Replace the content of a notification: the same id, the next revision; see ``send``."""
        return to_sent(await self._surely(replace_call(id, title, message, type, details)))

    async def cancel(self, id: str) -> Cancelled:
        """Stop what has not gone out, and take it out of inboxes where it is unread."""
        return to_cancelled(await self._surely(cancel_call(id)))

    async def get(self, id: str) -> dict[str, Any]:
        """The notification as it stands now; needs the scope ``read``."""
        found: dict[str, Any] = (await self._surely(explain_call(id, limit=1)))["notification"]
        return found

    async def explain(
        self,
        id: str,
        *,
        user: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """What became of it, person by person; needs the scope ``read``.

        Args:
            id: Of the notification.
            user: Only this person.
            after: Where the page before ended: ``recipients.page_info.after``.
            limit: People in a page.
        """
        return await self._surely(explain_call(id, user, after, limit))

    def send_progress_update(
        self,
        to: To,
        title: str,
        *,
        message: str = "Started",
        done: str = "Done",
        failed: str = "Failed",
        every_s: float = 1.0,
        **details: Unpack[Details],
    ) -> AsyncProgress:
        """Tell how far some work is, as one notification that changes in place.

        A context manager: entering sends ``message``, ``update`` at most every ``every_s`` seconds
        what it is told, and the end sends ``done`` as a ``success``, or after an exception
        ``failed`` as an ``error``. An update that the server does not take for the moment is left
        out; the beginning and the end are sent as surely as by ``send``.
        """
        return AsyncProgress(
            Plan(to, title, message, done, failed, every_s, details),
            self._run,
            self._attempts,
            self._random,
        )

    @override
    async def _submit(self, body: Mapping[str, Any], key: str) -> Sent:
        return to_sent(await self._surely(make_call("POST", PATH, body, key)))

    async def _surely(self, call: Call) -> dict[str, Any]:
        return await self._run(surely(call, self._attempts, self._random))

    async def _run(self, flow: Flow[T]) -> T:
        """Carry out what the flow asks for, until it ends."""
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    await self._pause(step.seconds)
                    step = next(flow)
                    continue
                outcome = await self._exchange(step)
                step = flow.send(outcome) if isinstance(outcome, Reply) else flow.throw(outcome)
        except StopIteration as end:
            result: T = end.value
            return result

    async def _exchange(self, call: Call) -> Reply | ClientError:
        http = self._http
        try:
            return to_reply(await http.send(to_request(http, self.endpoint, call)))
        except httpx2.HTTPError as exc:
            return to_failure(self.endpoint, exc)

    @property
    def _http(self) -> httpx2.AsyncClient:
        if self._given is not None:
            return self._given
        if self._own is None:
            self._own = httpx2.AsyncClient(**self._options)
        return self._own
