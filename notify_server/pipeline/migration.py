"""Copying a store to another one: what differs is brought over, the rest is left as it is.

``notify-server migrate`` uses it. Run again after it broke off, it brings what is missing; run
again after it was done, it changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

from notify_server.domain.audit import AuditEntry
from notify_server.domain.errors import Code, ConflictError, UnavailableError
from notify_server.domain.notification import Notification
from notify_server.domain.transfer import Kept, Person
from notify_server.kit.aio import pause
from notify_server.kit.clock import Clock
from notify_server.ports.store import Store

_PAGE = 200
_RECEIPTS = 500
_AT_ONCE = 8
"""Notifications whose receipts are copied at the same time."""
_SAMPLE = 200
_TRIES = 5
_AGAIN_S = 1.0
_ALL = 2**31 - 1
_COUNTED = ("notifications", "receipts", "users")


class Counts(NamedTuple):
    """Rows of one kind: how many there are, how many of them were brought over."""

    found: int = 0
    brought: int = 0


@dataclass(slots=True)
class Report:
    """What was done, by kind."""

    counts: dict[str, Counts] = field(default_factory=dict)
    compared: int = 0

    def add(self, kind: str, found: int, brought: int) -> None:
        """Some more of a kind."""
        old = self.counts.get(kind, Counts())
        self.counts[kind] = Counts(old.found + found, old.brought + brought)

    @property
    def brought(self) -> int:
        """Rows of all kinds that were not there, or were different."""
        return sum(counts.brought for counts in self.counts.values())


class Migration:
    """One run; both stores are open, and nobody else writes.

    Args:
        step: Told how many more notifications are through.
    """

    def __init__(self, source: Store, target: Store, step: Callable[[int], None]) -> None:
        self._source = source
        self._target = target
        self._step = step
        self._report = Report()
        self._sample: list[str] = []

    async def run(self, clock: Clock) -> Report:
        """Copy, then compare.

        Args:
            clock: The source's.

        Raises:
            ConflictError: Somebody wrote meanwhile, or the target holds what the source does not.
        """
        await self._source.changed(clock.now(), 1)  # what a crash left is finished by this
        began = clock.now()
        await self._rest()
        await self._notifications()
        await self._people()
        await self._check(began)
        return self._report

    # -- copying -------------------------------------------------------------------------------

    async def _notifications(self) -> None:
        after = ""
        while page := await self._source.kept(after, _PAGE):
            there = {one.notification.id: one for one in await self._target.kept(after, 2 * _PAGE)}
            new = [one for one in page if there.get(one.notification.id) != one]
            await _surely(partial(self._target.bring, new))
            self._report.add("notifications", len(page), len(new))
            await self._receipts_of(page)
            after = page[-1].notification.id
            self._sample += [one.notification.id for one in (page[0], page[-1])]
            if len(self._sample) > _SAMPLE:
                self._sample = self._sample[::2]
            self._step(len(page))

    async def _receipts_of(self, page: Sequence[Kept]) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def copy(notification: Notification) -> None:
            async with gate:
                await self._receipts(notification)

        async with asyncio.TaskGroup() as group:
            for one in page:
                group.create_task(copy(one.notification))

    async def _receipts(self, notification: Notification) -> None:
        after: str | None = ""
        while after is not None:
            page = await self._source.recipients(notification.id, after, _RECEIPTS)
            until = page[-1].user if len(page) == _RECEIPTS else None
            tried = await self._source.attempts_between(notification.id, after, until)
            there = set(await self._target.recipients(notification.id, after, _RECEIPTS))
            known = set(await self._target.attempts_between(notification.id, after, until))
            new = [receipt for receipt in page if receipt not in there]
            unknown = [attempt for attempt in tried if attempt not in known]
            if new or unknown:
                bring = partial(self._target.bring_receipts, notification, new, unknown)
                await _surely(bring)
            self._report.add("receipts", len(page), len(new))
            self._report.add("attempts", len(tried), len(unknown))
            after = until

    async def _people(self) -> None:
        after = ""
        while page := await self._source.people(after, _PAGE):
            there = {one.id: one for one in await self._target.people(after, 2 * _PAGE)}
            real = [one for one in page if one.record is not None or one.memberships]
            new = [one for one in real if not _is_same(there.get(one.id), one)]
            await _surely(partial(self._target.bring_people, new))
            self._report.add("people", len(real), len(new))
            after = page[-1].id

    async def _rest(self) -> None:
        """What there is little of, and the marks."""
        keys, there = await self._source.keys(), set(await self._target.keys())
        new = [key for key in keys if key not in there]
        await self._target.bring_keys(new)
        self._report.add("API keys", len(keys), len(new))
        await self._tombstones()
        await self._audit()
        until = await self._source.expired_until()
        if until is not None:
            await self._target.note_expired_until(until)

    async def _tombstones(self) -> None:
        after = ""
        while page := await self._source.tombstones(after, _PAGE):
            there = set(await self._target.tombstones(after, 2 * _PAGE))
            new = [one for one in page if one not in there]
            await self._target.bring_tombstones(new)
            self._report.add("tombstones", len(page), len(new))
            after = page[-1].hash

    async def _audit(self) -> None:
        head = await self._source.audit_head()
        before: int | None = None
        while page := await self._source.audit(before, _PAGE):
            there = {one.seq: one for one in await self._target.audit(before, 2 * _PAGE)}
            new = [entry for entry in page if there.get(entry.seq) != entry]
            await self._bring_audit(new, head)
            self._report.add("audit entries", len(page), len(new))
            before = page[-1].seq
        if head != await self._target.audit_head():
            await self._target.bring_audit((), head)

    async def _bring_audit(self, entries: Sequence[AuditEntry], head: int) -> None:
        if entries:
            await self._target.bring_audit(entries, head)

    # -- comparing -----------------------------------------------------------------------------

    async def _check(self, began: datetime) -> None:
        if await self._source.changed(began, 1):
            raise _refusal("The source was written to meanwhile. Stop what uses it, and run again.")
        ours, theirs = await asyncio.gather(self._source.sizes(_ALL), self._target.sizes(_ALL))
        for kind in _COUNTED:
            if ours[kind] != theirs[kind]:
                raise _refusal(
                    f"The target holds {theirs[kind]} {kind}, the source {ours[kind]}: it held"
                    " others before. Begin with an empty one."
                )
        if await self._source.audit_head() != await self._target.audit_head():
            raise _refusal("The target holds an audit of its own. Begin with an empty one.")
        for notification_id in dict.fromkeys(self._sample):
            await self._compare(notification_id)

    async def _compare(self, notification_id: str) -> None:
        ours, theirs = [
            await asyncio.gather(
                store.notifications([notification_id]),
                store.recipients(notification_id, "", _RECEIPTS),
                store.summary(notification_id),
            )
            for store in (self._source, self._target)
        ]
        if ours != theirs:
            raise _refusal(f"Notification {notification_id} is not the same in both.")
        self._report.compared += 1


async def _surely(bring: Callable[[], Awaitable[None]]) -> None:
    """What is brought may be brought again: a store that is slow for a while breaks nothing off."""
    for _ in range(_TRIES):
        try:
            await bring()
        except UnavailableError:
            await pause(_AGAIN_S)
        else:
            return
    await bring()


def _is_same(there: Person | None, here: Person) -> bool:
    """Whichever order the memberships have."""
    return (
        there is not None
        and there.record == here.record
        and _ordered(there.memberships) == _ordered(here.memberships)
    )


def _ordered(memberships: Iterable[object]) -> list[str]:
    return sorted(map(repr, memberships))


def _refusal(detail: str) -> ConflictError:
    return ConflictError(Code.CONFLICT, detail)
