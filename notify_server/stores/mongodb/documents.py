"""Between domain values and MongoDB's documents, both ways for each collection.

Times are integer milliseconds, and what callers write (content, names in it) is one JSON text, so
that nothing from the outside is ever a key or an operator (S18).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from notify_server.domain.claims import ApiKey, Scope
from notify_server.domain.erasure import mentioned_in
from notify_server.domain.notification import ChannelName, Notification, Submission
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Ack, AckVia, Attempt, Receipt, Step
from notify_server.domain.target import (
    Audience,
    AudienceKind,
    Membership,
    Position,
    Source,
    Targets,
    UserRecord,
    Watermark,
)
from notify_server.kit.clock import from_ms, to_ms
from notify_server.stores.texts import (
    activity,
    content_from_json,
    content_to_json,
    moment_or_none,
    ms_or_none,
    notes_from_json,
    notes_to_json,
)

Document = dict[str, Any]

_MS = timedelta(milliseconds=1)
_RECEIPT_TIMES = (
    "sort_at", "push_at", "changed_at", "delivered_at", "seen_at", "read_at", "marked_at",
    "clicked_at", "acknowledged_at", "dismissed_at", "deleted_at", "pinned_at", "snoozed_until",
    "due_at",
)  # fmt: skip
_RECEIPT_PLAIN = (
    "user", "notification_id", "line", "named", "revision", "delivered_revision", "attempts",
    "replays", "reminders", "version",
)  # fmt: skip
_KEPT_NULL = frozenset({"deleted_at", "dismissed_at"})
"""Asked for by "is null": kept in the document, so that an index holds them."""

RECEIPT_OPTIONAL = frozenset({*_RECEIPT_TIMES, "closed"} - _KEPT_NULL)
"""Fields that a receipt's document has only while there is something to say."""


REVISED_OPTIONAL = frozenset({"expires_at", "people"})
"""The same of a revision."""


def receipt_id(user: str, notification_id: str) -> str:
    """The ``_id`` of a receipt; the notification's id has one length, so no two are alike."""
    return f"{notification_id}:{user}"


def new_notification(notification: Notification, submission: Submission) -> Document:
    """What is inserted: the acceptance in one document, its named users inside."""
    document = notification_to(notification)
    at = document["created_at"]
    document["waits"] = submission.waits // _MS
    if submission.collapse_scope is not None:
        document["collapse_scope"] = submission.collapse_scope
    key = submission.idempotency
    if key is not None:
        document |= {
            "key_scopes": [key.scope],
            "keys": [key_fields(key.body_hash, 1, at)],
            "keys_at": at,
        }
    return document


def notification_to(notification: Notification) -> Document:
    """A notification's document, finished and without keys or scope."""
    at = to_ms(notification.created_at)
    document: Document = {
        "_id": notification.id,
        "line": notification.line,
        "submitter": notification.submitter,
        "created_at": at,
        "users": list(notification.targets.users),
        "exclude": list(notification.targets.exclude),
        "kept_from": at,
        **revised_fields(notification),
        "waits": 0,
    }
    if notification.targets.audiences:
        document["audiences"] = [audience.key for audience in notification.targets.audiences]
    if notification.cancelled_at is not None:
        document["cancelled_at"] = to_ms(notification.cancelled_at)
    return document


def revised_fields(notification: Notification) -> Document:
    """What a new revision replaces."""
    fields: Document = {
        "revision": notification.revision,
        "updated_at": to_ms(notification.updated_at),
        "revised_at": to_ms(notification.revised_at),
        "content": content_to_json(notification.content),
        "notes": notes_to_json(notification.channel_notes),
    }
    if notification.content.expires_at is not None:
        fields["expires_at"] = to_ms(notification.content.expires_at)
    people = mentioned_in(notification)
    if people:
        fields["people"] = sorted(people)
    return fields


def key_fields(body_hash: str, revision: int, at: int) -> Document:
    """What is known of an idempotency key, beside its scope in ``key_scopes``."""
    return {"hash": body_hash, "revision": revision, "at": at}


def notification_from(document: Mapping[str, Any]) -> Notification:
    """The way back."""
    return Notification(
        id=document["_id"],
        line=document["line"],
        submitter=document["submitter"],
        revision=document["revision"],
        created_at=from_ms(document["created_at"]),
        updated_at=from_ms(document["updated_at"]),
        revised_at=from_ms(document["revised_at"]),
        cancelled_at=moment_or_none(document.get("cancelled_at")),
        targets=targets_from(document),
        content=content_from_json(document["content"], document.get("expires_at")),
        channel_notes=notes_from_json(document["notes"]),
    )


def targets_from(document: Mapping[str, Any]) -> Targets:
    """To whom it is, from its fields."""
    return Targets(
        tuple(document["users"]),
        tuple(_audience(key) for key in document.get("audiences", ())),
        tuple(document["exclude"]),
    )


def waits_of(document: Mapping[str, Any]) -> timedelta:
    """How long the newest revision is pushed to people who are away."""
    return timedelta(milliseconds=document["waits"])


