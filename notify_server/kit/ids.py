"""Identifiers: time-ordered ids for what is stored, random ones for what is not."""

import secrets

_RANDOM_BITS = 74


class Uuid7Generator:
    """Makes UUIDv7 texts that only grow, even when the clock goes back (RFC 9562, 6.2 method 2).

    Not thread-safe: each writer owns one.
    """

    def __init__(self) -> None:
        self._last = 0

    def next(self, now_ms: int) -> str:
        """Make an id for ``now_ms`` that is greater than every id made or seen before."""
        if now_ms > self._last >> _RANDOM_BITS:
            self._last = (now_ms << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
        else:
            self._last += 1 + secrets.randbits(32)
        return _format(self._last)

    def observe(self, uuid7: str) -> None:
        """Never run behind an id that another writer has made."""
        self._last = max(self._last, _parse(uuid7))


def last_uuid7(at_ms: int) -> str:
    """The greatest UUIDv7 of a millisecond: every id made until its end is at most this."""
    return _format((at_ms << _RANDOM_BITS) | ((1 << _RANDOM_BITS) - 1))


def random_id(prefix: str = "") -> str:
    """A random text of 22 URL-safe characters (128 bits) behind ``prefix``."""
    return prefix + secrets.token_urlsafe(16)


def first_ack_id() -> int:
    """Where a process starts to count ack ids: below 2^52, so that a restart meets no old one."""
    return secrets.randbelow(2**52)


def _format(value: int) -> str:
    """Lay 48 bits of time and 74 of chance out around the version and variant bits."""
    time_ms = value >> _RANDOM_BITS
    rand_a = (value >> 62) & 0xFFF
    rand_b = value & ((1 << 62) - 1)
    bits = (time_ms << 80) | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _parse(uuid7: str) -> int:
    bits = int(uuid7.replace("-", ""), 16)
    time_ms = bits >> 80
    rand_a = (bits >> 64) & 0xFFF
    rand_b = bits & ((1 << 62) - 1)
    return (time_ms << _RANDOM_BITS) | (rand_a << 62) | rand_b
