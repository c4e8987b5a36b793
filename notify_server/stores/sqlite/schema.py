"""Tables and indexes, and how a file gets from any older shape to this one.

A file's shape is its ``user_version``: the number of migrations that it has seen. Migrations are
only ever added. Times are integer milliseconds since 1970, JSON is text.

``receipts.active`` is kept by the writer: 2 undelivered, 1 delivered but not read, 0 otherwise and
when deleted or dismissed. It depends on the notification's newest revision, so a replacement sets
it on every receipt; in return "what must be shown or counted" is one range of one index.
"""

import sqlite3

from notify_server.domain.errors import Code, ConflictError

_FIRST = (
    """
    CREATE TABLE notifications (
        id TEXT NOT NULL,
        line TEXT NOT NULL,
        submitter TEXT NOT NULL,
        revision INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        revised_at INTEGER NOT NULL,
        expires_at INTEGER,
        cancelled_at INTEGER,
        targets TEXT NOT NULL,
        content TEXT NOT NULL,
        channel_notes TEXT NOT NULL,
        collapse_scope TEXT
    )
    """,
    "CREATE UNIQUE INDEX notifications_by_id ON notifications (id)",
    "CREATE INDEX notifications_by_change ON notifications (updated_at, id)",
    "CREATE INDEX notifications_by_age ON notifications (created_at)",
    """
    CREATE INDEX notifications_by_expiry ON notifications (expires_at, id)
        WHERE expires_at IS NOT NULL AND cancelled_at IS NULL
    """,
    """
    CREATE UNIQUE INDEX notifications_by_collapse ON notifications (collapse_scope)
        WHERE collapse_scope IS NOT NULL
    """,
    """
    CREATE TABLE audience_index (
        audience TEXT NOT NULL,
        line TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        notification_id TEXT NOT NULL,
        updated_at INTEGER NOT NULL,
        PRIMARY KEY (audience, line, created_at, notification_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE INDEX audience_index_by_change
        ON audience_index (audience, line, updated_at, notification_id)
    """,
    "CREATE INDEX audience_index_by_notification ON audience_index (notification_id)",
    """
    CREATE TABLE idempotency (
        scope TEXT NOT NULL PRIMARY KEY,
        body_hash TEXT NOT NULL,
        notification_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX idempotency_by_age ON idempotency (at)",
    "CREATE INDEX idempotency_by_notification ON idempotency (notification_id)",
    """
    CREATE TABLE receipts (
        user TEXT NOT NULL,
        notification_id TEXT NOT NULL,
        line TEXT NOT NULL,
        named INTEGER NOT NULL,
        sort_at INTEGER NOT NULL,
        push_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        delivered_revision INTEGER NOT NULL,
        delivered_at INTEGER,
        seen_at INTEGER,
        read_at INTEGER,
        marked_at INTEGER,
        clicked_at INTEGER,
        acknowledged_at INTEGER,
        dismissed_at INTEGER,
        deleted_at INTEGER,
        pinned_at INTEGER,
        snoozed_until INTEGER,
        attempts INTEGER NOT NULL,
        replays INTEGER NOT NULL,
        reminders INTEGER NOT NULL,
        closed TEXT,
        step TEXT NOT NULL,
        due_at INTEGER,
        acks TEXT NOT NULL,
        version INTEGER NOT NULL,
        active INTEGER NOT NULL,
        PRIMARY KEY (user, notification_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE INDEX receipts_by_activity
        ON receipts (user, line, active, push_at, notification_id) WHERE active > 0
    """,
    """
    CREATE INDEX receipts_by_sort
        ON receipts (user, line, sort_at, notification_id) WHERE deleted_at IS NULL
    """,
    "CREATE INDEX receipts_by_change ON receipts (user, line, changed_at, notification_id)",
    "CREATE INDEX receipts_by_due ON receipts (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX receipts_by_notification ON receipts (notification_id, user)",
    """
    CREATE INDEX receipts_hidden ON receipts (notification_id, user)
    WHERE dismissed_at IS NOT NULL OR deleted_at IS NOT NULL OR snoozed_until IS NOT NULL
    """,
    """
    CREATE TABLE attempts (
        notification_id TEXT NOT NULL,
        user TEXT NOT NULL,
        revision INTEGER NOT NULL,
        number INTEGER NOT NULL,
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        channel TEXT NOT NULL,
        PRIMARY KEY (notification_id, user, revision, number, reason)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX attempts_by_time ON attempts (notification_id, user, at, revision, number)",
    """
    CREATE TABLE users (
        id TEXT NOT NULL PRIMARY KEY,
        known_since INTEGER NOT NULL,
        name TEXT,
        email TEXT,
        locale TEXT,
        time_zone TEXT,
        token_iat INTEGER,
        revoked_before INTEGER,
        subscriptions TEXT NOT NULL,
        read_marks TEXT NOT NULL,
        skipped TEXT NOT NULL,
        version INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE members (
        user TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        source TEXT NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER,
        PRIMARY KEY (user, kind, name, source)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX members_by_audience ON members (kind, name, user)",
    """
    CREATE TABLE api_keys (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        secret_hash TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        revoked_at INTEGER
    ) WITHOUT ROWID
    """,
    "CREATE INDEX api_keys_by_age ON api_keys (created_at, id)",
    "CREATE TABLE health (id INTEGER PRIMARY KEY, checked_at INTEGER NOT NULL)",
    "INSERT INTO health (id, checked_at) VALUES (1, 0)",
)

_KEPT_FROM = (
    # Where the retention starts: the newest revision, or the end of the latest snooze.
    "ALTER TABLE notifications ADD COLUMN kept_from INTEGER NOT NULL DEFAULT 0",
    """
    UPDATE notifications SET kept_from = max(revised_at, coalesce((
        SELECT max(snoozed_until) FROM receipts WHERE notification_id = notifications.id
    ), 0))
    """,
    "DROP INDEX notifications_by_age",
    "CREATE INDEX notifications_by_age ON notifications (kept_from)",
)

_EXPIRED_UNTIL = ("ALTER TABLE health ADD COLUMN expired_until INTEGER",)

_AUDIT = (
    """
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT,
        details TEXT NOT NULL,
        salt TEXT,
        seal TEXT NOT NULL,
        previous_hash TEXT NOT NULL,
        hash TEXT NOT NULL
    )
    """,
    "CREATE INDEX audit_by_who ON audit (who, seq)",
    "CREATE INDEX audit_by_action ON audit (action, seq)",
    "CREATE INDEX audit_by_subject ON audit (subject, seq)",
    """
    CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END
    """,
    # But that an erased person's name leaves it; the hash does not cover that name.
    """
    CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
    WHEN NEW.subject IS NOT NULL OR NEW.salt IS NOT NULL
        OR (OLD.seq, OLD.at, OLD.who, OLD.action, OLD.details, OLD.seal, OLD.previous_hash,
            OLD.hash)
        IS NOT (NEW.seq, NEW.at, NEW.who, NEW.action, NEW.details, NEW.seal, NEW.previous_hash,
            NEW.hash)
    BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END
    """,
    "ALTER TABLE health ADD COLUMN audit_head INTEGER NOT NULL DEFAULT 0",
)

_ATTEMPTS_BY_TIME = (
    # Numbers begin anew after a snooze or when it is resent: the moment tells the rounds apart.
    "ALTER TABLE attempts RENAME TO old_attempts",
    """
    CREATE TABLE attempts (
        notification_id TEXT NOT NULL,
        user TEXT NOT NULL,
        revision INTEGER NOT NULL,
        number INTEGER NOT NULL,
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        channel TEXT NOT NULL,
        PRIMARY KEY (notification_id, user, at, revision, number, reason)
    ) WITHOUT ROWID
    """,
    """
    INSERT INTO attempts
    SELECT notification_id, user, revision, number, reason, at, outcome, channel FROM old_attempts
    """,
    "DROP TABLE old_attempts",
)

_PEOPLE = (
    "ALTER TABLE users ADD COLUMN phone TEXT",
    # Who else stands in a notification than those it is for: the sender, who submitted it, who
    # is left out. So that what is held of a person is found without going through everything.
    """
    CREATE TABLE mentions (
        user TEXT NOT NULL,
        notification_id TEXT NOT NULL,
        PRIMARY KEY (user, notification_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX mentions_by_notification ON mentions (notification_id)",
    """
    INSERT OR IGNORE INTO mentions
    SELECT left_out.value, n.id
    FROM notifications n, json_each(iif(json_valid(n.targets), n.targets, '[]'), '$[2]') left_out
    """,
    """
    INSERT OR IGNORE INTO mentions
    SELECT json_extract(content, '$.sender.id'), id FROM notifications
    WHERE json_valid(content) AND json_extract(content, '$.sender.id') IS NOT NULL
    """,
    """
    INSERT OR IGNORE INTO mentions
    SELECT substr(submitter, 6), id FROM notifications WHERE substr(submitter, 1, 5) = 'user:'
    """,
    # Of erased people only this is left, so that their old tokens stay dead.
    """
    CREATE TABLE erased (
        hash TEXT NOT NULL PRIMARY KEY,
        at INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)

_REVOCATIONS = (
    "CREATE INDEX users_by_revocation ON users (revoked_before, id) "
    "WHERE revoked_before IS NOT NULL",
    "CREATE INDEX erased_by_time ON erased (at, hash)",
)

_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _KEPT_FROM,
    _EXPIRED_UNTIL,
    _AUDIT,
    _ATTEMPTS_BY_TIME,
    _PEOPLE,
    _REVOCATIONS,
)

_WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # NORMAL may lose the newest commits on power loss; what was answered must not be lost (F31).
    "PRAGMA synchronous = FULL",
    # What is removed is overwritten: an erased person is not to be read in what is left free.
    "PRAGMA secure_delete = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32768",
    # Pages; 16 MB. A page that many commits touch is carried into the file once for all of them.
    "PRAGMA wal_autocheckpoint = 4000",
)
_READER_PRAGMAS = (
    "PRAGMA query_only = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8192",
)


def prepare_writer(connection: sqlite3.Connection) -> None:
    """Set the connection up and bring the file to the newest shape, in one transaction.

    Raises:
        ConflictError: A newer version of the program made the file.
        sqlite3.Error: The file can not be used.
    """
    for pragma in _WRITER_PRAGMAS:
        connection.execute(pragma)
    (seen,) = connection.execute("PRAGMA user_version").fetchone()
    if seen > len(_MIGRATIONS):
        raise ConflictError(
            Code.CONFLICT, f"The store has shape {seen}; this version knows {len(_MIGRATIONS)}."
        )
    if seen == len(_MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    for migration in _MIGRATIONS[seen:]:
        for statement in migration:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    connection.execute("COMMIT")


def prepare_reader(connection: sqlite3.Connection) -> None:
    """Set a connection up that can only read."""
    for pragma in _READER_PRAGMAS:
        connection.execute(pragma)
