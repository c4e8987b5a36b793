"""What was submitted: content, target, priority; one revision at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from notify_server.domain.target import USER_LINE, Targets

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
JsonObject = Mapping[str, Json]


class Priority(StrEnum):
    """How much it matters, least first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 4 for critical."""
        return _RANKS[self]

    @property
    def is_pressing(self) -> bool:
        """Urgent and critical: they overtake the others wherever something waits in memory."""
        return self.rank >= _RANKS[Priority.URGENT]


_RANKS = {priority: rank for rank, priority in enumerate(Priority)}


class ChannelName(StrEnum):
    """The ways out that the contract knows."""

    IN_APP = "in_app"
    EMAIL = "email"
    SMS = "sms"
    WEB_PUSH = "web_push"


@dataclass(frozen=True, slots=True)
class Content:
    """What a person reads: everything that a new revision replaces.

    Attributes:
        data: The caller's own object, at most 32 KB and 16 levels.
        object: ``{"type", "id"}`` of what it is about, or None.
        sender: ``{"id", "name", "avatar_url"}``, or None.
        actions: Each ``{"id", "label", "url"}``.
        expires_at: Aware UTC, or None for never.
    """

    title: str
    message: str
    type: str = "info"
    priority: Priority = Priority.NORMAL
    event_name: str | None = None
    source: str | None = None
    tags: tuple[str, ...] = ()
    data: JsonObject = field(default_factory=dict)
    object: JsonObject | None = None
    sender: JsonObject | None = None
    action_url: str | None = None
    action_label: str | None = None
    actions: tuple[JsonObject, ...] = ()
    media: JsonObject | None = None
    requires_acknowledgment: bool = False
    expires_at: datetime | None = None
    collapse_key: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelNote:
    """Why a fallback channel of the policy is not used for this notification."""

    channel: ChannelName
    reason: str


@dataclass(frozen=True, slots=True)
class Notification:
    """One stored notification in its newest revision.

    Attributes:
        id: UUIDv7; ids grow in the order of acceptance on one node.
        line: Where it is shown; a namespace target has its own line, all others ``/``.
        submitter: The caller, as ``key:<id>`` or ``user:<id>``.
        revision: State of the content, 1-based, the same for everybody.
        created_at: When it was accepted; decides who is in its audience.
        updated_at: When it last changed: accepted, replaced or cancelled. Discovery pages by it.
        revised_at: When the newest revision was accepted.
        channel_notes: Fallback channels that the policy names and that do not exist here.
    """

    id: str
    targets: Targets
    content: Content
    submitter: str
    created_at: datetime
    updated_at: datetime
    revised_at: datetime
    line: str = USER_LINE
    revision: int = 1
    cancelled_at: datetime | None = None
    channel_notes: tuple[ChannelNote, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A call of good shape, not decided yet: what ``wire/`` makes of a body.

    Attributes:
        targets: As asked for, doubles and exclusions still inside.
        idempotency_key: Of one item of a bulk call.
        body_hash: SHA-256 of the body's canonical JSON, hexadecimal.
    """

    targets: Targets
    content: Content
    line: str = USER_LINE
    persist: bool = True
    idempotency_key: str | None = None
    body_hash: str = ""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's promise that two calls are the same one.

    Attributes:
        scope: Caller, route and key; unique over the store for 24 h.
        body_hash: SHA-256 of the call's body, hexadecimal.
    """

    scope: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A decided call, ready to be stored: the draft with all that the store must know.

    Attributes:
        collapse_scope: Hash of submitter, collapse key and targets; a live notification with the
            same scope is replaced instead of a new one made. None: never collapses.
        waits: How long it is pushed to people who are away; receipts are due after it.
    """

    targets: Targets
    content: Content
    submitter: str
    waits: timedelta
    line: str = USER_LINE
    collapse_scope: str | None = None
    idempotency: IdempotencyKey | None = None
    channel_notes: tuple[ChannelNote, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the store made of a submission.

    Attributes:
        notification: As it stands now.
        revision: The revision that this call made (a replayed call: the one it made then).
        replayed: True when an earlier call with the same idempotency key had made it.
    """

    notification: Notification
    revision: int
    replayed: bool = False
