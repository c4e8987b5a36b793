"""One person's export as a stream of JSON, so that its size costs no memory.

Called by the operator's route and by ``notify-server users export``.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from notify_server.domain.operators import SessionInfo
from notify_server.kit.clock import to_rfc3339
from notify_server.pipeline.profiles import Profiles
from notify_server.wire.export import audited_to_wire, held_to_wire, sent_to_wire
from notify_server.wire.json import dumps
from notify_server.wire.user import profile_to_wire

_T = TypeVar("_T")


async def export_document(
    profiles: Profiles, user: str, sessions: Sequence[SessionInfo], now: datetime
) -> AsyncIterator[bytes]:
    """Pieces of one JSON object.

    Raises:
        NotFoundError: Nothing is held of the person; before the first piece.
    """
    profile = await profiles.read(user)
    head = {"exported_at": to_rfc3339(now), "user": profile_to_wire(profile, sessions, now)}
    yield dumps(head).removesuffix(b"}")
    async for piece in _list("notifications", profiles.held(user), held_to_wire):
        yield piece
    async for piece in _list("sent", profiles.mentioning(user), sent_to_wire):
        yield piece
    async for piece in _list("audit", profiles.audited(user), audited_to_wire):
        yield piece
    yield b"}\n"


async def _list(
    name: str, pages: AsyncIterator[list[_T]], to_wire: Callable[[_T], object]
) -> AsyncIterator[bytes]:
    """A member that is a list, page by page."""
    yield b',"' + name.encode() + b'":['
    is_first = True
    async for page in pages:
        text = b",\n".join(dumps(to_wire(one)) for one in page)
        yield text if is_first else b",\n" + text
        is_first = False
    yield b"]"
