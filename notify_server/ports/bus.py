"""The way to the other nodes. What it carries are hints; the store is the truth."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

Envelope = Mapping[str, object]
Handler = Callable[[Envelope], Awaitable[None]]


class Bus(Protocol):
    """Publishes to named channels of all nodes, this one left out."""

    def on_envelope(self, handler: Handler) -> None:
        """Call ``handler`` for each envelope of a channel that is subscribed here."""

    async def subscribe(self, channel: str) -> None:
        """Start to listen; the second time does nothing."""

    async def unsubscribe(self, channel: str) -> None:
        """Stop to listen."""

    def publish(self, channel: str, envelope: Envelope) -> None:
        """Send without waiting; a failure is not told."""

    @property
    def healthy(self) -> bool:
        """Whether what is published is believed to arrive."""
