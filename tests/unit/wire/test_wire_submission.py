"""A submission: every field, what it takes, the path of each fault (S13, S18, S21)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_server.domain.errors import Code, NotifyError, RejectedError
from notify_server.domain.notification import Draft, Priority
from notify_server.domain.settings import LimitSettings, NamespaceSettings, TypeSettings
from notify_server.domain.target import EVERYONE, Audience, AudienceKind
from notify_server.policy.types import TypeRegistry
from notify_server.wire.bulk import bulk_items, parse_item
from notify_server.wire.examples import SUBMISSION
from notify_server.wire.fields import url_problem
from notify_server.wire.submission import parse_draft

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = TypeRegistry({"build_failed": TypeSettings(Priority.HIGH)})
LIMITS = LimitSettings()
LINES = NamespaceSettings(lines={"/ops": ("OPS",)})
SMALL = {"to": "42", "title": "T", "message": "M"}


def parse(raw=None, /, **fields):
    return parse_draft(
        {**SMALL, **fields} if raw is None else raw, TYPES, LIMITS, NOW, namespaces=LINES
    )


def refused(raw=None, /, **fields):
    with pytest.raises(RejectedError) as caught:
        parse(raw, **fields)
    return caught.value


def paths(error):
    return [fault.path for fault in error.faults]


# What is taken


def test_draft_ids_that_stand_in_no_path_may_be_dots():
    draft = parse(
        to=["...", ".a"], object={"type": "folder", "id": "."}, sender={"id": "..", "name": "Up"}
    )
    assert draft.targets.users == ("...", ".a")
    assert draft.content.object == {"type": "folder", "id": "."}


def test_draft_smallest_has_the_defaults():
    draft = parse()
    assert draft.targets.users == ("42",)
    assert (draft.content.type, draft.content.priority) == ("info", Priority.NORMAL)
    assert draft.persist
    assert draft.content.data == {}
    assert len(draft.body_hash) == 64


def test_draft_every_field_of_the_contract_arrives():
    draft = parse(dict(SUBMISSION))
    content = draft.content
    assert draft.targets.users == ("42", "43")
    assert draft.targets.audiences == (
        Audience(AudienceKind.ROLE, "ADMIN"),
        Audience(AudienceKind.ROOM, "task_123"),
    )
    assert draft.targets.exclude == ("7",)
    assert content.expires_at == NOW + timedelta(days=1)
    assert (content.priority, content.tags, content.collapse_key) == (
        Priority.HIGH, ("task",), "task_123",
    )  # fmt: skip
    assert content.actions == ({"id": "open", "label": "Open", "url": "/tasks/123"},)


def test_draft_nulls_and_empty_reserved_fields_ask_for_nothing():
    nothing = dict.fromkeys(
        ["channels", "send_at", "expires_at", "ttl_s", "collapse_key", "group_key", "template",
         "event_name", "source", "object", "sender", "action_url", "media", "type", "priority"]
    )  # fmt: skip
    assert parse(**nothing, params={}).content == parse().content
    assert parse(channels=["in_app"]).content == parse().content


@pytest.mark.parametrize(
    ("fields", "priority"),
    [
        ({}, "normal"),
        ({"priority": "medium"}, "normal"),
        ({"priority": "critical"}, "critical"),
        ({"type": "post_like"}, "low"),
        ({"type": "build_failed"}, "high"),
        ({"type": "security"}, "urgent"),
        ({"type": "security", "priority": "low"}, "low"),
    ],
)
def test_draft_priority_is_the_given_one_or_that_of_the_type(fields, priority):
    assert parse(**fields).content.priority == priority


@pytest.mark.parametrize(
    ("to", "audiences", "line"),
    [
        ({"all": True}, (EVERYONE,), "/"),
        ([{"all": True}], (EVERYONE,), "/"),
        ({"namespace": "/"}, (EVERYONE,), "/"),
        ({"namespace": "/ws/notifications"}, (EVERYONE,), "/"),
        ([{"namespace": "/ws/notifications/"}], (EVERYONE,), "/"),
        ({"namespace": "/admin"}, (Audience(AudienceKind.LINE, "/admin"),), "/admin"),
        ([{"namespace": "/ops"}], (Audience(AudienceKind.LINE, "/ops"),), "/ops"),
        ({"role": "A"}, (Audience(AudienceKind.ROLE, "A"),), "/"),
        ({"room": "r"}, (Audience(AudienceKind.ROOM, "r"),), "/"),
        ({"user": "7"}, (), "/"),
    ],
)
def test_draft_each_kind_of_target(to, audiences, line):
    draft = parse(to=to)
    assert (draft.targets.audiences, draft.line) == (audiences, line)


def test_draft_body_hash_is_of_the_body_not_of_its_spelling():
    assert parse().body_hash == parse(dict(reversed(SMALL.items()))).body_hash
    assert parse().body_hash != parse(title="Other").body_hash


@pytest.mark.parametrize(
    "data", [{"__proto__": {"x": 1}}, {"constructor": 1}, {"$ne": None, "a.b": 1}]
)
def test_draft_keys_that_other_programs_fear_are_data(data):
    assert parse(data=data).content.data == data


def test_draft_times_are_utc_and_whole_milliseconds():
    parsed = parse(expires_at="2026-06-01T12:00:00.123987+02:00").content.expires_at
    assert parsed == datetime(2026, 6, 1, 10, 0, 0, 123_000, tzinfo=UTC)
    assert parse(ttl_s=0.0015).content.expires_at == NOW + timedelta(milliseconds=1)


def test_draft_replacement_keeps_its_targets():
    body = {"title": "T", "message": "M"}
    draft = parse_draft(body, TYPES, LIMITS, NOW, namespaces=LINES, need_targets=False)
    assert draft.targets.users == ()
    with pytest.raises(RejectedError) as caught:
        parse_draft(SMALL, TYPES, LIMITS, NOW, namespaces=LINES, need_targets=False)
    assert paths(caught.value) == ["to"]


# What is refused


LONG = "x" * 5_000
DEEP = {"a": {}}
for _ in range(16):
    DEEP = {"a": DEEP}

REFUSED = [
    ({"to": None}, "to"),
    ({"to": []}, "to"),
    ({"to": 5}, "to"),
    ({"to": ""}, "to"),
    ({"to": {}}, "to"),
    ({"to": ["a", 5]}, "to[1]"),
    ({"to": ["a", {"role": 5}]}, "to[1].role"),
    ({"to": ["a", "b", {"role": {"$ne": None}}]}, "to[2].role"),
    ({"to": [{"group": "x"}]}, "to[0].group"),
    ({"to": [{"user": "a", "role": "b"}]}, "to[0]"),
    ({"to": {"all": False}}, "to.all"),
    ({"to": {"all": 1}}, "to.all"),
    ({"to": {"room": "a\nb"}}, "to.room"),
    ({"to": {"room": " "}}, "to.room"),
    ({"to": {"user": "x" * 129}}, "to.user"),
    ({"to": {"namespace": "/nowhere"}}, "to.namespace"),
    ({"to": ["a", {"namespace": "/admin"}]}, "to[1]"),
    ({"to": ["u"] * 501}, "to"),
    ({"exclude": "7"}, "exclude"),
    ({"exclude": ["7", 8]}, "exclude[1]"),
    ({"exclude": ["u"] * 501}, "exclude"),
    ({"title": 5}, "title"),
    ({"title": None}, "title"),
    ({"title": ""}, "title"),
    ({"title": " \n"}, "title"),
    ({"title": "x" * 256}, "title"),
    ({"title": b"x"}, "title"),
    ({"title": "\ud800"}, "title"),
    ({"message": ["x"]}, "message"),
    ({"message": "x" * 4_097}, "message"),
    ({"type": "nope"}, "type"),
    ({"type": {"$ne": 1}}, "type"),
    ({"priority": "extreme"}, "priority"),
    ({"priority": 3}, "priority"),
    ({"priority": ["low"]}, "priority"),
    ({"event_name": 1}, "event_name"),
    ({"source": LONG}, "source"),
    ({"tags": "task"}, "tags"),
    ({"tags": {"a": 1}}, "tags"),
    ({"tags": ["x"] * 33}, "tags"),
    ({"tags": ["ok", "x" * 65]}, "tags[1]"),
    ({"tags": ["ok", 5]}, "tags[1]"),
    ({"data": []}, "data"),
    ({"data": None}, "data"),
    ({"data": {"n": float("nan")}}, "data.n"),
    ({"data": {"n": [float("-inf")]}}, "data.n[0]"),
    ({"data": {"n": 2**63}}, "data.n"),
    ({"data": {"\ud800": 1}}, "data.?"),
    ({"data": {"x": ["\udc00"]}}, "data.x[0]"),
    ({"data": {"x": "y" * 32_768}}, "data"),
    ({"data": DEEP}, "data" + ".a" * 16),
    ({"object": {"type": "task"}}, "object.id"),
    ({"object": {"type": "task", "id": "1", "x": 1}}, "object.x"),
    ({"object": "task"}, "object"),
    ({"sender": {"id": 9}}, "sender.id"),
    ({"sender": {"avatar_url": "javascript:1"}}, "sender.avatar_url"),
    ({"action_url": "javascript:alert(1)"}, "action_url"),
    ({"action_url": "x" * 2_049}, "action_url"),
    ({"action_label": 5}, "action_label"),
    ({"actions": {}}, "actions"),
    ({"actions": [{"id": "a", "label": "A"}] * 11}, "actions"),
    ({"actions": [{"id": "a"}]}, "actions[0].label"),
    ({"actions": [{"id": "a", "label": "A", "url": "data:text/html,x"}]}, "actions[0].url"),
    ({"media": {"image_url": "//evil"}}, "media.image_url"),
    ({"media": {"video": "x"}}, "media.video"),
    ({"requires_acknowledgment": 1}, "requires_acknowledgment"),
    ({"requires_acknowledgment": "true"}, "requires_acknowledgment"),
    ({"persist": "no"}, "persist"),
    ({"persist": False, "requires_acknowledgment": True}, "requires_acknowledgment"),
    ({"expires_at": "tomorrow"}, "expires_at"),
    ({"expires_at": "2026-01-02"}, "expires_at"),
    ({"expires_at": "2026-01-02T00:00:00"}, "expires_at"),
    ({"expires_at": "2026-13-02T00:00:00Z"}, "expires_at"),
    ({"expires_at": "0001-01-01T00:00:00+23:59"}, "expires_at"),
    ({"expires_at": 1_800_000_000}, "expires_at"),
    ({"expires_at": "2025-12-31T23:59:59Z"}, "expires_at"),
    ({"expires_at": "2026-01-01T00:00:00Z"}, "expires_at"),
    ({"ttl_s": 0}, "ttl_s"),
    ({"ttl_s": -1}, "ttl_s"),
    ({"ttl_s": True}, "ttl_s"),
    ({"ttl_s": "60"}, "ttl_s"),
    ({"ttl_s": 1e18}, "ttl_s"),
    ({"ttl_s": 5, "expires_at": "2027-01-01T00:00:00Z"}, "ttl_s"),
    ({"collapse_key": ""}, "collapse_key"),
    ({"collapse_key": "x" * 256}, "collapse_key"),
    ({"idempotency_key": "x"}, "idempotency_key"),
    ({"id": "x"}, "id"),
    ({"user_id": "x"}, "user_id"),
    ({"status": "read"}, "status"),
    ({"created_at": "x"}, "created_at"),
    ({"attempts": 9}, "attempts"),
    ({"tittle": "x"}, "tittle"),
    ({"channels": ["pigeon"]}, "channels"),
    ({"channels": 5}, "channels"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "path"), REFUSED)
def test_draft_one_fault_is_told_with_its_path(fields, path):
    error = refused(**fields)
    assert set(paths(error)) == {path}
    assert error.code in (Code.INVALID, Code.NOT_AVAILABLE)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"template": "welcome"}, "template"),
        ({"template": ""}, "template"),
        ({"params": {"a": 1}}, "params"),
        ({"send_at": "2027-01-01T00:00:00Z"}, "send_at"),
        ({"group_key": "g"}, "group_key"),
        ({"channels": ["email"]}, "channels"),
        ({"channels": ["in_app", "email"]}, "channels"),
        ({"channels": []}, "channels"),
    ],
)
def test_draft_reserved_field_is_not_available(fields, path):
    error = refused(**fields)
    assert (error.code, paths(error)) == (Code.NOT_AVAILABLE, [path])


def test_draft_template_stands_for_title_and_message():
    error = refused({"to": "42", "template": "welcome"})
    assert (error.code, paths(error)) == (Code.NOT_AVAILABLE, ["template"])


def test_draft_title_and_message_missing_are_both_told():
    assert paths(refused({"to": "42"})) == ["title", "message"]


def test_draft_all_faults_are_told_at_once():
    error = refused(
        to=["a", {"role": 5}], title=5, tags=["x", 7], send_at="x", foo=1, data={"n": float("nan")}
    )
    assert error.code is Code.INVALID
    assert sorted(paths(error)) == [
        "data.n", "foo", "send_at", "tags[1]", "title", "to[1].role",
    ]  # fmt: skip


@pytest.mark.parametrize("raw", [None, [], "x", 5, b"x", True])
def test_draft_of_no_object_is_refused(raw):
    assert paths(refused_raw(raw)) == [""]


def refused_raw(raw):
    with pytest.raises(RejectedError) as caught:
        parse_draft(raw, TYPES, LIMITS, NOW, namespaces=LINES)
    return caught.value


def test_draft_larger_than_the_limit_is_refused_on_sockets_too():
    data = {f"k{i}": "x" * 900 for i in range(40)}
    error = refused(
        data=data, sender={"name": "x" * 255}, message="x" * 4_096, tags=["t" * 64] * 32
    )
    assert "data" in paths(error)
    tiny = LimitSettings(notification_bytes=64)
    with pytest.raises(RejectedError) as caught:
        parse_draft({**SMALL, "message": "x" * 64}, TYPES, tiny, NOW, namespaces=LINES)
    assert paths(caught.value) == [""]


# URLs


@pytest.mark.parametrize(
    "url",
    ["https://a.example/x?y=1#z", "http://a.example", "HTTPS://A.example", "mailto:a@b.example",
     "/tasks/123", "tasks/123", "./x", "../x", "?a=b:c", "#x:y", "/a:b", "a/b:c", "/ö/ü",
     "https://a.example:8443/", "x"],
)  # fmt: skip
def test_url_good_one_is_taken(url):
    assert url_problem(url) == ""
    assert parse(action_url=url).content.action_url == url


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:x",
     "java\rscript:x", " javascript:x", "\x01javascript:x", "javascript&colon;x:y",
     "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://x", "blob:x", "ws://x",
     "//evil.example",
     "\\\\evil.example", "/\\evil.example", "https:\\\\evil", "/\t/evil", "https:evil.example",
     "https:///evil.example", "http:/evil", "https://", "https://?x", "a:b", "x:", ":x", "",
     "/x\x00", "/x\x7f", "/x\u2028", "/x\x85", "/x ", "\u00a0/x", "tel:123", "about:blank"],
)  # fmt: skip
def test_url_that_a_browser_would_read_otherwise_is_refused(url):
    """S13."""
    assert paths(refused(action_url=url)) == ["action_url"]


# Bulk


def test_bulk_item_has_a_key_of_its_own_outside_the_hash():
    item = parse_item({**SMALL, "idempotency_key": "k"}, TYPES, LIMITS, NOW, "items[3]",
                      namespaces=LINES)  # fmt: skip
    assert (item.idempotency_key, item.body_hash) == ("k", parse().body_hash)


@pytest.mark.parametrize("key", ["", 5, "x" * 256, "a\nb"])
def test_bulk_item_bad_key_is_refused_with_its_path(key):
    with pytest.raises(RejectedError) as caught:
        parse_item({**SMALL, "idempotency_key": key}, TYPES, LIMITS, NOW, "items[3]",
                   namespaces=LINES)  # fmt: skip
    assert paths(caught.value) == ["items[3].idempotency_key"]


def test_bulk_item_fault_has_its_place_in_the_path():
    with pytest.raises(RejectedError) as caught:
        parse_item({**SMALL, "to": ["a", {"role": 1}]}, TYPES, LIMITS, NOW, "items[3]",
                   namespaces=LINES)  # fmt: skip
    assert paths(caught.value) == ["items[3].to[1].role"]


@pytest.mark.parametrize(
    "raw",
    [None, [], {}, {"items": {}}, {"items": []}, {"items": [SMALL] * 1_001}, {"items": [1], "x": 1},
     {"items": [{**SMALL, "to": ["u"] * 500}] * 21}],
)  # fmt: skip
def test_bulk_body_of_wrong_shape_or_size_is_refused(raw):
    with pytest.raises(RejectedError) as caught:
        bulk_items(raw, LIMITS)
    assert caught.value.code is Code.INVALID


# Anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.text(alphabet="\ud800\udfff\x00\n:/\\j", max_size=4) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=5) | st.sampled_from(["user", "role", "all", "id", "url"]),
                      inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
FIELDS = st.sampled_from([*SUBMISSION, "channels", "send_at", "template", "params", "x", "ttl_s",
                          "expires_at", "idempotency_key"])  # fmt: skip


@given(JSON | st.dictionaries(FIELDS, JSON, max_size=8))
def test_draft_of_anything_is_a_draft_or_a_refusal_with_paths(raw):
    """Never another exception; every path and message can be sent as an answer."""
    try:
        assert isinstance(parse_draft(raw, TYPES, LIMITS, NOW, namespaces=LINES), Draft)
    except RejectedError as error:
        _is_told(error)


@given(FIELDS, JSON)
def test_draft_with_one_field_of_anything_is_a_draft_or_a_refusal(name, value):
    try:
        parse(**{name: value})
    except RejectedError as error:
        _is_told(error)


def _is_told(error: NotifyError):
    assert error.faults
    assert error.code in (Code.INVALID, Code.NOT_AVAILABLE)
    for fault in error.faults:
        fault.path.encode()
        assert fault.message.encode()
    assert str(error).encode()
