"""Users that connect, acknowledge and read, and the sender that keeps them busy."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

from notify_server.cli.simulation.client import Client, open_client
from notify_server.cli.simulation.figures import Figures
from notify_server.cli.simulation.sources import open_sources
from notify_server.cli.simulation.wires import BROKEN, HandshakeError
from notify_server.domain.errors import NotifyError, RejectedError, UnavailableError
from notify_server.kit.backoff import full_jitter
from notify_server.kit.clock import Clock
from notify_server.wire.events import ClientEvent, ServerEvent

Submit = Callable[[Mapping[str, Any]], Awaitable[object]]
"""Sends one body; raises a NotifyError when it is not accepted."""

_AT_ONCE = 64
"""Handshakes, and calls of the sender, that are under way at a time."""

_BASE_PAUSE = timedelta(seconds=0.5)
_LONGEST_PAUSE_S = 10.0
_TTL_S = 86_400
_PRIORITIES = ("low", "normal", "normal", "normal", "high", "urgent", "critical")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated.

    Attributes:
        run: Marks this run's users and notifications.
        rate: Notifications a second.
        recipients: How many users each of them names.
        polling: Share of the users on long-polling, 0 to 1.
        reads: Share of what arrives that is marked as read, 0 to 1.
        settle_s: How long what is still missing at the end may take.
    """

    url: str
    run: str
    users: int
    rate: float
    recipients: int
    polling: float
    reads: float
    duration_s: float
    connect_s: float = 60.0
    settle_s: float = 30.0
    seed: int = 0


