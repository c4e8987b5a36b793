"""Who may open a transport: how often and how many at a time from one address (S6, S11).

Asked by the gateway before the transport allocates anything, and told by it what opens and ends.
"""

from collections import Counter
from collections.abc import Sequence

from aiohttp import web

from notify_server.kit.addresses import Network, client_key
from notify_server.ports.rates import RateCounter

FULL_WAIT_S = 2.0
"""How long a client is asked to stay away when its address has no place left."""


class Admission:
    """Counts handshakes and open transports by the client's address."""

    def __init__(self, rate: RateCounter, most: int, trusted: Sequence[Network]) -> None:
        """``most``: transports that one address may have open; ``trusted``: our proxies."""
        self._rate = rate
        self._most = most
        self._trusted = trusted
        self._by_transport: dict[str, str] = {}
        self._by_address: Counter[str] = Counter()

    async def wait_s(self, request: web.Request) -> float:
        """Seconds until this client may come again; 0: it may come in now."""
        address = self._address(request)
        wait_s = await self._rate.take(address)
        if not wait_s and self._by_address[address] >= self._most:
            return FULL_WAIT_S
        return wait_s

    def opened(self, transport: str, request: web.Request) -> None:
        """A transport has been opened, by websocket or long-polling."""
        address = self._address(request)
        self._by_transport[transport] = address
        self._by_address[address] += 1

    def closed(self, transport: str) -> None:
        """It has ended; once more changes nothing."""
        address = self._by_transport.pop(transport, None)
        if address is None:
            return
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def __len__(self) -> int:
        """Transports that are open."""
        return len(self._by_transport)

    def _address(self, request: web.Request) -> str:
        forwarded = request.headers.getall("X-Forwarded-For", [])
        return client_key(request.remote or "", forwarded, self._trusted)
