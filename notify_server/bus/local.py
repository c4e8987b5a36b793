"""The bus of one process: there is nobody else to tell."""

from typing_extensions import override

from notify_server.ports.bus import Bus, Envelope, Handler


class LocalBus(Bus):
    """Takes everything and tells nobody; always healthy."""

    @override
    def on_envelope(self, handler: Handler) -> None:
        pass

    @override
    async def subscribe(self, channel: str) -> None:
        pass

    @override
    async def unsubscribe(self, channel: str) -> None:
        pass

    @override
    def publish(self, channel: str, envelope: Envelope) -> None:
        pass

    @property
    @override
    def healthy(self) -> bool:
        return True
