"""A round trip over each transport: connect, send, receive, acknowledge, and see that it counted.

Called by ``probe``. Each step that fails says what it means and what to do.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import aiohttp

from notify_server.cli.reach import reach
from notify_server.cli.simulation.client import Client, open_client
from notify_server.cli.simulation.wires import BROKEN, HandshakeError, open_wire
from notify_server.client import AsyncClient
from notify_server.domain.check import Check, Verdict, away, fail, ok, skip, warn
from notify_server.domain.errors import Code, NotifyError, RejectedError, UnavailableError
from notify_server.kit.clock import Clock
from notify_server.wire.events import ServerEvent

TRANSPORTS = ("websocket", "polling")
_ARRIVE_S = 10.0
_LOOK_EVERY_S = 0.1
_TTL_S = 600

_PROXY = (
    "Something in between does not pass websockets on; nginx needs: proxy_http_version 1.1;"
    " proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade."
    " Clients use long-polling meanwhile."
)
_ORIGIN = "Add it to [cors] origins, spelled exactly like this: scheme, host and port, no path."
_REFUSED: Mapping[Code, str] = {
    Code.TOKEN_MISSING: "The server saw no token: does a proxy remove the body or headers?",
    Code.TOKEN_INVALID: "It was made with another key: compare [auth] jwt_secret, audience and"
    " issuer with the server's, or give a good one with --token.",
    Code.TOKEN_EXPIRED: "Get a new one; if it is new, compare the clocks of both machines.",
    Code.FORBIDDEN_NAMESPACE: "The user needs one of the line's roles; see --role.",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is tried.

    Attributes:
        token: Of the user who receives.
        count: Round trips on each transport.
        origin: Of the page that would connect.
        namespace: A further line to enter, or None.
    """

    url: str
    user: str
    token: str
    count: int
    origin: str | None = None
    namespace: str | None = None
    transports: Sequence[str] = TRANSPORTS


