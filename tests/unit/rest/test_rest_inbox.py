"""A person's list over HTTP: paging, filters, verbs, and that nobody reaches another's (S12)."""

from datetime import timedelta

import pytest

BODY = {"title": "T", "message": "M"}


async def ids(service, token, query=""):
    answer = await service.call("GET", f"/notifications{query}", bearer=token)
    assert answer.status == 200, answer
    return [item["id"] for item in answer.body["items"]]


async def test_list_pages_newest_first_with_opaque_cursors(service):
    sent = []
    for _ in range(5):
        sent.append(await service.submit("42"))
        service.clock.advance(timedelta(seconds=1))
    token = service.token("42")
    first = await service.call("GET", "/notifications/?limit=2", bearer=token)
    assert [item["id"] for item in first.body["items"]] == [sent[4], sent[3]]
    assert first.body["meta"] == {
        "total_count": 5, "more": False, "unread_count": 5, "unseen_count": 5,
    }  # fmt: skip
    info = first.body["page_info"]
    assert info["has_more"]
    assert await ids(service, token, f"?limit=2&before={info['before']}") == [sent[2], sent[1]]
    assert await ids(service, token, f"?after={info['before']}") == [sent[4]]


async def test_list_filters_are_read_of_the_query_string(service):
    high = await service.submit("42", priority="high", tags=["a"], source="s", title="Tea time")
    await service.submit("42", priority="low")
    token = service.token("42")
    for query in (
        "?min_priority=high",
        "?tag=a",
        "?source=s",
        "?q=TEA",
        "?min_priority=high&tag=a",
    ):
        assert await ids(service, token, query) == [high]


@pytest.mark.parametrize(
    ("query", "path"),
    [("?limit=0", "limit"), ("?limit=x", "limit"), ("?unread=yes", "unread"), ("?foo=1", "foo"),
     ("?type[$ne]=x", "type[$ne]"), ("?type=a&type=b", "type"), ("?before=xyz", "before"),
     ("?namespace=/nowhere", "namespace")],
)  # fmt: skip
async def test_list_fault_in_the_query_is_422_with_its_path(service, query, path):
    """S18: operators are no names of fields."""
    answer = await service.call("GET", f"/notifications{query}", bearer=service.token("42"))
    assert (answer.status, answer.paths) == (422, [path])


async def test_list_of_a_line_needs_its_role(service):
    sent = await service.submit({"namespace": "/admin"})
    service.clock.advance(timedelta(seconds=1))
    admin = service.token("1", "ADMIN")
    assert await ids(service, admin, "?namespace=/admin") == []
    service.clock.advance(timedelta(seconds=1))
    later = await service.submit({"namespace": "/admin"})
    assert await ids(service, admin, "?namespace=/admin") == [later]
    assert sent != later
    for path in ("/notifications?namespace=/admin", "/notifications/unread-count?namespace=/admin"):
        refused = await service.call("GET", path, bearer=service.token("2"))
        assert (refused.status, refused.code) == (403, "FORBIDDEN_NAMESPACE")


async def test_single_foreign_and_unknown_are_the_same_404(service):
    sent = await service.submit("42")
    thief = service.token("43")
    own = await service.call("GET", f"/notifications/{sent}", bearer=service.token("42"))
    assert (own.status, own.body["id"], own.body["status"]) == (200, sent, "delivered")
    unknown = "01890000-0000-7000-8000-000000000000"
    for method, tail in [
        ("GET", ""), ("DELETE", ""), ("POST", "/mark-read"), ("POST", "/acknowledge/"),
    ]:  # fmt: skip
        answers = [
            await service.call(method, f"/notifications/{one}{tail}", bearer=thief)
            for one in (sent, unknown, "x" * 200, "%00")
        ]
        assert [a.status for a in answers] == [404] * 4
        assert all(a.body == answers[0].body for a in answers)


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("mark-read", None, "read_at"), ("mark-seen", {}, "seen_at"),
        ("acknowledge", None, "acknowledged_at"), ("dismiss", None, "dismissed_at"),
        ("pin", None, "pinned_at"), ("clicked", {"action": "open"}, "clicked_at"),
        ("snooze", {"for_s": 60}, "snoozed_until"),
    ],
)  # fmt: skip
async def test_verb_changes_its_field_and_is_idempotent(service, verb, body, field):
    sent = await service.submit("42", requires_acknowledgment=True)
    token = service.token("42")
    for tail in ("", "/"):
        path = f"/notifications/{sent}/{verb}{tail}"
        answer = await service.call("POST", path, body, bearer=token)
        assert answer.status == 200, answer
    item = await service.call("GET", f"/notifications/{sent}", bearer=token)
    assert item.body[field] is not None


