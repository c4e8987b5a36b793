"""What a server's page of figures says."""

from prometheus_client.parser import text_string_to_metric_families


async def samples(http, server):
    """Every sample of the page."""
    async with http.get(f"{server.url}/metrics") as answer:
        assert answer.status == 200
        text = await answer.text()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


async def figure(world, server, name, **labels):
    """The sum of what the page shows under this name."""
    return sum(
        sample.value
        for sample in await samples(world.http, server)
        if sample.name == name and labels.items() <= sample.labels.items()
    )


class LoopLag:
    """How late a server's event loop was from when this was begun to each look.

    X06: a store that does not answer must not block the loop. A machine under load is late too, so
    what is told apart is a loop that goes on from one that stands still.
    """

    def __init__(self, http, server, before):
        self._http = http
        self._server = server
        self._before = before

    @classmethod
    async def begin(cls, http, server):
        return cls(http, server, await _lags(http, server))

    async def stayed_small(self):
        """Look: the loop went on all the time."""
        found = await _lags(self._http, self._server)
        counts = {bound: often - self._before[bound] for bound, often in found.items()}
        total = counts[float("inf")]
        assert total >= 4, counts
        assert counts[2.5] == total, counts
        assert counts[0.5] >= 0.8 * total, counts


async def _lags(http, server):
    """Upper bound of seconds to how often it was no later than that."""
    name = "notify_loop_lag_seconds_bucket"
    return {
        float(sample.labels["le"]): int(sample.value)
        for sample in await samples(http, server)
        if sample.name == name
    }
