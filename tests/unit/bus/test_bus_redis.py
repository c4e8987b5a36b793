"""The bus over a real Redis that restarts, stalls and hears strangers."""

import asyncio

import pytest
import redis.asyncio as redis
import structlog.testing
from support import redis_server
from support.proxy import Proxy
from support.redis_server import RedisServer

from notify_server.bus import outbox
from notify_server.bus import rates as rates_module
from notify_server.bus.rates import SharedRates
from notify_server.bus.redis import RedisBus
from notify_server.kit.clock import SystemClock
from notify_server.kit.rates import Rate
from notify_server.ports.bus import NODES, KickNews, PersonNews

pytestmark = pytest.mark.skipif(
    not redis_server.is_there(), reason="no redis-server; on Debian: apt-get install redis-server"
)
KEY = "k" * 40


async def until(condition, timeout=20.0):
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - a condition of another task
            await asyncio.sleep(0.02)


async def hear(node, channel):
    """Listen to a channel; one call waits a quarter of a second for Redis to say so."""
    node.bus.subscribe(channel)
    async with asyncio.timeout(20):
        while not await node.bus.heard(channel):  # noqa: ASYNC110 - it waits itself
            await asyncio.sleep(0.02)


@pytest.fixture
def server():
    server = RedisServer().start()
    yield server
    server.kill()


class Node:
    def __init__(self, url, key=KEY):
        self.bus = RedisBus(url, key, SystemClock())
        self.heard = []
        self.resumed = 0
        self.missed = 0
        self.bus.listen(self._hear, self._resume, self._miss)

    async def _hear(self, news):
        self.heard.append(news)

    def _resume(self):
        self.resumed += 1

    def _miss(self):
        self.missed += 1


@pytest.fixture
async def join(server):
    """``await join()``: a node on the bus."""
    nodes = []

    async def start(url=None, key=KEY):
        node = Node(url or server.url, key)
        nodes.append(node)
        await node.bus.open()
        await until(lambda: node.bus.healthy)
        return node

    yield start
    for node in nodes:
        await node.bus.close()


async def test_news_reach_who_listens_and_nobody_else(join):
    one, two, three = [await join() for _ in range(3)]
    for node in (one, two):
        await hear(node, "user:1")
    one.bus.publish(["user:1"], PersonNews("1"))
    one.bus.publish([NODES], KickNews("s"))
    await until(lambda: len(two.heard) == 2 and three.heard)
    assert (one.heard, two.heard, three.heard) == (
        [],
        [PersonNews("1"), KickNews("s")],
        [KickNews("s")],
    )
    await until(lambda: one.bus.nodes == 3)


async def test_news_on_several_channels_are_heard_once(join):
    one, two = await join(), await join()
    for channel in ("user:1", "user:2"):
        await hear(two, channel)
    one.bus.publish(["user:1", "user:2"], PersonNews("1"))
    one.bus.publish([NODES], KickNews("end"))
    await until(lambda: KickNews("end") in two.heard)
    assert two.heard == [PersonNews("1"), KickNews("end")]


async def test_a_channel_that_is_left_is_heard_no_longer(join):
    one, two = await join(), await join()
    await hear(two, "user:1")
    two.bus.unsubscribe("user:1")
    await until(lambda: "user:1" not in two.bus._listened)
    one.bus.publish(["user:1"], PersonNews("1"))
    one.bus.publish([NODES], KickNews("end"))
    await until(lambda: two.heard)
    assert two.heard == [KickNews("end")]


async def test_news_that_can_not_be_told_fail_nobody(join):
    """The caller's work is done and stored by then."""
    one, two = await join(), await join()
    one.bus.publish([NODES], KickNews("\ud800"))
    one.bus.publish([NODES], KickNews("end"))
    await until(lambda: two.heard)
    assert two.heard == [KickNews("end")]
    assert one.bus.stats["dropped"] == 1


