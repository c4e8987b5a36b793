"""Every question that the store asks MongoDB, each declared once with the index that serves it.

A test proves that each index begins with the equal fields, goes on with the order and the range,
and that the code sends nothing that is not declared here.
"""

from dataclasses import dataclass
from typing import Any

Keys = tuple[tuple[str, int], ...]
UP, DOWN = 1, -1

NOTIFICATIONS, RECEIPTS, ATTEMPTS = "notifications", "receipts", "attempts"
USERS, API_KEYS, META, AUDITS = "users", "api_keys", "meta", "audit"
TOMBSTONES = "erased"


@dataclass(frozen=True, slots=True)
class Index:
    """One index; ``_id`` needs none.

    Attributes:
        sparse: Leaves out documents without the first field.
    """

    collection: str
    name: str
    keys: Keys
    unique: bool = False
    sparse: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """What ``create_index`` takes besides the keys."""
        options: dict[str, Any] = {"name": self.name}
        if self.unique:
            options["unique"] = True
        if self.sparse:
            options["sparse"] = True
        return options


@dataclass(frozen=True, slots=True)
class Query:
    """One question, or which documents a change finds.

    Attributes:
        equal: Fields compared with one value, or one of several.
        within: The field of which a range is asked, if any.
        sort: The order of the answer.
        index: What serves it; None: ``_id``.
        beside: Fields that are looked at in what the index found.
    """

    name: str
    collection: str
    equal: tuple[str, ...] = ()
    within: str = ""
    sort: Keys = ()
    index: Index | None = None
    beside: tuple[str, ...] = ()


def _up(*fields: str) -> Keys:
    return tuple((field, UP) for field in fields)


# --- indexes

BY_KEY = Index(NOTIFICATIONS, "by_key", _up("key_scopes"), unique=True, sparse=True)
BY_COLLAPSE = Index(NOTIFICATIONS, "by_collapse", _up("collapse_scope"), unique=True, sparse=True)
BY_AUDIENCE = Index(
    NOTIFICATIONS, "by_audience", _up("audiences", "line", "created_at", "_id"), sparse=True
)
BY_AUDIENCE_CHANGE = Index(
    NOTIFICATIONS, "by_audience_change", _up("audiences", "line", "updated_at", "_id"), sparse=True
)
BY_CHANGE = Index(NOTIFICATIONS, "by_change", _up("updated_at", "_id"))
BY_EXPIRY = Index(NOTIFICATIONS, "by_expiry", _up("expires_at", "_id"), sparse=True)
BY_AGE = Index(NOTIFICATIONS, "by_age", _up("kept_from"))
BY_KEY_AGE = Index(NOTIFICATIONS, "by_key_age", _up("keys_at"), sparse=True)
UNFINISHED = Index(NOTIFICATIONS, "unfinished", _up("unfinished_at"), sparse=True)
WAITING = Index(NOTIFICATIONS, "waiting", _up("waiting_users"), sparse=True)

BY_PERSON = Index(NOTIFICATIONS, "by_person", _up("people", "_id"), sparse=True)

OF_USER = Index(RECEIPTS, "of_user", _up("user", "notification_id"), unique=True)
BY_ACTIVITY = Index(
    RECEIPTS, "by_activity", _up("user", "line", "active", "push_at", "notification_id")
)
BY_SORT = Index(
    RECEIPTS, "by_sort", _up("user", "line", "deleted_at", "sort_at", "notification_id")
)
BY_RECEIPT_CHANGE = Index(
    RECEIPTS, "by_change", _up("user", "line", "changed_at", "notification_id")
)
BY_DUE = Index(RECEIPTS, "by_due", _up("due_at"), sparse=True)
BY_NOTIFICATION = Index(RECEIPTS, "by_notification", _up("notification_id", "user"))
BY_TIME = Index(ATTEMPTS, "by_time", _up("notification_id", "user", "at", "revision", "number"))
BY_TRIED_USER = Index(ATTEMPTS, "by_user", _up("user", "at"))
BY_MEMBER = Index(USERS, "by_member", _up("audiences", "_id"), sparse=True)
BY_REVOCATION = Index(USERS, "by_revocation", _up("revoked_before", "_id"), sparse=True)
BY_BURIAL = Index(TOMBSTONES, "by_time", _up("at", "_id"))
LATE = Index(TOMBSTONES, "late", _up("check_at"), sparse=True)
KEYS_BY_AGE = Index(API_KEYS, "by_age", _up("created_at", "_id"))

