"""The bus of one process: there is nobody else to tell."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from typing_extensions import override

from notify_server.ports.bus import Bus, Call, Listener, News


class LocalBus(Bus):
    """Takes everything and tells nobody; always healthy."""

    node = "node:this"
    healthy = True
    hears_all = True
    nodes = 1
    stats: Mapping[str, int] = MappingProxyType({})

    @override
    def listen(self, listener: Listener, resumed: Call, missed: Call) -> None:
        pass

    @override
    def subscribe(self, channel: str) -> None:
        pass

    @override
    def unsubscribe(self, channel: str) -> None:
        pass

    @override
    async def heard(self, channel: str) -> bool:
        return True

    @override
    def publish(self, channels: Iterable[str], news: News) -> None:
        pass

    @override
    async def open(self) -> None:
        pass

    @override
    async def close(self) -> None:
        pass
