"""One websocket: the protocol that stands on a connection's transport once it has left HTTP.

Frames are taken where they arrive; there is no task, future or timer of its own.
"""

import asyncio
from typing import Protocol

from typing_extensions import override

from notify_server.sio.transport import frames
from notify_server.sio.transport.lane import HOLD_S, Lane
from notify_server.sio.transport.packets import PacketError
from notify_server.sio.transport.wheel import Wheel

LINGER_S = 5.0  # how long the peer may take over the end


class Receiver(Protocol):
    """Who takes what comes on a channel: an Engine.IO session, or its upgrade."""

    def take(self, channel: "Channel", opcode: int, payload: bytes) -> Lane | None:
        """Take a message; a lane: not taken, offer it again when there is room in that.

        Raises:
            PacketError: It breaks the protocol.
            UnicodeDecodeError: Its text is none.
        """

    def refuse(self, channel: "Channel", fault: str) -> None:
        """What came in broke a rule."""

    def resumed(self) -> None:
        """The peer reads again."""

    def lost(self, channel: "Channel") -> None:
        """The connection is no more, or is about to be."""


class Channel(asyncio.Protocol):
    """Reads frames for a receiver and writes bytes.

    Attributes:
        transport: What it stands on.
        receiver: Who takes messages; None once nothing is to be taken any more.
        paused: The peer does not read as fast as we write.
        tick: The wheel's.
    """

    __slots__ = (
        "_ended",
        "_held",
        "_last_word",
        "_reader",
        "_wheel",
        "paused",
        "receiver",
        "tick",
        "transport",
    )

    def __init__(self, receiver: Receiver, wheel: Wheel, limit: int) -> None:
        """``limit``: bytes that a message may have."""
        self.transport: asyncio.Transport
        self.receiver: Receiver | None = receiver
        self.paused = False
        self.tick = 0
        self._reader = frames.FrameReader(limit)
        self._wheel = wheel
        self._held: list[frames.Frame] | None = None
        self._last_word: bytes | None = None  # the close frame that is to go out
        self._ended = False  # the close frame went out

    # -- what the transport tells --------------------------------------------------------------

    @override
    def data_received(self, data: bytes) -> None:
        receiver = self.receiver
        if self._held is None and receiver is not None:
            payload = self._reader.only(data)
            if payload is not None:
                lane = self._offer(receiver, frames.TEXT, payload)
                if lane is not None:
                    self._hold([(frames.TEXT, payload)], lane)
                return
        found = self._reader.feed(data)
        if self._held is not None:
            self._held.extend(found)
        elif found:
            self._take(found)

    @override
    def eof_received(self) -> bool | None:
        return None  # closes the transport

    @override
    def pause_writing(self) -> None:
        self.paused = True

    @override
    def resume_writing(self) -> None:
        self.paused = False
        if self.receiver is not None:
            self.receiver.resumed()
        if self._last_word is not None:
            self.close(self._last_word)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._wheel.clear(self)
        self._held = None
        self._ended = True
        self._tell_lost()

    # -- the way out ---------------------------------------------------------------------------

    def close(self, frame: bytes) -> None:
        """Send a close frame behind everything else, and wait a little for the peer's."""
        if self._ended or self.transport.is_closing():
            return
        self._wheel.set(self, self._wheel.now() + LINGER_S)
        if self.paused:
            self._last_word = frame
            return
        self._last_word, self._ended = None, True
        self.transport.write(frame)

    def abort(self) -> None:
        """Drop the connection: no close frame, nothing more is sent or read."""
        self._wheel.clear(self)
        self._ended, self._held, self.receiver = True, None, None
        self.transport.abort()

    def detach(self) -> None:
        """Take nothing more; what was written may still go out."""
        self.receiver = None

    def wake(self, _now: float) -> float:
        """The peer took too long."""
        self._tell_lost()
        self.abort()
        return 0

    def _tell_lost(self) -> None:
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.lost(self)

    # -- the way in ----------------------------------------------------------------------------

    def _take(self, found: list[frames.Frame]) -> None:
        for number, (opcode, payload) in enumerate(found):
            if opcode not in (frames.TEXT, frames.BINARY):
                self._control(opcode, payload)
            elif self.receiver is not None:
                lane = self._offer(self.receiver, opcode, payload)
                if lane is not None:
                    self._hold(found[number:], lane)
                    return

    def _offer(self, receiver: Receiver, opcode: int, payload: bytes) -> Lane | None:
        try:
            return receiver.take(self, opcode, payload)
        except PacketError as error:
            self._refuse(error.fault)
        except UnicodeDecodeError:
            self._refuse("malformed", frames.encode_close(frames.BAD_TEXT))
        return None

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == frames.PING:
            if not (self.paused or self._ended):  # who does not read gets no more answers
                self.transport.write(frames.encode(frames.PONG, payload))
        elif opcode == frames.CLOSE:
            self._hang_up(frames.close_answer(payload))
        elif opcode == frames.FAULT:
            is_large = payload == frames.encode_close(frames.TOO_LARGE)
            self._refuse("too_large" if is_large else "malformed", payload)

    def _hang_up(self, frame: bytes) -> None:
        if not self._ended:
            self._ended = True
            self.transport.write(frame)
        self._wheel.set(self, self._wheel.now() + LINGER_S)  # if what is written does not go out
        self._tell_lost()
        self.transport.close()

    def _refuse(self, fault: str, frame: bytes | None = None) -> None:
        receiver = self.receiver
        if receiver is None:  # closing already
            self.abort()
            return
        if frame is None:
            receiver.refuse(self, fault)
            return
        self.receiver = None
        receiver.refuse(self, fault)
        self._hang_up(frame)

    def _hold(self, rest: list[frames.Frame], lane: Lane) -> None:
        """Read nothing more until the handlers have caught up; not for long."""
        self._held = rest
        self.transport.pause_reading()
        timer = asyncio.get_running_loop().call_later(HOLD_S, self._overflow, lane)

        def go_on() -> None:
            timer.cancel()
            held, self._held = self._held, None
            if held is not None:
                self.transport.resume_reading()
                self._take(held)

        lane.when_room(go_on)

    def _overflow(self, lane: Lane) -> None:
        if self._held is not None:
            lane.drop()
            self._refuse("overflows")
