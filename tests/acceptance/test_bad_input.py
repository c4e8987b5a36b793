"""Bad input at every entry: the code, the path, nothing stored or sent, the connection lives."""

import io
import json

import pytest

GOOD = {"title": "T", "message": "M"}

BAD_FIELDS = {
    "title missing": ({"title": None}, "title"),
    "title number": ({"title": 5}, "title"),
    "title empty": ({"title": ""}, "title"),
    "title too long": ({"title": "x" * 256}, "title"),
    "message missing": ({"message": None}, "message"),
    "message too long": ({"message": "x" * 4097}, "message"),
    "message list": ({"message": ["x"]}, "message"),
    "type unknown": ({"type": "nonsense"}, "type"),
    "type object": ({"type": {}}, "type"),
    "priority unknown": ({"priority": "highest"}, "priority"),
    "priority number": ({"priority": 3}, "priority"),
    "tags text": ({"tags": "a"}, "tags"),
    "tags too many": ({"tags": [f"t{n}" for n in range(33)]}, "tags"),
    "tag too long": ({"tags": ["ok", "x" * 65]}, "tags[1]"),
    "tag number": ({"tags": [1]}, "tags[0]"),
    "data list": ({"data": [1]}, "data"),
    "data text": ({"data": "x"}, "data"),
    "object without id": ({"object": {"type": "task"}}, "object.id"),
    "object unknown field": ({"object": {"type": "t", "id": "1", "x": 1}}, "object.x"),
    "sender number": ({"sender": 9}, "sender"),
    "actions object": ({"actions": {}}, "actions"),
    "action without label": ({"actions": [{"id": "a", "url": "/"}]}, "actions[0].label"),
    "media text": ({"media": "x"}, "media"),
    "ack text": ({"requires_acknowledgment": "yes"}, "requires_acknowledgment"),
    "persist number": ({"persist": 0}, "persist"),
    "ttl zero": ({"ttl_s": 0}, "ttl_s"),
    "ttl text": ({"ttl_s": "60"}, "ttl_s"),
    "ttl bool": ({"ttl_s": True}, "ttl_s"),
    "expires no time": ({"expires_at": "tomorrow"}, "expires_at"),
    "expires past": ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
    "expires without zone": ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
    "collapse key number": ({"collapse_key": 5}, "collapse_key"),
    "collapse key too long": ({"collapse_key": "x" * 5000}, "collapse_key"),
    "too many targets": ({"to": [f"u{n}" for n in range(501)]}, "to"),
}
RESERVED = {
    "send_at": "2099-01-01T00:00:00Z",
    "template": "welcome",
    "group_key": "g",
}


@pytest.mark.parametrize("name", BAD_FIELDS)
async def test_bad_field_is_refused_with_its_path(world, name):
    """Over POST and in a bulk item: the same code and path."""
    changes, path = BAD_FIELDS[name]
    user = world.user()
    body = {k: v for k, v in {"to": user, **GOOD, **changes}.items() if v is not None}
    answer = await world.api.post(body)
    assert (answer.status, answer.code) == (422, "INVALID"), answer
    assert [p.split("[")[0] if "[" not in path else p for p in answer.paths] == [path], answer
    items = [{"to": user, **GOOD}, body]
    bulk = await world.api.post({"items": items}, path="/notifications/bulk")
    error = bulk.body["items"][1]["error"]
    assert error["code"] == "INVALID"
    assert path in str(error)
    assert bulk.body["items"][0]["id"]
    assert len(await world.api.ids(user)) == 1


async def test_bad_fields_on_the_admin_line_close_nothing(world):
    """What ``/admin`` cannot do yet is NOT_AVAILABLE; what it can do is as strict as POST."""
    admin = await world.online(roles=["ADMIN"], line="/admin")
    for name, (changes, path) in BAD_FIELDS.items():
        user = world.user()
        body = {k: v for k, v in {"to": user, **GOOD, **changes}.items() if v is not None}
        answer = await admin.ask("send_notification", body)
        assert answer["ok"] is False, name
        if answer["error"]["code"] != "NOT_AVAILABLE":
            assert answer["error"]["code"] == "INVALID", name
            assert path in str(answer["error"]["details"]), (name, answer)
    assert admin.connections == 1
    assert admin.open


async def test_bad_fields_are_all_named_at_once(world):
    answer = await world.api.post({"to": "", "title": 5, "message": "M", "nonsense": 1})
    assert {path.split("[")[0] for path in answer.paths} == {"to", "title", "nonsense"}


