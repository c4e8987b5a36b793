"""Who is in which room: the stock manager, which tells the server where a session stands."""

from collections.abc import Callable, Iterator
from typing import Any

import socketio

MAX_CALLBACKS = 1024  # of one session; the oldest goes, so that calls which time out leave nothing


class Manager(socketio.AsyncManager):  # type: ignore[misc]
    """Emits reach accepted sessions only, and a client's ack ids reach nothing but callbacks."""

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """The accepted sessions in a room: (session id, engine id)."""
        pending = set(self.pending_connect.get(namespace, ()))
        for sid, eio_sid in super().get_participants(namespace, room):
            if sid not in pending:
                yield sid, eio_sid

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """A session begins; its connect handler is still to decide."""
        sid: str | None = await super().pre_connect(eio_sid, namespace)
        if sid is not None:
            self.server.session_begun(sid, eio_sid, namespace)
        return sid

    async def connect(self, sid: str, namespace: str) -> str:
        """The session is accepted and its CONNECT packet is queued."""
        sid = await super().connect(sid, namespace)
        self.server.session_accepted(sid)
        return sid

    def pre_disconnect(self, sid: str, namespace: str) -> str:
        """The session ends; its disconnect handler is about to run."""
        self.server.session_ending(sid)
        eio_sid: str = super().pre_disconnect(sid, namespace)
        return eio_sid

    async def disconnect(self, sid: str, namespace: str, **options: Any) -> None:
        """The session has ended or was refused: every trace goes."""
        await super().disconnect(sid, namespace, **options)
        self.server.session_ended(sid)

    def claim_callback(self, sid: str, ack_id: int) -> Callable[..., Any] | None:
        """Take out what waits for an ack id of the library's; None if it did not give it out.

        Slot 0 of its table is its counter, which a client must not reach.
        """
        if ack_id < 1:
            return None
        callback: Callable[..., Any] | None = self.callbacks.get(sid, {}).pop(ack_id, None)
        return callback

    def _generate_ack_id(self, sid: str, callback: Any) -> int:
        ack_id: int = super()._generate_ack_id(sid, callback)
        if ack_id > MAX_CALLBACKS:
            self.callbacks[sid].pop(ack_id - MAX_CALLBACKS, None)
        return ack_id
