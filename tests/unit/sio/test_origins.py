"""Pages of the same host and the configured ones may connect, nobody else (F5)."""

import pytest

from notify_server.sio.origins import accepts_origin

CASES = [
    ("https://app.example.org", "api.example.org", True),
    ("https://APP.example.org", "api.example.org", False),
    ("https://app.example.org:8443", "api.example.org", False),
    ("http://app.example.org", "api.example.org", False),
    ("https://app.example.org.evil.org", "api.example.org", False),
    ("https://evil.org/https://app.example.org", "api.example.org", False),
    ("http://api.example.org", "api.example.org", True),
    ("https://api.example.org", "api.example.org", True),
    ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
    ("http://127.0.0.1:8081", "127.0.0.1:8080", False),
    ("file://api.example.org", "api.example.org", False),
    ("null", "api.example.org", False),
    ("*", "api.example.org", False),
    ("", "api.example.org", False),
    ("http://", "", False),
    ("http://user@api.example.org", "api.example.org", False),
]


@pytest.mark.parametrize(("origin", "host", "expected"), CASES)
def test_origin_is_accepted_when_configured_or_of_the_same_host(origin, host, expected):
    accepts = accepts_origin(["https://app.example.org"])
    assert accepts(origin, {"HTTP_HOST": host}) is expected


@pytest.mark.parametrize("origin", ["http://x", "http://", "", "null"])
def test_without_a_host_header_nothing_is_the_same_host(origin):
    assert accepts_origin([])(origin, {}) is False
