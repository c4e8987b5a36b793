"""How fast one session may send events, and when it has been told often enough (F9, S7).

Counted on the node that has the session, as no other node sees its events.
"""

from notify_server.domain.settings import Settings
from notify_server.kit.clock import Clock
from notify_server.kit.rates import Rate, TokenBuckets, parse_rate
from notify_server.pipeline.sessions import Session
from notify_server.ports.rates import RateCounter
from notify_server.wire.events import ClientEvent

ACKS_PER_EVENT = 10
"""Confirming what the server sent is no burden: so many of those count as one event."""

SESSIONS_PER_USER = 10
"""What all sessions of a person may send together, and their calls to the inbox with them."""


def rate_per_user(settings: Settings) -> Rate | None:
    """What one person may do in all; None: anything."""
    rate = parse_rate(settings.rate_limits.event)
    return rate and rate.times(SESSIONS_PER_USER)


class FloodGate:
    """The allowance of each session, a second one for confirmations, a third for being refused.

    And that of each person, which is shared with the calls to their inbox over HTTP.
    """

    def __init__(self, settings: Settings, users: RateCounter, clock: Clock) -> None:
        rate = parse_rate(settings.rate_limits.event)
        acks = rate and Rate(
            # A client without callbacks confirms a whole replay in one go.
            max(rate.most * ACKS_PER_EVENT, settings.limits.replay),
            rate.window_s,
        )
        keys = settings.limits.connections
        self._users = users
        self._events = TokenBuckets(rate, clock, keys)
        self._acks = TokenBuckets(acks, clock, keys)
        self._refusals = TokenBuckets(rate, clock, keys)
        self._stubborn: set[str] = set()

    async def wait_s(self, session: Session, event: str) -> float:
        """Seconds until the session may send this event; 0: now."""
        if event == ClientEvent.NOTIFICATION_ACK:
            return await self._acks.take(session.id)
        return await self._events.take(session.id) or await self._users.take(session.user)

    async def is_enough(self, session: str) -> bool:
        """Note a refusal; True, once, when the session was refused its allowance over again."""
        if session in self._stubborn or not await self._refusals.take(session):
            return False
        self._stubborn.add(session)
        return True

    def forget(self, session: str) -> None:
        """The session is gone."""
        self._stubborn.discard(session)
        for buckets in (self._events, self._acks, self._refusals):
            buckets.forget(session)
