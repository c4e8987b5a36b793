"""One Socket.IO session of a light client: connects, hears events, acknowledges, asks."""

import asyncio
from collections.abc import Callable, Mapping
from itertools import count, takewhile
from typing import Any

import aiohttp
import orjson

from notify_server.cli.simulation.wires import BROKEN, Wire, open_wire
from notify_server.domain.errors import Code, RejectedError, UnavailableError

Heard = Callable[[str, Mapping[str, Any], bool], None]
"""Called for each event, in order: its name, its payload, and whether it will be acknowledged."""

_CONNECT_S = 15.0


class Client:
    """One session; ``open_client`` makes it, ``run`` reads until it ends."""

    def __init__(self, wire: Wire, line: str, heard: Heard) -> None:
        """``line``: the namespace; ``heard``: takes events, and what it takes is acknowledged."""
        self._wire = wire
        self._prefix = "" if line == "/" else f"{line},"
        self._heard = heard
        self._numbers = count(1)
        self._answers: dict[int, Callable[[Mapping[str, Any]], None]] = {}
        self._welcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.was_sent_away = False

    async def run(self) -> None:
        """Read until the transport ends or the server sends the session away."""
        try:
            async for packet in self._wire.packets():
                if packet == "2":
                    await self._wire.send("3")
                elif packet.startswith("4"):
                    await self._take(packet)
                if self.was_sent_away:
                    return
        except BROKEN:
            return  # the network's end of it; whoever runs us may come back
        finally:
            if not self._welcome.done():
                self._welcome.set_exception(UnavailableError("The connection broke at once."))

    async def enter(self, auth: Mapping[str, Any]) -> None:
        """CONNECT, and wait for the answer; ``run`` must be under way.

        Raises:
            RejectedError: The server refuses, with its code.
            UnavailableError: It ended the transport, or did not answer.
        """
        await self._wire.send(f"40{self._prefix}{orjson.dumps(auth).decode()}")
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._welcome
        except TimeoutError:
            raise UnavailableError("The server did not answer CONNECT.") from None

    async def ask(
        self,
        event: str,
        payload: Mapping[str, Any],
        answered: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """Send an event; ``answered`` is called with what the server answers."""
        number = next(self._numbers)
        self._answers[number] = answered
        body = orjson.dumps([event, payload]).decode()
        await self._wire.send(f"42{self._prefix}{number}{body}")

    async def close(self) -> None:
        """Leave."""
        try:
            await self._wire.send(f"41{self._prefix}")
            await self._wire.close()
        except BROKEN:
            return  # it had ended by itself

    async def _take(self, packet: str) -> None:
        kind, rest = packet[1:2], packet[2:]
        if self._prefix and rest.startswith("/"):
            rest = rest.partition(",")[2]
        if kind == "2":
            number, arguments = _split(rest)
            payload = arguments[1] if len(arguments) > 1 else {}
            self._heard(arguments[0], payload, number is not None)
            if number is not None:
                await self._wire.send(f"43{self._prefix}{number}[]")
        elif kind == "3":
            number, arguments = _split(rest)
            answered = self._answers.pop(number or 0, None)
            if answered is not None:
                answered(arguments[0] if arguments else {})
        elif kind == "0" and not self._welcome.done():
            self._welcome.set_result(None)
        elif kind == "4" and not self._welcome.done():
            self._welcome.set_exception(_refusal(orjson.loads(rest or "{}")))
        elif kind == "1":
            self.was_sent_away = True


async def open_client(
    http: aiohttp.ClientSession,
    url: str,
    transport: str,
    line: str,
    heard: Heard,
    origin: str | None = None,
) -> Client:
    """Open a transport for one session; see ``open_wire`` for what it raises."""
    return Client(await open_wire(http, url, transport, origin), line, heard)


def _split(rest: str) -> tuple[int | None, list[Any]]:
    digits = "".join(takewhile(str.isdecimal, rest))
    return (int(digits) if digits else None), orjson.loads(rest[len(digits) :] or "[]")


def _refusal(payload: Mapping[str, Any]) -> RejectedError:
    detail = payload.get("data") or {}
    code = str(detail.get("code")) if isinstance(detail, dict) else ""
    known = Code(code) if code in Code.__members__ else Code.FORBIDDEN
    return RejectedError(known, str(payload.get("message") or "The server refuses the connection."))
