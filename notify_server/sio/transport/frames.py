"""WebSocket frames (RFC 6455) between bytes and messages: no I/O, no compression.

The channel feeds what it read and takes whole messages; writers take headers once per message.
"""

from typing import Final

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
FAULT: Final = -1
"""Not an opcode: the peer broke the protocol; the payload is the close frame that says how."""

NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002
BAD_TEXT: Final = 1007
TOO_LARGE: Final = 1009

MAX_FRAGMENTS: Final = 1024  # of one message; who cuts finer does it to cost us time
_MAX_CONTROL: Final = 125
_FIN: Final = 0x80
_MASKED: Final = 0x80
_CONTINUATION: Final = 0
_OPCODES: Final = frozenset((_CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_NO_MASK: Final = bytes(4)

Frame = tuple[int, bytes]


def encode(opcode: int, payload: bytes) -> bytes:
    """One unmasked, final frame."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((_FIN | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FIN | opcode, 127)) + size.to_bytes(8, "big") + payload


def encode_close(code: int) -> bytes:
    """The frame that closes with a code."""
    return encode(CLOSE, code.to_bytes(2, "big"))


def unmask(payload: bytes, mask: bytes) -> bytes:
    """The payload as the client meant it, by one operation on whole numbers."""
    size = len(payload)
    if mask == _NO_MASK or not size:
        return payload
    key = int.from_bytes((mask * ((size >> 2) + 1))[:size], "little")
    return (int.from_bytes(payload, "little") ^ key).to_bytes(size, "little")


def close_answer(payload: bytes) -> bytes:
    """The close frame that answers a client's."""
    if not payload:
        return encode(CLOSE, b"")
    code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else 0
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        return encode_close(PROTOCOL_ERROR)
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        return encode_close(BAD_TEXT)
    return encode_close(code)


class _Broken(Exception):
    """The peer broke the protocol."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class FrameReader:
    """Puts a client's messages together from what arrives, however it is cut."""

    __slots__ = ("_broken", "_fragments", "_limit", "_need", "_opcode", "_parts", "_tail")

    def __init__(self, limit: int) -> None:
        """``limit``: bytes that a message may have."""
        self._limit = limit
        self._tail: bytearray | None = None  # the beginning of a frame
        self._need = 0  # bytes that this frame has
        self._parts: bytearray | None = None  # the beginning of a message
        self._opcode = 0
        self._fragments = 0
        self._broken = False

    def only(self, data: bytes) -> bytes | None:
        """The text of the one short frame that ``data`` is, as acks and pongs are; None: feed it.

        It says nothing that :meth:`feed` would not say.
        """
        size = len(data) - 6
        if (
            not 0 < size <= _MAX_CONTROL
            or data[0] != _FIN | TEXT
            or data[1] != _MASKED | size
            or self._tail is not None
            or self._parts is not None
            or self._broken
            or size > self._limit
        ):
            return None
        key = int.from_bytes((data[2:6] * ((size >> 2) + 1))[:size], "little")
        return (int.from_bytes(data[6:], "little") ^ key).to_bytes(size, "little")

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes; returns the messages that they complete.

        The last one is a ``FAULT`` when the peer broke the protocol; nothing comes after it.
        """
        if self._broken:
            return []
        if self._tail is not None:
            self._tail += data
            if len(self._tail) < self._need:
                return []
            data, self._tail = bytes(self._tail), None
        found: list[Frame] = []
        try:
            at = self._read(data, found)
        except _Broken as broken:
            self._broken, self._parts = True, None
            found.append((FAULT, encode_close(broken.code)))
            return found
        if at < len(data):
            self._tail = bytearray(data[at:])
        return found

    def _read(self, data: bytes, found: list[Frame]) -> int:
        at, end = 0, len(data)
        while at < end:
            self._need = 6
            if end - at < 2:
                self._need = 2
                break
            size, body = data[at + 1] & 0x7F, at + 6
            self._check(data[at], data[at + 1])
            if size > _MAX_CONTROL:
                body = at + (8 if size == 126 else 14)
                self._need = body - at
                if end < body:
                    break
                size = int.from_bytes(data[at + 2 : body - 4], "big")
                self._check_size(size)
            self._need = body - at + size
            if end - at < self._need:
                break
            payload = unmask(data[body : body + size], data[body - 4 : body])
            self._take(data[at], payload, found)
            at = body + size
        return at

    def _check(self, first: int, second: int) -> None:
        opcode = first & 0x0F
        if first & 0x70 or second < _MASKED or opcode not in _OPCODES:
            raise _Broken(PROTOCOL_ERROR)
        if opcode & 8:
            if not first & _FIN or second & 0x7F > _MAX_CONTROL:
                raise _Broken(PROTOCOL_ERROR)
        elif (opcode == _CONTINUATION) == (self._parts is None):
            raise _Broken(PROTOCOL_ERROR)
        else:
            self._check_size(second & 0x7F if second & 0x7F <= _MAX_CONTROL else 0)

    def _check_size(self, size: int) -> None:
        if size + (len(self._parts) if self._parts is not None else 0) > self._limit:
            raise _Broken(TOO_LARGE)

    def _take(self, first: int, payload: bytes, found: list[Frame]) -> None:
        opcode = first & 0x0F
        if opcode & 8 or (first & _FIN and opcode):
            found.append((opcode, payload))
        elif opcode:
            self._opcode, self._parts, self._fragments = opcode, bytearray(payload), 1
        else:
            self._continue(first, payload, found)

    def _continue(self, first: int, payload: bytes, found: list[Frame]) -> None:
        if self._parts is None:  # _check has seen to it
            raise _Broken(PROTOCOL_ERROR)
        self._parts += payload
        self._fragments += 1
        if first & _FIN:
            found.append((self._opcode, bytes(self._parts)))
            self._parts = None
        elif self._fragments >= MAX_FRAGMENTS:
            raise _Broken(TOO_LARGE)
