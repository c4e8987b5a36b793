"""One Engine.IO connection: what it takes in, what carries it and how it ends."""

from typing import Any

import engineio
from aiohttp import web
from typing_extensions import override

from notify_server.sio.transport import frames, outgoing
from notify_server.sio.transport.alive import Alive
from notify_server.sio.transport.channel import Channel
from notify_server.sio.transport.lane import Lane
from notify_server.sio.transport.leave import is_live
from notify_server.sio.transport.outgoing import Link, Message
from notify_server.sio.transport.packets import PacketError, binary_of
from notify_server.sio.transport.poll import LOOK_S, Poll, Refused, answer

PROBE_S = 4.5  # how long an upgrade may take
_REASON = engineio.AsyncServer.reason


class EngineSocket(Alive):
    """A session with one way to write (:meth:`push`) and one way to end, told once.

    Attributes:
        sid: Its id.
        connected: The handshake is over.
        closed: The disconnect event has been handled.
        posting: A long-polling request with packets is being read.
        upgrading: A websocket is about to take over from long-polling.
        owner: What the Socket.IO server keeps for it.
    """

    __slots__ = (
        "_probe",
        "_session",
        "closed",
        "connected",
        "owner",
        "posting",
        "sid",
        "upgrading",
    )

    def __init__(self, engine: Any, sid: str) -> None:
        super().__init__(engine)
        self.sid = sid
        self.connected = self.closed = self.upgrading = self.posting = False
        self.owner: Any = None
        self._probe: Channel | None = None
        self._session: dict[str, Any] | None = None

    @property
    def session(self) -> dict[str, Any]:
        """What the application keeps for it; the stock name."""
        if self._session is None:
            self._session = {}
        return self._session

    @session.setter
    def session(self, value: dict[str, Any]) -> None:
        self._session = value

    @property
    def upgraded(self) -> bool:
        """Whether it is on a websocket; the stock name."""
        return self._channel is not None

    @property
    def probed(self) -> bool:
        """Whether a websocket has come to take over and has not done so yet."""
        return self._probe is not None

    @property
    def polling(self) -> bool:
        """Whether a poll waits for something to carry."""
        return self._poll is not None

    # -- receiving ---------------------------------------------------------------------------------

    def take(self, channel: Channel, opcode: int, payload: bytes) -> Lane | None:
        """Take a packet from the websocket."""
        if channel is not self._channel:
            self._take_upgrade(channel, payload)
            return None
        if opcode == frames.BINARY:
            return self.receive_binary(payload)
        return self.receive(payload)

    def receive(self, payload: bytes) -> Lane | None:
        """Take a packet of text from the client; a lane: not now, there is no room in that.

        Raises:
            PacketError: If it is none that a client sends.
            UnicodeDecodeError: If it is no text.
        """
        if not self.open:
            return None
        kind = payload[:1]
        if kind == b"4":
            lane: Lane | None = self._engine.receiver(self, payload)
            return lane
        if kind == b"3":
            self._pong()
        elif kind == b"1":
            self._client_closes()
        elif kind == b"b":
            raise PacketError("binary")
        elif kind not in (b"5", b"6"):  # UPGRADE and NOOP say nothing here
            raise PacketError("malformed")
        return None

    def receive_binary(self, payload: bytes) -> Lane | None:
        """Take a binary message.

        Raises:
            PacketError: If it may not come.
        """
        if not self.open:
            return None
        lane: Lane | None = self._engine.binary_receiver(self, payload)
        return lane

    def receive_posted(self, payload: bytes) -> Lane | None:
        """Take a packet from a long-polling request.

        Raises:
            PacketError: If it is none that a client sends.
            UnicodeDecodeError: If it is no text.
        """
        if payload[:1] == b"b":
            return self.receive_binary(binary_of(payload))
        return self.receive(payload)

    def _client_closes(self) -> None:
        if self._poll is not None:
            self._poll.end(outgoing.NOOP)
        elif self._channel is None:  # the poll that this packet may have overtaken
            self._engine.leave_farewell(self.sid, outgoing.NOOP.data)
        self._end(_REASON.CLIENT_DISCONNECT)
        if self._channel is not None:
            self._channel.close(frames.encode_close(frames.NORMAL))

    def refuse(self, channel: Channel, fault: str) -> None:
        """What came in broke a rule: the connection ends, or the upgrade does."""
        self._engine.stats[fault] += 1
        if channel is self._channel:
            self._end(_REASON.TRANSPORT_ERROR)
        else:
            self._forget_probe()
        if channel.receiver is not None:  # nobody says farewell
            channel.abort()

    def lost(self, channel: Channel) -> None:
        """The websocket is gone."""
        if channel is self._channel:
            self._end(_REASON.TRANSPORT_CLOSE)
        elif channel is self._probe:
            self._forget_probe()

    def _forget_probe(self) -> None:
        self._probe, self.upgrading = None, False

    # -- transports --------------------------------------------------------------------------------

    def carry(self, channel: Channel) -> None:
        """Be on this websocket from now on."""
        self._channel = channel
        self.connected = True

    def probe_on(self, channel: Channel) -> None:
        """Let this websocket take over if it goes on as it must, and soon."""
        self._probe = channel
        wheel = self._engine.wheel
        wheel.set(channel, wheel.now() + PROBE_S)

    def _take_upgrade(self, channel: Channel, payload: bytes) -> None:
        if payload == b"2probe" and not self.upgrading:
            self.upgrading = True
            channel.transport.write(frames.encode(frames.TEXT, b"3probe"))
            if self._poll is not None:  # the client waits for its end
                self._poll.end(outgoing.NOOP)
            return
        if payload != b"5" or not self.upgrading or not self.open:
            raise PacketError("malformed")
        self._engine.wheel.clear(channel)
        self._channel = channel
        self._absent_at = 0.0
        self._forget_probe()
        if self._poll is not None:
            self._poll.end(outgoing.NOOP)
        self._confirm(self._marks.polled())
        self.flush()

    async def poll(self, request: web.BaseRequest) -> bytes:
        """The answer to a poll.

        Raises:
            Refused: There is none, the session has ended.
        """
        if self._poll is not None and self._poll.waits:  # also when its client went away
            self._poll.end(outgoing.CLOSE)
            self._end(_REASON.TRANSPORT_ERROR)
            raise Refused
        self._absent_at = 0.0
        self._confirm(self._marks.polled())
        if self.pending.before is None and self.open:
            last = await self._wait(Poll(request, self._poll_lost))
            if last is not None:
                return last.data
        if not is_live(request):
            self._poll_lost()
            raise Refused
        if self.pending.before is None:
            raise Refused
        return self._carry_away()

    async def _wait(self, poll: Poll) -> Message | None:
        wheel = self._engine.wheel
        self._poll = poll
        wheel.set(poll, wheel.now() + LOOK_S)
        try:
            return await poll.wait(upgrading=self.upgrading)
        finally:
            wheel.clear(poll)
            if self._poll is poll:
                self._poll = None

    def _carry_away(self) -> bytes:
        body, rest = answer(self.pending, self._engine.max_http_buffer_size)
        self.pending = self._engine.outgoing.start
        for message in rest:
            self.pending = Link(self.pending, message)
        if not rest:
            self._marks.carried()
        return body

    # -- ending ------------------------------------------------------------------------------------

    @override
    def sever(self, reason: str = _REASON.SERVER_DISCONNECT) -> None:
        """Drop the connection now: no close packet, nothing more is read or sent.

        The websocket is aborted; a poll is answered 400. The disconnect event follows at once.
        """
        if self._channel is not None:
            self._channel.abort()
        self.pending = self._engine.outgoing.start
        self._end(reason)
        if self._poll is not None:
            self._poll.end(None)

    async def close(
        self,
        wait: bool = True,  # noqa: FBT001, FBT002 - the stock signature
        abort: bool = False,  # noqa: FBT001, FBT002
        reason: str | None = None,
    ) -> None:
        """End the connection in order; the disconnect event happens here and only once.

        Args:
            wait: Wait until the disconnect event has been handled.
            abort: Send no close packet.
            reason: What the disconnect event is told.
        """
        if not self.open:
            return
        if not abort:
            self.push(outgoing.CLOSE)
        self.flush()
        self._stop()
        if self._channel is not None:
            self._channel.close(frames.encode_close(frames.NORMAL))
        elif self._poll is not None:
            self._poll.release()
        elif self.pending.before is not None:
            self._engine.leave_farewell(self.sid, self._carry_away())
        reason = reason or _REASON.SERVER_DISCONNECT
        if wait:  # in this task: the handler that closes its own connection is not waited for
            await self._engine.finish(self, reason)
        else:
            self._engine.end(self, reason)

    def _end(self, reason: str) -> None:
        if self.open:
            self._stop()
            self._engine.end(self, reason)

    def _stop(self) -> None:
        self.open = False
        self._engine.wheel.clear(self)
        if self._probe is not None:
            self._probe.abort()
