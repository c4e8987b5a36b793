"""What stays of an erased person: a mark that lets their old tokens die, and no more."""

from dataclasses import replace
from hashlib import sha256

from notify_server.domain.notification import Notification
from notify_server.domain.target import Targets

NOBODY = "erased"
"""Who submitted what an erased person had; no caller is called so."""

_CONTEXT = "notify-server erased user "


def tombstone_of(user: str) -> str:
    """The hash by which an erased id is known again when it comes back, hexadecimal."""
    return sha256(f"{_CONTEXT}{user}".encode()).hexdigest()


def without(notification: Notification, user: str) -> Notification | None:
    """The notification with the person taken out of it; None: it was for nobody else."""
    targets, content = notification.targets, notification.content
    users = tuple(other for other in targets.users if other != user)
    if user in targets.users and not users and not targets.audiences:
        return None
    if content.sender is not None and content.sender.get("id") == user:
        content = replace(content, sender=None)
    is_theirs = notification.submitter == f"user:{user}"
    return replace(
        notification,
        targets=Targets(users, targets.audiences, tuple(u for u in targets.exclude if u != user)),
        content=content,
        submitter=NOBODY if is_theirs else notification.submitter,
    )


def mentioned_in(notification: Notification) -> frozenset[str]:
    """Who stands in a notification besides those it is for: sender, submitter, left out."""
    found = set(notification.targets.exclude)
    sender = notification.content.sender
    if sender is not None and isinstance(sender_id := sender.get("id"), str):
        found.add(sender_id)
    kind, _, name = notification.submitter.partition(":")
    if kind == "user":
        found.add(name)
    return frozenset(found)