def receipt_to(receipt: Receipt, newest_revision: int) -> Document:
    """A receipt's document."""
    document: Document = {name: getattr(receipt, name) for name in _RECEIPT_PLAIN}
    document["_id"] = receipt_id(receipt.user, receipt.notification_id)
    for name in _RECEIPT_TIMES:
        moment = ms_or_none(getattr(receipt, name))
        if moment is not None or name in _KEPT_NULL:
            document[name] = moment
    if receipt.closed is not None:
        document["closed"] = str(receipt.closed)
    document["step"] = str(receipt.step)
    document["acks"] = [
        [ack.session, ack.revision, to_ms(ack.at), ack.rtt_ms, str(ack.via)] for ack in receipt.acks
    ]
    document["active"] = activity(receipt, newest_revision)
    return document


def receipt_from(document: Mapping[str, Any]) -> Receipt:
    """The way back."""
    times = {name: moment_or_none(document.get(name)) for name in _RECEIPT_TIMES}
    closed = document.get("closed")
    return Receipt(
        **{name: document[name] for name in _RECEIPT_PLAIN},
        **times,  # type: ignore[arg-type] # the three that are never absent are in every document
        closed=None if closed is None else Reason(closed),
        step=Step(document["step"]),
        acks=tuple(
            Ack(session, revision, from_ms(at), rtt_ms, AckVia(via))
            for session, revision, at, rtt_ms, via in document["acks"]
        ),
    )


def attempt_to(attempt: Attempt) -> Document:
    """An attempt's document; its ``_id`` names what is kept once."""
    return {
        "_id": f"{attempt.notification_id}:{attempt.revision}:{attempt.number}"
        f":{attempt.reason}:{to_ms(attempt.at)}:{attempt.user}",
        "user": attempt.user,
        "notification_id": attempt.notification_id,
        "revision": attempt.revision,
        "number": attempt.number,
        "at": to_ms(attempt.at),
        "outcome": attempt.outcome,
        "reason": str(attempt.reason),
        "channel": str(attempt.channel),
    }


def attempt_from(document: Mapping[str, Any]) -> Attempt:
    """The way back."""
    return Attempt(
        document["user"],
        document["notification_id"],
        document["revision"],
        document["number"],
        from_ms(document["at"]),
        document["outcome"],
        Reason(document["reason"]),
        ChannelName(document["channel"]),
    )


def record_to(record: UserRecord) -> Document:
    """The fields of a person's record, the version one higher; maps by line are lists of pairs."""
    return {
        "known_since": to_ms(record.known_since),
        "name": record.name,
        "email": record.email,
        "phone": record.phone,
        "locale": record.locale,
        "time_zone": record.time_zone,
        "token_iat": ms_or_none(record.token_iat),
        "revoked_before": ms_or_none(record.revoked_before),
        "subscriptions": [list(pair) for pair in record.subscriptions.items()],
        "read_marks": [
            [line, to_ms(mark.position.at), mark.position.id, to_ms(mark.set_at)]
            for line, mark in record.read_marks.items()
        ],
        "skipped": [[line, to_ms(at), place] for line, (at, place) in record.skipped.items()],
        "version": record.version + 1,
    }


def record_from(document: Mapping[str, Any]) -> UserRecord | None:
    """The way back; None where only memberships are known."""
    if "version" not in document:
        return None
    return UserRecord(
        id=document["_id"],
        known_since=from_ms(document["known_since"]),
        name=document["name"],
        email=document["email"],
        phone=document.get("phone"),
        locale=document["locale"],
        time_zone=document["time_zone"],
        token_iat=moment_or_none(document["token_iat"]),
        revoked_before=moment_or_none(document["revoked_before"]),
        subscriptions=dict(document["subscriptions"]),
        read_marks={
            line: Watermark(Position(from_ms(at), place), from_ms(set_at))
            for line, at, place, set_at in document["read_marks"]
        },
        skipped={line: Position(from_ms(at), place) for line, at, place in document["skipped"]},
        version=document["version"],
    )


def membership_to(membership: Membership) -> list[Any]:
    """A membership as one element of a person's ``members``."""
    kind, name = membership.audience
    since, until = to_ms(membership.since), ms_or_none(membership.until)
    return [str(kind), name, str(membership.source), since, until]


def membership_from(element: list[Any]) -> Membership:
    """The way back."""
    kind, name, source, since, until = element
    audience = Audience(AudienceKind(kind), name)
    return Membership(audience, Source(source), from_ms(since), moment_or_none(until))


def key_to(key: ApiKey) -> Document:
    """An API key's document."""
    document: Document = {
        "_id": key.id,
        "name": key.name,
        "scopes": sorted(str(scope) for scope in key.scopes),
        "secret_hash": key.secret_hash,
        "created_at": to_ms(key.created_at),
    }
    if key.revoked_at is not None:
        document["revoked_at"] = to_ms(key.revoked_at)
    return document


def key_from(document: Mapping[str, Any]) -> ApiKey:
    """The way back."""
    return ApiKey(
        id=document["_id"],
        name=document["name"],
        scopes=frozenset(Scope(scope) for scope in document["scopes"]),
        secret_hash=document["secret_hash"],
        created_at=from_ms(document["created_at"]),
        revoked_at=moment_or_none(document.get("revoked_at")),
    )


def _audience(key: str) -> Audience:
    kind, _, name = key.partition(":")
    return Audience(AudienceKind(kind), name)
