"""What a person can do with a notification."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """One verb each; all are idempotent."""

    READ = "read"
    UNREAD = "unread"
    SEEN = "seen"
    CLICKED = "clicked"
    ACKNOWLEDGE = "acknowledge"
    DISMISS = "dismiss"
    RESTORE = "restore"
    PIN = "pin"
    UNPIN = "unpin"
    SNOOZE = "snooze"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Act:
    """An action with what it needs: ``until`` for a snooze, the ``button`` of a click."""

    action: Action
    until: datetime | None = None
    button: str | None = None


@dataclass(frozen=True, slots=True)
class Acted:
    """Which ids an action reached, and which it does not know (or are somebody else's)."""

    changed: tuple[str, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadAll:
    """Which notifications "mark all read" means; nothing given: all."""

    type: str | None = None
    tags: tuple[str, ...] = ()
    before: str | None = None
