"""The list: order, pages and filters, over HTTP and over the socket (contract 6 and 9)."""

import pytest


async def crowd(world, count=7):
    """A person with ``count`` notifications of all sorts, oldest first."""
    user = world.user()
    sorts = [
        {"type": "info", "priority": "low", "source": "s1", "tags": ["t1"]},
        {"type": "success", "priority": "normal", "source": "s2", "tags": ["t1", "t2"]},
        {"type": "warning", "priority": "critical", "source": "s1", "title": "Räder stehen"},
    ]
    ids = [await world.api.submit(user, **sorts[n % 3]) for n in range(count)]
    return user, ids


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_list_pages_are_a_partition_newest_first(world, limit):
    user, ids = await crowd(world)
    assert [n["id"] for n in await world.api.inbox(user, limit=limit)] == list(reversed(ids))


async def test_list_page_says_where_it_is(world):
    user, ids = await crowd(world)
    token = world.api.as_user(user)
    page = (await world.api.call("GET", "/notifications", bearer=token, limit=3)).body
    assert [n["id"] for n in page["items"]] == ids[:3:-1]
    assert page["page_info"]["has_more"] is True
    assert page["meta"] == {
        "total_count": 7,
        "more": False,
        "unread_count": 7,
        "unseen_count": 7,
    }
    newer = await world.api.submit(user)
    after = page["page_info"]["after"]
    fresh = (await world.api.call("GET", "/notifications", bearer=token, after=after)).body
    assert [n["id"] for n in fresh["items"]] == [newer]
    before = page["page_info"]["before"]
    older = (await world.api.call("GET", "/notifications", bearer=token, before=before)).body
    assert [n["id"] for n in older["items"]] == ids[3::-1]


FILTERS = {
    "type": ({"type": "success"}, {1, 4}),
    "min_priority": ({"min_priority": "normal"}, {1, 2, 4, 5}),
    "source": ({"source": "s1"}, {0, 2, 3, 5, 6}),
    "tag": ({"tag": "t2"}, {1, 4}),
    "q": ({"q": "räder"}, {2, 5}),
    "q of two words": ({"q": "stehen RÄD"}, {2, 5}),
    "unread": ({"unread": True}, {1, 2, 3, 4, 5, 6}),
    "pinned": ({"pinned": True}, {6}),
    "dismissed": ({"dismissed": True}, set()),
    "age": ({"max_age_s": 3600}, {0, 1, 2, 3, 4, 5, 6}),
    "two": ({"source": "s1", "tag": "t1"}, {0, 3, 6}),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_list_filter_finds_the_same_over_http_and_socket(world, name):
    filters, expected = FILTERS[name]
    user, ids = await crowd(world)
    device = await world.online(user)
    await world.api.act(user, ids[0], "mark-read")
    await world.api.act(user, ids[6], "pin")
    wanted = [ids[n] for n in sorted(expected, reverse=True)]
    as_text = {k: str(v).lower() if isinstance(v, bool) else v for k, v in filters.items()}
    assert await world.api.ids(user, **as_text) == wanted
    answer = await device.ask("get_notifications", {**filters, "limit": 100})
    assert answer["ok"], answer
    assert [n["id"] for n in answer["items"]] == wanted
    assert answer["meta"]["total_count"] == len(wanted)


async def test_list_over_the_socket_takes_offsets_and_the_older_name(world):
    user, ids = await crowd(world)
    device = await world.online(user)
    await world.api.act(user, ids[6], "mark-read")
    answer = await device.ask("get_notifications", {"limit": 2, "offset": 3})
    assert [n["id"] for n in answer["items"]] == [ids[3], ids[2]]
    answer = await device.ask("get_notifications", {"unread_only": True, "limit": 2})
    assert [n["id"] for n in answer["items"]] == [ids[5], ids[4]]


async def test_list_over_the_socket_is_cut_by_bytes(world):
    """512 KB at most, and it says that there is more."""
    user = world.user()
    ids = [await world.api.submit(user, data={"x": "a" * 20_000}) for _ in range(40)]
    device = await world.online(user)
    before, found = None, []
    while True:
        answer = await device.ask("get_notifications", {"limit": 100, "before": before})
        assert answer["ok"], answer
        assert len(str(answer)) < 600_000
        found += [n["id"] for n in answer["items"]]
        if not answer["page_info"]["has_more"]:
            break
        before = answer["page_info"]["before"]
    assert found == list(reversed(ids))


async def test_list_and_frame_show_the_same_notification(world):
    """A frame of revision 1, the list and the single view differ in no field but the state."""
    device = await world.online()
    sent = await world.api.submit(
        device.user,
        type="success",
        priority="high",
        event_name="task_complete",
        source="task_system",
        tags=["task"],
        data={"task_id": "123"},
        object={"type": "task", "id": "123"},
        sender={"id": "9", "name": "John", "avatar_url": None},
        action_url="/tasks/123",
        action_label="Open",
        actions=[{"id": "open", "label": "Open", "url": "/tasks/123"}],
        media={"image_url": "https://example.org/a.png"},
    )
    await device.sees(sent)
    frame = device.wires(sent)[0]["notification"]
    one = await world.api.item(device.user, sent)
    listed = (await world.api.inbox(device.user))[0]
    state = {"status", "delivered_at"}
    for name in one.keys() - state:
        assert frame[name] == one[name] == listed[name], name
    assert frame.keys() == one.keys() == listed.keys()


async def test_batch_does_each_action_to_all(world):
    user, ids = await crowd(world)
    token = world.api.as_user(user)
    for action, extra, check in [
        ("read", {}, lambda n: n["is_read"]),
        ("unread", {}, lambda n: not n["is_read"]),
        ("seen", {}, lambda n: n["seen_at"]),
        ("pin", {}, lambda n: n["pinned_at"]),
        ("unpin", {}, lambda n: not n["pinned_at"]),
        ("dismiss", {}, lambda n: n["is_dismissed"]),
        ("restore", {}, lambda n: not n["is_dismissed"]),
        ("snooze", {"for_s": 60}, lambda n: n["snoozed_until"]),
    ]:
        body = {"ids": ids[:3], "action": action, **extra}
        answer = await world.api.call("POST", "/notifications/batch", body, bearer=token)
        assert answer.status == 200, answer
        assert sorted(answer.body["changed"]) == sorted(ids[:3])
        assert answer.body["unknown"] == []
        for identity in ids[:3]:
            assert check(await world.api.item(user, identity)), action
    body = {"ids": ids[:3], "action": "delete"}
    await world.api.call("POST", "/notifications/batch", body, bearer=token)
    assert set(await world.api.ids(user)) == set(ids[3:])
