"""Which pages may connect: the same host, and the configured origins. Never all."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit


def accepts_origin(origins: Iterable[str]) -> Callable[[str, Mapping[str, Any]], bool]:
    """Make the question that the transport asks for each request with an ``Origin``.

    Args:
        origins: Of the configuration, exact.
    """
    allowed = frozenset(origins)

    def accepts(origin: str, environ: Mapping[str, Any]) -> bool:
        if origin in allowed:
            return True
        parts = urlsplit(origin)
        is_page = parts.scheme in {"http", "https"} and bool(parts.netloc)
        return is_page and parts.netloc == environ.get("HTTP_HOST")

    return accepts
