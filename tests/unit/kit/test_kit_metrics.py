"""Meters: plain numbers that somebody reads now and then."""

from notify_server.kit.metrics import Counter, Gauge, Histogram


def test_counter_with_labels_counts_each_apart():
    counter = Counter("notify_x_total", "X.", "kind")
    counter.add("a")
    counter.add("a", by=3)
    counter.add("b")
    assert counter.values == {("a",): 4, ("b",): 1}


def test_counter_without_labels_is_there_from_the_start():
    assert Counter("notify_x_total", "X.").values == {(): 0}


def test_gauge_is_asked_when_somebody_looks():
    things = []
    gauge = Gauge("notify_x", "X.", read=lambda: {(): len(things)})
    things.append(1)
    assert gauge.read() == {(): 1}


def test_histogram_counts_up_to_each_bound_and_beyond():
    histogram = Histogram("notify_x_seconds", "X.", "kind", bounds=(0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value, "a")
    assert list(histogram.read()) == [(("a",), [2, 3, 4], 7.65)]