@dataclass(slots=True)
class Latencies:
    """In ms, of one transport."""

    connect: float = 0
    arrive: list[float] = field(default_factory=list)
    acknowledge: list[float] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Medians, and the longest on the way."""
        return {
            "connect": round(self.connect, 1),
            "round_trip_p50": round(median(self.arrive), 1) if self.arrive else None,
            "round_trip_max": round(max(self.arrive), 1) if self.arrive else None,
            "acknowledged_p50": round(median(self.acknowledge), 1) if self.acknowledge else None,
        }


class Probe:
    """One probe of one server; ``latencies`` holds the figures once ``run`` has ended."""

    def __init__(
        self, wish: Wish, api: AsyncClient, http: aiohttp.ClientSession, clock: Clock
    ) -> None:
        """``api``: with the key that sends; ``http``: for everything else."""
        self._wish = wish
        self._api = api
        self._http = http
        self._clock = clock
        self.latencies: dict[str, Latencies] = {}

    async def run(self) -> AsyncIterator[Check]:
        """Every step, as it is done; what depends on a failed one is left out."""
        async for check in reach(self._http, self._wish.url, self._clock):
            yield check
            if check.verdict is Verdict.FAIL:
                return
        if self._wish.origin is not None:
            check = await self._origin(self._wish.origin)
            yield check
            if check.verdict is Verdict.FAIL:
                return
        for transport in self._wish.transports:
            async for check in self._round_trips(transport):
                yield check
        if self._wish.namespace is not None:
            yield await self._line(self._wish.namespace)

    async def _origin(self, origin: str) -> Check:
        try:
            wire = await open_wire(self._http, self._wish.url, "polling", origin)
        except HandshakeError as exc:
            if "origin" in exc.text.lower():
                return fail("origin", f"pages of {origin} are refused", _ORIGIN)
            return _handshake("origin", exc)
        except BROKEN as exc:
            return away("origin", f"the connection broke: {exc}", "Look at proxy and server log.")
        await wire.close()
        return ok("origin", f"pages of {origin} may connect")

    async def _round_trips(self, transport: str) -> AsyncIterator[Check]:
        figures = self.latencies[transport] = Latencies()
        trip = _Trip(self._wish, self._api, self._http, self._clock, transport, figures)
        try:
            async with asyncio.timeout(_ARRIVE_S * 2):
                await trip.enter("/")
        except (HandshakeError, NotifyError, *BROKEN) as exc:
            yield _connect_failure(transport, exc)
            return
        try:
            yield ok(f"{transport} connect", f"{figures.connect:.0f} ms")
            for check in await trip.go():
                yield check
        finally:
            await trip.leave()

    async def _line(self, line: str) -> Check:
        name = f"namespace {line}"
        trip = _Trip(self._wish, self._api, self._http, self._clock, "polling", Latencies())
        try:
            await trip.enter(line)
        except (HandshakeError, NotifyError, *BROKEN) as exc:
            return _connect_failure(name, exc)
        await trip.leave()
        return ok(name, "open to this user")


class _Trip:
    """One session, and what is sent to it."""

    def __init__(
        self, wish: Wish, api: AsyncClient, http: aiohttp.ClientSession, clock: Clock,
        transport: str, figures: Latencies,
    ) -> None:  # fmt: skip
        self._wish = wish
        self._api = api
        self._http = http
        self._clock = clock
        self._transport = transport
        self._figures = figures
        self._arrived: asyncio.Queue[str] = asyncio.Queue()
        self._client: Client | None = None
        self._reader: asyncio.Task[None] | None = None

    async def enter(self, line: str) -> None:
        """Connect; see ``open_client`` and ``Client.enter`` for what it raises."""
        began = self._clock.monotonic()
        self._client = await open_client(
            self._http, self._wish.url, self._transport, line, self._heard, self._wish.origin
        )
        self._reader = asyncio.create_task(self._client.run())
        try:
            await self._client.enter({"token": self._wish.token, "ack": True})
        except BaseException:
            await self.leave()
            raise
        self._figures.connect = self._since(began)

    async def leave(self) -> None:
        """Close, whatever has happened."""
        if self._client is not None:
            await self._client.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def go(self) -> list[Check]:
        """Send and receive as often as wished; then see the last one counted."""
        name = f"{self._transport} round trip"
        sent = ""
        for number in range(self._wish.count):
            began = self._clock.monotonic()
            try:
                sent = await self._send(number)
                await self._receive(sent)
            except TimeoutError:
                advice = "Explain it: notify-server explain " + sent
                return [fail(name, f"{sent} did not arrive within {_ARRIVE_S:.0f} s", advice)]
            except NotifyError as exc:
                return [_send_failure(name, exc)]
            self._figures.arrive.append(self._since(began))
        shown = self._figures.to_json()
        detail = f"{len(self._figures.arrive)} sent and received, p50 {shown['round_trip_p50']} ms,"
        checks = [ok(name, f"{detail} max {shown['round_trip_max']} ms")]
        return [*checks, await self._counted(sent)]

    async def _send(self, number: int) -> str:
        body = {
            "to": self._wish.user,
            "title": "Probe",
            "message": f"Round trip {number + 1} over {self._transport}.",
            "source": "probe",
            "ttl_s": _TTL_S,
        }
        answer = await self._api.call("POST", "/api/v1/notifications", body)
        return str(answer["id"])

    async def _receive(self, notification_id: str) -> None:
        async with asyncio.timeout(_ARRIVE_S):
            while await self._arrived.get() != notification_id:
                pass

    async def _counted(self, notification_id: str) -> Check:
        """The operator's page must show the acknowledgement, with this transport's time."""
        name = f"{self._transport} acknowledged"
        path = f"/api/v1/admin/notifications/{notification_id}"
        end = self._clock.monotonic() + _ARRIVE_S
        while self._clock.monotonic() < end:
            try:
                answer = await self._api.call("GET", path)
            except RejectedError:
                return skip(name, "the key may not read; one with the scope read sees it counted")
            except NotifyError as exc:
                return away(name, str(exc), "Look at the server's log.")
            person: Mapping[str, Any] = next(iter(answer["recipients"]["items"]), {})
            attempts = [one for one in person.get("attempts", ()) if one.get("round_trip_ms")
                        is not None]  # fmt: skip
            if person.get("status") == "delivered" and attempts:
                self._figures.acknowledge.append(float(attempts[-1]["round_trip_ms"]))
                return ok(name, f"the server counted it after {attempts[-1]['round_trip_ms']} ms")
            await asyncio.sleep(_LOOK_EVERY_S)
        return fail(name, f"the acknowledgement did not count within {_ARRIVE_S:.0f} s",
                    "Explain it: notify-server explain " + notification_id)  # fmt: skip

    def _heard(self, event: str, payload: Mapping[str, Any], _is_acked: bool) -> None:
        if event == ServerEvent.NOTIFICATION:
            self._arrived.put_nowait(str((payload.get("notification") or {}).get("id")))

    def _since(self, began: float) -> float:
        return (self._clock.monotonic() - began) * 1000


def _connect_failure(name: str, exc: Exception) -> Check:
    match exc:
        case HandshakeError():
            return _handshake(f"{name} connect", exc)
        case RejectedError():
            advice = _REFUSED.get(exc.code, "The server's log says why.")
            return fail(f"{name} connect", f"refused: {exc.code}", advice)
        case UnavailableError() | TimeoutError() if name == "websocket":
            return fail("websocket connect", "opened, but then nothing came", _PROXY)
        case _:
            detail = f"the connection broke: {str(exc) or 'timeout'}"
            return away(f"{name} connect", detail, "Look at proxy and server log.")


def _handshake(name: str, exc: HandshakeError) -> Check:
    if exc.status in (429, 503):
        return away(
            name,
            f"the server takes nobody in for now ({exc.status})",
            "It is full, stopping or flooded: see [limits] connections and connections_per_ip,"
            " [rate_limits] connect.",
        )
    if name.startswith("websocket"):
        return fail(name, f"no websocket: the handshake was answered {exc}", _PROXY)
    if exc.status == 404 or not exc.status:
        advice = "The proxy must pass /socket.io/ on, below [server] base_path."
        return fail(name, f"no Socket.IO there: {exc}", advice)
    return fail(name, f"refused: {exc}", "Look at proxy and server log.")


def _send_failure(name: str, exc: NotifyError) -> Check:
    match exc.code:
        case Code.KEY_INVALID | Code.TOKEN_INVALID | Code.TOKEN_MISSING:
            advice = "Give a good one with --key or NOTIFY_API_KEY; api-key create makes one."
            return fail(name, "the API key is refused (401)", advice)
        case Code.FORBIDDEN:
            return fail(name, f"the API key may not send (403): {exc}", "It needs the scope send.")
        case Code.RATE_LIMITED:
            return warn(name, f"too much is sent with this key: {exc}", "Try again later.")
        case Code.UNAVAILABLE | Code.INTERNAL:
            return away(name, str(exc), "Look at the server's log.")
        case _:
            return fail(name, f"{exc.code}: {exc}", "Look at the server's log.")