class Crowd:
    """One run of a plan."""

    def __init__(
        self,
        plan: Plan,
        figures: Figures,
        token: Callable[[str], str],
        submit: Submit,
        clock: Clock,
    ) -> None:
        """Args:
        plan: What to do.
        figures: Where it is counted.
        token: Makes a JWT for a user id.
        submit: The way in for what is sent.
        clock: Of rate, duration and latency.
        """
        self._plan = plan
        self._figures = figures
        self._token = token
        self._submit = submit
        self._clock = clock
        self._chance = random.Random(plan.seed)  # noqa: S311 - draws names and pauses, no secrets
        self._doors = asyncio.Semaphore(_AT_ONCE)
        self._clients: set[Client] = set()
        self._sent_at: dict[int, float] = {}
        self._refusal: NotifyError | None = None
        self._is_over = False
        self.phase = "connecting"

    async def run(self) -> None:
        """Connect everybody, send for as long as planned, wait for the last to arrive, leave.

        Raises:
            RejectedError: The server refuses the clients for good.
            UnavailableError: Not everybody could connect in time.
        """
        async with AsyncExitStack() as stack:
            sources = await open_sources(stack, self._plan.url, self._plan.users)
            users = [
                asyncio.create_task(self._live(number, sources[number % len(sources)]))
                for number in range(self._plan.users)
            ]
            try:
                await self._gather_all()
                self.phase = "sending"
                await self._send_all()
                self.phase = "settling"
                await self._until(lambda: not self._figures.missing, self._plan.settle_s)
                self.phase = "leaving"
            finally:
                await self._leave(users)

    async def _gather_all(self) -> None:
        figures = self._figures
        await self._until(lambda: figures.connected == figures.users, self._plan.connect_s)
        if figures.connected < figures.users:
            raise UnavailableError(
                f"Only {figures.connected} of {figures.users} clients could connect within"
                f" {self._plan.connect_s:.0f} s; see [limits] connections_per_ip and connections,"
                " [rate_limits] connect, and the limit of open files (doctor shows it)."
            )

    async def _until(self, condition: Callable[[], bool], within_s: float) -> None:
        """Wait; raises a refusal that one of the clients met meanwhile."""
        end = self._clock.monotonic() + within_s
        while not condition() and self._clock.monotonic() < end:
            if self._refusal is not None:
                raise self._refusal
            await asyncio.sleep(0.05)

    async def _leave(self, users: list[asyncio.Task[None]]) -> None:
        self._is_over = True
        await asyncio.gather(*(client.close() for client in list(self._clients)))
        for user in users:
            user.cancel()
        await asyncio.gather(*users, return_exceptions=True)

    # Sending

    async def _send_all(self) -> None:
        plan, began = self._plan, self._clock.monotonic()
        under_way: set[asyncio.Task[None]] = set()
        for number in range(int(plan.rate * plan.duration_s)):
            wait_s = began + number / plan.rate - self._clock.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            if self._refusal is not None:
                raise self._refusal
            while len(under_way) >= _AT_ONCE:
                _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(self._send(number))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def _send(self, number: int) -> None:
        plan = self._plan
        users = self._chance.sample(range(plan.users), min(plan.recipients, plan.users))
        body = {
            "to": [self._name(user) for user in users],
            "title": f"Simulated notification {number}",
            "message": "Sent by notify-server simulate.",
            "priority": self._chance.choice(_PRIORITIES),
            "source": "simulation",
            "tags": ["simulation"],
            "data": {"run": plan.run, "n": number},
            "ttl_s": _TTL_S,
        }
        self._sent_at[number] = self._clock.monotonic()
        try:
            await self._submit(body)
        except RejectedError as exc:
            self._refusal = self._refusal or exc
        except NotifyError:
            self._figures.refused += 1
        else:
            self._figures.accepted(number, users)

    # Living

    def _name(self, user: int) -> str:
        return f"sim-{self._plan.run}-{user:04}"

    async def _live(self, user: int, http: aiohttp.ClientSession) -> None:
        """One user's client: connected, and back after every break, until all is over."""
        is_polling = (user + 1) * self._plan.polling // 1 > user * self._plan.polling // 1
        person = _Person(self, user, "polling" if is_polling else "websocket")
        failures = 0
        while not self._is_over and self._refusal is None:
            try:
                async with self._doors:
                    client, reader = await self._enter(person, http)
            except RejectedError as exc:
                self._refusal = exc
                return
            except (HandshakeError, UnavailableError, *BROKEN) as exc:
                failures += 1
                drawn = full_jitter(_BASE_PAUSE, min(failures, 5), self._chance).total_seconds()
                asked = exc.wait_s if isinstance(exc, HandshakeError) else 0
                await asyncio.sleep(min(drawn + asked, _LONGEST_PAUSE_S))
                continue
            failures = 0
            await self._stay(client, reader)
            self._figures.came_back += not self._is_over

    async def _enter(
        self, person: "_Person", http: aiohttp.ClientSession
    ) -> tuple[Client, asyncio.Task[None]]:
        plan = self._plan
        client = await open_client(http, plan.url, person.transport, "/", person.heard)
        reader = asyncio.create_task(client.run())
        person.client = client
        auth = {"token": self._token(self._name(person.user)), "ack": True, "cursor": person.cursor}
        try:
            await client.enter(auth)
        except BaseException:
            reader.cancel()
            await client.close()
            raise
        return client, reader

    async def _stay(self, client: Client, reader: asyncio.Task[None]) -> None:
        self._clients.add(client)
        self._figures.connected += 1
        try:
            await reader
        finally:
            self._figures.connected -= 1
            self._clients.discard(client)

    # Hearing

    def arrived(self, person: "_Person", payload: Mapping[str, Any], *, is_acked: bool) -> None:
        """Count a frame; now and then it is marked as read, as people do."""
        notification = payload.get("notification") or {}
        data = notification.get("data") or {}
        number = data.get("n")
        if data.get("run") != self._plan.run or number not in self._sent_at:
            return
        self._figures.acked += is_acked
        latency_ms = (self._clock.monotonic() - self._sent_at[number]) * 1000
        is_marked = bool(payload.keys() & {"attempt", "replayed", "reminder"})
        is_first = self._figures.arrived(number, person.user, latency_ms, is_marked=is_marked)
        if is_first and self._chance.random() < self._plan.reads:
            person.read(str(notification.get("id")))

    def was_read(self, answer: Mapping[str, Any]) -> None:
        """The server has noted that something was read."""
        self._figures.read += answer.get("ok") is True


class _Person:
    """What a user keeps from one connection to the next."""

    def __init__(self, crowd: Crowd, user: int, transport: str) -> None:
        self._crowd = crowd
        self._tasks: set[asyncio.Task[None]] = set()
        self.user = user
        self.transport = transport
        self.cursor: str | None = None
        self.client: Client | None = None

    def heard(self, event: str, payload: Mapping[str, Any], is_acked: bool) -> None:
        """Take an event; see ``Heard``."""
        if isinstance(cursor := payload.get("cursor"), str):
            self.cursor = cursor
        if event == ServerEvent.NOTIFICATION:
            self._crowd.arrived(self, payload, is_acked=is_acked)

    def read(self, notification_id: str) -> None:
        """Mark one as read, without waiting for the answer."""
        if self.client is None:
            return
        asked = self.client.ask(
            ClientEvent.MARK_READ, {"notification_id": notification_id}, self._crowd.was_read
        )
        task = asyncio.get_running_loop().create_task(asked)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
