"""How far some work is, as one notification that changes in place and ends with its outcome."""

import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from notify_server.client.body import PATH, To, build_body
from notify_server.client.errors import ClientError
from notify_server.client.flow import Flow, make_call, once, surely
from notify_server.client.results import Sent, to_sent
from notify_server.kit.clock import Clock, SystemClock
from notify_server.kit.ids import random_id

_log = logging.getLogger("notify_server.client")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a progress says, and how often."""

    to: To
    title: str
    message: str
    done: str
    failed: str
    every_s: float
    details: Mapping[str, Any] = field(default_factory=dict)


class _Reports:
    """The bodies and when they are due; knows no I/O."""

    def __init__(self, plan: Plan, attempts: int, rng: random.Random, clock: Clock) -> None:
        self._plan = plan
        self._attempts = attempts
        self._random = rng
        self._clock = clock
        self._collapse_key = plan.details.get("collapse_key") or random_id("progress-")
        self._percent: float | None = None
        self._sent_at = clock.monotonic()
        self.sent: Sent | None = None
        self.done = plan.done
        self.failed = plan.failed
        self.is_failed = False

    def begin(self) -> Flow[Sent]:
        return (yield from self._tell("progress_update", self._plan.message, self._attempts))

    def update(self, percent: float | None, message: str | None) -> Flow[None]:
        """Tell it if it is time; a server that is busy does not hold up the work."""
        if percent is not None:
            self._percent = min(100.0, max(0.0, percent))
        if self._clock.monotonic() - self._sent_at < self._plan.every_s:
            return
        text = message or self._plan.message
        try:
            yield from self._tell("progress_update", text, 1)
        except ClientError as exc:
            if not exc.retryable:
                raise
            _log.warning("a progress update was left out: %s", exc)

    def end(self, error: BaseException | None) -> Flow[Sent]:
        if error is not None or self.is_failed:
            return (yield from self._tell("error", self.failed, self._attempts))
        self._percent = 100.0
        return (yield from self._tell("success", self.done, self._attempts))

    def _tell(self, type: str, message: str, attempts: int) -> Flow[Sent]:
        plan = self._plan
        data = {**plan.details.get("data", {}), "percent": self._percent}
        content = {"title": plan.title, "message": message, "type": type}
        details = {**plan.details, "data": data, "collapse_key": self._collapse_key}
        body = build_body(plan.to, content, details)
        self._sent_at = self._clock.monotonic()
        call = make_call("POST", PATH, body, random_id("py-"))
        answer = yield from (surely(call, attempts, self._random) if attempts > 1 else once(call))
        self.sent = to_sent(answer)
        return self.sent


class _Run(Protocol):
    def __call__(self, flow: Flow[Any], /) -> Any: ...


class _Base:
    """What both kinds share."""

    def __init__(
        self,
        plan: Plan,
        attempts: int,
        rng: random.Random,
        clock: Clock | None = None,
    ) -> None:
        self._reports = _Reports(plan, attempts, rng, clock or SystemClock())

    @property
    def sent(self) -> Sent | None:
        """The notification, once it is there."""
        return self._reports.sent

    def finish(self, message: str) -> None:
        """Say this at the end instead of ``done``."""
        self._reports.done = message

    def fail(self, message: str) -> None:
        """End as an error with this message, without an exception too."""
        self._reports.failed, self._reports.is_failed = message, True


class Progress(_Base):
    """See ``Client.send_progress_update``."""

    def __init__(
        self, plan: Plan, run: _Run, attempts: int, rng: random.Random, clock: Clock | None = None
    ) -> None:
        super().__init__(plan, attempts, rng, clock)
        self._run = run

    def update(self, percent: float | None = None, message: str | None = None) -> None:
        """Say how far it is, 0 to 100; more often than ``every_s`` is left out."""
        self._run(self._reports.update(percent, message))

    def __enter__(self) -> Self:
        self._run(self._reports.begin())
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self._run(self._reports.end(error))
        except ClientError as exc:
            if error is None:
                raise
            error.add_note(f"Its outcome could not be sent: {exc}")


class AsyncProgress(_Base):
    """See ``AsyncClient.send_progress_update``."""

    def __init__(
        self,
        plan: Plan,
        run: Callable[[Flow[Any]], Coroutine[Any, Any, Any]],
        attempts: int,
        rng: random.Random,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(plan, attempts, rng, clock)
        self._run = run

    async def update(self, percent: float | None = None, message: str | None = None) -> None:
        """Say how far it is, 0 to 100; more often than ``every_s`` is left out."""
        await self._run(self._reports.update(percent, message))

    async def __aenter__(self) -> Self:
        await self._run(self._reports.begin())
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            await self._run(self._reports.end(error))
        except ClientError as exc:
            if error is None:
                raise
            error.add_note(f"Its outcome could not be sent: {exc}")
