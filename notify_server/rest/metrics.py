"""``GET /metrics``: the process's figures as Prometheus reads them; the one who knows its library.

No figure names a person or a notification, so it is open like the health pages, unless
``[metrics] open`` is false.
"""

from collections.abc import Callable, Iterable, Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from typing_extensions import override

from notify_server.domain.claims import Scope
from notify_server.domain.errors import NotFoundError
from notify_server.kit.metrics import ROUND_TRIP_S, Counter, Gauge, Histogram, Meter, Tally
from notify_server.rest.access import operator
from notify_server.rest.deps import DEPS

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpFigures:
    """How the calls went, by route: the pattern of the path, never the path itself."""

    def __init__(self) -> None:
        self.seconds = Histogram(
            "notify_http_request_seconds",
            "Answered calls, by route.",
            "method",
            "route",
            "status",
            bounds=ROUND_TRIP_S,
        )

    def note(self, request: web.Request, status: int, took_s: float) -> None:
        """One call was answered."""
        resource = request.match_info.route.resource
        route = "none" if resource is None else resource.canonical
        method = request.method if request.method in _METHODS else "other"
        self.seconds.observe(took_s, method, route.rstrip("/") or "/", str(status or "gone"))


class Page:
    """Writes meters in Prometheus's own form."""

    def __init__(self, meters: Callable[[], Iterable[Meter]]) -> None:
        """``meters``: asked at every look."""
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Meters(meters))
        ProcessCollector(namespace="notify", registry=self._registry)

    def render(self) -> bytes:
        """The page."""
        return generate_latest(self._registry)


class _Meters(Collector):
    """Our meters as the library takes them."""

    def __init__(self, meters: Callable[[], Iterable[Meter]]) -> None:
        self._meters = meters

    @override
    def collect(self) -> Iterator[Metric]:
        for meter in self._meters():
            yield _family(meter)


def _family(meter: Meter) -> Metric:
    match meter:
        case Counter():
            family: Metric = CounterMetricFamily(meter.name, meter.text, labels=meter.labels)
            for labels, count in list(meter.values.items()):
                family.add_sample(meter.name, dict(zip(meter.labels, labels, strict=True)), count)
        case Tally() | Gauge():
            make = CounterMetricFamily if isinstance(meter, Tally) else GaugeMetricFamily
            family = make(meter.name, meter.text, labels=meter.labels)
            for labels, value in meter.read().items():
                family.add_sample(meter.name, dict(zip(meter.labels, labels, strict=True)), value)
        case Histogram():
            family = _histogram(meter)
        case _:
            raise TypeError(f"no such meter: {type(meter).__name__}")
    return family


def _histogram(meter: Histogram) -> Metric:
    family = HistogramMetricFamily(meter.name, meter.text, labels=meter.labels)
    bounds = [*map(str, meter.bounds), "+Inf"]
    for labels, counts, total in meter.read():
        family.add_metric(labels, list(zip(bounds, counts, strict=True)), total)
    return family


async def metrics(request: web.Request) -> web.Response:
    """``GET /metrics``."""
    deps = request.app[DEPS]
    if not deps.settings.metrics.enabled:
        raise NotFoundError("There is no such path.")
    if not deps.settings.metrics.open:
        await operator(request, Scope.READ)
    response = web.Response(body=deps.metrics())
    response.headers["Content-Type"] = CONTENT_TYPE_LATEST
    return response
