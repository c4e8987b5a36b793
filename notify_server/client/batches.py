"""Many submissions: cut into bulk calls, tried again item by item, each with its own result."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, NamedTuple

from notify_server.client.body import PATH, plain_body
from notify_server.client.errors import ClientError, InvalidRequestError, to_error
from notify_server.client.flow import Call, Flow, Wait, encode, may_help, pause_s, surely
from notify_server.client.results import ItemResult, to_sent
from notify_server.domain.errors import Code
from notify_server.kit.ids import random_id

BATCH_ITEMS = 1_000
BATCH_TARGETS = 10_000
BATCH_BYTES = 1_000_000
"""Below the server's 1 MB (1,048,576) for a bulk call, with room for the frame around."""

Report = Callable[[int, int | None], object]
"""Told how many items are done, and of how many, if that is known."""


class Item(NamedTuple):
    """One submission on its way.

    Attributes:
        body: JSON, the idempotency key inside.
        targets: How many users it names.
        error: Why it cannot be sent at all.
    """

    place: int
    key: str
    body: bytes
    targets: int
    error: ClientError | None = None


def send_many(
    items: Iterable[Mapping[str, Any]], progress: Report | None, attempts: int, rng: random.Random
) -> Flow[list[ItemResult]]:
    """Send all; see ``Client.send_many``."""
    total = len(items) if isinstance(items, Sized) else None
    results: list[ItemResult] = []
    lost: ClientError | None = None
    for batch in batches(_items(items)):
        if lost is None:
            try:
                results += yield from _send_items(batch, attempts, rng)
            except ClientError as exc:
                lost = exc  # of no use to call a server that is away, or refuses the key, again
        if lost is not None:
            results += [ItemResult(one.place, one.key, error=one.error or lost) for one in batch]
        if progress is not None:
            progress(len(results), total)
    return results


def send_batch(
    items: Sequence[Mapping[str, Any]], attempts: int, rng: random.Random
) -> Flow[list[ItemResult]]:
    """Send what fits into one call; see ``Client.send_batch``."""
    return (yield from _send_items(list(_items(items)), attempts, rng))


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Runs of items that fit into one bulk call."""
    batch: list[Item] = []
    size = targets = 0
    for item in items:
        is_full = (
            len(batch) == BATCH_ITEMS
            or targets + item.targets > BATCH_TARGETS
            or size + len(item.body) + 1 > BATCH_BYTES
        )
        if batch and is_full:
            yield batch
            batch, size, targets = [], 0, 0
        batch.append(item)
        size += len(item.body) + 1
        targets += item.targets
    if batch:
        yield batch


def _items(bodies: Iterable[Mapping[str, Any]]) -> Iterator[Item]:
    prefix = random_id("py-")
    for index, given in enumerate(bodies):
        key = f"{prefix}#{index}"
        try:
            if not isinstance(given, Mapping):
                raise InvalidRequestError(Code.INVALID, "must be an object")
            key = str(given.get("idempotency_key") or key)
            body = encode({**plain_body(given), "idempotency_key": key})
        except InvalidRequestError as exc:
            yield Item(index, key, b"", 0, exc)
        else:
            yield Item(index, key, body, _named_targets(given.get("to")))


def _named_targets(to: object) -> int:
    entries = to if isinstance(to, list | tuple) else [to]
    return sum(isinstance(one, str) or (isinstance(one, dict) and "user" in one) for one in entries)


def _send_items(batch: list[Item], attempts: int, rng: random.Random) -> Flow[list[ItemResult]]:
    """Send one batch; what was refused for now is sent again alone, with its idempotency key."""
    results = {one.place: ItemResult(one.place, one.key, error=one.error) for one in batch}
    pending = [one for one in batch if one.error is None]
    for failures in range(1, attempts + 1):
        if not pending:
            break
        for result in (yield from _call(pending, attempts, rng)):
            results[result.index] = result
        pending = [one for one in pending if _is_for_now(results[one.place])]
        if pending and failures < attempts:
            asked = [
                error.retry_after_s or 0 for one in pending if (error := results[one.place].error)
            ]
            yield Wait(pause_s(failures, max(asked), rng))
    return list(results.values())


def _call(items: list[Item], attempts: int, rng: random.Random) -> Flow[list[ItemResult]]:
    """One bulk call; in halves where the server's limits are narrower than the usual ones."""
    body = b'{"items":[' + b",".join(one.body for one in items) + b"]}"
    try:
        answer = yield from surely(Call("POST", f"{PATH}/bulk", body), attempts, rng)
    except InvalidRequestError as exc:
        if not _is_too_much(exc):
            raise
        if len(items) == 1:
            return [ItemResult(items[0].place, items[0].key, error=exc)]
        half = len(items) // 2
        first = yield from _call(items[:half], attempts, rng)
        return first + (yield from _call(items[half:], attempts, rng))
    told = answer.get("items")
    if not isinstance(told, list) or len(told) != len(items):
        raise to_error({"detail": "The answer does not have one entry for each item."}, 500)
    return [_result(item, one) for item, one in zip(items, told, strict=True)]


def _is_too_much(error: InvalidRequestError) -> bool:
    """Whether the call as a whole is over a limit; an item's own faults stand in the answer."""
    return error.code is Code.TOO_LARGE or any(fault.path == "items" for fault in error.errors)


def _result(item: Item, told: Mapping[str, Any]) -> ItemResult:
    if "error" in told:
        return ItemResult(item.place, item.key, error=_own(to_error(told["error"])))
    return ItemResult(item.place, item.key, sent=to_sent(told))


def _own(error: ClientError) -> ClientError:
    """Paths within the item: ``items[3].`` of a batch says nothing to the caller."""
    faults = [fault._replace(path=_own_path(fault.path)) for fault in error.errors]
    detail = "" if faults else str(error)
    return type(error)(error.code, detail, faults, error.retry_after_s)


def _own_path(path: str) -> str:
    head, bracket, rest = path.partition("]")
    return rest.lstrip(".") if bracket and head.startswith("items[") else path


def _is_for_now(result: ItemResult) -> bool:
    return result.error is not None and may_help(result.error)
