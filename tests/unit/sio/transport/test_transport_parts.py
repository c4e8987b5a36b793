"""The pure parts of the transport: JSON, packets, marks and lanes."""

import asyncio
import logging

import pytest

from notify_server.sio.transport import codec
from notify_server.sio.transport.lane import Lane
from notify_server.sio.transport.marks import Marks
from notify_server.sio.transport.packets import EnginePacket, PacketError, SocketPacket

LOGGER = logging.getLogger("tests.transport")


def test_dumps_with_stock_separators_writes_compact_text():
    assert codec.dumps({"a": [1, None, "é"]}, separators=(",", ":")) == '{"a":[1,null,"é"]}'


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), [None, {"a": (1, float("-inf"))}], {float("nan"): 1}]
)
def test_dumps_nonfinite_number_is_refused(value):
    """F19."""
    with pytest.raises(ValueError, match="NaN"):
        codec.dumps(value)


@pytest.mark.parametrize("value", ["\ud800", b"x", object()])
def test_dumps_what_json_cannot_say_is_refused(value):
    """F19, F20."""
    with pytest.raises(TypeError):
        codec.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "1e999",
        '"\\ud800"',
        "[" * 200_000,
        "[" * 129 + "]" * 129,
        '{"a":' * 129 + "1" + "}" * 129,
        "1" * 400_000,
        "",
    ],
)
def test_loads_what_may_not_come_in_is_refused(text):
    """F19, F20, S8."""
    with pytest.raises(ValueError):  # noqa: PT011 - orjson's own words
        codec.loads(text)


def test_loads_deepest_allowed_goes_out_again_in_an_event():
    """F20: what comes in can be answered."""
    value = codec.loads("[" * codec.MAX_DEPTH + "]" * codec.MAX_DEPTH)
    assert codec.loads(codec.dumps({"a": value})["a" and 5 : -1]) == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "malformed"),
        ("9", "malformed"),
        ("x", "malformed"),
        ("4", "malformed"),
        ('4{"message":"x"}', "malformed"),
        ("0[]", "malformed"),
        ("1{}", "malformed"),
        ("2", "malformed"),
        ("2{}", "malformed"),
        ("2[]", "malformed"),
        ('2["a"', "malformed"),
        ('2abc["a"]', "malformed"),
        ('2²["a"]', "malformed"),
        ("2" + "1" * 101 + '["a"]', "malformed"),
        ("3[]", "malformed"),
        ("31{}", "malformed"),
        ("3-1[]", "malformed"),
        ("31e18[]", "malformed"),
        ('21-["a"]', "binary"),
        ('51-["a"]', "binary"),
        ("61-1[]", "binary"),
        ('2["connect"]', "event_name"),
        ('2["disconnect"]', "event_name"),
        ('2["connect_error"]', "event_name"),
        ('2["*"]', "event_name"),
        ('2["__init__"]', "event_name"),
        ('2[""]', "event_name"),
        ("2[1]", "event_name"),
        ('2[["a"]]', "event_name"),
        ('2["' + "a" * 65 + '"]', "event_name"),
    ],
)
def test_socket_packet_that_no_client_may_send_is_refused(text, fault):
    """F5, F21, S5, S9; the server refuses the empty text itself."""
    packet = SocketPacket()
    with pytest.raises(PacketError) as error:
        packet.decode(text)
    assert error.value.fault == fault


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        (b"4x", "binary"),
        ("bAAAA", "binary"),
        ("", "malformed"),
        ("7", "malformed"),
        ("x", "malformed"),
    ],
)
def test_engine_packet_malformed_frame_is_refused(frame, fault):
    """F22, F38."""
    with pytest.raises(PacketError) as error:
        EnginePacket(encoded_packet=frame)
    assert error.value.fault == fault


def test_engine_packet_binary_message_cannot_be_made():
    with pytest.raises(TypeError):
        EnginePacket(4, b"x")


def test_marks_of_a_websocket_are_the_numbers_of_its_pings():
    marks = Marks()
    assert marks.next() == 1
    assert [marks.ping(), marks.ping()] == [1, 2]
    assert marks.next() == 3
    assert [marks.pong(), marks.pong(), marks.pong()] == [1, 2, 0]


def test_marks_polling_answer_is_a_checkpoint_of_its_own():
    marks = Marks()
    assert marks.polled() == 0
    marks.ping()
    marks.carried()
    assert marks.polled() == 2
    assert marks.confirm(2)
    assert not marks.confirm(marks.pong())


async def test_lane_runs_jobs_in_order_and_ends_its_task():
    """F9."""
    lane, seen = Lane(10, LOGGER), []

    async def job(number):
        await asyncio.sleep(0)
        seen.append(number)

    for number in range(10):
        assert lane.put(lambda number=number: job(number))
    assert not lane.put(lambda: job(11))
    await lane.idle()
    assert seen == list(range(10))
    assert not lane.busy


async def test_lane_failing_and_cancelled_jobs_do_not_stop_the_next():
    lane, seen = Lane(10, LOGGER), []

    async def fail():
        raise LookupError

    async def cancelled():
        raise asyncio.CancelledError

    async def work():
        seen.append(1)

    for job in (fail, cancelled, work):
        lane.put(job)
    await lane.idle()
    assert seen == [1]