AUDIT_WHO = Index(AUDITS, "by_who", _up("who", "_id"))
AUDIT_ACTION = Index(AUDITS, "by_action", _up("action", "_id"))
AUDIT_SUBJECT = Index(AUDITS, "by_subject", _up("subject", "_id"), sparse=True)

INDEXES: tuple[Index, ...] = tuple(v for v in list(globals().values()) if type(v) is Index)
"""All of them; made at every start, which changes nothing where they are there."""

# --- notifications

_N = NOTIFICATIONS
NEWEST = Query("newest id", _N, sort=(("_id", DOWN),))
ONE = Query("one", _N, ("_id",))
WITH_KEYS = Query("by idempotency key", _N, ("key_scopes",), index=BY_KEY)
IN_SCOPES = Query("by collapse scope", _N, ("collapse_scope",), index=BY_COLLAPSE)
LATEST = Query("latest", _N, (), "_id", (("_id", DOWN),))
KEPT = Query("kept", _N, (), "_id", _up("_id"))
NUMBER_OF_NOTIFICATIONS = Query("number of notifications", _N)
FEED = Query(
    "feed", _N, ("audiences", "line"), "created_at", (("created_at", DOWN), ("_id", DOWN)),
    BY_AUDIENCE, ("$or",),
)  # fmt: skip
FEED_CHANGED = Query(
    "feed, changed", _N, ("audiences", "line"), "updated_at", _up("updated_at", "_id"),
    BY_AUDIENCE_CHANGE,
)  # fmt: skip
CHANGED = Query("changed", _N, (), "updated_at", _up("updated_at", "_id"), BY_CHANGE)
EXPIRED = Query(
    "expired", _N, (), "expires_at", _up("expires_at", "_id"), BY_EXPIRY, ("cancelled_at",)
)
OLD = Query("old", _N, (), "kept_from", _up("kept_from"), BY_AGE, ("$or",))
OLD_KEYS = Query("old idempotency keys", _N, (), "keys_at", _up("keys_at"), BY_KEY_AGE)
LEFT_OVER = Query("left unfinished", _N, (), "unfinished_at", _up("unfinished_at"), UNFINISHED)
WAITED_FOR = Query("waited for", _N, ("waiting_users",), index=WAITING)
REVISABLE = Query("to be revised", _N, ("_id",), beside=("revision", "cancelled_at", "key_scopes"))
CANCELLABLE = Query("to be cancelled", _N, ("_id",), beside=("cancelled_at",))
OF_REVISION = Query("of that revision", _N, ("_id",), beside=("revision", "cancelled_at"))
WITH_SCOPE = Query("with that scope", _N, ("_id",), beside=("collapse_scope",))
WITH_KEY = Query("with that key", _N, ("_id",), beside=("keys_at",))

MENTIONING = Query("mentioning", _N, ("people",), "_id", _up("_id"), BY_PERSON)
KEYS_BETWEEN = Query("with keys of a caller", _N, (), "key_scopes", index=BY_KEY)

# --- receipts

