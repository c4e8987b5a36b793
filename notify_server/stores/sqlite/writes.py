"""Every change that the store makes to its file, as text; the writer's operations say when.

Kept apart from the code like the reads, and held against SQLite's plan by the same test: a change
finds its rows by an index.
"""

from typing import NamedTuple

from notify_server.stores.sqlite.rows import NOTIFICATION_COLUMNS, RECEIPT_COLUMNS


class Write(NamedTuple):
    """One change.

    Attributes:
        name: For the test's report.
        sql: With positional parameters only.
        served_by: What the plan must name; None for a plain insert.
    """

    name: str
    sql: str
    served_by: str | None = None


def _insert(table: str, columns: tuple[str, ...], otherwise: str = "") -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) {otherwise}"  # noqa: S608


_KEY = "PRIMARY KEY"
_BY_ID = "notifications_by_id"

ADD_NOTIFICATION = Write(
    "add notification",
    _insert("notifications", (*NOTIFICATION_COLUMNS, "collapse_scope", "kept_from")),
)
REVISE_NOTIFICATION = Write(
    "revise notification",
    """
    UPDATE notifications
    SET revision = ?, updated_at = ?, revised_at = ?, expires_at = ?, content = ?,
        channel_notes = ?, kept_from = max(kept_from, ?)
    WHERE id = ?
    """,
    _BY_ID,
)
KEEP_NOTIFICATION = Write(
    "keep notification",
    "UPDATE notifications SET kept_from = ?2 WHERE id = ?1 AND kept_from < ?2",
    _BY_ID,
)
CANCEL_NOTIFICATION = Write(
    "cancel notification",
    "UPDATE notifications SET cancelled_at = ?, updated_at = ?, collapse_scope = NULL WHERE id = ?",
    _BY_ID,
)
END_COLLAPSE = Write(
    "end collapse", "UPDATE notifications SET collapse_scope = NULL WHERE id = ?", _BY_ID
)
REMOVE_NOTIFICATION = Write("remove notification", "DELETE FROM notifications WHERE id = ?", _BY_ID)

ADD_TO_AUDIENCE = Write(
    "add to audience",
    _insert("audience_index", ("audience", "line", "created_at", "notification_id", "updated_at")),
)
TOUCH_AUDIENCES = Write(
    "touch audiences",
    "UPDATE audience_index SET updated_at = ? WHERE notification_id = ?",
    "audience_index_by_notification",
)
REMOVE_FROM_AUDIENCES = Write(
    "remove from audiences",
    "DELETE FROM audience_index WHERE notification_id = ?",
    "audience_index_by_notification",
)

KEEP_KEY = Write(
    "keep idempotency key",
    """
    INSERT OR REPLACE INTO idempotency (scope, body_hash, notification_id, revision, at)
    VALUES (?, ?, ?, ?, ?)
    """,
)
REMOVE_KEY = Write("remove idempotency key", "DELETE FROM idempotency WHERE scope = ?", _KEY)
REMOVE_KEYS_OF = Write(
    "remove a notification's idempotency keys",
    "DELETE FROM idempotency WHERE notification_id = ?",
    "idempotency_by_notification",
)

PUT_RECEIPT = Write(
    "put receipt",
    _insert("receipts", (*RECEIPT_COLUMNS, "active")).replace("INSERT", "INSERT OR REPLACE", 1),
)
CONFIRM_RECEIPT = Write(
    "confirm receipt",
    """
    UPDATE receipts
    SET changed_at = ?, delivered_revision = ?, delivered_at = ?, closed = ?, step = ?, due_at = ?,
        acks = ?, version = ?, active = ?
    WHERE user = ? AND notification_id = ?
    """,
    _KEY,
)
REVISE_RECEIPTS = Write(
    "revise receipts",
    """
    UPDATE receipts
    SET push_at = ?1, changed_at = ?1, revision = ?2, attempts = 0, replays = 0, closed = NULL,
        due_at = CASE WHEN step = 'wake' THEN due_at WHEN named THEN ?3 END,
        step = CASE WHEN step = 'wake' THEN step WHEN named THEN 'wait' ELSE 'idle' END,
        active = CASE WHEN dismissed_at IS NULL THEN 2 ELSE 0 END,
        version = version + 1
    WHERE notification_id = ?4 AND deleted_at IS NULL
    """,
    "receipts_by_notification",
)
CLOSE_RECEIPTS = Write(
    "close receipts",
    """
    UPDATE receipts
    SET closed = CASE WHEN delivered_revision < ?1 THEN 'cancelled' ELSE closed END,
        step = 'idle', due_at = NULL, changed_at = ?2, version = version + 1
    WHERE notification_id = ?3
    """,
    "receipts_by_notification",
)
REMOVE_RECEIPTS = Write(
    "remove receipts",
    "DELETE FROM receipts WHERE notification_id = ?",
    "receipts_by_notification",
)

