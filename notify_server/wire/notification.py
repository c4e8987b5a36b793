"""The notification that a client sees (contract 5). Called for frames and for lists."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from notify_server.domain.notification import Notification
from notify_server.domain.settings import CompatSettings
from notify_server.domain.target import AudienceKind
from notify_server.domain.view import State, View
from notify_server.kit.clock import to_rfc3339

_NO_COMPAT = CompatSettings()


def view_to_wire(
    view: View, compat: CompatSettings = _NO_COMPAT, *, transient: bool = False
) -> dict[str, object]:
    """Spell a view.

    Args:
        view: Without state no field of the person's own and no ``sort_at`` are given.
        compat: Which older fields to add.
        transient: Never stored: ``persist`` is false.
    """
    wire = _content(view.notification)
    wire["persist"] = not transient
    if view.state is not None:
        wire |= state_to_wire(view.state)
    if compat.legacy_fields:
        wire |= _legacy(view.notification)
    return wire


def moment_to_wire(moment: datetime | None) -> str | None:
    """A time as RFC 3339, or None."""
    return None if moment is None else to_rfc3339(moment)


def _content(notification: Notification) -> dict[str, object]:
    content = notification.content
    return {
        "id": notification.id,
        "namespace": notification.line,
        "room": _room(notification),
        "revision": notification.revision,
        "created_at": to_rfc3339(notification.created_at),
        "updated_at": to_rfc3339(notification.updated_at),
        "title": content.title,
        "message": content.message,
        "type": content.type,
        "priority": str(content.priority),
        "event_name": content.event_name,
        "source": content.source,
        "tags": list(content.tags),
        "data": _plain(content.data),
        "object": _plain(content.object),
        "sender": _plain(content.sender),
        "action_url": content.action_url,
        "action_label": content.action_label,
        "actions": [_plain(action) for action in content.actions],
        "media": _plain(content.media),
        "requires_acknowledgment": content.requires_acknowledgment,
        "send_at": None,
        "expires_at": moment_to_wire(content.expires_at),
        "ttl_s": None,
        "collapse_key": content.collapse_key,
        "group_key": None,
        "template": None,
        "params": {},
        "is_grouped": False,
        "group_count": 1,
    }


def _plain(value: Mapping[str, object] | None) -> dict[str, object] | None:
    return None if value is None else dict(value)


def _room(notification: Notification) -> str | None:
    rooms = [name for kind, name in notification.targets.audiences if kind == AudienceKind.ROOM]
    return rooms[0] if len(rooms) == 1 else None


def state_to_wire(state: State) -> dict[str, object]:
    """The fields of a person's own state."""
    return {name: value_to_wire(value) for name, value in state.fields().items()}


def value_to_wire(value: object) -> object:
    """A time as RFC 3339, a member of an enumeration as its value, all else as it is."""
    if isinstance(value, datetime):
        return to_rfc3339(value)
    return value.value if isinstance(value, Enum) else value


def _legacy(notification: Notification) -> dict[str, object]:
    sender = notification.content.sender or {}
    return {"notification_type": notification.content.type, "sender_name": sender.get("name")}
