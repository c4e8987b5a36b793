"""Where a crowd's connections come from: a server counts connections by address."""

import resource
import sys
from contextlib import AsyncExitStack
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp

_PER_SOURCE = 150
"""Fewer than ``[limits] connections_per_ip`` allows by default."""

_SPARE_FILES = 200
_FILES_PER_USER = 2
"""A long-polling client may have a poll and a post under way."""


async def open_sources(stack: AsyncExitStack, url: str, users: int) -> list[aiohttp.ClientSession]:
    """HTTP sessions for so many users, closed with the stack.

    On a server of this machine each has a loopback address of its own (127.0.0.1, 127.0.0.2, …),
    as far as the system has them; to another machine all come from the same address.
    """
    allow_files(users * _FILES_PER_USER + _SPARE_FILES)
    is_loopback = _is_loopback(urlsplit(url).hostname or "") and sys.platform == "linux"
    count = -(-users // _PER_SOURCE) if is_loopback else 1
    sources = [
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, local_addr=(f"127.0.0.{1 + n % 250}", 0) if is_loopback else None
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        for n in range(count)
    ]
    for source in sources:
        await stack.enter_async_context(source)
    return sources


def allow_files(wanted: int) -> int:
    """Raise this process's soft limit of open files towards ``wanted``; answers what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return soft


def _is_loopback(host: str) -> bool:
    """Only an IPv4 address: from 127.0.0.2 nobody reaches ::1."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.version == 4 and address.is_loopback
