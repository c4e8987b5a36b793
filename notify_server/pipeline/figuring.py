"""How the nodes are doing, and one person: cheap enough to be asked every few seconds by many."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from notify_server.domain.operators import LineStats, Stats, UserStats
from notify_server.domain.target import USER_LINE
from notify_server.kit.clock import Clock
from notify_server.pipeline.cluster import Cluster
from notify_server.pipeline.figures import Figures
from notify_server.pipeline.inventory import Inventory
from notify_server.pipeline.people import People
from notify_server.policy.filters import COUNT_LIMIT
from notify_server.policy.visible import Rules, is_awaiting
from notify_server.ports.store import Store

STORED_LIMIT = 100_000
"""How far the store counts."""

_FRESH = timedelta(seconds=5)
_SUBMITTED = ("accepted", "transient", "replayed")


class Statistics:
    """Reads figures off what is in memory, and a few from the store."""

    def __init__(
        self,
        store: Store,
        people: People,
        inventory: Inventory,
        cluster: Cluster,
        rules: Rules,
        clock: Clock,
        figures: Figures,
        queues: Mapping[str, Callable[[], int]],
    ) -> None:
        """Begin to count.

        Args:
            store: Asked at most every few seconds.
            people: What is known of them.
            inventory: What a person has.
            cluster: Who is connected, on all nodes.
            rules: What waits to reach somebody.
            clock: The one clock.
            figures: What happened since the start.
            queues: How much waits, by name; asked at each call.
        """
        self._figures = figures
        self._queues = queues
        self._store = store
        self._people = people
        self._inventory = inventory
        self._cluster = cluster
        self._rules = rules
        self._clock = clock
        self._started_at = clock.now()
        self._stored: tuple[datetime, Mapping[str, int]] | None = None

    async def stats(self, user: str | None = None) -> Stats:
        """Figures of all nodes, and of a person if one is named."""
        sizes = await self._sizes()
        there = await self._cluster.attendance()
        return Stats(
            at=self._clock.now(),
            since=self._started_at,
            users_online=len(there.users),
            sessions=dict(sorted(there.sessions.items())),
            transports=dict(sorted(there.transports.items())),
            catching_up=there.catching_up,
            unconfirmed=there.unconfirmed,
            since_start=_since_start(self._figures),
            queues={**{name: ask() for name, ask in self._queues.items()}, "due": sizes["due"]},
            stored={name: number for name, number in sizes.items() if name != "due"},
            user=None if user is None else await self._of_user(user),
        )

    async def _sizes(self) -> Mapping[str, int]:
        """How much is stored; kept for a few seconds, however many ask."""
        now = self._clock.now()
        if self._stored is None or now - self._stored[0] >= _FRESH:
            self._stored = (now, await self._store.sizes(STORED_LIMIT))
        return self._stored[1]

    async def _of_user(self, user: str) -> UserStats:
        presence = await self._cluster.presence(user)
        lines = {USER_LINE, *(session.line for session in presence.sessions)}
        return UserStats(
            presence, {line: await self._on_line(user, line) for line in sorted(lines)}
        )

    async def _on_line(self, user: str, line: str) -> LineStats:
        person = await self._people.person(user)
        entries = await self._inventory.active(person, line)
        now = self._clock.now()
        waiting = sum(is_awaiting(person, entry, self._rules, now) for entry in entries)
        return LineStats(self._inventory.count(person, entries), min(waiting, COUNT_LIMIT))


def _since_start(figures: Figures) -> dict[str, int]:
    """What happened on this node, in the words of an operator."""
    submits: Counter[str] = Counter()
    for (outcome,), number in figures.submits.values.items():
        submits[outcome if outcome in _SUBMITTED else "refused"] += number
    frames: Counter[str] = Counter()
    for (_priority, kind), number in figures.frames.values.items():
        frames[kind] += number
    deliveries: Counter[str] = Counter()
    for (_channel, _priority, outcome), number in figures.deliveries.values.items():
        deliveries[outcome] += number
    return {
        **{name: submits[name] for name in (*_SUBMITTED, "refused")},
        "frames": sum(frames.values()),
        "retried": frames["retry"],
        "replays": frames["replay"],
        "reminders": frames["reminder"],
        "acknowledged": sum(counts[-1] for _labels, counts, _sum in figures.acks.read()),
        "delivered": deliveries["delivered"],
        "failed_attempts": deliveries["no_ack"] + deliveries["session_ended"],
    }