@pytest.mark.parametrize("field", RESERVED)
async def test_reserved_field_is_not_available(world, field):
    body = {"to": world.user(), **GOOD, field: RESERVED[field]}
    answer = await world.api.post(body)
    assert answer.code == "NOT_AVAILABLE", answer
    assert answer.paths == [field]
    assert (await world.api.post({"to": world.user(), **GOOD, field: None})).status == 202


async def test_ttl_and_expires_together_are_refused(world):
    body = {"to": world.user(), **GOOD, "ttl_s": 60, "expires_at": "2099-01-01T00:00:00Z"}
    answer = await world.api.post(body)
    assert (answer.status, answer.code) == (422, "INVALID")
    assert set(answer.paths) & {"ttl_s", "expires_at"}


async def test_medium_is_normal(world):
    user = world.user()
    sent = await world.api.submit(user, priority="medium")
    assert (await world.api.item(user, sent))["priority"] == "normal"


BAD_BODIES = {
    "no JSON": ("{", 400),
    "empty": ("", 400),
    "list": ("[]", 422),
    "text": ('"x"', 422),
    "null": ("null", 422),
    "broken UTF-8": (b'{"to": "\xff"}', 400),
    "UTF-16": ('{"to":"a"}'.encode("utf-16"), 400),
    "trailing": ('{"to":"a","title":"T","message":"M"}x', 400),
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_bad_body_is_refused(world, name):
    raw, status = BAD_BODIES[name]
    for path in ("/notifications", "/notifications/bulk"):
        answer = await world.api.call("POST", path, raw=raw)
        assert answer.status in (status, 400, 422), (path, answer)
        assert answer.code in ("BAD_REQUEST", "INVALID")
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert set(answer.body) >= {"type", "title", "status", "detail", "code", "errors"}


async def test_bad_content_type_is_refused(world):
    answer = await world.api.call(
        "POST",
        "/notifications",
        raw='{"to":"a","title":"T","message":"M"}',
        headers={"Content-Type": "text/plain"},
    )
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_bad_method_and_path_are_problems(world):
    answer = await world.api.call("PATCH", "/notifications")
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    answer = await world.api.call("GET", "/nowhere")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("items", "path"),
    [(None, "items"), ([], "items"), ({}, "items"), ("x", "items"), ([GOOD] * 1001, "items")],
)
async def test_bad_bulk_is_refused_whole(world, items, path):
    body = {} if items is None else {"items": items}
    answer = await world.api.post(body, path="/notifications/bulk")
    assert answer.status == 422, answer
    assert answer.paths[0].startswith(path)


async def test_bad_bulk_item_refuses_itself_alone(world):
    user = world.user()
    items = [{"to": user, **GOOD}, 5, None, {"to": user}, {"to": user, **GOOD, "x": 1}, []]
    items.append({"to": user, **GOOD})
    answer = await world.api.post({"items": items}, path="/notifications/bulk")
    rows = answer.body["items"]
    assert [row["index"] for row in rows] == list(range(7))
    assert ["id" in row for row in rows] == [True, False, False, False, False, False, True]
    assert {row["error"]["code"] for row in rows if "error" in row} == {"INVALID"}
    assert len(await world.api.ids(user)) == 2


async def test_bad_bulk_of_too_many_targets_or_bytes_stores_nothing(world):
    """S26: 10,000 named targets and 1 MB in all."""
    name = world.user()
    many = [{"to": [f"{name}-{n}" for n in range(500)], **GOOD} for _ in range(21)]
    answer = await world.api.post({"items": many}, path="/notifications/bulk")
    assert (answer.status, answer.code) == (422, "INVALID"), answer
    assert await world.api.ids(f"{name}-0") == []
    big = [{"to": name, **GOOD, "data": {"x": "a" * 30_000}} for _ in range(40)]
    raw = io.BytesIO(json.dumps({"items": big}).encode())
    answer = await world.api.call("POST", "/notifications/bulk", raw=raw)
    assert (answer.status, answer.code) == (413, "TOO_LARGE"), answer
    one = {"to": name, **GOOD, "data": {"x": "a" * 30_000}, "tags": ["x"], "message": "m" * 4096}
    one["params"] = {}
    raw = json.dumps(one | {"title": "t"}) + " " * 40_000
    answer = await world.api.call("POST", "/notifications", raw=raw)
    assert (answer.status, answer.code) == (413, "TOO_LARGE"), answer
    assert await world.api.ids(name) == []


