"""Whatever the domain can say, rows give back."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stores import full_content

from notify_server.domain.errors import Code, RejectedError
from notify_server.domain.notification import ChannelName, ChannelNote, Content, Notification
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Ack, AckVia, Receipt, Step
from notify_server.domain.target import Audience, AudienceKind, Targets
from notify_server.stores import texts
from notify_server.stores.sqlite import rows

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_TIMES = st.integers(0, 2**41).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_CONTENTS = st.builds(
    Content,
    title=_TEXT,
    message=_TEXT,
    tags=st.lists(_TEXT, max_size=3).map(tuple),
    data=st.dictionaries(_TEXT, _JSON, max_size=3),
    expires_at=st.none() | _TIMES,
    source=st.none() | _TEXT,
)
_AUDIENCES = st.builds(Audience, st.sampled_from(AudienceKind), _TEXT)
_TARGETS = st.builds(
    Targets,
    st.lists(_TEXT, max_size=3).map(tuple),
    st.lists(_AUDIENCES, max_size=3).map(tuple),
    st.lists(_TEXT, max_size=3).map(tuple),
)
_NOTIFICATIONS = st.builds(
    Notification,
    id=_TEXT,
    targets=_TARGETS,
    content=_CONTENTS,
    submitter=_TEXT,
    created_at=_TIMES,
    updated_at=_TIMES,
    revised_at=_TIMES,
    line=_TEXT,
    revision=st.integers(1, 2**40),
    cancelled_at=st.none() | _TIMES,
    channel_notes=st.lists(
        st.builds(ChannelNote, st.sampled_from(ChannelName), _TEXT), max_size=2
    ).map(tuple),
)
_ACKS = st.builds(
    Ack, _TEXT, st.integers(1, 9), _TIMES, st.integers(0, 9999), st.sampled_from(AckVia)
)
_STAMPS = {
    field.name: st.none() | _TIMES
    for field in fields(Receipt)
    if field.type in (datetime | None, "datetime | None")
}
_RECEIPTS = st.builds(
    Receipt,
    user=_TEXT,
    notification_id=_TEXT,
    line=_TEXT,
    named=st.booleans(),
    sort_at=_TIMES,
    push_at=_TIMES,
    changed_at=_TIMES,
    closed=st.none() | st.sampled_from(Reason),
    step=st.sampled_from(Step),
    acks=st.lists(_ACKS, max_size=3).map(tuple),
    attempts=st.integers(0, 99),
    version=st.integers(0, 2**40),
    **_STAMPS,
)


@given(_NOTIFICATIONS)
def test_notification_comes_back(notification):
    row = rows.notification_to_row(notification)
    assert len(row) == len(rows.NOTIFICATION_COLUMNS)
    assert rows.notification_from_row(row) == notification


@given(_RECEIPTS)
def test_receipt_comes_back(receipt):
    row = rows.receipt_to_row(receipt)
    assert len(row) == len(rows.RECEIPT_COLUMNS)
    assert rows.receipt_from_row(row) == receipt


@given(_NOTIFICATIONS, st.none() | _RECEIPTS)
def test_entry_comes_back(notification, receipt):
    empty = (None,) * len(rows.RECEIPT_COLUMNS)
    right = empty if receipt is None else rows.receipt_to_row(receipt)
    entry = rows.entry_from_row(rows.notification_to_row(notification) + right)
    assert (entry.notification, entry.receipt) == (notification, receipt)


def test_full_content_comes_back_and_no_field_is_forgotten():
    content = full_content(datetime(2026, 1, 1, tzinfo=UTC))
    empty = Content("", "")
    named = [field.name for field in fields(Content)]
    assert all(getattr(content, name) != getattr(empty, name) for name in named)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    notification = Notification("id", Targets(), content, "key:1", at, at, at)
    assert rows.notification_from_row(rows.notification_to_row(notification)) == notification


@pytest.mark.parametrize("value", ["\ud800", 2**70, {1: 2}, object(), {"a": {"b"}}])
def test_to_json_refuses_what_json_can_not_hold(value):
    with pytest.raises(RejectedError) as error:
        texts.to_json({"value": value})
    assert error.value.code is Code.INVALID


_PLAIN = Receipt(
    "1",
    "id",
    "/",
    named=True,
    sort_at=datetime(2026, 1, 1, tzinfo=UTC),
    push_at=datetime(2026, 1, 1, tzinfo=UTC),
    changed_at=datetime(2026, 1, 1, tzinfo=UTC),
)
_AT = _PLAIN.sort_at


@pytest.mark.parametrize(
    ("changes", "newest", "active"),
    [
        ({}, 1, texts.UNDELIVERED),
        ({"delivered_revision": 1}, 1, texts.UNREAD),
        ({"delivered_revision": 1}, 2, texts.UNDELIVERED),
        ({"delivered_revision": 1, "read_at": _AT}, 1, texts.PASSIVE),
        ({"delivered_revision": 1, "read_at": _AT}, 2, texts.UNDELIVERED),
        ({"deleted_at": _AT}, 1, texts.PASSIVE),
        ({"dismissed_at": _AT}, 1, texts.PASSIVE),
    ],
)
def test_activity(changes, newest, active):
    assert texts.activity(replace(_PLAIN, **changes), newest) == active