ADD_ATTEMPT = Write(
    "add attempt",
    _insert(
        "attempts",
        ("user", "notification_id", "revision", "number", "at", "outcome", "reason", "channel"),
        "ON CONFLICT (notification_id, user, at, revision, number, reason) DO NOTHING",
    ),
)
REMOVE_ATTEMPTS = Write(
    "remove attempts", "DELETE FROM attempts WHERE notification_id = ?", "PRIMARY KEY"
)

PUT_USER = Write(
    "put user",
    """
    INSERT OR REPLACE INTO users (id, known_since, name, email, phone, locale, time_zone,
        token_iat, revoked_before, subscriptions, read_marks, skipped, version)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """,
)
PUT_MEMBER = Write(
    "put member",
    """
    INSERT INTO members (user, kind, name, source, since, until) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (user, kind, name, source) DO UPDATE
    SET since = CASE WHEN until IS NULL OR until > excluded.since
            THEN since ELSE excluded.since END,
        until = excluded.until
    """,
)
REMOVE_MEMBER = Write(
    "remove member",
    "DELETE FROM members WHERE user = ? AND kind = ? AND name = ? AND source = ?",
    "members_by_audience",
)

ADD_API_KEY = Write(
    "add key",
    """
    INSERT INTO api_keys (id, name, scopes, secret_hash, created_at, revoked_at)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
    """,
)
REVOKE_API_KEY = Write(
    "revoke key",
    "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
    _KEY,
)
ADD_MENTION = Write(
    "add mention",
    "INSERT OR IGNORE INTO mentions (user, notification_id) VALUES (?, ?)",
)
REMOVE_MENTION = Write(
    "remove mention", "DELETE FROM mentions WHERE user = ? AND notification_id = ?", _KEY
)
REMOVE_MENTIONS_OF = Write(
    "remove a notification's mentions",
    "DELETE FROM mentions WHERE notification_id = ?",
    "mentions_by_notification",
)
REMOVE_RECEIPT = Write(
    "remove receipt", "DELETE FROM receipts WHERE user = ? AND notification_id = ?", _KEY
)
REMOVE_ATTEMPTS_OF_USER = Write(
    "remove a user's attempts",
    "DELETE FROM attempts WHERE notification_id = ? AND user = ?",
    _KEY,
)
SCRUB_NOTIFICATION = Write(
    "scrub notification",
    """
    UPDATE notifications
    SET targets = ?, content = ?, submitter = ?, collapse_scope = NULL WHERE id = ?
    """,
    _BY_ID,
)
REMOVE_USER = Write("remove user", "DELETE FROM users WHERE id = ?", _KEY)
REMOVE_MEMBERSHIPS = Write("remove memberships", "DELETE FROM members WHERE user = ?", _KEY)
REMOVE_KEYS_BETWEEN = Write(
    "remove a caller's idempotency keys",
    "DELETE FROM idempotency WHERE scope >= ? AND scope < ?",
    _KEY,
)
BURY = Write("bury", "INSERT OR REPLACE INTO erased (hash, at) VALUES (?, ?)")

ADD_AUDIT = Write(
    "add audit entry",
    _insert(
        "audit",
        (
            *("seq", "at", "who", "action", "subject", "details"),
            *("salt", "seal", "previous_hash", "hash"),
        ),
    ),
)
BRING_AUDIT = Write("bring audit entry", f"{ADD_AUDIT.sql} ON CONFLICT (seq) DO NOTHING")
FORGET_SUBJECT_OF = Write(
    "forget an entry's subject",
    "UPDATE audit SET subject = NULL, salt = NULL WHERE seq = ?",
    "PRIMARY KEY",
)
MOVE_AUDIT_HEAD = Write("move audit's head", "UPDATE health SET audit_head = ? WHERE id = 1", _KEY)
FORGET_SUBJECT = Write(
    "forget subject",
    "UPDATE audit SET subject = NULL, salt = NULL WHERE subject = ?",
    "audit_by_subject",
)
NOTE_EXPIRED_UNTIL = Write(
    "note expired until",
    "UPDATE health SET expired_until = max(coalesce(expired_until, 0), ?) WHERE id = 1",
    _KEY,
)
CHECK_HEALTH = Write("check health", "UPDATE health SET checked_at = ? WHERE id = 1", _KEY)

WRITES: tuple[Write, ...] = tuple(
    value for value in list(globals().values()) if type(value) is Write
)
"""All of them."""