_R = RECEIPTS
RECEIPT = Query("receipts", _R, ("_id",))
AT_VERSION = Query("at that version", _R, ("_id",), beside=("version",))
ACTIVE = Query(
    "active", _R, ("user", "line"), "active",
    (("active", DOWN), ("push_at", DOWN), ("notification_id", DOWN)), BY_ACTIVITY,
)  # fmt: skip
INBOX = Query(
    "inbox", _R, ("user", "line", "deleted_at"), "sort_at",
    (("sort_at", DOWN), ("notification_id", DOWN)), BY_SORT, ("$or",),
)  # fmt: skip
CHANGED_RECEIPTS = Query(
    "changed receipts", _R, ("user", "line"), "changed_at",
    _up("changed_at", "notification_id"), BY_RECEIPT_CHANGE,
)  # fmt: skip
LATEST_OF_USER = Query(
    "latest of a user", _R, ("user",), "notification_id", (("notification_id", DOWN),), OF_USER
)
UNDELIVERED = Query(
    "undelivered", _R, ("notification_id",), index=BY_NOTIFICATION, beside=("active",)
)
NUMBER_OF_RECEIPTS = Query("number of receipts", _R)
NUMBER_OF_DUE = Query("number of due receipts", _R, (), "due_at", index=BY_DUE)
DUE = Query("due", _R, (), "due_at", _up("due_at"), BY_DUE)
RECIPIENTS = Query("recipients", _R, ("notification_id",), "user", _up("user"), BY_NOTIFICATION)
OF_NOTIFICATION = Query("of a notification", _R, ("notification_id",), index=BY_NOTIFICATION)
REACHED = Query(
    "reached by an audience", _R, ("notification_id",), index=BY_NOTIFICATION,
    beside=("named", "delivered_at"),
)  # fmt: skip
HIDDEN = Query("hidden", _R, ("notification_id",), index=BY_NOTIFICATION, beside=("$or",))
HELD = Query("held", _R, ("user",), "notification_id", _up("notification_id"), OF_USER)
MOVED = Query(
    "to be moved", _R, ("notification_id",), index=BY_NOTIFICATION,
    beside=("revision", "deleted_at", "step", "named", "dismissed_at"),
)  # fmt: skip
CLOSED = Query(
    "to be closed", _R, ("notification_id",), index=BY_NOTIFICATION,
    beside=("ended", "delivered_revision"),
)  # fmt: skip
ATTEMPTS_OF = Query(
    "attempts", ATTEMPTS, ("notification_id", "user"), sort=_up("at", "revision", "number"),
    index=BY_TIME,
)  # fmt: skip
ATTEMPT = Query("attempt", ATTEMPTS, ("_id",))
ATTEMPTS_BETWEEN = Query(
    "attempts between users", ATTEMPTS, ("notification_id",), "user",
    _up("user", "at", "revision", "number"), BY_TIME,
)  # fmt: skip
ATTEMPTS_BY_USER = Query("attempts by user", ATTEMPTS, ("user",), "at", index=BY_TRIED_USER)
ALL_ATTEMPTS_OF = Query("all attempts", ATTEMPTS, ("notification_id",), index=BY_TIME)

# --- people, keys, the store's own

USER = Query("user", USERS, ("_id",))
USER_AT_VERSION = Query("user at that version", USERS, ("_id",), beside=("version",))
USER_AT_TURN = Query("user at that turn", USERS, ("_id",), beside=("turn",))
USER_AS_READ = Query("user as read", USERS, ("_id",), beside=("version", "turn"))
MEMBERS = Query("members", USERS, ("audiences",), "_id", _up("_id"), BY_MEMBER)
PEOPLE = Query("people", USERS, (), "_id", _up("_id"))
EVERYONE = Query("everyone", USERS, (), "_id", _up("_id"), beside=("version",))
REVOKED = Query("revoked", USERS, (), "revoked_before", _up("revoked_before", "_id"), BY_REVOCATION)
NUMBER_OF_USERS = Query("number of users", USERS, beside=("version",))
API_KEY = Query("key", API_KEYS, ("_id",))
ALL_KEYS = Query("keys", API_KEYS, sort=_up("created_at", "_id"), index=KEYS_BY_AGE)
ERASED = Query("erased", TOMBSTONES, ("_id",))
ERASED_SINCE = Query("erased since", TOMBSTONES, (), "at", _up("at", "_id"), BY_BURIAL)
ERASED_THEN = Query("erased then", TOMBSTONES, ("_id",), beside=("at",))
TO_LOOK_AGAIN = Query("to look again", TOMBSTONES, (), "check_at", _up("check_at"), LATE)
TOMBSTONES_FROM = Query("tombstones", TOMBSTONES, (), "_id", _up("_id"))
OWN = Query("own", META, ("_id",))

# --- audit

_NEWEST_FIRST: Keys = (("_id", DOWN),)
AUDIT = Query("audit", AUDITS, (), "_id", _NEWEST_FIRST)
AUDIT_BY_WHO = Query(
    "audit, by whom", AUDITS, ("who",), "_id", _NEWEST_FIRST, AUDIT_WHO, ("action",)
)
AUDIT_OF_ACTION = Query(
    "audit, of an action", AUDITS, ("action",), "_id", _NEWEST_FIRST, AUDIT_ACTION
)
AUDIT_OF_SUBJECT = Query(
    "audit, of a subject", AUDITS, ("subject",), "_id", _NEWEST_FIRST, AUDIT_SUBJECT,
    ("who", "action"),
)  # fmt: skip
SAME_AUDIT = Query("the same entry", AUDITS, ("_id",), beside=("hash",))

QUERIES: tuple[Query, ...] = tuple(v for v in list(globals().values()) if type(v) is Query)
"""All of them."""
