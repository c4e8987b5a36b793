"""Deadlines: never early, one place each, none that was taken back."""

import logging

from notify_server.sio.transport.wheel import Wheel


class Item:
    def __init__(self, wheel, again=0.0, then=None):
        self.tick, self.woken, self._again, self._then = 0, [], again, then
        self._wheel = wheel

    def wake(self, now):
        self.woken.append(now)
        if self._then is not None:
            self._wheel.clear(self._then)
        again, self._again = self._again, 0.0
        return now + again if again else 0


async def test_wheel_wakes_once_in_time_and_again_when_asked(until):
    wheel = Wheel(0.01, logging.getLogger("tests"))
    now = wheel.now()
    item, moved, cleared = Item(wheel, again=0.03), Item(wheel), Item(wheel)
    wheel.set(item, now + 0.05)
    wheel.set(moved, now + 10)
    wheel.set(moved, now + 0.02)
    wheel.set(cleared, now + 0.02)
    wheel.clear(cleared)
    await until(lambda: len(item.woken) == 2)
    assert [len(item.woken), len(moved.woken), len(cleared.woken)] == [2, 1, 0]
    assert item.woken[0] >= now + 0.05
    assert item.woken[1] >= item.woken[0] + 0.03
    wheel.stop()


async def test_wheel_item_that_another_takes_off_in_the_same_turn_sleeps_on(until):
    wheel = Wheel(0.01, logging.getLogger("tests"))
    first, second = Item(wheel), Item(wheel)
    first._then, second._then = second, first
    when = wheel.now() + 0.02
    wheel.set(first, when)
    wheel.set(second, when)
    after = Item(wheel)
    wheel.set(after, when + 0.02)
    await until(lambda: after.woken)
    assert len(first.woken) + len(second.woken) == 1


async def test_wheel_failing_item_does_not_stop_the_others(until):
    wheel = Wheel(0.01, logging.getLogger("tests"))
    bad, good = Item(wheel), Item(wheel)
    bad.wake = lambda now: 1 / 0
    wheel.set(bad, wheel.now() + 0.01)
    wheel.set(good, wheel.now() + 0.03)
    await until(lambda: good.woken)