@pytest.mark.parametrize(
    ("there", "back", "field"),
    [("mark-read", "mark-unread", "read_at"), ("pin", "unpin", "pinned_at"),
     ("dismiss", "restore", "dismissed_at")],
)  # fmt: skip
async def test_verb_is_undone(service, there, back, field):
    sent = await service.submit("42")
    token = service.token("42")
    for verb in (there, back):
        await service.call("POST", f"/notifications/{sent}/{verb}", bearer=token)
    item = await service.call("GET", f"/notifications/{sent}", bearer=token)
    assert item.body[field] is None


async def test_verb_with_a_wrong_body_is_422(service):
    sent = await service.submit("42")
    token = service.token("42")
    snooze = await service.call("POST", f"/notifications/{sent}/snooze", bearer=token)
    assert (snooze.status, snooze.paths) == (422, ["until"])
    read = await service.call("POST", f"/notifications/{sent}/mark-read", {"x": 1}, bearer=token)
    assert (read.status, read.paths) == (422, ["x"])
    unknown = await service.call("POST", f"/notifications/{sent}/eat", bearer=token)
    assert unknown.status == 404


async def test_unread_count_and_mark_all_read(service):
    await service.submit("42")
    await service.submit("42", type="warning")
    token = service.token("42")
    count = await service.call("GET", "/notifications/unread-count/", bearer=token)
    assert (count.body["count"], count.body["unseen"]) == (2, 2)
    partly = await service.call(
        "POST", "/notifications/mark-all-read", {"type": "warning"}, bearer=token
    )
    assert partly.body["count"] == 1
    wholly = await service.call("POST", "/notifications/mark-all-read/", bearer=token)
    assert wholly.body["count"] == 0


async def test_batch_tells_changed_and_unknown(service):
    mine, foreign = await service.submit("42"), await service.submit("43")
    body = {"ids": [mine, foreign, "nope"], "action": "delete"}
    answer = await service.call("POST", "/notifications/batch", body, bearer=service.token("42"))
    assert answer.body == {"changed": [mine], "unknown": [foreign, "nope"]}
    assert await ids(service, service.token("42")) == []
    assert await ids(service, service.token("43")) == [foreign]


async def test_delete_is_idempotent_only_until_it_is_gone(service):
    sent = await service.submit(["42", "43"])
    token = service.token("42")
    assert (await service.call("DELETE", f"/notifications/{sent}", bearer=token)).status == 200
    assert await ids(service, token) == []
    assert await ids(service, service.token("43")) == [sent]


async def test_subscriptions_are_read_and_changed(service):
    token = service.token("42")
    before = await service.call("GET", "/subscriptions", bearer=token)
    assert before.body["types"]["info"] == {"subscribed": True, "required": False}
    assert before.body["types"]["security"] == {"subscribed": True, "required": True}
    after = await service.call("PUT", "/subscriptions/", {"types": {"info": False}}, bearer=token)
    assert after.body["types"]["info"]["subscribed"] is False
    await service.submit("42", type="info")
    count = await service.call("GET", "/notifications/unread-count", bearer=token)
    assert count.body["count"] == 0
    for types, path in [({"security": False}, "types.security"), ({"nope": False}, "types.nope")]:
        refused = await service.call("PUT", "/subscriptions", {"types": types}, bearer=token)
        assert (refused.status, refused.paths) == (422, [path])


async def test_inbox_is_not_opened_with_an_api_key(service):
    for path in ("/notifications", "/notifications/unread-count", "/subscriptions"):
        assert (await service.call("GET", path)).code == "FORBIDDEN"
