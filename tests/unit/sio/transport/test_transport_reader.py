"""WebSocket frames, cut in every way."""

import os
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_server.sio.transport import frames
from notify_server.sio.transport.frames import FAULT, FrameReader


def masked(opcode, payload, *, final=True, rsv=0, mask=None):
    """A frame as a client sends it."""
    mask = os.urandom(4) if mask is None else mask
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = bytes((0xFE,)) + size.to_bytes(2, "big")
    else:
        length = bytes((0xFF,)) + size.to_bytes(8, "big")
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes((0x80 * final | rsv | opcode,)) + length + mask + body


def fault(code):
    return [(FAULT, frames.encode_close(code))]


MESSAGES = [(1, b""), (1, b"x" * 125), (9, b"ping"), (2, b"\0" * 126), (1, b"y" * 300), (10, b"")]
STREAM = b"".join(
    masked(opcode, payload)
    if opcode > 2
    else masked(opcode, payload[:3], final=False) + masked(9, b"between") + masked(0, payload[3:])
    for opcode, payload in MESSAGES
)
WANTED = [
    frame
    for opcode, payload in MESSAGES
    for frame in ([(9, b"between"), (opcode, payload)] if opcode < 3 else [(opcode, payload)])
]


def test_reader_split_at_every_byte_boundary_finds_the_same_messages():
    for at in range(len(STREAM) + 1):
        reader = FrameReader(1000)
        assert reader.feed(STREAM[:at]) + reader.feed(STREAM[at:]) == WANTED


def test_reader_fed_byte_by_byte_finds_the_same_messages():
    reader = FrameReader(1000)
    found = [frame for at in range(len(STREAM)) for frame in reader.feed(STREAM[at : at + 1])]
    assert found == WANTED


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=70_000)), max_size=4),
    st.lists(st.integers(0, 300_000), max_size=6),
)
def test_reader_any_messages_cut_anywhere_come_whole(messages, cuts):
    stream = b"".join(masked(*message) for message in messages)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = FrameReader(70_000)
    found = []
    for begin, end in pairwise(edges):
        found += reader.feed(stream[begin:end])
    assert found == messages


@given(st.binary(min_size=1, max_size=140), st.booleans(), st.sampled_from([1, 2, 9]))
def test_reader_short_cut_says_what_the_long_way_says(payload, final, opcode):
    stream = masked(opcode, payload, final=final)
    only = FrameReader(130).only(stream)
    if only is not None:
        assert FrameReader(130).feed(stream) == [(1, only)]
    else:
        assert len(payload) > 125 or not final or opcode != 1
    assert FrameReader(130).only(stream + b"x") is None
    for begun in (masked(1, b"x", final=False), b"\x81"):
        reader = FrameReader(130)
        reader.feed(begun)
        assert reader.only(stream) is None


@given(st.binary(max_size=200))
def test_reader_any_bytes_never_raise_and_end_with_the_fault(data):
    reader = FrameReader(50)
    found = reader.feed(data)
    if found and found[-1][0] == FAULT:
        assert reader.feed(masked(1, b"after")) == []


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (b"\x81\x01x", 1002),  # not masked
        (masked(1, b"x", rsv=0x40), 1002),
        (masked(1, b"x", rsv=0x10), 1002),
        (masked(3, b"x"), 1002),
        (masked(11, b"x"), 1002),
        (masked(9, b"x", final=False), 1002),
        (masked(9, b"x" * 126), 1002),
        (masked(0, b"x"), 1002),
        (masked(1, b"x", final=False) + masked(1, b"y"), 1002),
        (masked(1, b"x" * 101), 1009),
        (masked(1, b"x" * 200), 1009),
        (b"\x81\xff" + (1 << 62).to_bytes(8, "big"), None),
        (b"\x81\xff" + (1 << 62).to_bytes(8, "big") + b"mask", 1009),
        (masked(1, b"x" * 60, final=False) + masked(0, b"x" * 60), 1009),
    ],
)
def test_reader_what_breaks_the_protocol_is_a_fault(stream, code):
    assert FrameReader(100).feed(stream) == ([] if code is None else fault(code))


def test_reader_many_tiny_fragments_are_a_fault():
    """S7."""
    reader = FrameReader(1_000_000)
    stream = masked(1, b"", final=False) + masked(0, b"", final=False) * 10_000
    assert reader.feed(stream) == fault(1009)


def test_reader_too_large_is_told_before_it_has_come():
    reader = FrameReader(100)
    assert reader.feed(masked(2, b"x" * 101)[:8]) == fault(1009)


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b"", b""),
        (b"\x03\xe8bye", b"\x03\xe8"),
        (b"\x03", b"\x03\xea"),
        (b"\x03\xed", b"\x03\xea"),
        (b"\x03\xe8\xff", b"\x03\xef"),
        (b"\x0f\xa0", b"\x0f\xa0"),
    ],
)
def test_close_is_answered_with_its_code_or_what_is_wrong_with_it(payload, answer):
    assert frames.close_answer(payload) == frames.encode(frames.CLOSE, answer)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_unmask_restores_what_was_masked(size):
    payload, mask = os.urandom(size), b"\x01\x02\x00\xff"
    assert frames.unmask(masked(2, payload, mask=mask)[-size:] if size else b"", mask) == payload
