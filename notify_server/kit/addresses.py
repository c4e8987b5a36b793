"""Who is at the other end of a connection, whatever stands between. Used by every edge (S11)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]+)\](?::\d+)?|(?P<v4>[0-9.]+):\d+")
_PREFIX_V6 = 64


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks.

    Raises:
        ValueError: One is neither.
    """
    return tuple(ip_network(text, strict=False) for text in texts)


def client_key(peer: str, forwarded: Iterable[str], trusted: Iterable[Network]) -> str:
    """What stands for a client where addresses are counted.

    Args:
        peer: The address of the TCP connection.
        forwarded: The values of all ``X-Forwarded-For`` headers, in order; believed only as far as
            trusted proxies wrote them: the rightmost hop that is none of them is the client.
        trusted: The proxies.

    Returns:
        The IPv4 address, or the IPv6 network of 64 bits, which is what one subscriber gets.
    """
    client = _parse(peer)
    if client is None:
        return peer
    proxies = tuple(trusted)
    hops = [hop for value in forwarded for hop in value.split(",")] if proxies else []
    while hops and _is_in(client, proxies):
        hop = _parse(hops.pop())
        if hop is None:
            break  # whoever wrote that, the proxy beside it is the last that is known
        client = hop
    return _key(client)


_REMEMBERED = 1024
"""Texts and addresses of which is known what they mean: those who come again, and our proxies."""


@lru_cache(_REMEMBERED)
def _key(client: _Address) -> str:
    if isinstance(client, IPv4Address):
        return str(client)
    return str(IPv6Network((int(client), _PREFIX_V6), strict=False))


@lru_cache(_REMEMBERED)
def _parse(text: str) -> _Address | None:
    """An address, with a port or without; an IPv4 one in IPv6's clothes is the IPv4 one."""
    bare = text.strip()
    if match := _WITH_PORT.fullmatch(bare):
        bare = match["v6"] or match["v4"]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_in(address: _Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
