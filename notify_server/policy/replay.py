"""What a session that comes back is sent, and what it is only told to fetch."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from notify_server.domain.person import Person
from notify_server.domain.receipt import Entry
from notify_server.domain.signals import Removal
from notify_server.domain.target import Position
from notify_server.policy.visible import Rules, is_awaiting, is_in_list, is_visible, is_wanted

OVERLAP = timedelta(seconds=15)
"""How far a replay reaches back before its cursor: clocks, commits and frames cross each other."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is sent to a session that connects.

    Attributes:
        frames: Notifications, oldest first.
        states: Entries of which only the state changed, oldest change first.
        removals: Ids that left the list, with the reason.
        skip: Place up to which nothing is pushed any more, or None when nothing was skipped.
        is_whole: False: more would have to be sent than is sent at once.
    """

    frames: tuple[Entry, ...] = ()
    states: tuple[Entry, ...] = ()
    removals: tuple[tuple[str, Removal], ...] = ()
    skip: Position | None = None
    is_whole: bool = True


def choose_replay(
    person: Person,
    candidates: Iterable[Entry],
    since: datetime | None,
    rules: Rules,
    now: datetime,
    limit: int,
) -> Replay:
    """Sort what may concern a session into frames, states and removals.

    Args:
        candidates: Entries of the person on the line, each once: undelivered ones, and with a
            cursor those that changed since.
        since: Where the cursor points to, less the overlap; None without a cursor.
        limit: How many frames at most, the newest.
    """
    waiting: list[Entry] = []
    changed: list[Entry] = []
    states: list[Entry] = []
    removals: list[tuple[str, Removal]] = []
    for entry in candidates:
        if is_awaiting(person, entry, rules, now):
            waiting.append(entry)
        elif since is not None:
            _sort_changed(person, entry, since, rules, now, changed, states, removals)
    waiting.sort(key=_pushed)
    changed.sort(key=_pushed)
    # What nobody has had comes first: doubles of the overlap may not crowd it out.
    room = max(0, limit - len(waiting))
    skip = _pushed(waiting[-limit - 1]) if len(waiting) > limit else None
    frames = waiting[-limit:] + (changed[-room:] if room else [])
    return Replay(
        frames=tuple(sorted(frames, key=_pushed)),
        states=tuple(states),
        removals=tuple(removals),
        skip=skip,
        is_whole=len(frames) == len(waiting) + len(changed),
    )


def _pushed(entry: Entry) -> Position:
    return Position(entry.pushed_from, entry.id)


def _sort_changed(
    person: Person,
    entry: Entry,
    since: datetime,
    rules: Rules,
    now: datetime,
    frames: list[Entry],
    states: list[Entry],
    removals: list[tuple[str, Removal]],
) -> None:
    if not is_visible(person, entry, rules, now):
        reason = removal_of(entry, since, now)
        if reason is not None:
            removals.append((entry.id, reason))
        return
    is_new = max(entry.pushed_from, entry.position.at) >= since
    if is_new and is_in_list(entry) and is_wanted(person, entry.notification, rules):
        frames.append(entry)
        # Whoever holds it already drops that frame, and so needs the state beside it.
        if _is_touched(entry, since):
            states.append(entry)
    elif entry.receipt is not None and entry.receipt.changed_at >= since:
        states.append(entry)


def _is_touched(entry: Entry, since: datetime) -> bool:
    """Whether the person did something with it after ``since``."""
    receipt = entry.receipt
    if receipt is None or receipt.changed_at < since:
        return False
    return any(
        (receipt.marked_at, receipt.seen_at, receipt.clicked_at, receipt.pinned_at,
         receipt.acknowledged_at)
    )  # fmt: skip


def removal_of(entry: Entry, since: datetime, now: datetime) -> Removal | None:
    """Why something left the list after ``since``, or None if it was not there then."""
    receipt, notification = entry.receipt, entry.notification
    if receipt is not None and receipt.deleted_at is not None:
        return Removal.DELETED if receipt.deleted_at >= since else None
    if notification.cancelled_at is not None:
        return Removal.CANCELLED if notification.cancelled_at >= since else None
    expires_at = notification.content.expires_at
    if expires_at is not None and since <= expires_at <= now:
        return Removal.EXPIRED
    return None
