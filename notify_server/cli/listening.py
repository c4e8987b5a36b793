"""A Socket.IO client that shows what arrives, acknowledges it and comes back after every break.

Used by ``listen``. It is the stock client on purpose: what works here works for everybody. Only
the reconnecting is our own, because the stock client's stops at the first CONNECT_ERROR it meets
while it comes back.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import socketio

from notify_server.cli.held import Held
from notify_server.client import UnreachableError
from notify_server.client.asynchronous import Pause
from notify_server.domain.errors import Code, NotifyError, RejectedError
from notify_server.kit.backoff import full_jitter
from notify_server.wire.events import ClientEvent, ServerEvent

_CONNECT_WAIT_S = 10
_BASE_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE_S = 10.0
_BUSY = "Unexpected status code"  # how the stock client says that a server answered, but not now

_NO_NAMESPACE = "Invalid namespace"  # how a server says so; it has no code of ours

_REFUSALS: Mapping[str, str] = {
    Code.TOKEN_MISSING: "The server wants a token: give --token, or --user on its own machine.",
    Code.TOKEN_INVALID: "The server does not accept this token.",
    Code.TOKEN_EXPIRED: "The token has expired: get a new one.",
    Code.FORBIDDEN_NAMESPACE: "This namespace is not open to this user; see --role.",
}
_ENDED = (
    "The server has ended this session: by an operator, a revoked token,"
    " or because the user has too many newer ones."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to listen to.

    Attributes:
        transports: ``websocket``, ``polling`` or both, in the order of trying.
        ack: Promise to acknowledge each notification, and do so.
        count: How many notifications are shown before the end; None: until stopped.
    """

    url: str
    namespace: str
    transports: tuple[str, ...]
    ack: bool
    count: int | None


