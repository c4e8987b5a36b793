"""Submitting over HTTP: answers, idempotency, bodies that are refused before they are parsed."""

import asyncio
import io

import pytest

BODY = {"title": "T", "message": "M"}
ONE = {"to": "42", **BODY}


async def test_submit_answers_202_with_id_and_revision(service):
    answer = await service.call("POST", "/notifications", ONE, bearer=service.keys["send"])
    assert answer.status == 202
    assert answer.body.keys() == {"id", "status", "revision"}
    assert (answer.body["status"], answer.body["revision"]) == ("accepted", 1)
    assert "Idempotency-Replay" not in answer.headers


async def test_submit_transient_says_so(service):
    answer = await service.call("POST", "/notifications/", {**ONE, "persist": False})
    assert (answer.status, answer.body["status"]) == (202, "transient")


async def test_submit_same_key_replays_and_another_body_is_refused(service):
    headers = {"Idempotency-Key": "k 1"}
    first = await service.call("POST", "/notifications", ONE, headers=headers)
    second = await service.call("POST", "/notifications", ONE, headers=headers)
    assert (second.status, second.body) == (202, first.body)
    assert second.headers["Idempotency-Replay"] == "true"
    other = await service.call("POST", "/notifications", {**ONE, "title": "X"}, headers=headers)
    assert (other.status, other.code) == (422, "IDEMPOTENCY_MISMATCH")


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\tb"])
async def test_submit_bad_idempotency_key_is_400(service, key):
    answer = await service.call(
        "POST", "/notifications", ONE, headers={"Idempotency-Key": key.encode().decode("latin-1")}
    )
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


async def test_submit_faults_are_a_problem_document_with_every_path(service):
    answer = await service.call("POST", "/notifications", {"to": [{"role": 1}], "x": 1})
    assert answer.status == 422
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.body["status"] == 422
    assert sorted(answer.paths) == ["message", "title", "to[0].role", "x"]


async def test_submit_nobody_left_is_422(service):
    answer = await service.call("POST", "/notifications", {**ONE, "exclude": ["42"]})
    assert (answer.status, answer.code) == (422, "NOBODY_LEFT")


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "BAD_REQUEST"),
        (b"{", 400, "BAD_REQUEST"),
        (b"[1e999]", 400, "BAD_REQUEST"),
        (b'{"to":"1","to":"2"}', 422, "INVALID"),
        (b"[" * 2_000 + b"]" * 2_000, 422, "INVALID"),
        (b'"' + b"x" * 65_536 + b'"', 413, "TOO_LARGE"),
    ],
)
async def test_submit_bad_body_has_its_code(service, raw, status, code):
    answer = await service.call("POST", "/notifications", raw=raw)
    assert (answer.status, answer.code) == (status, code)


async def test_submit_chunked_body_over_the_limit_is_413(service):
    async def chunks():
        for _ in range(70):
            yield b" " * 1_024

    answer = await service.call("POST", "/notifications", raw=chunks())
    assert (answer.status, answer.code) == (413, "TOO_LARGE")
    assert (await service.call("POST", "/notifications", ONE)).status == 202


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
async def test_submit_other_content_type_is_415(service, kind):
    answer = await service.call("POST", "/notifications", raw=b"{}", headers={"Content-Type": kind})
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_submit_compressed_body_is_415(service):
    """A bomb of zeros would pass a limit on what is sent."""
    headers = {"Content-Encoding": "gzip"}
    answer = await service.call("POST", "/notifications", raw=b"{}", headers=headers)
    assert answer.status in (400, 415)


@pytest.mark.parametrize(
    ("to", "key", "status"),
    [
        ("42", "send", 202), ({"room": "r"}, "send", 202), ({"role": "R"}, "send", 403),
        ({"all": True}, "send", 403), ({"namespace": "/admin"}, "send", 403),
        ({"all": True}, "broadcast", 202), ({"role": "R"}, "admin", 202), ("42", "read", 403),
    ],
)  # fmt: skip
async def test_submit_scope_decides_which_targets(service, to, key, status):
    """S26."""
    body = {"to": to, **BODY}
    answer = await service.call("POST", "/notifications", body, bearer=service.keys[key])
    assert answer.status == status, answer


