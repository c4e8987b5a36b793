"""Each signal's event name and payload (contract 9). Called by the emitter, once per fan-out."""

from collections.abc import Mapping

from notify_server.domain.settings import CompatSettings
from notify_server.domain.signals import (
    AllUpdatedSignal,
    CountSignal,
    NotificationFrame,
    ReconnectSignal,
    RemovedSignal,
    ReplayDoneSignal,
    Signal,
    StatsSignal,
    SubscriptionsSignal,
    TokenExpiringSignal,
    UpdatedSignal,
)
from notify_server.wire.cursor import encode_cursor
from notify_server.wire.events import ServerEvent
from notify_server.wire.notification import value_to_wire, view_to_wire
from notify_server.wire.operators import stats_to_wire

Payload = dict[str, object]
Encoded = list[tuple[str, Payload]]
"""Event names with payloads, in the order in which they are sent."""

_NO_COMPAT = CompatSettings()


def encode(signal: Signal, compat: CompatSettings = _NO_COMPAT) -> Encoded:
    """Spell a signal; an older client's event follows the one that replaced it."""
    match signal:
        case NotificationFrame():
            return [(ServerEvent.NOTIFICATION.value, _frame(signal, compat))]
        case CountSignal():
            return _counts(signal, compat)
        case UpdatedSignal(ids, changes):
            payload: Payload = {"ids": list(ids), "changes": _changes(changes)}
            return [(ServerEvent.NOTIFICATION_UPDATED.value, payload)]
        case AllUpdatedSignal():
            return [(ServerEvent.NOTIFICATION_UPDATED.value, _all_updated(signal))]
        case RemovedSignal(ids, reason):
            payload = {"ids": list(ids), "reason": str(reason)}
            return [(ServerEvent.NOTIFICATION_REMOVED.value, payload)]
        case _:
            return [_of_the_session(signal)]


def _of_the_session(
    signal: ReplayDoneSignal
    | SubscriptionsSignal
    | TokenExpiringSignal
    | ReconnectSignal
    | StatsSignal,
) -> tuple[str, Payload]:
    match signal:
        case ReplayDoneSignal(recovered, count, cursor):
            payload: Payload = {
                "recovered": recovered,
                "count": count,
                "cursor": encode_cursor(cursor),
            }
            return ServerEvent.REPLAY_DONE.value, payload
        case SubscriptionsSignal(types):
            return ServerEvent.SUBSCRIPTIONS_UPDATED.value, subscriptions_to_wire(types)
        case TokenExpiringSignal(expires_in_s):
            return ServerEvent.TOKEN_EXPIRING.value, {"expires_in_s": expires_in_s}
        case ReconnectSignal(reason, after_ms):
            return ServerEvent.RECONNECT.value, {"reason": reason, "after_ms": after_ms}
        case StatsSignal(stats):
            return ServerEvent.STATS.value, stats_to_wire(stats)


def subscriptions_to_wire(types: Mapping[str, tuple[bool, bool]]) -> Payload:
    """``{"types": {name: {"subscribed", "required"}}}``, for HTTP and the socket."""
    return {
        "types": {
            name: {"subscribed": subscribed, "required": required}
            for name, (subscribed, required) in types.items()
        }
    }


def _frame(frame: NotificationFrame, compat: CompatSettings) -> Payload:
    payload: Payload = {"notification": view_to_wire(frame.view, compat, transient=frame.transient)}
    if frame.replayed:
        payload["replayed"] = True
    if frame.attempt is not None:
        payload["attempt"] = frame.attempt
    if frame.reminder is not None:
        payload["reminder"] = frame.reminder
    return payload


def _counts(signal: CountSignal, compat: CompatSettings) -> Encoded:
    counts = signal.counts
    payload: Payload = {
        "count": counts.unread,
        "unseen": counts.unseen,
        "more": counts.more,
        "cursor": encode_cursor(signal.cursor),
    }
    encoded: Encoded = [(ServerEvent.NOTIFICATION_COUNT.value, payload)]
    if compat.badge_update:
        encoded.append((ServerEvent.BADGE_UPDATE.value, {"unread_count": counts.unread}))
    return encoded


def _all_updated(signal: AllUpdatedSignal) -> Payload:
    payload: Payload = {"all": True, "before": signal.before, "changes": _changes(signal.changes)}
    if signal.type is not None:
        payload["type"] = signal.type
    if signal.tags:
        payload["tags"] = list(signal.tags)
    return payload


def _changes(changes: Mapping[str, object]) -> Payload:
    return {name: value_to_wire(value) for name, value in changes.items()}
