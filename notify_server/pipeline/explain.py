"""Why a person has a notification, or has it not yet: read from what the store keeps anyway."""

from datetime import datetime

from notify_server.domain.errors import NotFoundError
from notify_server.domain.explanation import Explanation, Recipient
from notify_server.domain.notification import Notification
from notify_server.domain.person import Person
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Entry, Receipt, Status
from notify_server.domain.target import Audience, Position
from notify_server.kit.clock import Clock
from notify_server.pipeline.audience import Audiences
from notify_server.pipeline.delivery import DeliveryDesk, Underway
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Phase, Registry
from notify_server.policy.outlook import NOT_THEIRS, Reach, upcoming, why
from notify_server.policy.retry import RetryPolicy
from notify_server.policy.state import state_of
from notify_server.policy.timeline import delivered_via, explained_attempts, happenings
from notify_server.policy.visible import Rules
from notify_server.ports.store import Store

MAX_RECIPIENTS = 100


class Explanations:
    """Answers an operator's "what became of it"."""

    def __init__(
        self,
        store: Store,
        people: People,
        registry: Registry,
        desk: DeliveryDesk,
        audiences: Audiences,
        retry: RetryPolicy,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._store = store
        self._people = people
        self._registry = registry
        self._desk = desk
        self._audiences = audiences
        self._retry = retry
        self._rules = rules
        self._clock = clock

    async def explain(
        self,
        notification_id: str,
        user: str | None = None,
        after_user: str = "",
        limit: int = MAX_RECIPIENTS,
    ) -> Explanation:
        """Tell what became of a notification.

        Args:
            notification_id: Which one.
            user: Only this person, a recipient or not.
            after_user: Only people whose id is greater.
            limit: How many people are looked at, 100 at most. Members of an audience for whom it
                is not, because they came later, are looked at and left out.

        Raises:
            NotFoundError: Unknown.
        """
        found = (await self._store.notifications([notification_id])).get(notification_id)
        if found is None:
            raise NotFoundError
        summary = await self._store.summary(notification_id)
        after: str | None = None
        if user is not None:
            recipients = [await self._of_user(found, user)]
        else:
            most = min(limit, MAX_RECIPIENTS)
            page = await self._audiences.page(found, after_user, most, members=True)
            told = [await self._recipient(found, *each) for each in page.people]
            recipients = [one for one in told if one.why not in NOT_THEIRS]
            after = page.after
        return Explanation(
            notification=found,
            summary=summary._asdict(),
            connected=len(self._registry.candidates(found.targets.users, found.targets.audiences)),
            recipients=tuple(recipients),
            after=after,
        )

    async def _of_user(self, notification: Notification, user: str) -> Recipient:
        entries = await self._store.entries(user, [notification.id])
        return await self._recipient(notification, user, entries[0].receipt if entries else None)

    async def _recipient(
        self, notification: Notification, user: str, receipt: Receipt | None
    ) -> Recipient:
        person = await self._people.person(user)
        kept = await self._store.attempts(notification.id, user) if receipt is not None else []
        entry = Entry(notification, receipt)
        now = self._clock.now()
        underway = self._desk.underway(user, notification.line, notification.id)
        reach = self._reach(user, notification.line, underway)
        reason = why(person, entry, reach, self._rules, now)
        state = state_of(entry, person.read_mark(notification.line), self._rules.waits, now)
        attempts = () if receipt is None else explained_attempts(notification, receipt, kept)
        sent = [(one.session, one.sent_at) for one in underway]
        is_theirs = reason not in NOT_THEIRS
        return Recipient(
            user=user,
            named=user in notification.targets.users,
            audiences=_audiences_of(person, notification) if is_theirs else (),
            state=state if is_theirs else None,
            why=reason,
            delivered_revision=0 if receipt is None else receipt.delivered_revision,
            delivered_via=None if receipt is None else delivered_via(receipt),
            reminders=0 if receipt is None else receipt.reminders,
            attempts=attempts,
            closed=_closed(person, entry, state.status) if is_theirs else None,
            is_online=reach.is_online,
            timeline=happenings(entry, state, attempts, sent, now) if is_theirs else (),
            next=upcoming(entry, reason, reach, self._retry),
        )

    def _reach(self, user: str, line: str, underway: list[Underway]) -> Reach:
        sessions = self._registry.of_user(user, line)
        return Reach(
            is_online=bool(sessions),
            is_live=any(session.phase is Phase.LIVE for session in sessions),
            judged_at=[one.judged_at for one in underway],
        )


def _audiences_of(
    person: Person, notification: Notification
) -> tuple[tuple[Audience, datetime], ...]:
    """Those of the notification's audiences to which the person belongs now."""
    belongs = [a for a in notification.targets.audiences if a in person.since]
    return tuple((audience, person.since[audience]) for audience in belongs)


def _closed(person: Person, entry: Entry, status: Status) -> Reason | None:
    """Why nothing is pushed any more where it was not delivered.

    The place up to which all is skipped stands in the user's record; a waiting time may end
    before the receipt was made.
    """
    receipt = entry.receipt
    if receipt is None:
        return Reason.WAITED_OUT if status is Status.FAILED else None
    if receipt.closed is not None:
        return receipt.closed
    if receipt.delivered_revision >= entry.notification.revision:
        return None
    upto = person.record.skipped.get(receipt.line)
    if upto is not None and Position(entry.pushed_from, entry.id) <= upto:
        return Reason.SKIPPED
    return Reason.WAITED_OUT if status is Status.FAILED else None
