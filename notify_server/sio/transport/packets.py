"""The packets of Engine.IO and Socket.IO, as the stock ones but strict about what comes in."""

import base64
from typing import Any, Final

import engineio.packet
import socketio.packet

from notify_server.sio.transport import codec, frames
from notify_server.sio.transport.outgoing import Message

MAX_EVENT_NAME: Final = 64
RESERVED_EVENTS: Final = frozenset(
    {
        "*",
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    }
)
_TYPES: Final = frozenset("0123456")


class PacketError(ValueError):
    """What came in breaks the protocol; the connection is to be closed.

    Attributes:
        fault: Under which name ``stats`` counts it.
    """

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class EnginePacket(engineio.packet.Packet):  # type: ignore[misc]
    """An Engine.IO packet of text, or of bytes where an application asked for that."""

    json = codec

    def __init__(
        self,
        packet_type: int = engineio.packet.NOOP,
        data: Any = None,
        encoded_packet: Any = None,
        *,
        binary: bool = False,
    ) -> None:
        """Make a packet from its parts or from what came in.

        Raises:
            TypeError: If ``data`` is bytes and ``binary`` is off.
            PacketError: If ``encoded_packet`` is no packet of text.
        """
        if not binary and isinstance(data, bytes | bytearray | memoryview):
            raise TypeError("binary messages are not supported")
        super().__init__(packet_type, data)
        if encoded_packet is not None:
            self.decode(encoded_packet)

    def decode(self, encoded_packet: Any) -> None:
        """Read a packet that came in; the first character says its type."""
        if not isinstance(encoded_packet, str) or encoded_packet[:1] == "b":
            raise PacketError("binary")
        if encoded_packet[:1] not in _TYPES:
            raise PacketError("malformed")
        super().decode(encoded_packet)


class SocketPacket(socketio.packet.Packet):  # type: ignore[misc]
    """A Socket.IO packet without attachments, whose payload has the shape that its type asks."""

    uses_binary_events = False
    json = codec

    def decode(self, encoded_packet: Any) -> int:
        """Read a packet that came in.

        Raises:
            PacketError: If it is not one that a client may send.
        """
        self.packet_type: int
        if not isinstance(encoded_packet, str) or encoded_packet[:1] not in _TYPES:
            raise PacketError("malformed")
        if encoded_packet[0] in "56":
            raise PacketError("binary")
        try:
            attachments = super().decode(encoded_packet)
        except PacketError:
            raise
        except ValueError as error:
            raise PacketError("malformed") from error
        if attachments:
            raise PacketError("binary")
        self._check_shape()
        return 0

    def _check_shape(self) -> None:
        data = self.data
        match self.packet_type:
            case socketio.packet.CONNECT:
                well_formed = data is None or isinstance(data, dict)
            case socketio.packet.DISCONNECT:
                well_formed = data is None
            case socketio.packet.ACK:
                well_formed = isinstance(data, list) and self.id is not None
            case socketio.packet.EVENT:
                well_formed = isinstance(data, list) and bool(data)
            case _:
                well_formed = False
        if not well_formed:
            raise PacketError("malformed")
        if self.packet_type == socketio.packet.EVENT and not _may_be_sent(data[0]):
            raise PacketError("event_name")


def message_of(pkt: Any) -> Message:
    """What carries a packet of the stock library.

    Raises:
        TypeError: If it has lone surrogates.
    """
    encoded = pkt.encode()
    if isinstance(encoded, str):
        return Message(encoded.encode())
    return binary_message(bytes(encoded))


def binary_message(raw: bytes) -> Message:
    """What carries bytes."""
    return Message(b"b" + base64.b64encode(raw), frames.encode(frames.BINARY, raw))


def binary_of(payload: bytes) -> bytes:
    """The bytes that a long-polling packet carries.

    Raises:
        PacketError: If it carries none.
    """
    try:
        return base64.b64decode(payload[1:], validate=True)
    except ValueError as error:
        raise PacketError("malformed") from error


def _may_be_sent(name: Any) -> bool:
    """Whether a client may send an event of this name."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= MAX_EVENT_NAME
        and name not in RESERVED_EVENTS
        and not name.startswith("__")
    )
