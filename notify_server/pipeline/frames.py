"""Making frames: one for many, or one for one user with their own state."""

from notify_server.domain.notification import Notification
from notify_server.domain.person import Person
from notify_server.domain.receipt import Entry
from notify_server.domain.signals import NotificationFrame
from notify_server.domain.view import View
from notify_server.kit.clock import Clock
from notify_server.policy.state import fresh_state, state_of
from notify_server.policy.visible import Rules


def shared_frame(notification: Notification) -> NotificationFrame:
    """The frame of a fan-out, the same for all: new ones with the state of new ones."""
    state = fresh_state(notification) if notification.revision == 1 else None
    return NotificationFrame(View(notification, state))


def personal_frame(
    person: Person,
    entry: Entry,
    rules: Rules,
    clock: Clock,
    *,
    replayed: bool = False,
    attempt: int | None = None,
    reminder: int | None = None,
) -> NotificationFrame:
    """A frame with the user's own state."""
    return NotificationFrame(
        view_of(person, entry, rules, clock), replayed=replayed, attempt=attempt, reminder=reminder
    )


def view_of(person: Person, entry: Entry, rules: Rules, clock: Clock) -> View:
    """What the person sees of an entry now."""
    mark = person.read_mark(entry.notification.line)
    return View(entry.notification, state_of(entry, mark, rules.waits, clock.now()))
