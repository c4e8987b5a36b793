"""The threads that read: what is asked in one turn of the event loop goes there together.

A hop to another thread and back costs more than a read by an index. When many clients connect at
once their reads share it, as concurrent writes share a commit; a lone question goes alone, at once.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from notify_server.domain.errors import UnavailableError
from notify_server.stores.sqlite.desk import Window
from notify_server.stores.sqlite.faults import translate

Question = Callable[[Window], object]

_MAX_QUESTIONS = 32
"""In one batch: who asks for little does not wait long for those who ask for much."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    question: Question
    answer: asyncio.Future[object]


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Questions that go to a thread together; ``patience`` ends the wait for it."""

    asked: Sequence[_Asked]
    patience: asyncio.TimerHandle


class Readers:
    """One thread per window, from ``start`` to ``stop``; made and used on the event loop."""

    def __init__(self, windows: Sequence[Window], patience_s: float) -> None:
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Asked] = []
        self._batches: SimpleQueue[_Batch | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, args=(window,), name="store-reader", daemon=True)
            for window in windows
        ]

    def start(self) -> None:
        """Begin to answer."""
        for thread in self._threads:
            thread.start()

    async def stop(self) -> None:
        """Answer what was asked so far, then end the threads."""
        self._hand_out()
        for _ in self._threads:
            self._batches.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def ask(self, question: Question) -> asyncio.Future[object]:
        """Have a question answered.

        Returns:
            The answer, or UnavailableError or what else the engine's fault means; after
            ``patience_s`` without either, UnavailableError.
        """
        answer: asyncio.Future[object] = self._loop.create_future()
        if not self._waiting:
            self._loop.call_soon(self._hand_out)
        self._waiting.append(_Asked(question, answer))
        return answer

    def _hand_out(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting[:_MAX_QUESTIONS], self._waiting[_MAX_QUESTIONS:]
            patience = self._loop.call_later(self._patience_s, _give_up, asked)
            self._batches.put(_Batch(asked, patience))

    def _run(self, window: Window) -> None:
        try:
            while (batch := self._batches.get()) is not None:
                answers = [_answer(window, asked) for asked in batch.asked]
                self._loop.call_soon_threadsafe(_deliver, batch, answers)
        except RuntimeError:
            # The loop is closed: nobody is left who could be answered or could ask.
            _log.warning("The event loop ended before the store was closed", exc_info=True)


def _answer(window: Window, asked: _Asked) -> object:
    """The answer, or the error that stands for it; None where nobody waits for it any more."""
    if asked.answer.done():
        return None
    try:
        return asked.question(window)
    except Exception as error:  # noqa: BLE001 - becomes the answer; translate() logs it
        return translate(error)


def _deliver(batch: _Batch, answers: Sequence[object]) -> None:
    batch.patience.cancel()
    for asked, answer in zip(batch.asked, answers, strict=True):
        if asked.answer.done():
            continue
        if isinstance(answer, Exception):
            asked.answer.set_exception(answer)
        else:
            asked.answer.set_result(answer)


def _give_up(asked: Sequence[_Asked]) -> None:
    for one in asked:
        if not one.answer.done():
            one.answer.set_exception(UnavailableError("The store did not answer in time."))
