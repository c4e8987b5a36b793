"""One Engine.IO connection: what it sends, how it is kept alive and how it ends."""

from typing import Any

import engineio
from aiohttp import web

from notify_server.sio.transport import frames, outgoing
from notify_server.sio.transport.channel import Channel
from notify_server.sio.transport.lane import Lane
from notify_server.sio.transport.leave import is_live
from notify_server.sio.transport.marks import Marks
from notify_server.sio.transport.outgoing import Link, Message
from notify_server.sio.transport.packets import PacketError, binary_of
from notify_server.sio.transport.poll import LOOK_S, Poll, Refused, answer

ABSENT_S = 2.0  # how long after a poll was lost the next one may come
PROBE_S = 4.5  # how long an upgrade may take
EAGER_BYTES = 256 << 10  # more than this does not wait for the end of the turn
_REASON = engineio.AsyncServer.reason


class EngineSocket:
    """A session with one way to write (:meth:`push`) and one way to end, told once.

    Attributes:
        sid: Its id.
        open: Whether it takes packets, in and out.
        connected: The handshake is over.
        closed: The disconnect event has been handled.
        posting: A long-polling request with packets is being read.
        upgrading: A websocket is about to take over from long-polling.
        pending: What waits to be sent.
        owner: What the Socket.IO server keeps for it.
        tick: The wheel's.
    """

    __slots__ = (
        "_absent_at",
        "_awaited",
        "_beat_at",
        "_channel",
        "_engine",
        "_handed",
        "_handshake_at",
        "_marks",
        "_poll",
        "_probe",
        "_session",
        "_sever_at",
        "closed",
        "connected",
        "open",
        "owner",
        "pending",
        "posting",
        "sid",
        "tick",
        "upgrading",
    )

    def __init__(self, engine: Any, sid: str) -> None:
        self.sid = sid
        self.open = True
        self.connected = self.closed = self.upgrading = self.posting = False
        self.pending: Link = engine.outgoing.start
        self.owner: Any = None
        self.tick = 0
        self._engine = engine
        self._channel: Channel | None = None
        self._probe: Channel | None = None
        self._poll: Poll | None = None
        self._handed = 0  # messages that the transport got since it was last seen empty
        self._marks = Marks()
        self._awaited = 0  # the mark of the heartbeat that is not answered yet
        self._beat_at = self._handshake_at = self._sever_at = self._absent_at = 0.0
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

    # -- sending -------------------------------------------------------------------------------

    def push(self, message: Message) -> bool:
        """Queue a packet; False, and nothing done, once the connection is ending."""
        if not self.open:
            return False
        link = self.pending
        engine = self._engine
        if link is engine.outgoing.start:
            engine.outgoing.flush_soon(self)
        following = link.next if link.latest is message else None
        self.pending = link = following or engine.outgoing.extend(link, message)
        if link.size > EAGER_BYTES:
            self._press(link)
        return True

    def _press(self, link: Link) -> None:
        channel = self._channel
        if channel is not None and not channel.paused:
            self.flush()
        elif link.size > self._engine.outbox_bytes:
            self._engine.stats["slow"] += 1
            self.sever()

    async def send(self, pkt: Any) -> None:
        """Queue a packet of the stock library."""
        self.push(self._engine.message_of(pkt))

    def flush(self) -> None:
        """Send what waits, unless the peer does not take it."""
        link, channel = self.pending, self._channel
        if channel is not None:
            if not channel.paused and link.before is not None:
                self.pending = self._engine.outgoing.start
                self._handed += link.count
                channel.transport.write(link.frames())
        elif self._poll is not None:
            self._poll.release()

    def push_alone(self, message: Message) -> None:
        """Queue a packet such that what follows it comes in a read of its own.

        A client that awaits one packet after the other, as some suites do, misses the second of
        two that come together.
        """
        channel = self._channel
        if channel is None or channel.paused or self.pending.before is not None or not self.open:
            self.push(message)
            return
        self._handed += 1
        channel.transport.write(message.frame)
        self.pending = self._engine.outgoing.pause(self)

    def go_on(self) -> None:
        """The pause behind a packet that went alone is over."""
        if self.pending.before is None:
            self.pending = self._engine.outgoing.start
        else:
            self.flush()

    def resumed(self) -> None:
        """The peer reads again."""
        self.flush()

    @property
    def backlog(self) -> tuple[int, int]:
        """(packets, bytes) that have not gone out."""
        count, size = self.pending.count, self.pending.size
        if self._channel is not None:
            buffered = self._channel.transport.get_write_buffer_size()
            if buffered:
                return (count + self._handed, size + buffered)
            self._handed = 0
        return (count, size)

    def ping(self) -> int:
        """Send a ping now; returns its mark, 0 if the connection is ending."""
        return self._marks.ping() if self.push(outgoing.PING) else 0

    def mark(self) -> int:
        """The mark of a frame that is written just now (see ``marks``)."""
        return self._marks.next()

    # -- alive ---------------------------------------------------------------------------------

    def schedule_ping(self) -> None:
        """Start the heartbeat; it goes on by itself until the connection ends."""
        self._beat_at = self._engine.wheel.now() + self._engine.ping_interval
        self._set_wheel()

    def expect_handshake(self, seconds: float) -> None:
        """Drop the connection then, unless somebody is let in before."""
        self._handshake_at = self._engine.wheel.now() + seconds
        self._set_wheel()

    def let_in(self) -> None:
        """Somebody was let in."""
        self._handshake_at = 0.0

    def sever_after(self, seconds: float) -> None:
        """Drop the connection then."""
        when = self._engine.wheel.now() + seconds
        self._sever_at = min(self._sever_at or when, when)
        self._set_wheel()

    def wake(self, now: float) -> float:
        """Do what is due; the wheel calls, and who must know it to the instant."""
        if not self.open:
            return 0
        if 0 < self._sever_at <= now:
            self.sever()
            return 0
        if 0 < self._handshake_at <= now:
            self._engine.stats["handshake_timeouts"] += 1
            self.sever()
            return 0
        if 0 < self._absent_at <= now:
            self.sever(_REASON.TRANSPORT_CLOSE)
            return 0
        if 0 < self._beat_at <= now:
            if self._awaited:
                self._engine.stats["ping_timeouts"] += 1
                self.sever(_REASON.PING_TIMEOUT)
                return 0
            self._awaited = self.ping()
            timeout = self._engine.ping_timeout  # from when it was due, unless that is long ago
            self._beat_at = max(self._beat_at, now - timeout / 2) + timeout
        return self._next(now)

    def _next(self, now: float) -> float:
        # A pong brings the next beat forward without a word to the wheel: look in time for that.
        beat = min(self._beat_at, now + self._engine.ping_interval) if self._beat_at else 0.0
        deadlines = (beat, self._handshake_at, self._sever_at, self._absent_at)
        return min((when for when in deadlines if when), default=0)

    def _set_wheel(self) -> None:
        if self.open:
            wheel = self._engine.wheel
            wheel.set(self, self._next(wheel.now()))

    def _pong(self) -> None:
        mark = self._marks.pong()
        if self._awaited and mark >= self._awaited:
            self._awaited = 0
            self._beat_at = self._engine.wheel.now() + self._engine.ping_interval
        self._confirm(mark)

    def _confirm(self, mark: int) -> None:
        if self._marks.confirm(mark):
            self._engine.alive(self, mark)

    # -- receiving -----------------------------------------------------------------------------

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

    # -- transports ----------------------------------------------------------------------------

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

    def _poll_lost(self) -> None:
        # What waits stays: a client that only lost this one request comes back at once.
        self._absent_at = self._engine.wheel.now() + ABSENT_S
        self._set_wheel()

    def _carry_away(self) -> bytes:
        body, rest = answer(self.pending, self._engine.max_http_buffer_size)
        self.pending = self._engine.outgoing.start
        for message in rest:
            self.pending = Link(self.pending, message)
        if not rest:
            self._marks.carried()
        return body

    # -- ending --------------------------------------------------------------------------------

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
