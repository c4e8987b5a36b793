"""News come back as they were, and nobody else can make them."""

import hashlib
import hmac
from datetime import timedelta

import pytest
from support.stores import ROLE, full_content

from notify_server.bus.envelopes import LATE_MS, BadEnvelopeError, Envelopes, UnknownNewsError
from notify_server.bus.peers import Sign
from notify_server.domain.notification import ChannelName, ChannelNote, Notification
from notify_server.domain.operators import Attendance, SessionInfo
from notify_server.domain.signals import (
    AllUpdatedSignal,
    Removal,
    RemovedSignal,
    SubscriptionsSignal,
    UpdatedSignal,
)
from notify_server.domain.target import Targets
from notify_server.kit.clock import ManualClock, to_ms
from notify_server.ports.bus import (
    AttendanceAsked,
    AttendanceTold,
    FrameNews,
    KickNews,
    NotificationNews,
    PersonNews,
    SessionsAsked,
    SessionsTold,
    StateNews,
)

_CLOCK = ManualClock()
_NOW = _CLOCK.now()
_KEY = "k" * 32
_NOTIFICATION = Notification(
    id="i",
    targets=Targets(("1",), (ROLE,), ("3",)),
    content=full_content(_NOW),
    submitter="key:1",
    created_at=_NOW,
    updated_at=_NOW,
    revised_at=_NOW,
    revision=3,
    cancelled_at=_NOW,
    channel_notes=(ChannelNote(ChannelName.EMAIL, "no_channel"),),
)
_SESSION = SessionInfo(
    id="s", user="u", line="/", acks=True, device_id=None, rooms=("r",), live=True,
    unconfirmed=2, transport="websocket",
    opened_at=_NOW, expires_at=_NOW,
)  # fmt: skip


@pytest.mark.parametrize(
    "news",
    [
        None,
        NotificationNews(_NOTIFICATION),
        NotificationNews(_NOTIFICATION, transient=True),
        StateNews("1", "/", UpdatedSignal(("a",), {"is_read": True, "read_at": _NOW, "x": None})),
        StateNews("1", None, SubscriptionsSignal({"a": (True, False)}), "origin"),
        StateNews("1", "/", RemovedSignal(("a", "b"), Removal.DELETED)),
        StateNews("1", "/", AllUpdatedSignal({"read_at": _NOW}, "b", None, ("t",))),
        StateNews("1", None),
        FrameNews("1", "n", 2),
        PersonNews("1", everywhere=True),
        KickNews("s"),
        SessionsAsked("q", "node", "u", "/", "s"),
        SessionsTold("q", "node", (_SESSION,)),
        AttendanceAsked("q", "node"),
        AttendanceTold(
            "q", "node", Attendance(frozenset({"a", "b"}), {"/": 2}, {"polling": 2}, 1, 3)
        ),
    ],
    ids=lambda news: type(news).__name__,
)
def test_news_come_back_as_they_were(news):
    envelopes = Envelopes(_KEY, _CLOCK)
    opened = envelopes.open(envelopes.seal("node", 7, news))
    assert (opened.node, opened.number, opened.news) == ("node", 7, news)


def test_data_of_a_caller_is_never_read_as_a_moment():
    envelopes = Envelopes(_KEY, _CLOCK)
    content = full_content(_NOW)
    content.data["$at"] = 5
    opened = envelopes.open(envelopes.seal("node", 1, NotificationNews(_NOTIFICATION)))
    assert opened.news.notification.content.data == _NOTIFICATION.content.data


@pytest.mark.parametrize("place", [0, 63, 64, 80, -1])
def test_an_envelope_that_was_touched_is_refused(place):
    """F30: whoever can publish can not speak for a node."""
    sealed = bytearray(Envelopes(_KEY, _CLOCK).seal("node", 1, KickNews("s")))
    sealed[place] ^= 1
    with pytest.raises(BadEnvelopeError):
        Envelopes(_KEY, _CLOCK).open(bytes(sealed))


@pytest.mark.parametrize("forged", [b"", b"{}", b"x" * 200])
def test_what_is_no_envelope_is_refused(forged):
    with pytest.raises(BadEnvelopeError):
        Envelopes(_KEY, _CLOCK).open(forged)


def test_another_key_is_refused():
    with pytest.raises(BadEnvelopeError):
        Envelopes("o" * 32, _CLOCK).open(Envelopes(_KEY, _CLOCK).seal("node", 1, None))


def test_an_old_envelope_is_refused():
    clock = ManualClock()
    sealed = Envelopes(_KEY, clock).seal("node", 1, KickNews("s"))
    clock.advance(timedelta(milliseconds=LATE_MS + 1))
    with pytest.raises(BadEnvelopeError):
        Envelopes(_KEY, clock).open(sealed)


@pytest.mark.parametrize(
    "said",
    [
        b'["n",1,%d,"later",{}]',
        b'["n",1,%d,"kick",{"who":"s"}]',
        b'["n",1,%d,"kick",{"session":"s"},2]',
        b"%d",
        b"%d of another form",
    ],
)
def test_what_a_node_of_another_version_says_is_told_apart_from_a_forgery(said):
    envelopes = Envelopes(_KEY, _CLOCK)
    payload = said % to_ms(_CLOCK.now())
    signature = hmac.new(_KEY.encode(), payload, hashlib.sha256).hexdigest().encode()
    with pytest.raises(UnknownNewsError):
        envelopes.open(signature + payload)


@pytest.mark.parametrize("sign", list(Sign))
def test_what_a_node_says_of_itself_comes_back(sign):
    envelopes = Envelopes(_KEY, _CLOCK)
    opened = envelopes.open(envelopes.seal("node", 7, None, sign))
    assert (opened.news, opened.sign) == (None, sign)
