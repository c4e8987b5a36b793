"""Which entries a query of the list means, and which notifications an operator's search."""

from datetime import datetime

from notify_server.domain.notification import Content, Notification
from notify_server.domain.operators import Search, Standing
from notify_server.domain.person import Person
from notify_server.domain.receipt import Entry
from notify_server.domain.view import InboxQuery
from notify_server.policy.state import read_at_of
from notify_server.policy.visible import Rules, is_expired, is_visible, is_wanted

SCAN_LIMIT = 10_000
"""How many of a person's newest notifications a filter looks at: bounds a search."""

COUNT_LIMIT = 1_000
"""Counts are exact up to here."""


def matches(person: Person, entry: Entry, query: InboxQuery, rules: Rules, now: datetime) -> bool:
    """Whether the entry is what the query asks for; its place (before, after) aside."""
    return (
        is_visible(person, entry, rules, now)
        and _state_matches(person, entry, query)
        and _content_matches(entry, query, now)
        and (not query.subscribed or is_wanted(person, entry.notification, rules))
    )


def _state_matches(person: Person, entry: Entry, query: InboxQuery) -> bool:
    receipt = entry.receipt
    is_dismissed = receipt is not None and receipt.dismissed_at is not None
    is_snoozed = receipt is not None and receipt.snoozed_until is not None
    is_pinned = receipt is not None and receipt.pinned_at is not None
    if is_dismissed != query.dismissed or is_snoozed != query.snoozed:
        return False
    if query.pinned and not is_pinned:
        return False
    mark = person.read_mark(entry.notification.line)
    return not query.unread or read_at_of(entry, mark) is None


def _content_matches(entry: Entry, query: InboxQuery, now: datetime) -> bool:
    content = entry.notification.content
    return (
        (query.type is None or content.type == query.type)
        and (query.source is None or content.source == query.source)
        and (query.tag is None or query.tag in content.tags)
        and (query.min_priority is None or content.priority.rank >= query.min_priority.rank)
        and (query.max_age is None or entry.position.at >= now - query.max_age)
        and (query.text is None or has_words(f"{content.title}\n{content.message}", query.text))
    )


def standing_of(notification: Notification, now: datetime) -> Standing:
    """Whether it is over, and by what."""
    if notification.cancelled_at is not None:
        return Standing.CANCELLED
    return Standing.EXPIRED if is_expired(notification, now) else Standing.LIVE


def is_searched(notification: Notification, wanted: Search, now: datetime) -> bool:
    """Whether a search means it; the user aside, and who has not had it."""
    content = notification.content
    return (
        (wanted.line is None or notification.line == wanted.line)
        and (wanted.caller is None or notification.submitter == wanted.caller)
        and (wanted.since is None or notification.created_at >= wanted.since)
        and (wanted.until is None or notification.created_at < wanted.until)
        and (wanted.type is None or content.type == wanted.type)
        and (wanted.priority is None or content.priority is wanted.priority)
        and (wanted.source is None or content.source == wanted.source)
        and (wanted.tag is None or wanted.tag in content.tags)
        and (wanted.standing is None or _stands(notification, wanted.standing, now))
        and (
            wanted.text is None or has_words(_searched_text(notification.id, content), wanted.text)
        )
    )


def _stands(notification: Notification, standing: Standing, now: datetime) -> bool:
    actual = standing_of(notification, now)
    if standing is Standing.UNDELIVERED:
        return actual is Standing.LIVE
    return actual is standing


def _searched_text(notification_id: str, content: Content) -> str:
    """Everything of it by which a person may know it; not the caller's own data."""
    named = [*(content.sender or {}).values(), *(content.object or {}).values()]
    parts = [
        notification_id, content.title, content.message, content.type, content.source,
        content.event_name, content.collapse_key, *content.tags, *named,
    ]  # fmt: skip
    return "\n".join(part for part in parts if isinstance(part, str))


def has_words(text: str, words: str) -> bool:
    """Whether all words occur, without regard to case."""
    folded = text.casefold()
    return all(word in folded for word in words.casefold().split())
