"""Calls on a notification that is there already."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from notify_server.client.body import PATH, build_body, key_of
from notify_server.client.flow import Call, make_call

_ADMIN_PATH = "/api/v1/admin/notifications"


def replace_call(id: str, title: str, message: str, type: str, details: Mapping[str, Any]) -> Call:
    """The next revision of a notification."""
    content = {"title": title, "message": message, "type": type}
    body = build_body(None, content, details)
    return make_call("PUT", f"{PATH}/{quote(id, safe='')}", body, key_of(details))


def cancel_call(id: str) -> Call:
    """Stop a notification; doing it twice does nothing more."""
    return make_call("POST", f"{PATH}/{quote(id, safe='')}/cancel")


def explain_call(
    id: str, user: str | None = None, after: str | None = None, limit: int | None = None
) -> Call:
    """What became of a notification."""
    given = {"user": user, "after": after, "limit": limit}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return make_call("GET", f"{_ADMIN_PATH}/{quote(id, safe='')}" + (f"?{query}" if query else ""))
