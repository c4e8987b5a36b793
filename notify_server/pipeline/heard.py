"""What this node knows of: which revisions it has heard of, and what people did just now.

So that nothing is sent twice however it is heard of, and that the store need not be asked what is
known here. Used by ``Dispatcher``, ``Discovery`` and ``Signalling``.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import timedelta

from notify_server.kit.clock import Clock
from notify_server.ports.store import Change

HEARD_FOR = timedelta(seconds=75)
"""Longer than what discovery meets again: the pause between two looks, and its overlap."""
_HEARD = 20_000

TOUCHED_FOR_S = 15.0
"""Three times as long as what is new may be told late and is still taken for new."""
_TOUCHED = 20_000


class Heard:
    """The newest revision of each notification that this node knows of."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest: OrderedDict[str, Change] = OrderedDict()

    def is_news(self, change: Change) -> bool:
        """Whether it says more than is known of the notification."""
        held = self._newest.get(change.id)
        if held is None:
            return True
        return (change.revision, change.is_cancelled) > (held.revision, held.is_cancelled)

    def note(self, change: Change) -> None:
        """From now on it is known."""
        self._newest[change.id] = change
        self._newest.move_to_end(change.id)
        self._forget_old()

    def forget(self, notification_id: str) -> None:
        """It is to be heard of again."""
        self._newest.pop(notification_id, None)

    def _forget_old(self) -> None:
        """Drop the oldest beyond the bound, but none that discovery still meets."""
        horizon = self._clock.now() - HEARD_FOR
        while len(self._newest) > _HEARD:
            oldest = next(iter(self._newest))
            if self._newest[oldest].at > horizon:
                return
            del self._newest[oldest]


class Touched:
    """Notifications with which somebody did something in the last seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: OrderedDict[str, float] = OrderedDict()
        self._lost_until = float("-inf")

    def note(self, ids: Iterable[str]) -> None:
        """Somebody did something with these."""
        now = self._clock.monotonic()
        for notification_id in ids:
            self._at[notification_id] = now
            self._at.move_to_end(notification_id)
        while self._at and now - next(iter(self._at.values())) > TOUCHED_FOR_S:
            self._at.popitem(last=False)
        if len(self._at) > _TOUCHED:  # more than can be kept: so it may be any
            self._at.clear()
            self._lost_until = now + TOUCHED_FOR_S

    def __contains__(self, notification_id: str) -> bool:
        return notification_id in self._at or self._clock.monotonic() < self._lost_until
