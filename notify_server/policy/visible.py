"""The one predicate: may this person see this notification, and is it counted or pushed.

Live frames, replay, list, counts, acks and fallback all ask here (contract 10.7).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notify_server.domain.notification import Notification, Priority
from notify_server.domain.person import Person
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Entry, Receipt
from notify_server.domain.settings import Settings
from notify_server.domain.target import Position
from notify_server.policy.state import has_waited_out, is_delivered, read_at_of, seen_at_of
from notify_server.policy.types import TypeRegistry

MAX_REPLAYS = 3
"""How often a failed notification is still replayed; the next client may do better."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What of the configuration decides about visibility.

    Attributes:
        newcomers_see: How far back a newcomer to an audience sees.
        waits: How long each priority is pushed to people who were away.
    """

    types: TypeRegistry
    newcomers_see: timedelta
    waits: dict[Priority, timedelta]

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        """From the configuration."""
        return cls(
            TypeRegistry(settings.types),
            timedelta(seconds=settings.audience.newcomers_see_s),
            {p: timedelta(seconds=rule.waits_s) for p, rule in settings.retry.rules.items()},
        )


def has_access(
    person: Person, notification: Notification, receipt: Receipt | None, rules: Rules
) -> bool:
    """Whether it is for this person: named, a member when it was accepted, or it reached them."""
    targets = notification.targets
    if person.id in targets.exclude:
        return False
    if receipt is not None and (receipt.named or receipt.delivered_at is not None):
        return True
    accepted = notification.created_at + rules.newcomers_see
    for audience in targets.audiences:
        since = person.since.get(audience)
        if since is not None and since <= accepted:
            return True
    return person.id in targets.users


def is_expired(notification: Notification, now: datetime) -> bool:
    """Whether its time is over."""
    expires_at = notification.content.expires_at
    return expires_at is not None and expires_at <= now


def is_visible(person: Person, entry: Entry, rules: Rules, now: datetime) -> bool:
    """Whether the person can find it at all: by id, dismissed and snoozed ones included."""
    notification, receipt = entry.notification, entry.receipt
    if receipt is not None and receipt.deleted_at is not None:
        return False
    if is_expired(notification, now):
        return False
    if not has_access(person, notification, receipt, rules):
        return False
    return notification.cancelled_at is None or _read_at(person, entry) is not None


def is_in_list(entry: Entry) -> bool:
    """Of what is visible: whether it stands in the plain list."""
    receipt = entry.receipt
    return receipt is None or (receipt.dismissed_at is None and receipt.snoozed_until is None)


def is_wanted(person: Person, notification: Notification, rules: Rules) -> bool:
    """Whether the person has its type switched on."""
    content = notification.content
    off = person.record.subscriptions
    return not off or rules.types.is_wanted(content.type, content.priority, off)


def is_unread(person: Person, entry: Entry, rules: Rules, now: datetime) -> bool:
    """Whether it counts as unread."""
    return _counts(person, entry, rules, now) and _read_at(person, entry) is None


def is_unseen(person: Person, entry: Entry, rules: Rules, now: datetime) -> bool:
    """Whether it counts as unseen."""
    mark = person.read_mark(entry.notification.line)
    return _counts(person, entry, rules, now) and seen_at_of(entry, mark) is None


def is_awaiting(person: Person, entry: Entry, rules: Rules, now: datetime) -> bool:
    """Whether it should still be pushed to the person: no session has had this revision."""
    if not _counts(person, entry, rules, now) or entry.notification.cancelled_at is not None:
        return False
    if is_delivered(entry, person.read_mark(entry.notification.line)):
        return False
    return why_not_pushed(person, entry, rules, now) is None


def why_not_pushed(person: Person, entry: Entry, rules: Rules, now: datetime) -> Reason | None:
    """Why an undelivered notification is only listed from now on, or None."""
    receipt, notification = entry.receipt, entry.notification
    if receipt is not None and receipt.revision >= notification.revision:
        if receipt.closed is not None and receipt.closed is not Reason.NO_ACK:
            return receipt.closed
        if receipt.replays >= MAX_REPLAYS:
            return Reason.POISON
    skipped = person.record.skipped.get(notification.line)
    if skipped is not None and Position(entry.pushed_from, entry.id) <= skipped:
        return Reason.SKIPPED
    if has_waited_out(entry, rules.waits, now):
        return Reason.WAITED_OUT
    return None


def _counts(person: Person, entry: Entry, rules: Rules, now: datetime) -> bool:
    return (
        is_in_list(entry)
        and is_wanted(person, entry.notification, rules)
        and is_visible(person, entry, rules, now)
    )


def _read_at(person: Person, entry: Entry) -> datetime | None:
    return read_at_of(entry, person.read_mark(entry.notification.line))
