"""One Engine.IO connection: what it sends, how it is kept alive and how it ends."""

import asyncio
from typing import Any

import engineio
from engineio import packet
from engineio.async_socket import AsyncSocket
from engineio.exceptions import QueueEmpty

from notify_server.sio.transport.driver import WebSocket
from notify_server.sio.transport.marks import Marks
from notify_server.sio.transport.outbox import Outbox
from notify_server.sio.transport.packets import EnginePacket, PacketError

LINGER_S = 5.0  # how long a websocket that was closed in order may take over it
_REASON = engineio.AsyncServer.reason
_PACKET_SEPARATOR = "\x1e"


class EngineSocket(AsyncSocket):  # type: ignore[misc]
    """The stock socket with one way to write (:meth:`push`) and one way to end, told once.

    Heartbeats are timers, not tasks; the stock service task is not needed.
    """

    connected: bool
    upgrading: bool
    upgraded: bool
    closing: bool
    closed: bool

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self.queue: Outbox = Outbox()
        self.last_ping = None
        self._loop = asyncio.get_running_loop()
        self._marks = Marks()
        self._awaited = 0  # the mark of the heartbeat that is not answered yet
        self._timer: asyncio.TimerHandle | None = None
        self._ws: WebSocket | None = None
        self._severed = False
        self._ending: asyncio.Task[None] | None = None

    # -- sending -------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether it still takes packets."""
        return not (self.closing or self.closed or self._severed)

    def push(self, pkt: Any) -> bool:
        """Queue a packet; False, and nothing done, once the connection is ending."""
        if not self.open:
            return False
        self.queue.put_nowait(pkt)
        if self.queue.bytes > self.server.outbox_bytes:
            self.server.stats["slow"] += 1
            self.sever()
        return True

    async def send(self, pkt: Any) -> None:
        """The stock name of :meth:`push`."""
        self.push(pkt)

    def ping(self) -> int:
        """Send a ping now; returns its mark, 0 if the connection is ending."""
        return self._marks.ping() if self.push(EnginePacket(packet.PING)) else 0

    def mark(self) -> int:
        """The mark of a frame that is written just now (see ``marks``)."""
        return self._marks.next()

    # -- alive ---------------------------------------------------------------------------------

    def schedule_ping(self) -> None:
        """Start the heartbeat; it goes on by itself until the connection ends."""
        self._set_timer(self.server.ping_interval, self._beat)

    async def check_ping_timeout(self) -> bool:
        """Nothing to look for: a timer ends a connection that does not answer."""
        return True

    def _beat(self) -> None:
        self._awaited = self.ping()
        if self._awaited:
            self._set_timer(self.server.ping_timeout, self._expire)

    def _expire(self) -> None:
        self.server.stats["ping_timeouts"] += 1
        self.sever(_REASON.PING_TIMEOUT)

    def _pong(self) -> None:
        mark = self._marks.pong()
        if self._awaited and mark >= self._awaited:
            self._awaited = 0
            self._set_timer(self.server.ping_interval, self._beat)
        self._confirm(mark)

    def _confirm(self, mark: int) -> None:
        if self._marks.confirm(mark):
            self.server.alive(self, mark)

    def _set_timer(self, delay_s: float, action: Any) -> None:
        self._stop_timer()
        if self.open:
            self._timer = self._loop.call_later(delay_s, action)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- receiving -----------------------------------------------------------------------------

    async def receive(self, pkt: Any) -> None:
        """Take a packet from the client.

        Raises:
            PacketError: If it is one that only a server sends.
        """
        match pkt.packet_type:
            case packet.PONG:
                self._pong()
            case packet.MESSAGE:
                await self.server.received(self, pkt.data)
            case packet.CLOSE:
                if not self.upgraded:
                    self.push(EnginePacket(packet.NOOP))  # answers the poll that waits
                await self.close(wait=False, abort=True, reason=_REASON.CLIENT_DISCONNECT)
            case packet.OPEN | packet.PING:
                raise PacketError("malformed")
            case _:  # UPGRADE and NOOP say nothing here
                pass

    async def handle_get_request(self, environ: dict[str, Any]) -> Any:
        """Answer a poll or upgrade to a websocket."""
        if "HTTP_UPGRADE" not in environ:
            self._confirm(self._marks.polled())
        return await super().handle_get_request(environ)

    async def poll(self) -> list[Any]:
        """Take what is queued for a long-polling answer.

        Raises:
            QueueEmpty: If the connection has ended.
        """
        packets: list[Any] = await super().poll()
        if not packets:
            raise QueueEmpty
        self._marks.carried()
        return packets

    async def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Take the packets of a long-polling request.

        Raises:
            PacketError: If one is malformed.
        """
        length = int(environ.get("CONTENT_LENGTH", "0"))
        if length > self.server.max_http_buffer_size:
            raise PacketError("too_large")
        try:
            text = (await environ["wsgi.input"].readexactly(length)).decode()
        except (UnicodeDecodeError, asyncio.IncompleteReadError) as error:
            raise PacketError("malformed") from error
        for part in text.split(_PACKET_SEPARATOR) if text else ():
            if not self.open:
                return
            await self.receive(EnginePacket(encoded_packet=part))

    async def _websocket_handler(self, ws: WebSocket) -> None:
        self._ws = ws
        if self.connected and not await self._finish_upgrade(ws):
            self._ws = None
            return
        self.connected = self.upgraded = True
        writer = asyncio.ensure_future(self._write(ws))
        reason = _REASON.TRANSPORT_ERROR
        try:
            await self._read(ws)
            reason = _REASON.TRANSPORT_CLOSE
        except PacketError as error:
            self.server.stats[error.fault] += 1
            ws.abort()
        except Exception:
            self.server.logger.exception("a receive loop failed")
            ws.abort()
        finally:
            await self.close(wait=False, abort=True, reason=reason)
            await writer
            self._stop_timer()

    async def _finish_upgrade(self, ws: WebSocket) -> bool:
        """Go from long-polling to the websocket; False if the client did not see it through."""
        self.upgrading = True
        try:
            if await ws.wait() != "2probe":
                return False
            await ws.send("3probe")
            self.push(EnginePacket(packet.NOOP))  # ends the poll that waits
            if await ws.wait() != "5" or not self.open:
                return False
        except (PacketError, OSError):
            return False
        finally:
            self.upgrading = False
        self._confirm(self._marks.polled())
        return True

    async def _read(self, ws: WebSocket) -> None:
        while self.open:
            text = await ws.wait()
            if text is None:
                return
            await self.receive(EnginePacket(encoded_packet=text))

    async def _write(self, ws: WebSocket) -> None:
        try:
            while (pkt := await self.queue.get()) is not None:
                await ws.send(pkt.encode())
                self.queue.task_done()
            self.queue.task_done()
            await ws.close()
        except (OSError, RuntimeError):  # the peer has gone
            ws.abort()

    # -- ending --------------------------------------------------------------------------------

    def sever(self, reason: str = _REASON.SERVER_DISCONNECT) -> None:
        """Drop the connection now: no close packet, nothing more is read or sent.

        The websocket is aborted; a poll is answered 400. The disconnect event follows at once.
        """
        if self._ws is not None:
            self._ws.abort()
        if self.open:
            self._severed = True
            self._ending = asyncio.ensure_future(self.close(wait=False, abort=True, reason=reason))

    async def gone(self) -> None:
        """Wait until the disconnect event of :meth:`sever` has been handled."""
        if self._ending is not None:
            await asyncio.wait([self._ending])

    async def close(
        self,
        wait: bool = True,  # noqa: FBT001, FBT002 - the stock signature
        abort: bool = False,  # noqa: FBT001, FBT002
        reason: str | None = None,
    ) -> None:
        """End the connection in order; the disconnect event happens here and only once.

        Args:
            wait: Wait (not for long) until the websocket has taken what is queued.
            abort: Send no close packet.
            reason: What the disconnect event is told.
        """
        if self.closing or self.closed:
            return
        self.closing = True
        self._stop_timer()
        if not abort:
            self.queue.put_nowait(EnginePacket(packet.CLOSE))
        self.queue.put_nowait(None)
        if self._ws is not None:
            self._timer = self._loop.call_later(LINGER_S, self._ws.abort)
        await self.server.ended(self, reason or _REASON.SERVER_DISCONNECT)
        self.closed = True
        self.server.forget(self)
        if wait and self._ws is not None:
            await asyncio.wait([asyncio.ensure_future(self.queue.join())], timeout=LINGER_S)
