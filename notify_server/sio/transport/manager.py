"""Who is in which room: the stock manager's interface over the server's own table of sessions.

A session without rooms costs nothing here; the room of its own id is not kept but known.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import socketio
from socketio import packet

from notify_server.sio.transport.outgoing import Message
from notify_server.sio.transport.peer import JOINING, Session

MAX_CALLBACKS = 1024  # of one session; the oldest goes, so that calls which time out leave nothing


class Manager(socketio.AsyncManager):  # type: ignore[misc]
    """Emits reach accepted sessions only, and a client's ack ids reach nothing but callbacks.

    Attributes:
        rooms: By namespace and room, the ids of the sessions in it.
    """

    # -- sending -------------------------------------------------------------------------------

    async def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **_options: Any,
    ) -> None:
        """Send an event; encoded once, unless each recipient is asked for an ack."""
        arguments = list(data) if isinstance(data, tuple) else [] if data is None else [data]
        payload = [event, *arguments]
        skipped = skip_sid if isinstance(skip_sid, list) else [skip_sid]
        if self._is_early(to or room, payload, namespace, callback):
            return
        messages: list[Message] | None = None
        for session in self._in(namespace, to or room):
            if session.sid in skipped:
                continue
            if messages is None or callback:
                ack_id = self._generate_ack_id(session.sid, callback) if callback else None
                pkt = self.server.packet_class(
                    packet.EVENT, data=payload, namespace=namespace, id=ack_id
                )
                messages = self.server.messages_of(pkt)
            for message in messages:
                session.socket.push(message)

    def _is_early(self, target: Any, payload: list[Any], namespace: str, callback: Any) -> bool:
        """What a connect handler sends to its own client waits until that is let in."""
        joining = self.server.sessions.get(JOINING.get())
        if joining is None or not joining.pending or target != joining.sid or callback:
            return False
        pkt = self.server.packet_class(packet.EVENT, data=payload, namespace=namespace)
        joining.early = [*(joining.early or ()), *self.server.messages_of(pkt)]
        return True

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """The accepted sessions in a room: (session id, engine id)."""
        for session in self._in(namespace, room):
            yield session.sid, session.socket.sid

    def _in(self, namespace: str, room: Any) -> list[Session]:
        """The accepted sessions in a room, in one of several, or in the namespace for None."""
        sessions: dict[str, Session] = self.server.sessions
        ids: Iterable[str]
        if room is None:
            ids = sessions
        elif isinstance(room, str):
            ids = self._ids(namespace, room)
        elif hasattr(room, "__len__"):
            ids = dict.fromkeys(sid for each in room for sid in self._ids(namespace, each))
        else:
            ids = self._ids(namespace, room)
        found = (sessions.get(sid) for sid in ids)
        return [session for session in found if session is not None and session.live == namespace]

    def _ids(self, namespace: str, room: Any) -> Iterable[str]:
        if room in self.server.sessions:
            return (room,)
        members: dict[str, None] = self.rooms.get(namespace, {}).get(room, {})
        return members

    # -- coming and going ----------------------------------------------------------------------

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """A session begins; its connect handler is still to decide."""
        sid: str | None = self.server.session_begun(eio_sid, namespace)
        return sid

    async def connect(self, sid: str, namespace: str) -> str:
        """The session is accepted and its CONNECT packet is queued."""
        self.server.session_accepted(sid)
        return sid

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        """The session ends; its disconnect handler is about to run."""
        self.server.sessions[sid].live = None
        return self.eio_sid_from_sid(sid, namespace)

    async def disconnect(self, sid: str, namespace: str, **_options: Any) -> None:
        """The session has ended or was refused: every trace goes."""
        session = self._session(sid, namespace)
        if session is not None:
            for room in session.rooms or ():
                self._leave(sid, namespace, room)
        self.callbacks.pop(sid, None)
        self.server.session_ended(sid)

    # -- who is there --------------------------------------------------------------------------

    def _session(self, sid: str | None, namespace: str) -> Session | None:
        session: Session | None = self.server.sessions.get(sid)
        return session if session is not None and session.namespace == namespace else None

    def get_namespaces(self) -> set[str]:
        """The namespaces that somebody is in."""
        return {session.namespace for session in self.server.sessions.values()}

    def is_pre_connected(self, sid: str, namespace: str) -> bool:
        """Whether its connect handler is still to decide."""
        session = self._session(sid, namespace)
        return session is not None and session.pending

    def is_connected(self, sid: str, namespace: str) -> bool:
        """Whether it is accepted and not ending."""
        session = self._session(sid, namespace)
        return session is not None and session.live is not None

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        """The session of a connection in a namespace."""
        peer = self.server.peer(eio_sid)
        session = peer.session(namespace) if peer is not None else None
        return session.sid if session is not None else None

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        """The connection of a session."""
        session = self._session(sid, namespace)
        return session.socket.sid if session is not None else None

    # -- rooms ---------------------------------------------------------------------------------

    def is_sid_room(self, namespace: str, room: Any) -> bool:
        """Whether it is the room of a session's own."""
        return self._session(room, namespace) is not None

    def basic_enter_room(
        self, sid: str, namespace: str, room: Any, eio_sid: str | None = None
    ) -> None:
        """Put a session into a room.

        Raises:
            ValueError: If there is no such session, or the room is another session's own.
        """
        session = self._session(sid, namespace)
        if session is None:
            raise ValueError("sid is not connected to requested namespace")
        if room == sid:
            return
        if room is None or self.is_sid_room(namespace, room):
            raise ValueError("cannot enter a sid room")
        self.rooms.setdefault(namespace, {}).setdefault(room, {})[sid] = None
        if session.rooms is None:
            session.rooms = set()
        session.rooms.add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Take a session out of a room; its own it cannot leave."""
        session = self._session(sid, namespace)
        if session is not None and session.rooms is not None and room in session.rooms:
            session.rooms.discard(room)
            self._leave(sid, namespace, room)

    def _leave(self, sid: str, namespace: str, room: Any) -> None:
        rooms = self.rooms.get(namespace, {})
        members = rooms.get(room, {})
        members.pop(sid, None)
        if not members:
            rooms.pop(room, None)
        if not rooms:
            self.rooms.pop(namespace, None)

    def basic_close_room(self, room: Any, namespace: str) -> None:
        """Take everybody out of a room.

        Raises:
            ValueError: If it is a session's own.
        """
        if self.is_sid_room(namespace, room):
            raise ValueError("cannot close a sid room")
        for sid in list(self.rooms.get(namespace, {}).get(room, ())):
            self.basic_leave_room(sid, namespace, room)

    def get_rooms(self, sid: str, namespace: str) -> list[Any]:
        """The rooms that a session is in, its own first."""
        session = self._session(sid, namespace)
        return [] if session is None else [sid, *(session.rooms or ())]

    # -- callbacks -----------------------------------------------------------------------------

    def claim_callback(self, sid: str, ack_id: int) -> Callable[..., Any] | None:
        """Take out what waits for an ack id of the library's; None if it did not give it out.

        Slot 0 of its table is its counter, which a client must not reach.
        """
        if ack_id < 1 or sid not in self.callbacks:
            return None
        callback: Callable[..., Any] | None = self.callbacks[sid].pop(ack_id, None)
        return callback

    def _generate_ack_id(self, sid: str, callback: Any) -> int:
        ack_id: int = super()._generate_ack_id(sid, callback)
        if ack_id > MAX_CALLBACKS:
            self.callbacks[sid].pop(ack_id - MAX_CALLBACKS, None)
        return ack_id
