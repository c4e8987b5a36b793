"""What calls answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notify_server.client.errors import ClientError, ServerError
from notify_server.domain.errors import Code


@dataclass(frozen=True, slots=True)
class Sent:
    """A notification that the server has taken.

    Attributes:
        status: ``accepted``: it is durable; ``transient``: it went to whoever was connected.
        replayed: An earlier call with the same idempotency key had made it.
    """

    id: str
    status: str
    revision: int = 1
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item of ``send_many``: ``sent`` or ``error``, the other one is None.

    Attributes:
        index: Place among the items, from 0.
        idempotency_key: Send it again with this one, and it is there once.
    """

    index: int
    idempotency_key: str
    sent: Sent | None = None
    error: ClientError | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancellation did.

    Attributes:
        stopped: People to whom it does not go any more.
        removed: Inboxes in which it was still unread.
    """

    id: str
    stopped: int
    removed: int


def to_sent(raw: Mapping[str, Any]) -> Sent:
    """Read an answer to a submission.

    Raises:
        ServerError: It is none.
    """
    if not isinstance(raw.get("id"), str):
        raise ServerError(Code.INTERNAL, "The answer has no id: is this a notify-server?")
    revision, replayed = int(raw.get("revision", 1)), bool(raw.get("replayed"))
    return Sent(raw["id"], str(raw.get("status")), revision, replayed)


def to_cancelled(raw: Mapping[str, Any]) -> Cancelled:
    """Read an answer to a cancellation."""
    return Cancelled(str(raw.get("id")), int(raw.get("stopped", 0)), int(raw.get("removed", 0)))
