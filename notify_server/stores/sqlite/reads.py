"""Every question that the store asks its file, each declared once with the index that serves it.

A test holds each against SQLite's own plan: it is served by what is named here, without a scan of
a table and without sorting. No other module of the package contains a SELECT.
"""
# ruff: noqa: S608 - what is put into the texts are column names of this package, never values

from typing import NamedTuple

from notify_server.stores.sqlite.rows import NOTIFICATION_COLUMNS, RECEIPT_COLUMNS


class Read(NamedTuple):
    """One question.

    Attributes:
        name: For the test's report.
        sql: With positional parameters only.
        served_by: What the plan must name: indexes, or ``PRIMARY KEY`` of a table without rowid;
            for lists with the columns by which it must be entered.
        whole: It is meant to go through all rows of an index (a list of everything, in order).
    """

    name: str
    sql: str
    served_by: tuple[str, ...]
    whole: bool = False


def _of(table: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{table}.{column}" for column in columns)


_N = _of("n", NOTIFICATION_COLUMNS)
_R = _of("r", RECEIPT_COLUMNS)
_NR = f"{_N}, {_R}"
_KEY = "PRIMARY KEY"
_BY_ID = "notifications_by_id"

# --- notifications

NEWEST_ID = Read("newest id", "SELECT max(id) FROM notifications", (_BY_ID,))
KNOWN = Read("known", "SELECT 1 FROM notifications WHERE id = ?", (_BY_ID,))
NOTIFICATION = Read("one", f"SELECT {_N} FROM notifications n WHERE n.id = ?", (_BY_ID,))
NOTIFICATIONS = Read(
    "several",
    f"SELECT {_N} FROM json_each(?) w CROSS JOIN notifications n ON n.id = w.value",
    (_BY_ID,),
)
TARGETS = Read(
    "targets",
    "SELECT n.id, n.targets FROM json_each(?) w CROSS JOIN notifications n ON n.id = w.value",
    (_BY_ID,),
)
NOTIFICATION_WITH_KEY = Read(
    "by idempotency key",
    f"""
    SELECT k.body_hash, k.revision, {_N}
    FROM idempotency k CROSS JOIN notifications n ON n.id = k.notification_id
    WHERE k.scope = ? AND k.at > ?
    """,
    (_KEY, _BY_ID),
)
NOTIFICATION_IN_SCOPE = Read(
    "by collapse scope",
    f"SELECT {_N} FROM notifications n WHERE n.collapse_scope = ?",
    ("notifications_by_collapse",),
)
FEED = Read(
    "feed",
    f"""
    SELECT {_N}
    FROM audience_index a CROSS JOIN notifications n ON n.id = a.notification_id
    WHERE a.audience = ? AND a.line = ? AND (a.created_at, a.notification_id) < (?, ?)
    ORDER BY a.created_at DESC, a.notification_id DESC LIMIT ?
    """,
    (f"{_KEY} (audience=? AND line=? AND (created_at,", _BY_ID),
)
FEED_CHANGED = Read(
    "feed, changed",
    f"""
    SELECT {_N}
    FROM audience_index a CROSS JOIN notifications n ON n.id = a.notification_id
    WHERE a.audience = ? AND a.line = ? AND a.updated_at >= ?
    ORDER BY a.updated_at, a.notification_id LIMIT ?
    """,
    ("audience_index_by_change (audience=? AND line=? AND updated_at>", _BY_ID),
)
LATEST = Read(
    "latest",
    f"SELECT {_N} FROM notifications n WHERE n.id < ? ORDER BY n.id DESC LIMIT ?",
    (f"{_BY_ID} (id<",),
)
LATEST_OF_USER = Read(
    "latest of a user",
    f"""
    SELECT {_N}
    FROM receipts r CROSS JOIN notifications n ON n.id = r.notification_id
    WHERE r.user = ? AND r.notification_id < ? ORDER BY r.notification_id DESC LIMIT ?
    """,
    (f"{_KEY} (user=? AND notification_id<", _BY_ID),
)
CHANGED = Read(
    "changed",
    """
    SELECT id, revision, cancelled_at, updated_at FROM notifications
    WHERE updated_at >= ? ORDER BY updated_at, id LIMIT ?
    """,
    ("notifications_by_change",),
)
EXPIRED = Read(
    "expired",
    f"""
    SELECT {_N} FROM notifications n
    WHERE n.expires_at > ? AND n.expires_at <= ? AND n.cancelled_at IS NULL
    ORDER BY n.expires_at, n.id LIMIT ?
    """,
    ("notifications_by_expiry",),
)
EXPIRED_UNTIL = Read("expired until", "SELECT expired_until FROM health WHERE id = 1", (_KEY,))
OLD_IDS = Read(
    "old ids",
    """
    SELECT id FROM notifications
    WHERE kept_from < ? AND (expires_at IS NULL OR expires_at <= ?) ORDER BY kept_from LIMIT ?
    """,
    ("notifications_by_age",),
)
OLD_KEYS = Read(
    "old idempotency keys",
    "SELECT scope FROM idempotency WHERE at <= ? ORDER BY at LIMIT ?",
    ("idempotency_by_age",),
)

# --- receipts

ENTRIES = Read(
    "entries",
    f"""
    SELECT {_NR}
    FROM json_each(?) w CROSS JOIN notifications n ON n.id = w.value
    LEFT JOIN receipts r ON r.user = ? AND r.notification_id = n.id
    """,
    (_BY_ID, _KEY),
)
ENTRY = Read(
    "entry",
    f"""
    SELECT {_NR}
    FROM notifications n LEFT JOIN receipts r ON r.user = ? AND r.notification_id = n.id
    WHERE n.id = ?
    """,
    (_BY_ID, _KEY),
)
RECEIPT = Read(
    "receipt, with the newest revision",
    f"""
    SELECT n.revision, {_R}
    FROM notifications n LEFT JOIN receipts r ON r.user = ? AND r.notification_id = n.id
    WHERE n.id = ?
    """,
    (_BY_ID, _KEY),
)
VERSIONS = Read(
    "newest revision and the receipt's version",
    """
    SELECT n.revision, r.version
    FROM notifications n LEFT JOIN receipts r ON r.user = ? AND r.notification_id = n.id
    WHERE n.id = ?
    """,
    (_BY_ID, _KEY),
)
ACTIVE = Read(
    "active",
    f"""
    SELECT {_NR}
    FROM receipts r CROSS JOIN notifications n ON n.id = r.notification_id
    WHERE r.user = ? AND r.line = ? AND r.active > 0
    ORDER BY r.active DESC, r.push_at DESC, r.notification_id DESC LIMIT ?
    """,
    ("receipts_by_activity (user=? AND line=? AND active>", _BY_ID),
)
INBOX = Read(
    "inbox",
    f"""
    SELECT {_NR}
    FROM receipts r CROSS JOIN notifications n ON n.id = r.notification_id
    WHERE r.user = ? AND r.line = ? AND r.deleted_at IS NULL
        AND (r.sort_at, r.notification_id) < (?, ?)
    ORDER BY r.sort_at DESC, r.notification_id DESC LIMIT ?
    """,
    ("receipts_by_sort (user=? AND line=? AND (sort_at,", _BY_ID),
)
CHANGED_ENTRIES = Read(
    "changed entries",
    f"""
    SELECT {_NR}
    FROM receipts r CROSS JOIN notifications n ON n.id = r.notification_id
    WHERE r.user = ? AND r.line = ? AND r.changed_at >= ?
    ORDER BY r.changed_at, r.notification_id LIMIT ?
    """,
    ("receipts_by_change (user=? AND line=? AND changed_at>", _BY_ID),
)
CHANGED_IDS = Read(
    "changed ids",
    """
    SELECT notification_id FROM receipts
    WHERE user = ? AND line = ? AND changed_at >= ?
    ORDER BY changed_at, notification_id LIMIT ?
    """,
    ("COVERING INDEX receipts_by_change (user=? AND line=? AND changed_at>",),
)
DUE = Read(
    "due",
    f"""
    SELECT {_NR}
    FROM receipts r CROSS JOIN notifications n ON n.id = r.notification_id
    WHERE r.due_at <= ? ORDER BY r.due_at LIMIT ?
    """,
    ("receipts_by_due", _BY_ID),
)
RECIPIENTS = Read(
    "recipients",
    f"""
    SELECT {_R} FROM receipts r
    WHERE r.notification_id = ? AND r.user > ? ORDER BY r.user LIMIT ?
    """,
    ("receipts_by_notification (notification_id=? AND user>",),
)
HAVE_UNDELIVERED = Read(
    "have undelivered",
    """
    SELECT w.value FROM json_each(?) w
    WHERE EXISTS (SELECT 1 FROM receipts r WHERE r.notification_id = w.value AND r.active = 2)
    """,
    ("receipts_by_notification (notification_id=?)",),
)
REACHED = Read(
    "reached by an audience",
    """
    SELECT user FROM receipts
    WHERE notification_id = ? AND NOT named AND delivered_at IS NOT NULL
    """,
    ("receipts_by_notification (notification_id=?)",),
)
HIDDEN = Read(
    "hidden",
    """
    SELECT user FROM receipts INDEXED BY receipts_hidden
    WHERE notification_id = ? AND
        (dismissed_at IS NOT NULL OR deleted_at IS NOT NULL OR snoozed_until IS NOT NULL)
    """,
    ("receipts_hidden (notification_id=?)",),
)
SUMMARY = Read(
    "summary",
    """
    SELECT count(*),
        count(*) FILTER (WHERE r.delivered_revision < n.revision AND r.closed IS NULL
            AND r.deleted_at IS NULL),
        count(*) FILTER (WHERE r.delivered_revision < n.revision AND r.closed IS NOT NULL),
        count(*) FILTER (WHERE r.delivered_revision >= n.revision),
        count(r.seen_at), count(r.read_at), count(r.clicked_at), count(r.acknowledged_at),
        count(r.dismissed_at), count(r.deleted_at),
        count(*) FILTER (WHERE r.delivered_revision >= n.revision
            AND r.read_at IS NULL AND r.deleted_at IS NULL)
    FROM notifications n CROSS JOIN receipts r ON r.notification_id = n.id
    WHERE n.id = ?
    """,
    (_BY_ID, "receipts_by_notification"),
)
ATTEMPTS = Read(
    "attempts",
    """
    SELECT user, notification_id, revision, number, at, outcome, reason, channel FROM attempts
    WHERE notification_id = ? AND user = ? ORDER BY at, revision, number
    """,
    (f"{_KEY} (notification_id=? AND user=?",),
)

# --- people and keys

USER = Read(
    "user",
    """
    SELECT id, known_since, name, email, phone, locale, time_zone, token_iat, revoked_before,
        subscriptions, read_marks, skipped, version
    FROM users WHERE id = ?
    """,
    (_KEY,),
)
HELD = Read(
    "held",
    f"""
    SELECT {_NR}
    FROM receipts r CROSS JOIN notifications n ON n.id = r.notification_id
    WHERE r.user = ? AND r.notification_id > ? ORDER BY r.notification_id LIMIT ?
    """,
    (f"{_KEY} (user=? AND notification_id>", _BY_ID),
)
MENTIONING = Read(
    "mentioning",
    f"""
    SELECT {_N}
    FROM mentions m CROSS JOIN notifications n ON n.id = m.notification_id
    WHERE m.user = ? AND m.notification_id > ? ORDER BY m.notification_id LIMIT ?
    """,
    (f"{_KEY} (user=? AND notification_id>", _BY_ID),
)
ERASED = Read("erased", "SELECT at FROM erased WHERE hash = ?", (_KEY,))
ERASED_SINCE = Read(
    "erased since",
    "SELECT hash FROM erased WHERE at >= ? ORDER BY at, hash LIMIT ?",
    ("COVERING INDEX erased_by_time (at>",),
)
REVOKED = Read(
    "revoked",
    """
    SELECT id FROM users INDEXED BY users_by_revocation
    WHERE revoked_before >= ? ORDER BY revoked_before, id LIMIT ?
    """,
    ("users_by_revocation (revoked_before>",),
)
USER_VERSION = Read("user's version", "SELECT version FROM users WHERE id = ?", (_KEY,))
MEMBERSHIPS = Read(
    "memberships",
    """
    SELECT kind, name, source, since, until FROM members
    WHERE user = ? ORDER BY kind, name, source
    """,
    (_KEY,),
)
MEMBERS = Read(
    "members",
    """
    SELECT DISTINCT user FROM members
    WHERE kind = ? AND name = ? AND user > ? ORDER BY user LIMIT ?
    """,
    ("members_by_audience",),
)
EVERYONE = Read("everyone", "SELECT id FROM users WHERE id > ? ORDER BY id LIMIT ?", (_KEY,))
API_KEY = Read(
    "key",
    "SELECT id, name, scopes, secret_hash, created_at, revoked_at FROM api_keys WHERE id = ?",
    (_KEY,),
)
API_KEYS = Read(
    "keys",
    """
    SELECT id, name, scopes, secret_hash, created_at, revoked_at
    FROM api_keys ORDER BY created_at, id
    """,
    ("api_keys_by_age",),
    whole=True,
)
# --- sizes: rows of the narrowest index, up to a bound

COUNT_NOTIFICATIONS = Read(
    "number of notifications",
    "SELECT count(*) FROM (SELECT 1 FROM notifications INDEXED BY notifications_by_age LIMIT ?)",
    ("notifications_by_age",),
    whole=True,
)
COUNT_RECEIPTS = Read(
    "number of receipts",
    "SELECT count(*) FROM (SELECT 1 FROM receipts INDEXED BY receipts_by_notification LIMIT ?)",
    ("receipts_by_notification",),
    whole=True,
)
COUNT_USERS = Read(
    "number of users",
    "SELECT count(*) FROM (SELECT 1 FROM users WHERE id > '' LIMIT ?)",
    (_KEY,),
)
COUNT_DUE = Read(
    "number of due receipts",
    "SELECT count(*) FROM (SELECT 1 FROM receipts WHERE due_at <= ? LIMIT ?)",
    ("receipts_by_due",),
)
CHECKED_AT = Read("health", "SELECT checked_at FROM health WHERE id = 1", (_KEY,))

# --- audit

_AUDIT_COLUMNS = "seq, at, who, action, subject, details, salt, seal, previous_hash, hash"


def _audit(name: str, entered_by: str, served_by: str) -> Read:
    """Newest first; ?1 below which, ?2 how many, ?3 to ?5 the filters, of which one may enter."""
    filters = " AND ".join(
        f"{column} = ?{at}" if column == entered_by else f"(?{at} IS NULL OR {column} = ?{at})"
        for at, column in ((3, "who"), (4, "action"), (5, "subject"))
    )
    sql = f"""
    SELECT {_AUDIT_COLUMNS} FROM audit
    WHERE seq < ?1 AND {filters} ORDER BY seq DESC LIMIT ?2
    """
    return Read(name, sql, (served_by,))


AUDIT = _audit("audit", "", f"INTEGER {_KEY} (rowid<?)")
AUDIT_BY_WHO = _audit("audit, by whom", "who", "audit_by_who (who=? AND seq<?)")
AUDIT_OF_ACTION = _audit("audit, of an action", "action", "audit_by_action (action=? AND seq<?)")
AUDIT_OF_SUBJECT = _audit(
    "audit, of a subject", "subject", "audit_by_subject (subject=? AND seq<?)"
)
# --- everything, page by page, to another engine

KEPT = Read(
    "kept",
    f"SELECT {_N}, n.collapse_scope, n.kept_from FROM notifications n WHERE n.id > ?"
    " ORDER BY n.id LIMIT ?",
    (f"{_BY_ID} (id>",),
)
KEYS_OF = Read(
    "idempotency keys of several",
    """
    SELECT k.notification_id, k.scope, k.body_hash, k.revision, k.at
    FROM json_each(?) w CROSS JOIN idempotency k ON k.notification_id = w.value
    """,
    ("idempotency_by_notification",),
)
ATTEMPTS_BETWEEN = Read(
    "attempts between users",
    """
    SELECT user, notification_id, revision, number, at, outcome, reason, channel FROM attempts
    WHERE notification_id = ? AND user > ? AND user <= ?
    ORDER BY user, at, revision, number, reason
    """,
    (f"{_KEY} (notification_id=? AND user>",),
)
PEOPLE = Read(
    "people",
    """
    SELECT id FROM users WHERE id > ?1 UNION SELECT user FROM members WHERE user > ?1
    ORDER BY 1 LIMIT ?2
    """,
    (f"{_KEY} (id>", f"{_KEY} (user>"),
)
TOMBSTONES = Read(
    "tombstones", "SELECT hash, at FROM erased WHERE hash > ? ORDER BY hash LIMIT ?", (_KEY,)
)

AUDIT_HEAD = Read("audit's head", "SELECT audit_head FROM health WHERE id = 1", (_KEY,))

READS: tuple[Read, ...] = tuple(value for value in list(globals().values()) if type(value) is Read)
"""All of them."""
