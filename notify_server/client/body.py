"""From arguments to the body of a submission."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypedDict

from notify_server.kit.clock import to_rfc3339
from notify_server.kit.ids import random_id

Target = str | Mapping[str, Any]
To = Target | Sequence[Target]
"""A user id, ``role("ADMIN")``, ``room("task_1")``, ``EVERYONE``, or a list of them."""

PriorityName = Literal["low", "normal", "high", "urgent", "critical"]

EVERYONE: Mapping[str, Any] = {"all": True}

PATH = "/api/v1/notifications"


def user(name: str) -> dict[str, str]:
    """One person; a bare text means the same."""
    return {"user": name}


def role(name: str) -> dict[str, str]:
    """Everybody with this role."""
    return {"role": name}


def room(name: str) -> dict[str, str]:
    """Everybody in this room."""
    return {"room": name}


def namespace(name: str) -> dict[str, str]:
    """Everybody on this line, such as ``/admin``; it stands alone."""
    return {"namespace": name}


class Details(TypedDict, total=False):
    """What a submission may hold beside targets, title, message and type; all optional.

    Attributes:
        ttl_s: Seconds, or a timedelta.
        expires_at: RFC 3339, or an aware datetime.
        idempotency_key: Made when it is not given; two calls with the same one are one.
    """

    exclude: Sequence[str]
    priority: PriorityName
    event_name: str
    source: str
    tags: Sequence[str]
    data: Mapping[str, Any]
    object: Mapping[str, str]
    sender: Mapping[str, str | None]
    action_url: str
    action_label: str
    actions: Sequence[Mapping[str, str]]
    media: Mapping[str, str]
    requires_acknowledgment: bool
    persist: bool
    expires_at: str | datetime
    ttl_s: int | timedelta
    collapse_key: str
    idempotency_key: str


def build_body(
    to: To | None, content: Mapping[str, Any], details: Mapping[str, Any]
) -> dict[str, Any]:
    """The body; what is None is left out, so that the server's defaults hold.

    Args:
        to: None for a replacement, which keeps its targets.
        content: Title, message and type.
        details: See ``Details``.

    Raises:
        TypeError: A detail that does not exist.
    """
    unknown = details.keys() - Details.__annotations__.keys()
    if unknown:
        raise TypeError(f"unknown field {', '.join(sorted(unknown))}")
    given = plain_body({"to": to, **content, **details})
    given.pop("idempotency_key", None)
    return {name: value for name, value in given.items() if value is not None}


def plain_body(given: Mapping[str, Any]) -> dict[str, Any]:
    """A submission as JSON has it: times and durations spelt."""
    return {name: _plain(value) for name, value in given.items()}


def key_of(details: Mapping[str, Any]) -> str:
    """The idempotency key of a call: the given one, or a new one for all its attempts."""
    return str(details.get("idempotency_key") or random_id("py-"))


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return to_rfc3339(value.astimezone(UTC))
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return value
