"""What every engine keeps alike: content as one JSON text, times as milliseconds, activity.

Called by the engines' ways between domain values and what they store.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.notification import ChannelName, ChannelNote, Content, Priority
from notify_server.domain.receipt import Receipt
from notify_server.kit.clock import from_ms, to_ms

UNDELIVERED, UNREAD, PASSIVE = 2, 1, 0
"""How much of a receipt is open (``active``); what is passive is neither pushed nor counted."""
ABOVE_ALL = "\U0010ffff"
"""Above every user's id."""

_CONTENT_DEFAULTS: Mapping[str, object] = {
    "title": None, "message": None, "type": None, "priority": None, "event_name": None,
    "source": None, "tags": (), "data": {}, "object": None, "sender": None, "action_url": None,
    "action_label": None, "actions": (), "media": None, "requires_acknowledgment": False,
    "collapse_key": None,
}  # fmt: skip


def to_json(value: object) -> str:
    """Compact JSON text; mappings of any kind become objects.

    Raises:
        RejectedError: It holds what JSON can not: a lone surrogate, an integer over 64 bits, …
    """
    try:
        return orjson.dumps(value, default=_plain).decode()
    except orjson.JSONEncodeError as error:
        raise RejectedError(Code.INVALID, f"A value can not be stored: {error}.") from error


def ms_or_none(moment: datetime | None) -> int | None:
    """``to_ms`` for what may be absent."""
    return None if moment is None else to_ms(moment)


def moment_or_none(milliseconds: int | None) -> datetime | None:
    """``from_ms`` for what may be absent."""
    return None if milliseconds is None else from_ms(milliseconds)


def content_to_json(content: Content) -> str:
    """All fields but ``expires_at``, which has its own column; defaults are left out."""
    fields = {name: getattr(content, name) for name in _CONTENT_DEFAULTS}
    return to_json(
        {name: value for name, value in fields.items() if value != _CONTENT_DEFAULTS[name]}
    )


def notes_to_json(notes: tuple[ChannelNote, ...]) -> str:
    """Pairs of channel and reason."""
    return to_json([(note.channel, note.reason) for note in notes])


def content_from_json(text: str, expires_at: int | None) -> Content:
    """The way back of ``content_to_json``; ``expires_at`` in milliseconds."""
    stored: dict[str, Any] = orjson.loads(text)
    stored["priority"] = Priority(stored["priority"])
    for name in ("tags", "actions"):
        if name in stored:
            stored[name] = tuple(stored[name])
    return Content(**stored, expires_at=moment_or_none(expires_at))


def notes_from_json(text: str) -> tuple[ChannelNote, ...]:
    """The way back of ``notes_to_json``."""
    return tuple(ChannelNote(ChannelName(name), reason) for name, reason in orjson.loads(text))


def activity(receipt: Receipt, newest_revision: int) -> int:
    """How much of it is still open: undelivered, delivered but not read, or neither."""
    if receipt.deleted_at is not None or receipt.dismissed_at is not None:
        return PASSIVE
    if receipt.delivered_revision < newest_revision:
        return UNDELIVERED
    return UNREAD if receipt.read_at is None else PASSIVE


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"not JSON: {type(value).__name__}")
