"""Many submissions from JSON lines: read, sent in batches, tried again where it helps, counted."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from notify_server.cli.gateway import Gateway
from notify_server.domain.errors import Code, NotifyError, RejectedError

BATCH = 100
_BATCH_BYTES = 900_000  # below the server's 1 MB for a bulk call, with room for the frame around


class Line(NamedTuple):
    """One line: its 1-based number, its size and what stood in it, or why that is nothing."""

    number: int
    size: int
    body: dict[str, Any] | NotifyError


class Result(NamedTuple):
    """What became of a line."""

    number: int
    answer: dict[str, Any] | NotifyError


@dataclass(slots=True)
class Tally:
    """How many lines were accepted and how many refused so far."""

    accepted: int = 0
    refused: int = 0


def read_lines(source: Iterable[bytes], prefix: str) -> Iterator[Line]:
    """Each line that is not blank; without an ``idempotency_key`` it gets ``<prefix>#<number>``."""
    for number, raw in enumerate(source, start=1):
        if text := raw.strip():
            yield Line(number, len(raw), _read(text, f"{prefix}#{number}"))


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Runs of lines that fit into one bulk call."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == BATCH or size + line.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield batch


async def send_batch(gateway: Gateway, batch: list[Line]) -> list[Result]:
    """Send one batch.

    Returns:
        One result for each line, in order.

    Raises:
        NotifyError: The whole call was refused, or the server stays away.
    """
    results = {line.number: line.body for line in batch}
    pending = {line.number: line.body for line in batch if not isinstance(line.body, NotifyError)}
    if pending:
        answers = await gateway.many(list(pending.values()))
        results.update(zip(pending, answers, strict=True))
    return [Result(number, answer) for number, answer in results.items()]


async def send_lines(
    gateway: Gateway, lines: Iterable[Line], each: Callable[[Result, Line], None]
) -> Tally:
    """Send all; ``each`` hears of every line once, in order."""
    tally = Tally()
    for batch in batches(lines):
        for result, line in zip(await send_batch(gateway, batch), batch, strict=True):
            if isinstance(result.answer, NotifyError):
                tally.refused += 1
            else:
                tally.accepted += 1
            each(result, line)
    return tally


def _read(text: bytes, key: str) -> dict[str, Any] | NotifyError:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        return RejectedError(Code.BAD_REQUEST, f"no JSON: {exc}")
    if not isinstance(body, dict):
        return RejectedError(Code.BAD_REQUEST, "a JSON object is needed")
    return {"idempotency_key": key} | body
