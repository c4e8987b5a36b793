"""X30: what is critical does not wait behind a flood, and the flood arrives as well."""

import pytest
from support.proxy import Proxy

LOW = 10_000
CRITICAL = 10
BULK = 250


@pytest.mark.timeout(300)
async def test_critical_ones_go_before_a_flood_that_waits_for_a_slow_client(world):
    """10,000 low ones and then 10 critical ones, while the client takes nothing."""
    user = world.user()
    async with Proxy(world.server.port) as proxy:
        device = await world.device(user, url=proxy.url).connect()
        proxy.hold_down.clear()
        one = {"to": user, "title": "low", "message": "m" * 2_500, "priority": "low"}
        low = []
        for _ in range(LOW // BULK):
            answer = await world.api.post({"items": [one] * BULK}, path="/notifications/bulk")
            low += [row["id"] for row in answer.body["items"]]
        critical = [await world.api.submit(user, priority="critical") for _ in range(CRITICAL)]
        proxy.hold_down.set()
        await device.until(lambda: len(device.items) >= LOW + CRITICAL, 200)
        places = [device.shown.index(one) for one in critical]
        assert places == sorted(places)
        assert set(device.shown) == {*low, *critical}
        assert places[-1] < LOW * 0.8, "no more than what was on the wire goes before"
        await device.close()