async def test_what_one_could_not_tell_makes_the_others_look(join):
    """The store has it: whoever should have heard of it is told to look there."""
    one, two = await join(), await join()
    await until(lambda: one.bus.nodes == two.bus.nodes == 2)
    before = two.missed
    one.bus.publish([NODES], KickNews("\ud800"))
    await until(lambda: two.missed > before)
    assert two.bus.hears_all


async def test_news_that_a_node_could_not_take_make_it_look(join):
    one, two = await join(), await join()
    await until(lambda: one.bus.nodes == two.bus.nodes == 2)
    before = two.missed

    async def fail(_news):
        raise RuntimeError("a fault of ours")

    two.bus.listen(fail, two._resume, two._miss)
    one.bus.publish([NODES], KickNews("s"))
    await until(lambda: two.missed > before)


async def test_a_node_that_leaves_is_no_reason_to_look_on_one_that_falls_silent_is(join):
    one, two, three = [await join() for _ in range(3)]
    await until(lambda: two.bus.nodes == 3)
    before = two.missed
    await one.bus.close()
    await until(lambda: two.bus.nodes == 2 and two.missed > before)
    assert two.bus.hears_all
    for task in three.bus._tasks:
        task.cancel()
    await until(lambda: two.bus.nodes == 1)
    assert (two.bus.healthy, two.bus.hears_all) == (True, False)
    await three.bus.open()
    before = two.missed
    await until(lambda: two.bus.hears_all and two.missed > before)


async def test_a_channel_is_heard_only_when_redis_has_said_so(join, server):
    node = await join()
    await hear(node, "user:1")
    node.bus.unsubscribe("user:1")
    await until(lambda: "user:1" not in node.bus._listened)
    server.stall()
    try:
        node.bus.subscribe("user:1")
        assert not await node.bus.heard("user:1")
    finally:
        server.go_on()
    await until(lambda: "user:1" in node.bus._listened)


async def test_forged_news_are_dropped_and_counted(join, server):
    """F30, S29."""
    node = await join()
    client = redis.Redis.from_url(server.url)
    await client.publish("notify:nodes", b"0" * 64 + b'["node:x",1,0,"kick",{"session":"s"}]')
    await client.aclose()
    stranger = Node(server.url, "o" * 40)
    await stranger.bus.open()
    stranger.bus.publish([NODES], KickNews("s"))
    await until(lambda: node.bus.stats["bad"] >= 2)
    await stranger.bus.close()
    assert node.heard == []


async def test_redis_that_restarts_is_joined_again_and_what_was_missed_is_told(join, server):
    """X10, F27."""
    one, two = await join(), await join()
    await hear(two, "user:1")
    before = two.resumed
    server.kill()
    await until(lambda: not two.bus.healthy and not one.bus.healthy)
    one.bus.publish(["user:1"], PersonNews("lost"))
    server.start()
    await until(lambda: two.bus.healthy and one.bus.healthy and two.resumed > before)
    await hear(two, "user:1")
    one.bus.publish(["user:1"], PersonNews("again"))
    await until(lambda: PersonNews("again") in two.heard)


async def test_each_loss_of_the_bus_is_told_and_not_waited_for_longer_than_the_first(join, server):
    """What held until it broke is tried again at once, however often others broke before."""
    async with Proxy(server.port) as proxy:
        node = await join(proxy.url.replace("http://", "redis://"))
        with structlog.testing.capture_logs() as logs:
            for number in range(1, 4):
                resumed = node.resumed
                proxy.cut()
                await until(lambda before=resumed: node.resumed > before)
                heard_at = node.bus._heard_at
                await until(lambda before=heard_at: node.bus._heard_at > before)
                assert [each["event"] for each in logs].count("bus_lost") == number


async def test_a_channel_that_is_left_before_it_is_listened_to_leaves_nothing(join):
    node = await join()
    node.bus.subscribe("user:1")
    waiting = asyncio.create_task(node.bus.heard("user:1"))
    await asyncio.sleep(0)
    node.bus.unsubscribe("user:1")
    assert not await waiting
    assert not node.bus._hearing


