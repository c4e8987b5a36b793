"""Explanations, read from what a real store keeps: attempts, confirmations, what is due next."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from doubles.recording_emitter import RecordingEmitter

from notify_server.app.lines import build_line
from notify_server.domain.errors import NotFoundError
from notify_server.domain.explanation import Next, Upcoming
from notify_server.domain.notification import Content, Submission
from notify_server.domain.reasons import SENTENCES, Reason
from notify_server.domain.receipt import Ack, AckVia, Attempt, Delivery, Step
from notify_server.domain.settings import CompatSettings, Settings
from notify_server.domain.target import EVERYONE, Position, Targets, UserRecord, Watermark
from notify_server.kit.aio import Background
from notify_server.kit.clock import ManualClock
from notify_server.stores.sqlite.store import SqliteStore
from notify_server.wire.explanation import explanation_to_wire

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def store(tmp_path, clock):
    store = SqliteStore(tmp_path / "notify.db", clock)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def explanations(store, clock):
    background = Background()
    line = build_line(Settings(), store, RecordingEmitter(), background, clock, Random(1))
    yield line.explanations
    await background.close()


async def accept(store, *users, audiences=()):
    targets = Targets(tuple(sorted(users)), tuple(audiences))
    submission = Submission(targets, Content("T", "M"), "key:1", timedelta(days=1))
    [accepted] = await store.accept([submission])
    return accepted.notification


async def tried(store, notification, user, *rows):
    """Keep attempts as (seconds after acceptance, number, outcome, reason)."""
    await store.add_attempts(
        [
            Attempt(user, notification.id, notification.revision, number,
                    notification.created_at + seconds * SECOND, outcome, reason)
            for seconds, number, outcome, reason in rows
        ]
    )  # fmt: skip


async def confirmed(store, notification, user, at, rtt_ms=20, via=AckVia.ACK, session="s1"):
    [entry] = await store.entries(user, [notification.id])
    ack = Ack(session, notification.revision, notification.created_at + at * SECOND, rtt_ms, via)
    await store.record_deliveries([Delivery(entry.receipt, ack)])


async def only(explanations, notification, user="42"):
    [recipient] = (await explanations.explain(notification.id, user)).recipients
    return recipient


def told(recipient):
    return [(a.number, a.outcome, a.reason, a.session) for a in recipient.attempts]


async def test_explain_unknown_is_not_found(explanations):
    with pytest.raises(NotFoundError):
        await explanations.explain("nope")


async def test_explain_nothing_happened_yet_tells_what_it_waits_for(store, explanations):
    notification = await accept(store, "42")
    recipient = await only(explanations, notification)
    assert (recipient.state.status, recipient.attempts) == ("pending", ())
    assert recipient.why is Reason.OFFLINE
    assert recipient.next == Next(Upcoming.WAIT, notification.created_at + timedelta(days=3))


async def test_explain_first_success_is_read_from_the_receipt(store, explanations):
    notification = await accept(store, "42")
    await confirmed(store, notification, "42", at=1)
    recipient = await only(explanations, notification)
    assert told(recipient) == [(1, "delivered", Reason.LIVE, "s1")]
    assert recipient.attempts[0].round_trip_ms == 20
    assert (recipient.delivered_via, recipient.next) == (AckVia.ACK, Next(Upcoming.NOTHING))


async def test_explain_retry_that_succeeds_has_its_number_and_reason(store, explanations):
    notification = await accept(store, "42")
    await tried(store, notification, "42", (15, 1, "failed", Reason.NO_ACK),
                (17, 2, "sent", Reason.RETRY))  # fmt: skip
    await confirmed(store, notification, "42", at=18)
    assert told(await only(explanations, notification)) == [
        (1, "failed", Reason.NO_ACK, None),
        (2, "sent", Reason.RETRY, None),
        (2, "delivered", Reason.RETRY, "s1"),
    ]


async def test_explain_late_ack_of_the_first_frame_is_the_first_attempt(store, explanations):
    """The frame left before the retry did: its round trip says so."""
    notification = await accept(store, "42")
    await tried(store, notification, "42", (15, 1, "failed", Reason.NO_ACK),
                (17, 2, "sent", Reason.RETRY))  # fmt: skip
    await confirmed(store, notification, "42", at=20, rtt_ms=20_000)
    assert told(await only(explanations, notification))[-1] == (
        1, "delivered", Reason.LIVE, "s1",
    )  # fmt: skip


async def test_explain_delivery_on_return_is_a_replay(store, explanations):
    notification = await accept(store, "42", "43")
    await confirmed(store, notification, "42", at=3_600)
    assert told(await only(explanations, notification)) == [(1, "delivered", Reason.REPLAY, "s1")]
    await tried(store, notification, "43", (15, 1, "failed", Reason.NO_ACK))
    await confirmed(store, notification, "43", at=3_600, via=AckVia.PONG)
    assert told(await only(explanations, notification, "43"))[-1] == (
        2, "delivered", Reason.REPLAY, "s1",
    )  # fmt: skip


async def test_explain_reminders_are_no_attempts_of_delivery(store, explanations):
    notification = await accept(store, "42")
    await tried(store, notification, "42", (60, 1, "sent", Reason.REMINDER),
                (120, 1, "failed", Reason.NOT_ACKNOWLEDGED))  # fmt: skip
    await confirmed(store, notification, "42", at=200, session="s2")
    assert told(await only(explanations, notification))[-1][:3] == (1, "delivered", Reason.REPLAY)


async def test_explain_read_mark_counts_as_read(store, explanations, clock):
    notification = await accept(store, "42")
    clock.advance(SECOND)
    mark = Watermark(Position(notification.created_at, notification.id), clock.now())
    record = UserRecord("42", notification.created_at, read_marks={"/": mark})
    assert await store.save_user(record)
    recipient = await only(explanations, notification)
    assert (recipient.state.read_at, recipient.state.status) == (clock.now(), "delivered")


async def test_explain_summary_counts_and_pages_do_not(store, explanations):
    notification = await accept(store, *(f"u{n}" for n in range(5)))
    await confirmed(store, notification, "u0", at=1)
    page = await explanations.explain(notification.id, limit=2)
    assert (page.summary["total"], page.summary["delivered"], page.summary["pending"]) == (5, 1, 4)
    assert ([r.user for r in page.recipients], page.has_more) == (["u0", "u1"], True)
    last = await explanations.explain(notification.id, after_user="u2", limit=2)
    assert ([r.user for r in last.recipients], last.has_more) == (["u3", "u4"], False)


async def test_explain_audience_tells_its_targets(store, explanations):
    notification = await accept(store, audiences=[EVERYONE])
    explained = await explanations.explain(notification.id, "42")
    assert explanation_to_wire(explained, CompatSettings())["targets"] == {
        "to": [{"all": True}], "exclude": [],
    }  # fmt: skip


async def test_explain_closed_is_told_with_its_sentence(store, explanations):
    notification = await accept(store, "42")
    [entry] = await store.entries("42", [notification.id])
    closed = replace(entry.receipt, closed=Reason.POISON, attempts=3, step=Step.IDLE, due_at=None)
    assert await store.save([closed]) == []
    wire = explanation_to_wire(await explanations.explain(notification.id), CompatSettings())
    [recipient] = wire["recipients"]["items"]
    assert (recipient["status"], recipient["next"]["step"]) == ("failed", "nothing")
    assert recipient["closed"] == {"reason": "poison", "sentence": SENTENCES[Reason.POISON]}


def test_every_reason_has_a_sentence():
    assert set(SENTENCES) == set(Reason)
