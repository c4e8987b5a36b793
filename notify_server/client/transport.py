"""Between a ``Call`` and HTTPX2: options, requests, replies and what their failures mean."""

from typing import Any

import httpx2

from notify_server.client.endpoint import Endpoint
from notify_server.client.errors import ClientError, SetupError, UnavailableError, UnreachableError
from notify_server.client.flow import CONNECT_TIMEOUT_S, Call, Reply
from notify_server.domain.errors import Code


def transport_options(endpoint: Endpoint, timeout_s: float) -> dict[str, Any]:
    """How a client of HTTPX2 is made.

    The environment's proxies and ``.netrc`` are not asked: the key must reach this server, and
    nobody else. Redirects are not followed for the same reason.

    Raises:
        SetupError: The URL has a host or port that cannot be.
    """
    try:
        httpx2.URL(endpoint.url)
    except httpx2.InvalidURL as exc:
        raise SetupError(Code.BAD_REQUEST, f"{endpoint.url!r} is no URL: {exc}.") from None
    connect_s = min(CONNECT_TIMEOUT_S, timeout_s)
    return {
        "timeout": httpx2.Timeout(timeout_s, connect=connect_s),
        "trust_env": False,
        "follow_redirects": False,
        # Certificates take 60 ms to load, and an address without TLS never needs them.
        "verify": endpoint.url.startswith("https:"),
    }


def to_request(
    http: httpx2.Client | httpx2.AsyncClient, endpoint: Endpoint, call: Call
) -> httpx2.Request:
    """The request for a call."""
    return http.build_request(
        call.method, endpoint.url + call.path, content=call.body, headers=call.headers(endpoint.key)
    )


def to_reply(response: httpx2.Response) -> Reply:
    """What the server answered."""
    return Reply(str(response.url), response.status_code, response.headers, response.content)


def to_failure(endpoint: Endpoint, error: httpx2.HTTPError) -> ClientError:
    """Why no answer came."""
    if isinstance(error, httpx2.ConnectError):
        return UnreachableError(Code.UNAVAILABLE, f"No server answers at {endpoint.url}.")
    is_late = isinstance(error, httpx2.TimeoutException)
    why = "it took too long" if is_late else "the connection broke"
    return UnavailableError(Code.UNAVAILABLE, f"No answer from {endpoint.url}: {why}.")
