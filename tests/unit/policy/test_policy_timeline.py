"""Timelines: what is kept of a notification and a person, in the order in which it happened."""

from dataclasses import replace

from support.facts import NOW, RULES, S, entry, note

from notify_server.domain.explanation import Event
from notify_server.domain.reasons import Reason
from notify_server.domain.receipt import Ack, AckVia, Attempt, Entry
from notify_server.policy.state import state_of
from notify_server.policy.timeline import delivered_via, explained_attempts, happenings

ONE = note("ann")


def told(what, kept=(), sent=(), now=NOW):
    receipt = what.receipt
    attempts = explained_attempts(what.notification, receipt, kept) if receipt else ()
    state = state_of(what, None, RULES.waits, now)
    return [
        ((h.at - NOW) / S, str(h.event), h.attempt and str(h.attempt.reason))
        for h in happenings(what, state, attempts, sent, now)
    ]


def tried(seconds, number, outcome, reason):
    return Attempt("ann", "n1", 1, number, NOW + seconds * S, outcome, reason)


def acked(seconds, rtt_ms, via=AckVia.ACK):
    return Ack("s1", 1, NOW + seconds * S, rtt_ms, via)


def test_timeline_of_a_member_to_whom_nothing_happened():
    assert told(Entry(ONE, None)) == [(0, "accepted", None)]


def test_timeline_of_a_first_success_has_the_frame_that_nothing_was_kept_of():
    one = entry(ONE, delivered_at=NOW + S, delivered_revision=1, acks=(acked(1, 500),))
    assert told(one) == [
        (0, "accepted", None), (0.5, "sent", "live"), (1, "delivered", "live"),
    ]  # fmt: skip


def test_timeline_of_a_retry_has_each_frame_once():
    one = entry(ONE, delivered_at=NOW + 18 * S, delivered_revision=1, acks=(acked(18, 1000),))
    kept = [tried(15, 1, "failed", Reason.NO_ACK), tried(17, 2, "sent", Reason.RETRY)]
    assert told(one, kept) == [
        (0, "accepted", None), (15, "failed", "no_ack"), (17, "sent", "retry"),
        (18, "delivered", "retry"),
    ]  # fmt: skip


def test_timeline_has_what_is_on_its_way():
    one = entry(ONE, version=1)
    assert told(one, sent=[("s1", NOW + S)])[-1] == (1, "sent", "live")
    assert told(one, sent=[("s1", NOW + 60 * S)])[-1] == (60, "sent", "replay")
    kept = [tried(15, 1, "failed", Reason.NO_ACK), tried(17, 2, "sent", Reason.RESENT)]
    assert told(one, kept, sent=[("s1", NOW + 17 * S)])[-1] == (17, "sent", "resent")


def test_timeline_of_what_a_list_delivered_and_the_person_did():
    one = entry(
        ONE, delivered_at=NOW + S, delivered_revision=1, seen_at=NOW + 2 * S, read_at=NOW + 3 * S,
        clicked_at=NOW + 3 * S, dismissed_at=NOW + 4 * S, deleted_at=NOW + 5 * S,
    )  # fmt: skip
    assert [event for _, event, _ in told(one)] == [
        "accepted", "delivered", "seen", "read", "clicked", "dismissed", "deleted",
    ]  # fmt: skip
    assert delivered_via(one.receipt) is AckVia.LIST
    acted = replace(one.receipt, seen_at=NOW + S)
    assert delivered_via(acted) is AckVia.STATE


def test_timeline_tells_revision_and_that_it_began_anew():
    revised = note("ann", revision=2, revised_at=NOW + S)
    one = entry(revised, push_at=NOW + 9 * S)
    assert [event for _, event, _ in told(one)] == ["accepted", "revised", "renewed"]


def test_timeline_ends_with_what_ended_it():
    cancelled = note("ann", cancelled_at=NOW + S, expires_at=NOW + 2 * S)
    assert told(Entry(cancelled, None), now=NOW + 9 * S)[-1] == (1, "cancelled", None)
    expiring = note("ann", expires_at=NOW + 2 * S)
    assert told(Entry(expiring, None))[-1][1] == "accepted"
    assert told(Entry(expiring, None), now=NOW + 2 * S)[-1] == (2, "expired", None)


def test_timeline_events_are_in_the_order_of_the_list_at_one_moment():
    one = entry(ONE, delivered_at=NOW, delivered_revision=1, seen_at=NOW, read_at=NOW)
    assert [event for _, event, _ in told(one)] == [
        Event.ACCEPTED, Event.DELIVERED, Event.SEEN, Event.READ,
    ]  # fmt: skip
