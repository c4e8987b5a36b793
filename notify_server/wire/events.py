"""The names of all Socket.IO events (contract 9)."""

from enum import StrEnum


class ServerEvent(StrEnum):
    """Server to client."""

    NOTIFICATION = "notification"
    NOTIFICATION_COUNT = "notification_count"
    NOTIFICATION_UPDATED = "notification_updated"
    NOTIFICATION_REMOVED = "notification_removed"
    REPLAY_DONE = "replay_done"
    SUBSCRIPTIONS_UPDATED = "subscriptions_updated"
    PREFERENCES_UPDATED = "preferences_updated"
    TOKEN_EXPIRING = "token_expiring"
    RECONNECT = "reconnect"
    BADGE_UPDATE = "badge_update"
    STATS = "stats"


class ClientEvent(StrEnum):
    """Client to server, on every line."""

    GET_NOTIFICATIONS = "get_notifications"
    MARK_READ = "mark_read"
    MARK_UNREAD = "mark_unread"
    MARK_SEEN = "mark_seen"
    DISMISS = "dismiss"
    RESTORE = "restore"
    PIN = "pin"
    UNPIN = "unpin"
    DELETE = "delete"
    MARK_ALL_READ = "mark_all_read"
    ACKNOWLEDGE = "acknowledge"
    NOTIFICATION_ACK = "notification_ack"
    SNOOZE = "snooze"
    CLICKED = "clicked"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    JOIN_ROOM = "join_room"
    LEAVE_ROOM = "leave_room"
    REFRESH_TOKEN = "refresh_token"
    GET_PREFERENCES = "get_preferences"
    UPDATE_PREFERENCES = "update_preferences"


class AdminEvent(StrEnum):
    """Client to server, on the line ``/admin`` only."""

    SEND_NOTIFICATION = "send_notification"
    GET_STATS = "get_stats"
    GET_SESSIONS = "get_sessions"
    EXPLAIN = "explain"
    RESEND = "resend"
    CANCEL = "cancel"
    DISCONNECT_SESSION = "disconnect_session"
    WATCH = "watch"