async def test_publishing_over_a_connection_that_was_cut_loses_nothing(join, server):
    """Who hears is connected all the time and knows of no loss: what fails is published again."""
    async with Proxy(server.port) as proxy:
        one, two = await join(proxy.url.replace("http://", "redis://")), await join()
        resumed = two.resumed
        for number in range(20):
            proxy.cut()
            one.bus.publish([NODES], KickNews(str(number)))
            await until(lambda expected=number + 1: len(two.heard) >= expected)
        assert two.heard == [KickNews(str(number)) for number in range(20)]
        assert two.resumed == resumed


async def test_what_waits_while_redis_is_away_for_long_is_dropped_by_age(join, server, monkeypatch):
    monkeypatch.setattr(outbox, "_KEPT_S", 1.0)
    node = await join()
    server.kill()
    for _ in range(100):
        node.bus.publish([NODES], KickNews("s"))
    await until(lambda: node.bus.stats["dropped"] >= 100)
    assert len(node.bus._outbox) < 20


@pytest.mark.parametrize("way", ["both", "down"])
async def test_a_deaf_connection_is_noticed_and_made_anew(join, server, way):
    """F28, X11: bytes vanish, and no end of the connection is told."""
    async with Proxy(server.port) as proxy:
        node = await join(proxy.url.replace("http://", "redis://"))
        resets = node.bus.stats["resets"]
        proxy.swallow_down = True
        proxy.swallow_up = way == "both"
        await until(lambda: not node.bus.healthy)
        await until(lambda: node.bus.stats["resets"] > resets)
        proxy.swallow_down = proxy.swallow_up = False
        proxy.cut()
        await until(lambda: node.bus.healthy)


async def test_a_redis_that_stalls_holds_nobody_up(join, server):
    """F26, X12: to publish is to queue."""
    node = await join()
    server.stall()
    try:
        for _ in range(20_000):
            node.bus.publish([NODES], KickNews("s"))
        assert len(node.bus._outbox) <= 10_001
        await until(lambda: not node.bus.healthy)
    finally:
        server.go_on()
    await until(lambda: node.bus.healthy)


async def test_rates_are_counted_by_all_nodes_together(server, monkeypatch):
    monkeypatch.setattr(rates_module, "PATIENCE_S", 20)  # a busy machine must not decide
    rates = [SharedRates(server.url, SystemClock()) for _ in range(2)]
    one, two = (each.counter("submit", Rate(3, 3600)) for each in rates)
    assert [await one.take("a"), await two.take("a"), await one.take("a")] == [0, 0, 0]
    assert 1000 < await two.take("a") <= 1200
    assert await two.take("b") == 0
    assert await two.take("c", cost=10) == 0
    assert await one.take("c") > 0
    for each in rates:
        await each.close()


async def test_a_burst_on_all_nodes_is_counted_together(server, monkeypatch):
    """Whoever asks for much at once must not get the rate once per node."""
    monkeypatch.setattr(rates_module, "PATIENCE_S", 20)
    rates = [SharedRates(server.url, SystemClock()) for _ in range(2)]
    counters = [each.counter("submit", Rate(100, 3600)) for each in rates]
    waits = await asyncio.gather(*(each.take("a") for each in counters for _ in range(300)))
    assert waits.count(0) == 100
    for each in rates:
        await each.close()


async def test_rates_are_counted_here_while_redis_is_away(server, monkeypatch):
    rates = SharedRates(server.url, SystemClock())
    counter = rates.counter("submit", Rate(2, 3600))
    with monkeypatch.context() as patched:  # a busy machine may take longer to connect
        patched.setattr(rates_module, "PATIENCE_S", 20)
        assert await counter.take("a") == 0
    server.stall()
    try:
        assert [await counter.take("a"), await counter.take("a")] == [0, 0]
        assert await counter.take("a") > 0
    finally:
        server.go_on()
    await rates.close()
