"""Clients of Engine.IO 4 in the open: every packet can be seen, sent, split or withheld."""

import asyncio
import contextlib
import json

import aiohttp

SEPARATOR = "\x1e"


def connect_packet(namespace="/", auth=None):
    """The CONNECT packet of Socket.IO."""
    prefix = "" if namespace == "/" else f"{namespace},"
    return f"40{prefix}{'' if auth is None else json.dumps(auth)}"


def _sid_of(answer, namespace):
    start = "40" if namespace == "/" else f"40{namespace},"
    assert isinstance(answer, str), answer
    assert answer.startswith(start + "{"), answer
    return json.loads(answer.removeprefix(start))["sid"]


class Frames:
    """A websocket of frames, text as str and binary as bytes."""

    def __init__(self, ws, sid="", pongs=True):
        self._ws = ws
        self.sid = sid  # of Engine.IO
        self.session = ""  # of Socket.IO, the namespace joined last
        self.opened = {}
        self.pongs = pongs

    async def send(self, *frames):
        for frame in frames:
            if isinstance(frame, bytes):
                await self._ws.send_bytes(frame)
            else:
                await self._ws.send_str(frame)

    async def read(self, timeout=30.0):
        """The next frame, with pings answered; None when the connection has ended."""
        async with asyncio.timeout(timeout):
            while True:
                message = await self._ws.receive()
                if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    return None
                if message.data != "2" or not self.pongs:
                    return message.data
                with contextlib.suppress(ConnectionError):  # the next read says that it has ended
                    await self.send("3")

    async def take(self, count, timeout=30.0):
        """The next frames, that many."""
        return [await self.read(timeout) for _ in range(count)]

    async def ended(self, timeout=30.0):
        """Wait until the server has closed; returns the frames that came before."""
        frames = []
        async with asyncio.timeout(timeout):
            while (frame := await self.read(timeout)) is not None:
                frames.append(frame)
        return frames

    async def join(self, namespace="/", auth=None):
        """Join a namespace of the Socket.IO application; its ``auth`` event is read, too."""
        await self.send(connect_packet(namespace, auth))
        self.session = _sid_of(await self.read(), namespace)
        assert '["auth",' in await self.read()
        return self.session

    async def drop(self):
        """End as a network that is gone: a TCP reset, no close frame."""
        connection = self._ws._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        await self._ws.close()

    async def close(self):
        await self._ws.close()


class Poller:
    """Long-polling by plain requests; a poll is only made when a test says so."""

    def __init__(self, http, url, sid=""):
        self._http = http
        self._url = url
        self.sid = sid
        self.session = ""
        self.opened = {}

    @property
    def query(self):
        return {"EIO": "4", "transport": "polling"} | ({"sid": self.sid} if self.sid else {})

    async def get(self, timeout=30.0):
        """One poll: (status, text)."""
        async with (
            asyncio.timeout(timeout),
            self._http.get(self._url, params=self.query) as answer,
        ):
            return answer.status, await answer.text()

    async def post(self, body, **options):
        """One request with packets: (status, text)."""
        request = self._http.post(self._url, params=self.query, data=body, **options)
        async with request as answer:
            return answer.status, await answer.text()

    async def send(self, *packets):
        """Packets in one payload, which has to be taken."""
        assert (await self.post(SEPARATOR.join(packets)))[0] == 200

    async def poll(self):
        """The packets of one poll, which has to be answered well."""
        status, text = await self.get()
        assert status == 200, (status, text)
        return text.split(SEPARATOR)

    async def take(self, count, timeout=30.0):
        """Poll until that many packets have come, noops and pings (answered) not counted."""
        packets = []
        async with asyncio.timeout(timeout):
            while len(packets) < count:
                for packet in await self.poll():
                    if packet == "2":
                        await self.send("3")
                    elif packet != "6":
                        packets.append(packet)
        return packets

    @contextlib.asynccontextmanager
    async def waiting(self):
        """A poll that waits at the server; what is left of it is given up, with its connection."""
        poll = asyncio.ensure_future(self.get())
        await settle()
        assert not poll.done(), poll.result()
        try:
            yield poll
        finally:
            poll.cancel()
            await asyncio.wait([poll])

    async def aborted_poll(self):
        """A poll that the client gives up while it waits; the server has had time to notice."""
        async with self.waiting():
            pass
        await settle()

    async def join(self, namespace="/", auth=None):
        """Join a namespace of the Socket.IO application; its ``auth`` event is read, too."""
        await self.send(connect_packet(namespace, auth))
        answer, event = await self.take(2)
        self.session = _sid_of(answer, namespace)
        assert '["auth",' in event
        return self.session


class RawHttp:
    """One TCP connection with requests as bytes, cut into segments where a test wants."""

    def __init__(self, reader, writer, path):
        self._reader = reader
        self._writer = writer
        self._path = path

    async def post(self, sid, body, *cuts, chunked=False):
        """A request with packets, its body cut at these offsets: (status, text)."""
        await self.start_post(sid, len(body), chunked=chunked)
        for start, end in zip((0, *cuts), (*cuts, len(body)), strict=True):
            part = body[start:end]
            await self.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        if chunked:
            await self.write(b"0\r\n\r\n")
        return await self.answer()

    async def start_post(self, sid, length, chunked=False):
        """The head of a request with packets."""
        size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
        target = f"{self._path}?EIO=4&transport=polling&sid={sid}"
        head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n{size}"
        await self.write(f"{head}\r\n\r\n".encode())

    async def write(self, segment):
        """Bytes that the server reads before anything else comes."""
        self._writer.write(segment)
        await self._writer.drain()
        for _ in range(3):  # the server runs on this loop: it reads once per turn
            await asyncio.sleep(0)

    async def answer(self, timeout=30.0):
        """What was answered: (status, text)."""
        async with asyncio.timeout(timeout):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].split()[0])
            return int(head.split()[1]), (await self._reader.readexactly(length)).decode()

    async def close(self):
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def settle():
    """Let requests that were just made reach the server; nothing tells when one has.

    It runs on this loop: turns of that are what it takes, also where the machine stood still.
    """
    for _ in range(50):
        await asyncio.sleep(0.001)


async def opened_poller(http, url):
    """A session by long-polling."""
    client = Poller(http, url)
    (packet,) = await client.poll()
    assert packet[0] == "0"
    client.opened = json.loads(packet[1:])
    client.sid = client.opened["sid"]
    return client


async def opened_socket(http, url, pongs=True):
    """A session by websocket."""
    ws = await http.ws_connect(f"{url}?EIO=4&transport=websocket", max_msg_size=0)
    client = Frames(ws, pongs=pongs)
    packet = await client.read()
    assert packet[0] == "0"
    client.opened = json.loads(packet[1:])
    client.sid = client.opened["sid"]
    return client
