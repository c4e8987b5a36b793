"""The wire of a raw socket that never upgrades: Engine.IO 4 on long-polling, in the open."""

import asyncio
import contextlib

import aiohttp

_SEPARATOR = "\x1e"
_TIMEOUT = aiohttp.ClientTimeout(None)


class PollingWire:
    """Looks to a raw socket like a websocket: text in order both ways.

    Sends are POSTed one after the other, as the protocol wants; what is sent meanwhile goes along
    with the next one.
    """

    def __init__(self, http, address):
        # aiohttp repeats a GET whose kept-alive connection broke; no browser and no stock client
        # does, and the server's answer to the first one would be lost without a trace.
        self._http = aiohttp.ClientSession(
            connector=http.connector, connector_owner=False, headers=http.headers
        )
        self._http._retry_connection = False
        self._address = address
        self._waiting = []
        self._posting = None
        self._poll = None
        self._over = False

    @classmethod
    async def open(cls, url, http, query):
        """The handshake; returns the wire and the open packet.

        Raises:
            aiohttp.ClientResponseError: It was refused.
        """
        address = f"{url}/socket.io/?EIO=4&transport=polling{query}"
        wire = cls(http, address)
        try:
            first, *more = await wire._get()
        except BaseException:
            wire._http.detach()
            raise
        wire._address += "&sid=" + first.partition('"sid":"')[2].partition('"')[0]
        assert not more, "nothing comes with the open packet"
        return wire, first

    async def send(self, text):
        """Returns when the server has taken or refused it; ConnectionError once that is known."""
        if self._over:
            raise ConnectionResetError("the session is over")
        self._waiting.append(text)
        if self._posting is None or self._posting.done():
            self._posting = asyncio.create_task(self._post())
        await asyncio.shield(self._posting)

    async def packets(self):
        """Everything that comes, until the session ends."""
        try:
            while not self._over:
                self._poll = asyncio.create_task(self._get())
                for text in await self._poll:
                    if text == "1":
                        return
                    if text != "6":
                        yield text
        except (aiohttp.ClientError, ConnectionError):
            return  # 400: the server knows this session no more
        except asyncio.CancelledError:
            if not self._over:
                raise  # else a request with packets broke, and the poll was given up
        finally:
            self._over = True
            self._http.detach()

    async def close(self):
        """The close packet, as a page that is left."""
        if not self._over:
            with contextlib.suppress(ConnectionError):
                await self.send("1")
        await self.abort()

    async def abort(self):
        """Abort the requests under way; the server hears nothing more."""
        self._over = True
        tasks = [task for task in (self._poll, self._posting) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._http.detach()

    async def _post(self):
        while self._waiting and not self._over:
            texts, self._waiting = self._waiting, []
            try:
                await self._request("POST", _SEPARATOR.join(texts))
            except (aiohttp.ClientError, ConnectionError):
                self._waiting.clear()
                self._over = True  # as the stock client sees it
                if self._poll is not None:
                    self._poll.cancel()
                return

    async def _get(self):
        return (await self._request("GET", None)).split(_SEPARATOR)

    async def _request(self, method, body):
        async with self._http.request(
            method, self._address, data=body, timeout=_TIMEOUT, raise_for_status=True
        ) as response:
            return await response.text()
