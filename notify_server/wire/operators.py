"""What operators ask and are told (contract 7), but explanations: ``wire/explanation.py``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from notify_server.domain.errors import Code, Fault, RejectedError
from notify_server.domain.operators import (
    Found,
    LineStats,
    Presence,
    Resent,
    Search,
    SearchPage,
    SessionInfo,
    Standing,
    Stats,
    UserStats,
)
from notify_server.domain.settings import NamespaceSettings
from notify_server.kit.clock import to_rfc3339
from notify_server.wire.cursor import decode_id, encode_id
from notify_server.wire.explanation import targets_to_wire
from notify_server.wire.fields import Id, Moment, PriorityField, StrictSchema, Text, Whole, load
from notify_server.wire.inbox import counts_to_wire
from notify_server.wire.notification import moment_to_wire
from notify_server.wire.targets import resolve_line

ID_CHARS = 128
MAX_PAGE = 100
QUERY_CHARS = 255
CURSOR_CHARS = 1024
STORED_LIMIT = 100_000
"""How far what is stored is counted; then ``more``."""


class SearchSchema(StrictSchema):
    """``GET /admin/notifications``: every filter may be left out; those given must all hold."""

    q = Text(QUERY_CHARS)
    type = Text(ID_CHARS)
    priority = PriorityField()
    source = Text(ID_CHARS)
    tag = Text(ID_CHARS)
    user = Id(ID_CHARS)
    namespace = Text(ID_CHARS)
    status = Text(ID_CHARS)
    caller = Text(QUERY_CHARS)
    since = Moment()
    until = Moment()
    before = Text(CURSOR_CHARS)
    limit = Whole(1, MAX_PAGE, text=True, load_default=20)


class SessionsSchema(StrictSchema):
    """``GET /admin/sessions``."""

    user = Id(ID_CHARS)
    namespace = Text(ID_CHARS)


class OfUserSchema(StrictSchema):
    """``GET /admin/stats``: of a person too."""

    user = Id(ID_CHARS)


class PresenceSchema(StrictSchema):
    """``GET /admin/presence``: of whom must be said."""

    user = Id(ID_CHARS, required=True)


class ResendSchema(StrictSchema):
    """``POST /admin/notifications/{id}/resend``: behind whom to go on."""

    after = Id(ID_CHARS, load_default="")


SEARCH = SearchSchema()
SESSIONS = SessionsSchema()
OF_USER = OfUserSchema()
PRESENCE = PresenceSchema()
RESEND = ResendSchema()


def parse_search(raw: object, namespaces: NamespaceSettings) -> Search:
    """Read the filters of a query string, or of a socket's payload (None: no filter).

    Raises:
        RejectedError: INVALID with paths.
    """
    values, faults = load(SEARCH, {} if raw is None else raw)
    line, more = _line(values, namespaces)
    faults += more
    status = values.get("status")
    if status is not None and status not in list(Standing):
        faults.append(Fault("status", f"must be one of {', '.join(Standing)}"))
    since, until = values.get("since"), values.get("until")
    if since is not None and until is not None and since >= until:
        faults.append(Fault("until", "must be later than since"))
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    before = values.get("before")
    return Search(
        text=values.get("q"),
        type=values.get("type"),
        priority=values.get("priority"),
        source=values.get("source"),
        tag=values.get("tag"),
        user=values.get("user"),
        line=line,
        standing=None if status is None else Standing(status),
        caller=values.get("caller"),
        since=since,
        until=until,
        before=None if before is None else decode_id(before, "before"),
        limit=values["limit"],
    )


def parse_sessions(raw: object, namespaces: NamespaceSettings) -> tuple[str | None, str | None]:
    """Read whose sessions and on which line are asked for; None: all.

    Raises:
        RejectedError: INVALID with paths.
    """
    values, faults = load(SESSIONS, {} if raw is None else raw)
    line, more = _line(values, namespaces)
    if faults + more:
        raise RejectedError(Code.INVALID, faults=faults + more)
    return values.get("user"), line


def parse_of_user(raw: object) -> str | None:
    """Read whether figures of a person are asked for.

    Raises:
        RejectedError: INVALID with paths.
    """
    user: str | None = _load(OF_USER, raw).get("user")
    return user


def parse_presence(raw: object) -> str:
    """Read whose presence is asked for.

    Raises:
        RejectedError: INVALID with paths.
    """
    user: str = _load(PRESENCE, raw)["user"]
    return user


def parse_resend(raw: object) -> str:
    """Read behind whom to go on; empty: from the first.

    Raises:
        RejectedError: INVALID with paths.
    """
    after: str = _load(RESEND, raw)["after"]
    return after


def _load(schema: StrictSchema, raw: object) -> dict[str, Any]:
    values, faults = load(schema, {} if raw is None else raw)
    if faults:
        raise RejectedError(Code.INVALID, faults=faults)
    return values


def _line(
    values: Mapping[str, Any], namespaces: NamespaceSettings
) -> tuple[str | None, list[Fault]]:
    name = values.get("namespace")
    if name is None:
        return None, []
    line = resolve_line(name, namespaces)
    return line, [] if line else [Fault("namespace", "there is no such namespace")]


def search_to_wire(page: SearchPage) -> dict[str, object]:
    """A page of what was found; ``has_more`` without items: go on from ``before``."""
    return {
        "items": [_found(found) for found in page.items],
        "page_info": {
            "before": None if page.before is None else encode_id(page.before),
            "has_more": page.has_more,
        },
        "scanned": page.scanned,
    }


def _found(found: Found) -> dict[str, object]:
    """Enough to know it by; the whole is in its explanation."""
    notification = found.notification
    content = notification.content
    return {
        "id": notification.id,
        "status": str(found.standing),
        "title": content.title,
        "message": content.message,
        "type": content.type,
        "priority": str(content.priority),
        "source": content.source,
        "tags": list(content.tags),
        "namespace": notification.line,
        "submitter": notification.submitter,
        "targets": targets_to_wire(notification.targets),
        "revision": notification.revision,
        "created_at": to_rfc3339(notification.created_at),
        "updated_at": to_rfc3339(notification.updated_at),
        "expires_at": moment_to_wire(content.expires_at),
        "cancelled_at": moment_to_wire(notification.cancelled_at),
    }


def resent_to_wire(resent: Resent) -> dict[str, object]:
    """Numbers; ``after`` says behind whom to go on if not everybody was looked at."""
    return {
        "id": resent.id,
        "resent": resent.resent,
        "connected_now": resent.connected_now,
        "underway": resent.underway,
        "delivered": resent.delivered,
        "set_aside": resent.set_aside,
        "after": resent.after,
        "has_more": resent.after is not None,
    }


def session_to_wire(session: SessionInfo) -> dict[str, object]:
    """One open session."""
    return {
        "sid": session.id,
        "user": session.user,
        "namespace": session.line,
        "transport": session.transport,
        "ack": session.acks,
        "device_id": session.device_id,
        "rooms": list(session.rooms),
        "live": session.live,
        "unconfirmed": session.unconfirmed,
        "opened_at": to_rfc3339(session.opened_at),
        "expires_at": to_rfc3339(session.expires_at),
    }


def presence_to_wire(presence: Presence) -> dict[str, object]:
    """Whether a person is here."""
    return {
        "user": presence.user,
        "known": presence.known,
        "online": presence.online,
        "sessions": [session_to_wire(session) for session in presence.sessions],
    }


def stats_to_wire(stats: Stats) -> dict[str, object]:
    """Figures of the node; times in RFC 3339, spans in seconds."""
    told: dict[str, object] = {
        "at": to_rfc3339(stats.at),
        "since": to_rfc3339(stats.since),
        "uptime_s": _seconds(stats.since, stats.at),
        "users_online": stats.users_online,
        "sessions": {
            "total": sum(stats.sessions.values()),
            "catching_up": stats.catching_up,
            "by_namespace": dict(stats.sessions),
            "by_transport": dict(stats.transports),
        },
        "unconfirmed": stats.unconfirmed,
        "since_start": dict(stats.since_start),
        "queues": dict(stats.queues),
        "stored": {
            name: {"count": number, "more": number >= STORED_LIMIT}
            for name, number in stats.stored.items()
        },
    }
    if stats.user is not None:
        told["user"] = _user_stats(stats.user)
    return told


def _user_stats(stats: UserStats) -> dict[str, object]:
    return {
        **presence_to_wire(stats.presence),
        "namespaces": {line: _line_stats(each) for line, each in stats.lines.items()},
    }


def _line_stats(stats: LineStats) -> dict[str, object]:
    counts = counts_to_wire(stats.counts)
    return {
        "unread": counts["count"],
        "unseen": counts["unseen"],
        "more": counts["more"],
        "undelivered": stats.undelivered,
    }


def _seconds(since: datetime, until: datetime) -> int:
    return int((until - since).total_seconds())
