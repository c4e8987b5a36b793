"""Packets with binary attachments, for applications that ask for them (``binary=True``).

The product does not: its server refuses these packets. Stock, a client names how many attachments
it will send, they are kept before it is let in, and a wrong number leaves the connection deaf.
"""

from typing import Any, Final

from socketio import packet
from typing_extensions import override

from notify_server.sio.transport.packets import PacketError, SocketPacket

MAX_ATTACHMENTS: Final = 10
_PLAIN: Final = {packet.BINARY_EVENT: packet.EVENT, packet.BINARY_ACK: packet.ACK}


class BinaryPacket(SocketPacket):
    """A Socket.IO packet that may have attachments: counted and checked before any is kept."""

    uses_binary_events = True

    @override
    def decode(self, encoded_packet: Any) -> int:
        """Read a packet that came in; returns how many attachments follow it.

        Raises:
            PacketError: If it is not one that a client may send.
        """
        if not isinstance(encoded_packet, str) or encoded_packet[:1] not in ("5", "6"):
            return super().decode(encoded_packet)
        try:
            count: int = super(SocketPacket, self).decode(encoded_packet)
        except ValueError as error:
            raise PacketError("malformed") from error
        if not 1 <= count <= MAX_ATTACHMENTS or not _places_fit(self.data, count):
            raise PacketError("binary")
        kind: int = self.packet_type
        self.packet_type = _PLAIN[kind]
        self._check_shape()
        self.packet_type = kind
        return count

    def take(self, attachment: bytes) -> "BinaryPacket | None":
        """Add an attachment; the packet that is whole with it, None while some are missing."""
        self.attachments.append(attachment)
        if len(self.attachments) < self.attachment_count:
            return None
        whole = BinaryPacket(_PLAIN[self.packet_type], namespace=self.namespace, id=self.id)
        whole.data = self.reconstruct_binary(self.data, self.attachments)
        return whole

    def give_back(self) -> None:
        """Forget the attachment that was added last; it will come again."""
        self.attachments.pop()


def _places_fit(data: Any, count: int) -> bool:
    """Whether every placeholder in ``data`` names one of ``count`` attachments."""
    pending = [data]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            if node.get("_placeholder") and "num" in node:
                number = node["num"]
                if type(number) is not int or not 0 <= number < count:
                    return False
            else:
                pending.extend(node.values())
    return True
