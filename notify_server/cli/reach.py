"""From a URL to a server that answers, step by step, so that the step that fails says why."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import orjson

from notify_server.domain.check import Check, away, fail, ok, warn
from notify_server.kit.clock import Clock

_STEP_S = 5.0
_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=_STEP_S)
_CERTIFICATE_DAYS = 14
_SKEW_S = 5.0
_SKEW_ADVICE = "Tokens may be refused as expired or not yet valid: let NTP set both clocks."


class _Place(NamedTuple):
    host: str
    port: int
    is_tls: bool


async def reach(http: aiohttp.ClientSession, url: str, clock: Clock) -> AsyncIterator[Check]:
    """Name, port, TLS, server, readiness, clock; ends after the first that fails.

    Args:
        http: For the calls.
        url: Of the server, with its base path.
        clock: This machine's.
    """
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    place = _Place(parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls)
    async for check in _network(place):
        yield check
        if check.is_away:
            return
    try:
        status, headers, body = await _get(http, f"{url}/health/live")
    except (aiohttp.ClientError, TimeoutError) as exc:
        why = str(exc) or "no answer in time"
        advice = "Look whether something else than notify-server listens there."
        yield away("server", f"the connection ended without an answer: {why}", advice)
        return
    if status != 200 or body.get("status") != "ok":
        yield _no_server(status, url)
        return
    yield ok("server", f"{url} is alive")
    yield await _ready(http, url)
    yield _skew(headers, clock)


async def _network(place: _Place) -> AsyncIterator[Check]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except OSError as exc:
        yield away("name", f"{place.host} has no address: {exc.strerror or exc}",
                   "Check the spelling, DNS, or the hosts file of this machine.")  # fmt: skip
        return
    yield ok("name", f"{place.host} is {found[0][4][0]}")
    try:
        await _open(place, None)
    except (OSError, TimeoutError) as exc:
        is_silent = isinstance(exc, TimeoutError)
        why = "no answer (a firewall?)" if is_silent else os.strerror(exc.errno or 0)
        advice = "Start the server, or look at [server] host and port, proxy and firewall."
        yield away("port", f"{place.host}:{place.port}: {why}", advice)
        return
    yield ok("port", f"{place.host}:{place.port} is open")
    if place.is_tls:
        yield await _tls(place)


async def _tls(place: _Place) -> Check:
    try:
        certificate = await _open(place, ssl.create_default_context())
    except ssl.SSLCertVerificationError as exc:
        return away("TLS", f"the certificate is not accepted: {exc.verify_message}",
                    "Renew it, send the whole chain, or make this machine trust its issuer"
                    " (SSL_CERT_FILE).")  # fmt: skip
    except (OSError, TimeoutError) as exc:
        return away("TLS", f"no TLS there: {str(exc) or 'timeout'}",
                    "The server itself speaks http:; https: is a proxy's work.")  # fmt: skip
    ends = certificate.get("notAfter")
    days = _days_left(str(ends)) if ends else _CERTIFICATE_DAYS
    if days < _CERTIFICATE_DAYS:
        return warn("TLS", f"the certificate ends in {days} days", "Renew it.")
    return ok("TLS", f"the certificate is good until {ends}")


def _days_left(ends: str) -> int:
    left_s = ssl.cert_time_to_seconds(ends) - datetime.now(UTC).timestamp()
    return int(left_s // 86_400)


async def _open(place: _Place, context: ssl.SSLContext | None) -> Mapping[str, Any]:
    """Connect and leave; answers the certificate, if there is one."""
    async with asyncio.timeout(_STEP_S):
        _, writer = await asyncio.open_connection(place.host, place.port, ssl=context)
    certificate = writer.get_extra_info("peercert") or {}
    writer.transport.abort()
    return dict(certificate)


async def _get(
    http: aiohttp.ClientSession, url: str
) -> tuple[int, Mapping[str, str], dict[str, Any]]:
    async with http.get(url, timeout=_TIMEOUT, allow_redirects=False) as response:
        content = await response.read()
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = {}
    return response.status, response.headers, body if isinstance(body, dict) else {}


def _no_server(status: int, url: str) -> Check:
    if status in (502, 503, 504):
        advice = "Start the server; let the proxy lead to its [server] host and port."
        return away("server", f"a proxy answers {status}: the server behind it does not", advice)
    if 300 <= status < 400:
        advice = "Give the address that it leads to, often https: instead of http:."
        return fail("server", f"{url} leads elsewhere ({status})", advice)
    return fail(
        "server",
        f"{url}/health/live answers {status}, and not as notify-server does",
        "Look at host, port and path: [server] base_path belongs into the URL.",
    )


async def _ready(http: aiohttp.ClientSession, url: str) -> Check:
    try:
        status, _, body = await _get(http, f"{url}/health/ready")
    except (aiohttp.ClientError, TimeoutError):
        return away("ready", "no answer", "Look at the server's log.")
    reason = str(body.get("reason") or "no reason given")
    if status != 200:
        return away("ready", f"not ready: {reason}", "Look at the server's log.")
    if body.get("status") == "degraded":
        return warn("ready", f"degraded: {reason}", "Look at the server's log.")
    return ok("ready", "it takes traffic, and its store works")


def _skew(headers: Mapping[str, str], clock: Clock) -> Check:
    """The server's clock against this one; HTTP tells whole seconds."""
    try:
        told = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return warn("clock", "the answer says no time", "A proxy removes the Date header.")
    skew_s = (clock.now() - told).total_seconds()
    if abs(skew_s) > _SKEW_S:
        return warn("clock", f"{abs(skew_s):.0f} s apart from the server's", _SKEW_ADVICE)
    return ok("clock", "within a few seconds of the server's")
