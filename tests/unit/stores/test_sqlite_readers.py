"""The reading threads: what is asked together goes together, and nobody waits for ever."""

import asyncio
import sqlite3
import threading

import pytest

from notify_server.domain.errors import InternalError, UnavailableError
from notify_server.stores.sqlite.desk import Window
from notify_server.stores.sqlite.readers import Readers

_THREADS = 3


@pytest.fixture
def connections():
    made = [sqlite3.connect(":memory:", check_same_thread=False) for _ in range(_THREADS)]
    yield made
    for connection in made:
        connection.close()


@pytest.fixture
async def readers(connections):
    made = Readers([Window(each) for each in connections], 30)
    made.start()
    yield made
    await made.stop()


def _thread(_window):
    return threading.get_ident()


async def test_questions_of_one_turn_share_a_thread(readers):
    threads = await asyncio.gather(*(readers.ask(_thread) for _ in range(32)))
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_question_is_answered_while_another_thread_is_busy(readers):
    going_on = threading.Event()
    slow = readers.ask(lambda _window: going_on.wait())
    await asyncio.sleep(0)
    await readers.ask(_thread)
    assert not slow.done()
    going_on.set()
    await slow


async def test_failing_question_harms_no_other(readers):
    def fail(_window):
        raise ZeroDivisionError

    answers = await asyncio.gather(
        readers.ask(_thread), readers.ask(fail), readers.ask(_thread), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [int, InternalError, int]


async def test_caller_is_released_when_no_answer_comes(connections):
    going_on = threading.Event()
    readers = Readers([Window(connections[0])], 0.05)
    readers.start()
    stuck, behind = readers.ask(lambda _window: going_on.wait()), readers.ask(_thread)
    for answer in (stuck, behind):
        with pytest.raises(UnavailableError):
            await answer
    going_on.set()
    await readers.stop()


async def test_question_of_a_caller_who_has_gone_is_not_asked(connections):
    going_on, asked = threading.Event(), []
    readers = Readers([Window(connections[0])], 30)
    readers.start()
    first = readers.ask(lambda _window: going_on.wait())
    second = readers.ask(asked.append)
    second.cancel()
    going_on.set()
    await first
    await readers.stop()
    assert asked == []


async def test_stop_answers_what_was_asked(connections):
    readers = Readers([Window(each) for each in connections], 30)
    readers.start()
    answers = [readers.ask(_thread) for _ in range(100)]
    await readers.stop()
    assert len(await asyncio.gather(*answers)) == 100
