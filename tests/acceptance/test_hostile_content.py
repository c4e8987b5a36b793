"""S13, S21, F8: URLs that run code, fields that are not the caller's, and nobody as a target."""

import pytest

HOSTILE_URLS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "//evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "ftp://x",
    "blob:https://x",
    5,
    {"url": "https://x"},
]
GOOD_URLS = [
    "https://example.org/a?b=c#d",
    "http://example.org",
    "mailto:a@example.org",
    "/tasks/1",
]
PLACES = {
    "action_url": lambda url: {"action_url": url},
    "actions[0].url": lambda url: {"actions": [{"id": "a", "label": "A", "url": url}]},
    "media.image_url": lambda url: {"media": {"image_url": url}},
    "sender.avatar_url": lambda url: {"sender": {"id": "1", "name": "N", "avatar_url": url}},
}


@pytest.mark.parametrize("place", PLACES)
async def test_url_that_runs_code_is_refused_with_its_path(world, place):
    user = world.user()
    for url in HOSTILE_URLS:
        body = {"to": user, "title": "T", "message": "M", **PLACES[place](url)}
        answer = await world.api.post(body)
        assert (answer.status, answer.code) == (422, "INVALID"), url
        assert answer.paths == [place], url
    assert await world.api.ids(user) == []


async def test_url_that_is_one_is_kept_as_it_is(world):
    user = world.user()
    for url in GOOD_URLS:
        sent = await world.api.submit(user, action_url=url, action_label="Open")
        assert (await world.api.item(user, sent))["action_url"] == url


async def test_markup_in_texts_comes_out_as_the_text_that_it_is(world):
    device = await world.online()
    text = "<script>alert(1)</script><img src=x onerror=alert(1)> & {{ ''.__class__ }}"
    sent = await world.api.submit(device.user, title=text[:255], message=text)
    await device.sees(sent)
    assert device.items[sent]["message"] == text
    answer = await world.api.call("GET", "/notifications", bearer=world.api.as_user(device.user))
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


FOREIGN_FIELDS = {
    "id": "01890000-0000-7000-8000-000000000000",
    "user_id": "7",
    "status": "delivered",
    "seq": 1,
    "revision": 9,
    "created_at": "2020-01-01T00:00:00.000Z",
    "updated_at": "2020-01-01T00:00:00.000Z",
    "sort_at": "2020-01-01T00:00:00.000Z",
    "is_read": True,
    "read_at": None,
    "delivered_at": None,
    "acknowledged_at": None,
    "role": "ADMIN",
    "attempts": 0,
    "submitter": "key:x",
    "namespace": "/",
    "room": "r",
    "titel": "typo",
    "__proto__": {},
}


async def test_fields_that_are_not_the_callers_are_refused(world):
    """S21: mass assignment gets the name of the field back, and nothing is stored."""
    user = world.user()
    for name, value in FOREIGN_FIELDS.items():
        answer = await world.api.post({"to": user, "title": "T", "message": "M", name: value})
        assert (answer.status, answer.code) == (422, "INVALID"), name
        assert answer.paths == [name]
    assert await world.api.ids(user) == []


NOBODY = {
    "empty user": "",
    "null": None,
    "empty list": [],
    "list of empty": [""],
    "list of null": [None],
    "number": 5,
    "true": True,
    "empty object": {},
    "empty user object": {"user": ""},
    "null user": {"user": None},
    "empty room": {"room": ""},
    "null room": {"room": None},
    "empty role": {"role": ""},
    "all false": {"all": False},
    "all null": {"all": None},
    "all text": {"all": "true"},
    "two kinds": {"user": "a", "room": "b"},
    "unknown kind": {"group": "a"},
    "operator": {"$ne": None},
    "user operator": {"user": {"$ne": None}},
    "control character": "a\x00b",
    "newline": "a\nb",
    "user that no path can name": "..",
    "room that no path can name": {"room": "."},
    "too long": "a" * 129,
    "empty namespace": {"namespace": ""},
    "unknown namespace": {"namespace": "/nowhere"},
    "namespace and more": [{"namespace": "/ops"}, "a"],
}


async def test_target_that_is_nobody_is_never_everybody(world):
    """F8: empty and absent targets are refused, and no frame goes anywhere."""
    device = await world.online(roles=["OPS"])
    for name, to in NOBODY.items():
        answer = await world.api.post({"to": to, "title": "T", "message": "M"})
        assert answer.status == 422, (name, answer)
        assert answer.paths, name
        assert answer.paths[0].startswith("to"), (name, answer.paths)
    answer = await world.api.post({"title": "T", "message": "M"})
    assert (answer.status, answer.paths) == (422, ["to"])
    await world.barrier(device)
    assert len(device.events("notification")) == 1


async def test_everybody_excluded_is_nobody_left(world):
    device = await world.online()
    for to, exclude in {
        "one": (device.user, [device.user]),
        "both": ([device.user, "x"], ["x", device.user]),
    }.values():
        answer = await world.api.post({"to": to, "exclude": exclude, "title": "T", "message": "M"})
        assert (answer.status, answer.code) == (422, "NOBODY_LEFT")
    for exclude in (["a", ""], [None], "a", [5], {"user": "a"}):
        answer = await world.api.post(
            {"to": {"all": True}, "exclude": exclude, "title": "T", "message": "M"}
        )
        assert answer.status == 422, exclude
        assert answer.paths[0].startswith("exclude")
    await world.barrier(device)
    assert len(device.events("notification")) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"type": "$ne"},
        {"tag": '{"$gt": ""}'},
        {"q": "(a+)+$" * 20},
        {"q": "%' OR 1=1 --"},
        {"source": "' OR ''='"},
    ],
)
async def test_filters_are_values_and_nothing_else(world, query):
    """S18: what looks like an operator matches nothing."""
    one, other = world.user(), world.user()
    await world.api.submit([one, other])
    answer = await world.api.call("GET", "/notifications", bearer=world.api.as_user(one), **query)
    assert answer.status in (200, 422)
    assert not answer.body.get("items")
