"""Sending again what has not reached people: an operator's second try.

A receipt that is undelivered begins anew: attempts cleared, due now; the schedule sends it to open
sessions, and lets it wait for the others' return as long as its priority says. Members of an
audience who are connected and have no receipt get one. Those who are away and have none need
nothing: the replay of their next connect finds the notification, while its priority waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from notify_server.domain.errors import Code, ConflictError, NotFoundError
from notify_server.domain.notification import Notification
from notify_server.domain.operators import Resent
from notify_server.domain.receipt import Entry, Receipt, Step
from notify_server.kit.clock import Clock
from notify_server.pipeline.audience import Audiences
from notify_server.pipeline.delivery import DeliveryDesk
from notify_server.pipeline.people import People
from notify_server.pipeline.sessions import Registry
from notify_server.policy.engage import receipt_of
from notify_server.policy.filters import standing_of
from notify_server.policy.retry import sent_again
from notify_server.policy.state import is_delivered
from notify_server.policy.visible import Rules, has_access, is_expired, is_in_list, is_wanted
from notify_server.ports.store import ReceiptKey, Store

EXAMINED = 2_000
"""How many people one call looks at; the answer says behind whom to go on."""

_PAGE = 250
_TRIES = 4


class _Lot(Enum):
    """What is done about one person."""

    RESENT = auto()
    UNDERWAY = auto()
    DELIVERED = auto()
    SET_ASIDE = auto()
    NOT_THEIRS = auto()


@dataclass(slots=True)
class _Count:
    """The answer while it is made."""

    lots: dict[_Lot, int]
    connected: int = 0

    def add(self, lot: _Lot) -> None:
        self.lots[lot] = self.lots.get(lot, 0) + 1


class Resending:
    """Makes what is undelivered due again."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        people: People,
        desk: DeliveryDesk,
        audiences: Audiences,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._store = store
        self._registry = registry
        self._people = people
        self._desk = desk
        self._audiences = audiences
        self._rules = rules
        self._clock = clock

    async def resend(self, notification_id: str, after: str = "") -> Resent:
        """Push a notification again to whomever it has not reached.

        Args:
            notification_id: Which one.
            after: Only people whose id is greater: to go on where a call ended.

        Raises:
            NotFoundError: Unknown.
            ConflictError: CONFLICT when it is cancelled or expired.
        """
        found = (await self._store.notifications([notification_id])).get(notification_id)
        if found is None:
            raise NotFoundError
        self._check(found)
        count, examined = _Count({}), 0
        place: str | None = after
        while place is not None and examined < EXAMINED:
            page = await self._audiences.page(found, place, _PAGE, members=False)
            await self._resend_page(found, page.people, count)
            examined += len(page.people)
            place = page.after
        lots = count.lots
        return Resent(
            id=found.id,
            resent=lots.get(_Lot.RESENT, 0),
            connected_now=count.connected,
            underway=lots.get(_Lot.UNDERWAY, 0),
            delivered=lots.get(_Lot.DELIVERED, 0),
            set_aside=lots.get(_Lot.SET_ASIDE, 0),
            after=place,
        )

    def _check(self, notification: Notification) -> None:
        now = self._clock.now()
        if notification.cancelled_at is not None or is_expired(notification, now):
            standing = standing_of(notification, now)
            raise ConflictError(Code.CONFLICT, f"The notification is {standing}.")

    async def _resend_page(
        self,
        notification: Notification,
        page: Sequence[tuple[str, Receipt | None]],
        count: _Count,
    ) -> None:
        """Write a page; those that somebody else changed meanwhile are judged anew."""
        entries = {user: Entry(notification, receipt) for user, receipt in page}
        for _ in range(_TRIES):
            writes: dict[ReceiptKey, Receipt] = {}
            for user, entry in entries.items():
                lot, receipt = await self._judge(user, entry)
                if receipt is None:
                    count.add(lot)
                else:
                    writes[ReceiptKey(user, notification.id)] = receipt
            lost = await self._store.save(list(writes.values())) if writes else []
            for key in set(writes) - set(lost):
                count.add(_Lot.RESENT)
                count.connected += self._registry.is_online(key.user, notification.line)
            if not lost:
                return
            entries = {key.user: await self._entry(key, notification) for key in lost}
        for _user in entries:
            count.add(_Lot.UNDERWAY)

    async def _entry(self, key: ReceiptKey, notification: Notification) -> Entry:
        entries = await self._store.entries(key.user, [key.notification_id])
        return entries[0] if entries else Entry(notification, None)

    async def _judge(self, user: str, entry: Entry) -> tuple[_Lot, Receipt | None]:
        now = self._clock.now()
        person = await self._people.person(user)
        notification, receipt = entry.notification, entry.receipt
        if not has_access(person, notification, receipt, self._rules):
            return _Lot.NOT_THEIRS, None
        if is_delivered(entry, person.read_mark(notification.line)):
            return _Lot.DELIVERED, None
        is_away = receipt is not None and receipt.deleted_at is not None
        if is_away or not is_in_list(entry) or not is_wanted(person, notification, self._rules):
            return _Lot.SET_ASIDE, None
        is_out = receipt is not None and receipt.step is Step.JUDGE
        if is_out or self._desk.underway(user, notification.line, notification.id):
            return _Lot.UNDERWAY, None
        own = receipt_of(entry, user, person.read_mark(notification.line), now)
        return _Lot.RESENT, sent_again(replace(own, changed_at=now), now)
