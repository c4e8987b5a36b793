"""What a simulation counts as received, doubled, sent again and lost."""

from notify_server.cli.simulation.figures import Figures


def arrive(figures, number, user, latency_ms=1.0, *, is_marked=False):
    return figures.arrived(number, user, latency_ms, is_marked=is_marked)


def test_figures_of_what_came_once_are_whole():
    figures = Figures(users=3)
    figures.accepted(0, [0, 2])
    assert figures.missing == 2
    assert arrive(figures, 0, 0)
    assert arrive(figures, 0, 2)
    assert figures.to_json()["received"] == figures.to_json()["expected"] == 2
    assert figures.is_whole


def test_figures_of_what_came_before_its_answer_miss_nothing():
    figures = Figures(users=2)
    arrive(figures, 0, 1)
    figures.accepted(0, [1])
    assert figures.missing == 0


def test_figures_tell_doubled_from_sent_again():
    figures = Figures(users=2)
    figures.accepted(0, [1])
    arrive(figures, 0, 1)
    assert not arrive(figures, 0, 1, is_marked=True)
    assert figures.is_whole
    assert not arrive(figures, 0, 1)
    assert (figures.again, figures.doubled, figures.received) == (1, 1, 1)
    assert not figures.is_whole


def test_figures_of_what_never_came_name_it_lost():
    figures = Figures(users=2)
    figures.accepted(0, [0, 1])
    arrive(figures, 0, 0)
    assert figures.to_json()["lost"] == 1
    assert not figures.is_whole


def test_figures_percentiles_are_of_real_values():
    figures = Figures(users=1)
    assert figures.percentiles()["p99"] == 0
    for number in range(100):
        arrive(figures, number, 0, float(number + 1))
    assert figures.percentiles() == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}