async def test_submit_token_needs_a_role_that_may_send(service):
    plain, admin = service.token("7"), service.token("8", "ADMIN")
    assert (await service.call("POST", "/notifications", ONE, bearer=plain)).code == "FORBIDDEN"
    everyone = {"to": {"all": True}, **BODY}
    assert (await service.call("POST", "/notifications", everyone, bearer=admin)).status == 202


async def test_replace_makes_a_revision_and_takes_no_targets(service):
    sent = await service.submit("42")
    answer = await service.call("PUT", f"/notifications/{sent}", BODY)
    assert (answer.status, answer.body["revision"], answer.body["id"]) == (202, 2, sent)
    refused = await service.call("PUT", f"/notifications/{sent}/", ONE)
    assert (refused.status, refused.paths) == (422, ["to"])


async def test_replace_another_callers_is_the_same_404_as_an_unknown_one(service):
    sent = await service.submit("42")
    key = service.keys["send"]
    foreign = await service.call("PUT", f"/notifications/{sent}", BODY, bearer=key)
    unknown = await service.call("PUT", "/notifications/nope", BODY, bearer=key)
    assert foreign.status == 404
    assert foreign.body == unknown.body


async def test_cancel_answers_both_numbers(service):
    sent = await service.submit(["42", "43"])
    answer = await service.call("POST", f"/notifications/{sent}/cancel")
    assert answer.body == {"id": sent, "stopped": 2, "removed": 0}
    again = await service.call("PUT", f"/notifications/{sent}", BODY)
    assert (again.status, again.code) == (409, "CONFLICT")


async def test_bulk_bad_item_refuses_itself_alone(service):
    items = [ONE, {"to": [], **BODY}, {**ONE, "idempotency_key": "k"}, 5]
    answer = await service.call("POST", "/notifications/bulk", {"items": items})
    assert answer.status == 202
    done = answer.body["items"]
    assert [item["index"] for item in done] == [0, 1, 2, 3]
    assert [item["status"] for item in done] == ["accepted", "rejected", "accepted", "rejected"]
    assert done[1]["error"]["errors"][0]["path"] == "items[1].to"
    assert "id" not in done[1]


async def test_bulk_replay_makes_nothing_twice(service):
    body = {"items": [ONE, ONE]}
    headers = {"Idempotency-Key": "bulk"}
    first = await service.call("POST", "/notifications/bulk", body, headers=headers)
    second = await service.call("POST", "/notifications/bulk/", body, headers=headers)
    ids = [[item["id"] for item in answer.body["items"]] for answer in (first, second)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2
    assert second.headers["Idempotency-Replay"] == "true"


async def test_bulk_over_its_limits_is_refused_whole(service):
    many = await service.call("POST", "/notifications/bulk", {"items": [ONE] * 1_001})
    assert (many.status, many.paths) == (422, ["items"])
    wide = [{"to": ["u"] * 500, **BODY}] * 21
    named = await service.call("POST", "/notifications/bulk", {"items": wide})
    assert (named.status, named.paths) == (422, ["items"])
    large = await service.call("POST", "/notifications/bulk", raw=io.BytesIO(b" " * 1_048_577))
    assert large.status == 413


async def test_bulk_of_a_thousand_is_taken_while_others_are_served(service):
    bulk = asyncio.create_task(
        service.call("POST", "/notifications/bulk", {"items": [ONE] * 1_000})
    )
    assert (await service.call("GET", "!/health/live")).status == 200
    answer = await bulk
    assert {item["status"] for item in answer.body["items"]} == {"accepted"}
    assert len({item["id"] for item in answer.body["items"]}) == 1_000