class Listener:
    """Listens until enough has come, a refusal, or cancellation."""

    def __init__(
        self,
        wish: Wish,
        token: Callable[[], str],
        show: Callable[[ServerEvent, Mapping[str, Any]], None],
        remark: Callable[[str], None],
        pause: Pause = asyncio.sleep,
    ) -> None:
        """Args:
        wish: What to listen to.
        token: Asked at each connect and refresh, so that it can give a fresh one.
        show: Called for every event in order, notifications already shown left out.
        remark: Takes a sentence about the connection.
        pause: How to wait before coming back.
        """
        self._wish = wish
        self._token = token
        self._show = show
        self._remark = remark
        self._pause = pause
        self._held = Held()
        self._left = wish.count
        self._cursor: str | None = None
        self._used: str | None = None
        self._has_answered = False
        self._come_back_s: float | None = None
        self._end: asyncio.Future[bool]

    async def run(self) -> None:
        """Listen.

        Raises:
            UnreachableError: No server answers at first.
            RejectedError: Refused for good, or the session was ended by the server.
        """
        failures = 0
        rng = random.Random()  # noqa: S311 - spreads reconnects, guards nothing
        async with aiohttp.ClientSession() as session:
            while True:
                self._end = asyncio.get_running_loop().create_future()
                if await self._listen_once(session):
                    return
                failures = 0 if self._end.done() else failures + 1
                wait = full_jitter(_BASE_PAUSE, min(failures, 5) + 1, rng).total_seconds()
                if self._come_back_s is not None:
                    wait, self._come_back_s = self._come_back_s, None
                await self._pause(min(wait, _LONGEST_PAUSE_S))

    async def _listen_once(self, session: aiohttp.ClientSession) -> bool:
        """One connection, to its end; True: enough has come."""
        client = self._make_client(session)
        try:
            if not await self._connect(client):
                return False
            return await self._end
        finally:
            with suppress(TimeoutError):
                # The library closes the connection over what it has not written: the last ack.
                await asyncio.wait_for(client.eio.queue.join(), 1)
            with suppress(TimeoutError):
                await asyncio.wait_for(client.disconnect(), 2)

    async def _connect(self, client: Any) -> bool:
        """False: not now; raises when it will never be."""
        parts = urlsplit(self._wish.url)
        try:
            await client.connect(
                self._wish.url,
                auth=self._auth,
                transports=list(self._wish.transports),
                namespaces=[self._wish.namespace],
                socketio_path=f"{parts.path.strip('/')}/socket.io".lstrip("/"),
                wait_timeout=_CONNECT_WAIT_S,
            )
        except (socketio.exceptions.ConnectionError, ValueError) as exc:
            if self._end.done():
                self._end.result()
            if not self._has_answered and _BUSY not in str(exc):
                text = f"No server answers at {self._wish.url}."
                raise UnreachableError(Code.UNAVAILABLE, text) from None
            self._remark("The server is not ready; trying again.")
            return False
        self._remark(f"Connected to {self._wish.url}, namespace {self._wish.namespace}.")
        return True

    def _make_client(self, session: aiohttp.ClientSession) -> Any:
        client = socketio.AsyncClient(reconnection=False, handle_sigint=False, http_session=session)
        space = self._wish.namespace
        for event in ServerEvent:
            client.on(event.value, partial(self._on_event, client, event), namespace=space)
        client.on("connect_error", self._on_refusal, namespace=space)
        client.on("disconnect", partial(self._on_disconnect, client), namespace=space)
        return client

    def _auth(self) -> dict[str, Any]:
        """Asked for once the transport is open, so there is a server."""
        self._has_answered = True
        self._used = self._token()
        return {"token": self._used, "ack": self._wish.ack, "cursor": self._cursor}

    def _on_event(self, client: Any, event: ServerEvent, payload: Any = None, *_: Any) -> None:
        """Called by the client, which acknowledges when this returns."""
        if not isinstance(payload, dict) or self._end.done():
            return
        if isinstance(cursor := payload.get("cursor"), str):
            self._cursor = cursor
        if event is ServerEvent.NOTIFICATION and not self._held.is_new(payload):
            return
        try:
            self._show(event, payload)
        except OSError as exc:  # the reader of our output has gone
            self._finish(exc)
            return
        match event:
            case ServerEvent.NOTIFICATION if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self._finish(True)
            case ServerEvent.TOKEN_EXPIRING:
                self._refresh(client)
            case ServerEvent.RECONNECT:
                self._come_back_s = float(payload.get("after_ms") or 0) / 1000
                self._finish(False)
            case _:
                pass

    def _refresh(self, client: Any) -> None:
        """Hand over a fresh token, if there is one; else the end at ``exp`` is announced."""
        fresh = self._token()
        if fresh == self._used:
            self._remark("The token expires soon, and there is no other.")
            return
        self._used = fresh
        client.start_background_task(
            client.emit, ClientEvent.REFRESH_TOKEN.value, {"token": fresh}, self._wish.namespace
        )

    def _on_refusal(self, data: Any = None, *_: Any) -> None:
        """CONNECT_ERROR with a code is for good; a transport's failure says no code of ours."""
        detail = data.get("data") if isinstance(data, dict) else None
        code = detail.get("code") if isinstance(detail, dict) else None
        if isinstance(data, dict) and data.get("message") == _NO_NAMESPACE:
            text = f"There is no such namespace: {self._wish.namespace}"
            self._finish(RejectedError(Code.FORBIDDEN_NAMESPACE, text))
        elif isinstance(code, str):
            known = Code(code) if code in Code.__members__ else Code.FORBIDDEN
            sentence = _REFUSALS.get(code) or f"The server refuses the connection ({code})."
            self._finish(RejectedError(known, sentence))

    def _on_disconnect(self, client: Any, reason: Any = None) -> None:
        if reason == client.reason.SERVER_DISCONNECT:
            self._finish(RejectedError(Code.FORBIDDEN, _ENDED))
        elif reason != client.reason.CLIENT_DISCONNECT and not self._end.done():
            self._remark("The connection broke; coming back.")
            self._finish(False)

    def _finish(self, how: bool | NotifyError | OSError) -> None:
        if self._end.done():
            return
        if isinstance(how, bool):
            self._end.set_result(how)
        else:
            self._end.set_exception(how)
