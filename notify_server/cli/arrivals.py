"""Events of a listening client as lines for people."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from notify_server.cli.show import clean
from notify_server.wire.events import ServerEvent

_STYLES: Mapping[str, str] = {
    "low": "dim",
    "normal": "",
    "high": "yellow",
    "urgent": "bold yellow",
    "critical": "bold red",
}


def describe(event: ServerEvent, payload: Mapping[str, Any]) -> Text:
    """One line for one event."""
    return _LINES.get(event, _other)(event, payload)


def _notification(_: ServerEvent, payload: Mapping[str, Any]) -> Text:
    notification = payload.get("notification") or {}
    priority = clean(notification.get("priority") or "normal")
    line = Text(f"{_local_time(notification.get('created_at'))}  ")
    line.append(f"{priority:<8}", style=_STYLES.get(priority, ""))
    line.append(f"  {clean(notification.get('title') or '')}", style="bold")
    line.append(f"  {clean(notification.get('message') or '')}")
    if flags := _flags(notification, payload):
        line.append(f"  [{', '.join(flags)}]", style="dim")
    return line


def _flags(notification: Mapping[str, Any], payload: Mapping[str, Any]) -> list[str]:
    flags = ["replayed"] if payload.get("replayed") else []
    flags += [f"{name} {payload[name]}" for name in ("attempt", "reminder") if payload.get(name)]
    if int(notification.get("revision") or 1) > 1:
        flags.append(f"revision {notification['revision']}")
    if notification.get("requires_acknowledgment"):
        flags.append("wants acknowledgement")
    if notification.get("status") == "transient":
        flags.append("transient")
    return [clean(flag) for flag in flags]


def _count(_: ServerEvent, payload: Mapping[str, Any]) -> Text:
    more = "+" if payload.get("more") else ""
    return Text(
        f"          unread {payload.get('count')}{more}, unseen {payload.get('unseen')}",
        style="dim",
    )


def _replay_done(_: ServerEvent, payload: Mapping[str, Any]) -> Text:
    whole = "" if payload.get("recovered") else ", something was skipped: see the list"
    return Text(f"          replayed {payload.get('count')}{whole}", style="dim")


def _removed(_: ServerEvent, payload: Mapping[str, Any]) -> Text:
    ids = ", ".join(clean(one) for one in payload.get("ids") or ())
    return Text(f"          removed ({clean(payload.get('reason'))}): {ids}", style="dim")


def _other(event: ServerEvent, payload: Mapping[str, Any]) -> Text:
    return Text(f"          {event.value}: {clean(dict(payload))}", style="dim")


_LINES: Mapping[ServerEvent, Callable[[ServerEvent, Mapping[str, Any]], Text]] = {
    ServerEvent.NOTIFICATION: _notification,
    ServerEvent.NOTIFICATION_COUNT: _count,
    ServerEvent.REPLAY_DONE: _replay_done,
    ServerEvent.NOTIFICATION_REMOVED: _removed,
}


def _local_time(text: Any) -> str:
    """When it was created, as the wall clock here shows it."""
    try:
        return f"{datetime.fromisoformat(str(text)).astimezone():%H:%M:%S}"
    except ValueError:
        return "--:--:--"
