"""Why something was done or not done: a closed list, each with a sentence for people."""

from enum import StrEnum


class Reason(StrEnum):
    """Reason codes as they are stored and shown."""

    LIVE = "live"
    REPLAY = "replay"
    RETRY = "retry"
    RESENT = "resent"
    REVISION = "revision"
    REMINDER = "reminder"
    CATCH_UP = "catch_up"
    NO_ACK = "no_ack"
    SESSION_ENDED = "session_ended"
    OFFLINE = "offline"
    WAITED_OUT = "waited_out"
    POISON = "poison"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNSUBSCRIBED = "unsubscribed"
    NO_CHANNEL = "no_channel"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    IN_FLIGHT = "in_flight"
    ATTEMPT_DUE = "attempt_due"
    QUEUED = "queued"
    CATCHING_UP = "catching_up"
    SNOOZED = "snoozed"
    DISMISSED = "dismissed"
    DELETED = "deleted"
    NOT_A_RECIPIENT = "not_a_recipient"
    JOINED_LATER = "joined_later"
    EXCLUDED = "excluded"


SENTENCES: dict[Reason, str] = {
    Reason.LIVE: "Sent at once to the person's open sessions.",
    Reason.REPLAY: "Sent again because a session connected that did not have it.",
    Reason.RETRY: "Sent again because the attempt before was not confirmed in time.",
    Reason.RESENT: "Sent again because somebody asked for it: an operator, or the person.",
    Reason.REVISION: "Sent because the content was replaced.",
    Reason.REMINDER: "Sent again because the person has not acknowledged it.",
    Reason.CATCH_UP: "Sent again because the session was too slow to take it.",
    Reason.NO_ACK: "No session confirmed it within the ack timeout.",
    Reason.SESSION_ENDED: "The session closed before it confirmed its oldest frame.",
    Reason.OFFLINE: "The person has no open session; it waits for their return.",
    Reason.WAITED_OUT: "The person did not return within the waiting time of its priority.",
    Reason.POISON: "All attempts and three replays failed; from now on it is only listed.",
    Reason.SKIPPED: "More was waiting than is replayed at once; it is only listed.",
    Reason.EXPIRED: "Its time was over before it was delivered.",
    Reason.CANCELLED: "It was cancelled before it was delivered.",
    Reason.UNSUBSCRIBED: "The person has switched this type off.",
    Reason.NO_CHANNEL: "The policy names this channel, but none is configured.",
    Reason.NOT_ACKNOWLEDGED: "The last reminder was sent and the person did not acknowledge.",
    Reason.DELIVERED: "It reached the person.",
    Reason.ACKNOWLEDGED: "It reached the person, who acknowledged it.",
    Reason.UNACKNOWLEDGED: "It reached the person, who has not acknowledged it yet.",
    Reason.IN_FLIGHT: "It was sent; the confirmation has not come yet.",
    Reason.ATTEMPT_DUE: "It has not been confirmed; the next attempt is due.",
    Reason.QUEUED: "It is about to be sent to the person's open sessions.",
    Reason.CATCHING_UP: "A session of the person is being brought up to date; it comes in turn.",
    Reason.SNOOZED: "The person snoozed it; it comes back as new.",
    Reason.DISMISSED: "The person dismissed it; a newer revision of it is not pushed.",
    Reason.DELETED: "The person deleted it.",
    Reason.NOT_A_RECIPIENT: "The person is not named, and was in none of its audiences.",
    Reason.JOINED_LATER: "The person came into its audience only after it was accepted.",
    Reason.EXCLUDED: "The sender excluded the person.",
}
