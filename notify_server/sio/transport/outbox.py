"""What waits for one connection, counted."""

import asyncio
from collections import deque
from typing import Any

from typing_extensions import override

from notify_server.sio.transport.packets import EnginePacket, text_size


class Outbox(asyncio.Queue[Any]):
    """The outgoing queue that the stock socket expects, which knows how much is in it.

    A packet counts until ``task_done``: on a websocket until the connection took it, on
    long-polling until a poll took it. None ends the writer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sizes: deque[int] = deque()
        self.bytes = 0

    @property
    def messages(self) -> int:
        """Packets that wait."""
        return len(self._sizes)

    @override
    def _put(self, item: Any) -> None:
        super()._put(item)
        size = 0
        if isinstance(item, EnginePacket):
            size = item.size
        elif item is not None:  # a stock packet of the library's own emit
            size = text_size(item.encode())
        self._sizes.append(size)
        self.bytes += size

    @override
    def task_done(self) -> None:
        """Say that the oldest packet has been taken."""
        super().task_done()
        self.bytes -= self._sizes.popleft()
