"""One example per event, for ``docs/wire.md`` and for the tests of the clients."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple

from notify_server.domain.notification import Content, Notification, Priority
from notify_server.domain.operators import Stats
from notify_server.domain.receipt import Status
from notify_server.domain.signals import (
    AllUpdatedSignal,
    CountSignal,
    Cursor,
    NotificationFrame,
    ReconnectSignal,
    Removal,
    RemovedSignal,
    ReplayDoneSignal,
    Signal,
    StatsSignal,
    SubscriptionsSignal,
    TokenExpiringSignal,
    UpdatedSignal,
)
from notify_server.domain.target import Audience, AudienceKind, Targets
from notify_server.domain.view import Counts, State, View
from notify_server.kit.clock import from_ms
from notify_server.wire.events import AdminEvent, ClientEvent, ServerEvent

ID = "019b76da-a800-7000-8000-0000000000a1"
OTHER_ID = "019b76da-a800-7000-8000-0000000000a2"
NOW = from_ms(1_767_225_600_000)
_READ = NOW + timedelta(seconds=9)
_CURSOR = Cursor("42", "/", NOW)

SUBMISSION: Mapping[str, object] = MappingProxyType(
    {
        "to": ["42", {"user": "43"}, {"role": "ADMIN"}, {"room": "task_123"}],
        "exclude": ["7"],
        "title": "Task complete",
        "message": "Your caption task has completed",
        "type": "success",
        "priority": "high",
        "event_name": "task_complete",
        "source": "task_system",
        "tags": ["task"],
        "data": {"task_id": "123"},
        "object": {"type": "task", "id": "123"},
        "sender": {"id": "9", "name": "John", "avatar_url": None},
        "action_url": "/tasks/123",
        "action_label": "Open",
        "actions": [{"id": "open", "label": "Open", "url": "/tasks/123"}],
        "media": {"image_url": "https://images.example/task.png"},
        "requires_acknowledgment": False,
        "persist": True,
        "ttl_s": 86_400,
        "collapse_key": "task_123",
    }
)

NOTIFICATION = Notification(
    id=ID,
    targets=Targets(("42", "43"), (Audience(AudienceKind.ROOM, "task_123"),)),
    content=Content(
        title="Task complete",
        message="Your caption task has completed",
        type="success",
        priority=Priority.HIGH,
        event_name="task_complete",
        source="task_system",
        tags=("task",),
        data={"task_id": "123"},
        object={"type": "task", "id": "123"},
        sender={"id": "9", "name": "John", "avatar_url": None},
        action_url="/tasks/123",
        action_label="Open",
        actions=({"id": "open", "label": "Open", "url": "/tasks/123"},),
        media={"image_url": "https://images.example/task.png"},
        expires_at=NOW + timedelta(days=1),
        collapse_key="task_123",
    ),
    submitter="key:0123456789abcdef",
    created_at=NOW,
    updated_at=NOW,
    revised_at=NOW,
)
NEW = View(NOTIFICATION, State(Status.SENT, NOW))


class ServerExample(NamedTuple):
    """A signal as an example; ``name`` is that of its fixture."""

    name: str
    event: ServerEvent
    when: str
    signal: Signal


SERVER: tuple[ServerExample, ...] = (
    ServerExample(
        "notification",
        ServerEvent.NOTIFICATION,
        "Live, replay, retry, new revision, reminder. Sessions with ack: true are asked to "
        "acknowledge it. Drop an id that you hold in that revision and sort_at, unless it is a "
        "reminder.",
        NotificationFrame(NEW),
    ),
    ServerExample(
        "notification_retry",
        ServerEvent.NOTIFICATION,
        "A frame made for one person may say that it is a replay, which attempt or which reminder.",
        NotificationFrame(NEW, replayed=True, attempt=2, reminder=1),
    ),
    ServerExample(
        "notification_revision",
        ServerEvent.NOTIFICATION,
        "A later revision to many carries no state of the person's own and no sort_at: keep what "
        "you hold.",
        NotificationFrame(View(NOTIFICATION, None)),
    ),
    ServerExample(
        "notification_count",
        ServerEvent.NOTIFICATION_COUNT,
        "On connect and after any change, at most 4 a second; the last value always.",
        CountSignal(Counts(3, 1), _CURSOR),
    ),
    ServerExample(
        "notification_updated",
        ServerEvent.NOTIFICATION_UPDATED,
        "State changed on another session.",
        UpdatedSignal((ID, OTHER_ID), {"is_read": True, "read_at": _READ, "seen_at": _READ}),
    ),
    ServerExample(
        "notification_updated_all",
        ServerEvent.NOTIFICATION_UPDATED,
        "All up to before were marked on another session; of one type if given, with one of "
        "the tags if given.",
        AllUpdatedSignal({"is_read": True, "read_at": _READ}, ID, "success", ("task",)),
    ),
    ServerExample(
        "notification_removed",
        ServerEvent.NOTIFICATION_REMOVED,
        "Gone from the list: deleted, expired or cancelled.",
        RemovedSignal((ID,), Removal.EXPIRED),
    ),
    ServerExample(
        "replay_done",
        ServerEvent.REPLAY_DONE,
        "The session has everything; recovered false: something was skipped, fetch the list.",
        ReplayDoneSignal(recovered=True, count=2, cursor=_CURSOR),
    ),
    ServerExample(
        "subscriptions_updated",
        ServerEvent.SUBSCRIPTIONS_UPDATED,
        "Subscriptions changed on another session.",
        SubscriptionsSignal({"info": (True, False), "security": (True, True)}),
    ),
    ServerExample(
        "token_expiring",
        ServerEvent.TOKEN_EXPIRING,
        "60 s before exp; send refresh_token, else the session ends at exp.",
        TokenExpiringSignal(60),
    ),
    ServerExample(
        "reconnect",
        ServerEvent.RECONNECT,
        "The server drains; come back after after_ms, which differs between sessions.",
        ReconnectSignal("drain", 1_500),
    ),
)

_STATS = Stats(
    at=NOW,
    since=NOW - timedelta(hours=2),
    users_online=840,
    sessions={"/": 1_210, "/admin": 2},
    transports={"polling": 12, "websocket": 1_200},
    catching_up=1,
    unconfirmed=3,
    since_start={"accepted": 52_000},
    queues={"dispatch": 0},
    stored={"notifications": 61_000},
)
STATS = ServerExample(
    "stats",
    ServerEvent.STATS,
    "On `/admin`, every 2 s to those who asked with `watch`; `get_stats` answers the same.",
    StatsSignal(_STATS),
)

_ONE: Mapping[str, object] = {"notification_id": ID}
_MANY: Mapping[str, object] = {"ids": [ID, OTHER_ID]}

CLIENT: Mapping[ClientEvent, Mapping[str, object]] = MappingProxyType(
    {
        ClientEvent.GET_NOTIFICATIONS: {"limit": 20, "unread": True, "min_priority": "high"},
        ClientEvent.MARK_READ: _ONE,
        ClientEvent.MARK_UNREAD: _ONE,
        ClientEvent.MARK_SEEN: _MANY,
        ClientEvent.DISMISS: _MANY,
        ClientEvent.RESTORE: _ONE,
        ClientEvent.PIN: _ONE,
        ClientEvent.UNPIN: _ONE,
        ClientEvent.DELETE: _MANY,
        ClientEvent.MARK_ALL_READ: {
            "notification_type": "success",
            "tags": ["task"],
            "before": ID,
        },
        ClientEvent.ACKNOWLEDGE: _ONE,
        ClientEvent.NOTIFICATION_ACK: {"notification_id": ID, "revision": 1},
        ClientEvent.SNOOZE: {"notification_id": ID, "for_s": 3600},
        ClientEvent.CLICKED: {"notification_id": ID, "action": "open"},
        ClientEvent.SUBSCRIBE: {"types": ["info"]},
        ClientEvent.UNSUBSCRIBE: {"types": ["progress_update"]},
        ClientEvent.JOIN_ROOM: {"room": "task_123", "stored": False},
        ClientEvent.LEAVE_ROOM: {"room": "task_123", "stored": False},
        ClientEvent.REFRESH_TOKEN: {"token": "<JWT>"},
    }
)

ADMIN: Mapping[AdminEvent, Mapping[str, object]] = MappingProxyType(
    {
        AdminEvent.SEND_NOTIFICATION: {**SUBMISSION, "idempotency_key": "task-123-done"},
        AdminEvent.GET_STATS: {"user": "42"},
        AdminEvent.GET_SESSIONS: {"user": "42", "namespace": "/"},
        AdminEvent.EXPLAIN: {"notification_id": ID, "user": "42"},
        AdminEvent.RESEND: _ONE,
        AdminEvent.CANCEL: _ONE,
        AdminEvent.DISCONNECT_SESSION: {"sid": "Yk3pQ9"},
        AdminEvent.WATCH: {"on": True},
    }
)
