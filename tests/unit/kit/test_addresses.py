"""S11: whose address counts, and how much of it."""

import pytest

from notify_server.kit.addresses import client_key, parse_networks

PROXIES = parse_networks(["10.0.0.0/8", "192.0.2.1", "2001:db8:ffff::/48"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        # Nobody of ours: what the peer claims is worth nothing.
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        # Ours: the rightmost hop that is none of ours, whatever the client wrote left of it.
        ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["6.6.6.6", "198.51.100.1, 192.0.2.1"], "198.51.100.1"),
        ("10.1.2.3", ["127.0.0.1,10.9.9.9, 198.51.100.1 ,10.0.0.2"], "198.51.100.1"),
        ("192.0.2.2", ["198.51.100.1"], "192.0.2.2"),
        # With a port, in IPv6's clothes.
        ("10.1.2.3", ["198.51.100.1:4711"], "198.51.100.1"),
        ("::ffff:10.1.2.3", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:203.0.113.7", [], "203.0.113.7"),
        # Only ours: the farthest that is known.
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["10.7.7.7, 10.8.8.8"], "10.7.7.7"),
        # Nonsense ends the way back at the proxy that passed it on.
        ("10.1.2.3", ["unknown"], "10.1.2.3"),
        ("10.1.2.3", ["6.6.6.6, _hidden, 10.8.8.8"], "10.8.8.8"),
        ("10.1.2.3", [""], "10.1.2.3"),
        ("10.1.2.3", ["1" * 5000], "10.1.2.3"),
        # IPv6: one subscriber has 64 bits to play with.
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", [], "2001:db8:1:3::/64"),
        ("2001:db8:ffff::1", ["[2001:db8:5:6::7]:443"], "2001:db8:5:6::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        # No address at all.
        ("", ["198.51.100.1"], ""),
    ],
)
def test_client_key_is_the_rightmost_untrusted_hop(peer, forwarded, client):
    assert client_key(peer, forwarded, PROXIES) == client


def test_client_key_without_proxies_is_the_peer():
    assert client_key("10.1.2.3", ["198.51.100.1"], ()) == "10.1.2.3"


def test_parse_networks_refuses_names():
    with pytest.raises(ValueError, match="proxy"):
        parse_networks(["10.0.0.0/8", "proxy"])
