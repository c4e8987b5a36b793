"""Calls of both clients: what is sent, what is tried again, what an error is."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from support.peer import ACCEPTED, UNAVAILABLE, bulk

from notify_server.client import (
    EVERYONE,
    AuthenticationError,
    Client,
    ClientError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    Sent,
    ServerError,
    SetupError,
    UnavailableError,
    UnreachableError,
    namespace,
    role,
    room,
    user,
)
from notify_server.client.errors import family, to_error
from notify_server.client.flow import ATTEMPTS, encode
from notify_server.domain import errors as domain
from notify_server.domain.errors import Code
from notify_server.wire.errors import ROWS

SENT = Sent(ACCEPTED["id"], "accepted", 1)


async def test_send_posts_the_body_with_key_and_an_idempotency_key(peer, using):
    until = datetime(2030, 1, 31, 12, tzinfo=UTC)
    sent = await using(
        lambda client: client.send(
            ["42", role("ADMIN"), room("r"), user("7")], "T", "M", type="warning",
            priority="high", expires_at=until, tags=("a", "b"), sender=None,
        )
    )  # fmt: skip
    assert sent == SENT
    ((method, path, headers, body),) = peer.calls
    assert (method, path) == ("POST", "/api/v1/notifications")
    assert headers["Authorization"] == "Bearer k"
    assert headers["Idempotency-Key"].startswith("py-")
    assert body == {
        "to": ["42", {"role": "ADMIN"}, {"room": "r"}, {"user": "7"}],
        "title": "T", "message": "M", "type": "warning", "priority": "high",
        "expires_at": "2030-01-31T12:00:00.000Z", "tags": ["a", "b"],
    }  # fmt: skip


async def test_send_takes_a_duration_and_a_key_of_its_own(peer, using):
    ttl = timedelta(minutes=2)
    await using(lambda c: c.send(EVERYONE, "T", "M", ttl_s=ttl, idempotency_key="mine"))
    _, _, headers, body = peer.calls[0]
    assert headers["Idempotency-Key"] == "mine"
    assert (body["to"], body["ttl_s"]) == ({"all": True}, 120)
    assert namespace("/admin") == {"namespace": "/admin"}


async def test_send_with_an_unknown_field_is_a_type_error(peer, using):
    with pytest.raises(TypeError, match="unknown field titel"):
        await using(lambda client: client.send("42", "T", "M", titel="x"))
    assert peer.calls == []


async def test_call_that_fails_for_now_is_made_again_with_the_same_key(peer, using):
    peer.answers = [
        (503, UNAVAILABLE, {"Retry-After": "7"}),
        (429, {"code": "RATE_LIMITED"}, {"Retry-After": "3"}),
        (409, {"code": "IDEMPOTENCY_RUNNING"}, {}),
        None,
        (202, ACCEPTED, {"Idempotency-Replay": "true"}),
    ]
    sent = await using(lambda client: client.send("42", "T", "M"))
    assert sent == Sent(ACCEPTED["id"], "accepted", 1, replayed=True)
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in peer.calls}) == 1
    assert len(peer.calls) == 5
    assert 7 < peer.pauses[0] <= 8
    assert 3 < peer.pauses[1] <= 5


async def test_call_that_never_comes_through_ends_with_its_error(peer, using):
    peer.answers = [(503, UNAVAILABLE, {"Retry-After": "1"})]
    with pytest.raises(UnavailableError, match="Going down") as caught:
        await using(lambda client: client.send("42", "T", "M"))
    assert len(peer.calls) == ATTEMPTS
    assert caught.value.retryable
    assert caught.value.retry_after_s == 1


async def test_refusal_is_not_tried_again_and_has_its_paths(peer, using):
    fault = {"path": "to[0].user", "message": "must not be empty"}
    peer.answers = [(422, {"code": "INVALID", "detail": "Bad.", "errors": [fault]}, {})]
    with pytest.raises(InvalidRequestError, match=r"Bad\.") as caught:
        await using(lambda client: client.send("", "T", "M"))
    assert len(peer.calls) == 1
    assert [(e.path, e.message) for e in caught.value.errors] == [tuple(fault.values())]
    assert not caught.value.retryable


async def test_server_that_is_away_is_unreachable(using):
    with pytest.raises(UnreachableError, match="No server answers"):
        await using(lambda c: c.call("GET", "/health/live"), url="http://127.0.0.1:1")


async def test_server_that_is_silent_is_unavailable(peer, using):
    peer.answers = [None]
    with pytest.raises(UnavailableError, match="the connection broke"):
        await using(lambda client: client.call("GET", "/x"))


async def test_something_that_is_no_notify_server_is_a_sentence(peer, using):
    peer.answers = [(404, ["what?"], {}), (200, {}, {})]
    with pytest.raises(NotFoundError, match="answered 404"):
        await using(lambda client: client.call("GET", "/x"))
    with pytest.raises(ServerError, match="is this a notify-server"):
        await using(lambda client: client.send("1", "T", "M"))


async def test_url_that_is_none_is_refused_before_any_call(using):
    for url in ("nonsense", "ftp://x", "http://127.0.0.1:port"):
        with pytest.raises(SetupError, match="is no URL"):
            await using(lambda client: client.call("GET", "/x"), url=url)


async def test_replace_cancel_get_and_explain_call_their_paths(peer, using):
    peer.answers = [
        (202, ACCEPTED, {}),
        (200, {"id": "a/b", "stopped": 2, "removed": 1}, {}),
        (200, {"notification": {"title": "T"}}, {}),
        (200, {"recipients": {}}, {}),
    ]
    await using(lambda client: client.replace("a/b", "T", "M"))
    done = await using(lambda client: client.cancel("a/b"))
    assert (done.stopped, done.removed) == (2, 1)
    assert await using(lambda client: client.get("a/b")) == {"title": "T"}
    await using(lambda client: client.explain("a/b", user="4 2"))
    assert [(method, path) for method, path, *_ in peer.calls] == [
        ("PUT", "/api/v1/notifications/a%2Fb"),
        ("POST", "/api/v1/notifications/a%2Fb/cancel"),
        ("GET", "/api/v1/admin/notifications/a%2Fb?limit=1"),
        ("GET", "/api/v1/admin/notifications/a%2Fb?user=4+2"),
    ]
    assert "to" not in peer.calls[0][3]


async def test_user_messages_and_system_alerts_have_their_defaults(peer, using):
    await using(lambda client: client.send_user_message("42", "Hello"))
    await using(lambda client: client.send_system_alert("Disk full", priority="urgent"))
    first, second = (body for *_, body in peer.calls)
    assert first == {"to": "42", "title": "Message", "message": "Hello", "type": "info"}
    assert second == {
        "to": {"role": "ADMIN"}, "title": "System alert", "message": "Disk full",
        "type": "alert", "priority": "urgent",
    }  # fmt: skip


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": "\ud800"}, {"x": object()}])
def test_body_that_is_no_json_is_an_invalid_request(body):
    with pytest.raises(InvalidRequestError, match="cannot be sent as JSON"):
        encode(body)


FAMILIES = {
    AuthenticationError: ({"TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "KEY_INVALID"}, 401),
    ForbiddenError: ({"FORBIDDEN", "FORBIDDEN_NAMESPACE"}, 403),
    NotFoundError: ({"NOT_FOUND"}, 404),
    ConflictError: ({"CONFLICT", "IDEMPOTENCY_RUNNING"}, None),
    RateLimitedError: ({"RATE_LIMITED"}, 429),
    UnavailableError: ({"UNAVAILABLE"}, 503),
    ServerError: ({"INTERNAL"}, 500),
}


@pytest.mark.parametrize("code", Code)
def test_each_code_has_its_class_and_knows_whether_to_try_again(code):
    wanted = [cls for cls, (names, _) in FAMILIES.items() if code in names]
    error = to_error({"code": str(code), "detail": "Why."}, retry_after_s=3)
    assert type(error) is (wanted[0] if wanted else InvalidRequestError) is family(code)
    assert (error.code, str(error), error.retry_after_s) == (code, "Why.", 3)
    assert error.retryable is ROWS[code].retryable
    assert isinstance(error, domain.NotifyError)
    assert type(pickle.loads(pickle.dumps(error))) is type(error)


@pytest.mark.parametrize(("family", "status"), [(f, s) for f, (_, s) in FAMILIES.items() if s])
def test_answer_without_a_code_is_read_by_its_status(family, status):
    assert type(to_error({}, status)) is family


def test_error_of_an_unknown_code_is_still_one():
    assert isinstance(to_error({"code": "NEW_THING", "title": "New"}, 418), ClientError)


async def test_another_key_is_used_over_the_same_connections(peer, using):
    await using(lambda client: client.with_key("other").call("GET", "/x"))
    assert peer.calls[0][2]["Authorization"] == "Bearer other"


async def pieces(client, path):
    return b"".join([piece async for piece in client.download(path)])


async def test_download_comes_in_pieces_and_a_refusal_is_typed(peer, using):
    def work(client):
        if isinstance(client, Client):
            return b"".join(client.download("/export"))
        return pieces(client, "/export")

    peer.answers = [(200, {"data": "x" * 200_000}, {}), (404, {"code": "NOT_FOUND"}, {})]
    assert len(await using(work)) > 200_000
    with pytest.raises(NotFoundError):
        await using(work)
    with pytest.raises(UnreachableError):
        await using(work, url="http://127.0.0.1:1")


async def test_batch_that_is_refused_whole_is_raised(peer, using):
    peer.answers = [bulk(lambda title: None), (401, {"code": "KEY_INVALID"}, {})]
    items = [{"to": "x", "title": "a", "message": "m"}]
    (one,) = await using(lambda client: client.send_batch(items))
    assert one.sent.id == "id-a"
    with pytest.raises(AuthenticationError):
        await using(lambda client: client.send_batch(items))
