"""What one node believes of the others, by what it hears and how long it has heard nothing."""

from notify_server.bus.peers import AWAY_S, SILENT_S, Peers


def test_a_node_that_falls_silent_may_be_accepting_unheard_for_a_while():
    peers = Peers()
    peers.is_double("a", 1, 100)
    assert (peers.count(101), peers.are_heard(101)) == (1, True)
    assert (peers.count(100 + AWAY_S), peers.are_heard(100 + AWAY_S)) == (0, False)
    assert not peers.are_heard(99 + SILENT_S)
    assert peers.are_heard(100 + SILENT_S)


def test_a_node_that_says_that_it_leaves_is_missed_by_nobody():
    peers = Peers()
    peers.is_double("a", 1, 100)
    peers.leave("a", 101)
    assert peers.are_heard(100 + 2 * AWAY_S)
    assert peers.is_double("a", 2, 102)
    assert not peers.is_back("a", 102)
    assert peers.count(102) == 0


def test_a_node_is_back_when_it_is_new_or_was_silent():
    peers = Peers()
    assert peers.is_back("a", 100)
    peers.is_double("a", 1, 100)
    assert not peers.is_back("a", 100 + AWAY_S / 2)
    assert peers.is_back("a", 100 + AWAY_S)


def test_what_came_before_is_a_double_on_whichever_channel():
    peers = Peers()
    assert [peers.is_double("a", number, 100) for number in (1, 2, 2, 1, 3)] == [
        False, False, True, True, False,
    ]  # fmt: skip
    assert not peers.is_double("b", 1, 100)


def test_of_very_many_nodes_only_those_that_are_there_are_kept():
    peers = Peers()
    for number in range(1_000):
        peers.is_double(f"old{number}", 1, 100)
    peers.is_double("new", 1, 200)
    assert len(peers._seen) == 1
