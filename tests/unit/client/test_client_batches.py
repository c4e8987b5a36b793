"""send_many: the size of its calls, retries item by item, one result for each."""

import json

import pytest
from support.peer import UNAVAILABLE, bulk

from notify_server.client import (
    AuthenticationError,
    InvalidRequestError,
    UnavailableError,
)
from notify_server.client.batches import BATCH_BYTES, Item, batches
from notify_server.client.flow import ATTEMPTS


def items(*titles, **more):
    return [{"to": "x", "title": str(title), "message": "m", **more} for title in titles]


def sizes(peer):
    return [len(body["items"]) for *_, body in peer.calls]


async def test_items_go_in_batches_of_a_thousand_each_with_a_key_of_its_own(peer, using):
    peer.answers = [bulk(lambda title: None)]
    told = []
    many = items(*range(2500))
    results = await using(lambda c: c.send_many(many, progress=lambda *n: told.append(n)))
    assert sizes(peer) == [1000, 1000, 500]
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]
    assert [one.index for one in results] == list(range(2500))
    assert all(one.sent and one.error is None for one in results)
    assert results[1].sent.id == "id-1"
    sent = [item["idempotency_key"] for *_, body in peer.calls for item in body["items"]]
    assert sent == [one.idempotency_key for one in results]
    assert len(set(sent)) == 2500


async def test_items_may_come_from_a_generator_and_bring_their_keys(peer, using):
    peer.answers = [bulk(lambda title: None)]
    told = []
    many = (item | {"idempotency_key": f"mine-{n}"} for n, item in enumerate(items(1, 2)))
    results = await using(lambda c: c.send_many(many, progress=lambda *n: told.append(n)))
    assert [one.idempotency_key for one in results] == ["mine-0", "mine-1"]
    assert told == [(2, None)]


async def test_calls_stay_below_the_limits_of_size_and_of_named_users(peer, using):
    peer.answers = [bulk(lambda title: None)]
    large = items(*range(80), data={"b": "x" * 30_000})
    named = [{"to": [str(n) for n in range(500)], "title": "t", "message": "m"}] * 45
    results = await using(lambda client: client.send_many([*large, *named]))
    assert all(one.sent for one in results)
    for *_, body in peer.calls:
        assert len(json.dumps(body)) < 1_048_576
        users = sum(len(i["to"]) if isinstance(i["to"], list) else 1 for i in body["items"])
        assert users <= 10_000


def test_batch_is_cut_where_the_next_item_would_not_fit():
    half = b"x" * (BATCH_BYTES // 2)
    cut = [[one.place for one in run] for run in batches(Item(n, "", half, 1) for n in range(3))]
    assert cut == [[0], [1], [2]]
    many = (Item(n, "", b"", 4_000) for n in range(5))
    assert [len(run) for run in batches(many)] == [2, 2, 1]


async def test_items_refused_for_now_are_sent_again_alone(peer, using):
    seen = []

    def busy_once(title):
        seen.append(title)
        if title == "2" and seen.count("2") == 1:
            return {"code": "UNAVAILABLE", "message": "busy", "details": {"retry_after_s": 4}}
        return None

    peer.answers = [bulk(busy_once)]
    results = await using(lambda client: client.send_many(items(1, 2, 3)))
    assert all(one.sent for one in results)
    assert sizes(peer) == [3, 1]
    first, again = (body["items"] for *_, body in peer.calls)
    assert again[0]["idempotency_key"] == first[1]["idempotency_key"]
    assert 4 < peer.pauses[0] <= 5


async def test_item_with_faults_is_refused_alone_with_paths_of_its_own(peer, using):
    fault = {"path": "items[1].to[0]", "message": "is unknown"}
    error = {"code": "INVALID", "detail": "items[1].to[0]: is unknown", "errors": [fault]}
    peer.answers = [bulk(lambda title: error if title == "bad" else None)]
    many = [*items("a", "bad"), *items("b", data={"x": float("nan")}), *items("c"), ["no"]]
    good, bad, unspeakable, fine, nothing = await using(lambda c: c.send_many(many))
    assert good.sent
    assert fine.sent
    assert isinstance(bad.error, InvalidRequestError)
    assert [tuple(one) for one in bad.error.errors] == [("to[0]", "is unknown")]
    assert "JSON" in str(unspeakable.error)
    assert "must be an object" in str(nothing.error)
    assert sizes(peer) == [3]


async def test_server_with_narrower_limits_gets_halves(peer, using):
    def at_most_ten(body):
        if len(body["items"]) > 10:
            fault = {"path": "items", "message": "must have 1 to 10 items"}
            return 422, {"code": "INVALID", "errors": [fault]}, {}
        return bulk(lambda title: None)(body)

    peer.answers = [at_most_ten]
    results = await using(lambda client: client.send_many(items(*range(33))))
    assert [one.sent.id for one in results] == [f"id-{n}" for n in range(33)]


async def test_item_that_is_too_large_by_itself_is_refused_alone(peer, using):
    def narrow(body):
        if len(json.dumps(body)) > 2_000:
            return 413, {"code": "TOO_LARGE", "detail": "Too large."}, {}
        return bulk(lambda title: None)(body)

    peer.answers = [narrow]
    many = [*items("a"), *items("big", data={"b": "x" * 3_000}), *items("c")]
    results = await using(lambda client: client.send_many(many))
    assert [bool(one.sent) for one in results] == [True, False, True]
    assert results[1].error.code == "TOO_LARGE"


@pytest.mark.parametrize(
    ("answer", "error", "calls"),
    [((503, UNAVAILABLE, {}), UnavailableError, ATTEMPTS),
     ((401, {"code": "KEY_INVALID"}, {}), AuthenticationError, 1)],
)  # fmt: skip
async def test_call_that_is_refused_whole_ends_the_rest_without_trying(
    peer, using, answer, error, calls
):
    peer.answers = [bulk(lambda title: None), answer]
    results = await using(lambda client: client.send_many(items(*range(3500))))
    assert len(peer.calls) == 1 + calls
    assert sum(one.sent is not None for one in results) == 1000
    assert all(isinstance(one.error, error) for one in results[1000:])
    assert len({one.idempotency_key for one in results}) == 3500


async def test_sending_nothing_calls_nobody(peer, using):
    assert await using(lambda client: client.send_many([])) == []
    assert peer.calls == []