BAD_QUERIES = {
    "limit": ["0", "-1", "101", "x", "1.5", ""],
    "before": ["garbage", "e30", "x" * 3000],
    "after": ["garbage"],
    "unread": ["maybe"],
    "type": ["nonsense"],
    "min_priority": ["highest"],
    "max_age_s": ["-1", "x"],
    "namespace": ["/nowhere"],
    "nonsense": ["1"],
}


@pytest.mark.parametrize("name", BAD_QUERIES)
async def test_bad_query_is_refused_with_its_path(world, name):
    token = world.api.as_user(world.user())
    for value in BAD_QUERIES[name]:
        answer = await world.api.call("GET", "/notifications", bearer=token, **{name: value})
        if name == "type" and answer.status == 200:
            assert answer.body["items"] == []
            continue
        if name == "namespace":
            assert answer.status in (403, 404, 422), answer
            continue
        assert (answer.status, answer.paths) == (422, [name]), (value, answer)


BAD_EVENTS = {
    "get_notifications": [5, [], "x", {"limit": 0}, {"limit": "x"}, {"offset": -1}, {"x": 1}],
    "mark_read": [None, 5, {}, {"notification_id": 5}, {"ids": "x"}, {"ids": [5]}, {"ids": []}],
    "mark_all_read": [5, {"before": 5}, {"tags": "x"}, {"notification_type": 5}],
    "acknowledge": [{}, {"notification_id": None}],
    "notification_ack": [{}, {"notification_id": "x"}, {"revision": 1}],
    "snooze": [{}, {"for_s": 60}],
    "clicked": [{}, {"notification_id": []}],
    "subscribe": [{}, {"types": "x"}, {"types": [5]}, {"types": {}}],
    "unsubscribe": [{}, {"types": ["nonsense"]}],
    "join_room": [{}, 5, {"room": 5}, {"room": ".."}, {"room": "open_x", "stored": "yes"}],
    "leave_room": [{}, {"room": None}],
    "refresh_token": [{}, 5, {"token": 5}],
    "delete": [{}, {"ids": ["x"] * 501}],
    "get_preferences": [{}],
    "update_preferences": [{}],
}


@pytest.mark.parametrize("event", BAD_EVENTS)
async def test_bad_event_is_answered_and_the_connection_lives(world, event):
    device = await world.online()
    for payload in BAD_EVENTS[event]:
        answer = await device.ask(event, payload)
        assert answer["ok"] is False, (payload, answer)
        assert set(answer["error"]) >= {"code", "message", "details"}
        assert answer["error"]["code"] in {
            "INVALID",
            "BAD_REQUEST",
            "NOT_AVAILABLE",
            "NOT_FOUND",
            "TOKEN_INVALID",
            "TOKEN_MISSING",
            "FORBIDDEN",
        }
    assert (await device.ask(event))["ok"] is False or event in (
        "get_notifications",
        "mark_all_read",
    )
    await world.barrier(device)
    assert device.open
    assert device.connections == 1


async def test_bad_event_without_ack_harms_nothing(world):
    device = await world.online()
    for payload in (None, 5, [], {"notification_id": {}}, "x" * 10_000):
        await device.socket.emit("mark_read", payload)
    await device.socket.emit("mark_read")
    await device.socket.emit("mark_read", {}, {}, {}, {})
    await world.barrier(device)
    assert device.open


@pytest.mark.parametrize("path", ["/preferences", "/devices", "/push/public-key"])
async def test_reserved_path_is_not_available(world, path):
    answer = await world.api.call("GET", path, bearer=world.api.as_user(world.user()))
    assert answer.code in ("NOT_AVAILABLE", "NOT_FOUND"), answer


async def test_paths_do_not_mind_a_trailing_slash(world):
    user = world.user()
    sent = await world.api.submit(user)
    token = world.api.as_user(user)
    for method, path in {
        ("GET", "/notifications"),
        ("GET", "/notifications/unread-count"),
        ("GET", f"/notifications/{sent}"),
        ("POST", f"/notifications/{sent}/mark-read"),
        ("POST", "/notifications/mark-all-read"),
        ("GET", "/subscriptions"),
    }:
        plain = await world.api.call(method, path, bearer=token)
        slash = await world.api.call(method, path + "/", bearer=token)
        assert plain.status == slash.status, path
        assert plain.status in (200, 204), (path, plain)
