"""send_progress_update: one notification that is throttled, and ends with the outcome."""

import random
from datetime import timedelta

import pytest
from support.peer import ACCEPTED, UNAVAILABLE

from notify_server.client import Client, InvalidRequestError, UnavailableError
from notify_server.client.progress import Plan, Progress
from notify_server.kit.clock import ManualClock


def bodies(peer):
    return [(body["type"], body["message"], body["data"]["percent"]) for *_, body in peer.calls]


async def with_progress(using, work, **options):
    """``work(progress, update)`` in the block of either client."""

    def start(client):
        made = client.send_progress_update("42", "Export", **options)
        if not isinstance(client, Client):
            return _in_async(made, work)
        with made as progress:
            for step in work(progress):
                progress.update(*step)
        return made

    return await using(start)


async def _in_async(made, work):
    async with made as progress:
        for step in work(progress):
            await progress.update(*step)
    return made


async def test_progress_is_one_notification_that_ends_as_a_success(peer, using):
    steps = [(10, "ten"), (50,), (250, "over")]
    made = await with_progress(using, lambda p: steps, every_s=0, data={"job": "e1"}, tags=["x"])
    assert bodies(peer) == [
        ("progress_update", "Started", None), ("progress_update", "ten", 10),
        ("progress_update", "Started", 50), ("progress_update", "over", 100.0),
        ("success", "Done", 100.0),
    ]  # fmt: skip
    assert len({body["collapse_key"] for *_, body in peer.calls}) == 1
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in peer.calls}) == 5
    assert all(body["data"]["job"] == "e1" for *_, body in peer.calls)
    assert made.sent.id == ACCEPTED["id"]


async def test_progress_that_is_told_more_often_than_agreed_leaves_updates_out(peer, using):
    await with_progress(using, lambda p: [(n,) for n in range(100)], every_s=3600)
    assert bodies(peer) == [("progress_update", "Started", None), ("success", "Done", 100.0)]


async def test_progress_after_an_exception_ends_as_an_error_without_its_text(peer, using):
    def broken(progress):
        yield (30,)
        raise ValueError("a secret")

    with pytest.raises(ValueError, match="a secret"):
        await with_progress(using, broken, every_s=0, failed="The export failed.")
    assert bodies(peer)[-1] == ("error", "The export failed.", 30)
    assert "secret" not in str(peer.calls)


async def test_progress_may_end_with_words_of_its_own(peer, using):
    def well(progress):
        progress.finish("12 rows")
        return []

    def badly(progress):
        progress.fail("no rows")
        return []

    await with_progress(using, well)
    await with_progress(using, badly, collapse_key="mine")
    assert bodies(peer)[1] == ("success", "12 rows", 100.0)
    assert bodies(peer)[3] == ("error", "no rows", None)
    assert peer.calls[3][3]["collapse_key"] == "mine"


async def test_update_that_is_not_taken_for_now_does_not_stop_the_work(peer, using):
    busy = (503, UNAVAILABLE, {})
    peer.answers = [(202, ACCEPTED, {}), busy, busy, (202, ACCEPTED, {})]
    await with_progress(using, lambda p: [(10,)], every_s=0)
    assert len(peer.calls) == 4
    assert len(peer.pauses) == 1, "the update is tried once, the end as often as any call"
    assert bodies(peer)[-1][0] == "success"


async def test_update_that_is_refused_for_good_is_raised(peer, using):
    bad = (422, {"code": "INVALID", "errors": [{"path": "message", "message": "long"}]}, {})
    peer.answers = [(202, ACCEPTED, {}), bad, (202, ACCEPTED, {})]
    with pytest.raises(InvalidRequestError):
        await with_progress(using, lambda p: [(10,)], every_s=0)
    assert bodies(peer)[-1][0] == "error"


async def test_exception_of_the_work_is_not_hidden_by_a_server_that_is_away(peer, using):
    peer.answers = [(202, ACCEPTED, {}), (503, UNAVAILABLE, {})]

    def broken(progress):
        raise ValueError("first")

    with pytest.raises(ValueError, match="first") as caught:
        await with_progress(using, broken)
    assert "Going down" in caught.value.__notes__[0]
    peer.answers = [(202, ACCEPTED, {}), (503, UNAVAILABLE, {})]
    with pytest.raises(UnavailableError):
        await with_progress(using, lambda p: [])


def test_updates_are_due_by_the_clock():
    clock, sent = ManualClock(), []

    def run(flow):
        try:
            call = next(flow)
        except StopIteration:
            return
        sent.append(call)
        flow.close()

    plan = Plan("42", "T", "Started", "Done", "Failed", 1.0)
    with Progress(plan, run, 2, random.Random(0), clock) as progress:
        for _ in range(20):
            clock.advance(timedelta(milliseconds=250))
            progress.update(1)
    assert len(sent) == 1 + 5 + 1
