"""Which server is called with which key: named, by environment, or what a running one wrote down.

Called by the clients and, with its flags, by ``cli/where.py``.
"""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from notify_server.client.errors import ForbiddenError, InvalidRequestError, SetupError
from notify_server.domain.errors import Code


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and the key for it.

    Attributes:
        url: Without a slash at its end; may hold a base path.
        named: The user named it, so nothing else will do; else it was found in ``run.json``.
    """

    url: str
    key: str
    named: bool


def find_endpoint(url: str | None, key: str | None, data_dir: Path) -> Endpoint | None:
    """Whom to call, or None when nothing was named and no server has left its mark.

    Raises:
        SetupError: A URL that is none, or one without a key, or a key that is none.
        ForbiddenError: ``run.json`` is another user's.
        InvalidRequestError: ``run.json`` is damaged.
    """
    address = None if url is None else plain_url(url)
    if key is not None:
        _check_key(key)
    if address is not None and key is not None:
        return Endpoint(address, key, named=True)
    running = _read_run(data_dir)
    if address is None:
        return running and replace(running, key=key or running.key)
    if running is not None and running.url == address:
        key = running.key
    if key is None:
        raise SetupError(
            Code.BAD_REQUEST, "A URL needs a key: give one (--key), or set NOTIFY_API_KEY."
        )
    return Endpoint(address, key, named=True)


def endpoint_from_environment(
    url: str | None, key: str | None, data_dir: str | os.PathLike[str] | None
) -> Endpoint:
    """As ``find_endpoint``, with NOTIFY_URL, NOTIFY_API_KEY and NOTIFY_SERVER__DATA_DIR behind it.

    Raises:
        SetupError: Nobody named a server, and none runs on this data directory.
    """
    folder = data_dir or os.environ.get("NOTIFY_SERVER__DATA_DIR") or "data"
    url = url or os.environ.get("NOTIFY_URL") or None
    key = key or os.environ.get("NOTIFY_API_KEY") or None
    found = find_endpoint(url, key, Path(folder))
    if found is None:
        raise SetupError(
            Code.BAD_REQUEST,
            "No server is named: give url and key, set NOTIFY_URL and NOTIFY_API_KEY,"
            f" or start one on {folder}.",
        )
    return found


def plain_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        SetupError: Not ``http:`` or ``https:`` with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SetupError(Code.BAD_REQUEST, f"{url!r} is no URL: write http://host:port.")
    return url.rstrip("/")


def _check_key(key: str) -> None:
    """A header carries visible ASCII; the rest would fail later, as if the connection did."""
    if not key or not all("!" <= char <= "~" for char in key):
        text = "This is no key: it is empty, or holds a space, a line break or an accent."
        raise SetupError(Code.BAD_REQUEST, text)


def _read_run(data_dir: Path) -> Endpoint | None:
    path = data_dir / "run.json"
    try:
        raw = json.loads(path.read_bytes())
        return Endpoint(plain_url(raw["url"]), raw["api_key"], named=False)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise ForbiddenError(Code.FORBIDDEN, f"{path} cannot be read: {exc.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, SetupError):
        text = f"{path} is damaged; start the server again."
        raise InvalidRequestError(Code.INVALID, text) from None
