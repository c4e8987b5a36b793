"""Point 5: tabs of one user agree, and one that comes back has exactly what it missed."""

import pytest

VERBS = {
    "mark_read": ("is_read", True),
    "dismiss": ("is_dismissed", True),
    "mark_seen": ("seen_at", None),
    "pin": ("pinned_at", None),
}


async def pair(world, notifications=1, **fields):
    """Two tabs of one user that hold the same notifications."""
    user = world.user()
    tabs = [await world.online(user), await world.online(user)]
    ids = [await world.api.submit(user, title=f"n{n}", **fields) for n in range(notifications)]
    for tab in tabs:
        await tab.sees(*ids)
    return *tabs, ids


@pytest.mark.parametrize("verb", VERBS)
async def test_tabs_state_set_on_one_is_seen_on_the_other(world, verb):
    field, value = VERBS[verb]
    one, two, (first, second) = await pair(world, 2)
    answer = await one.ask(verb, {"notification_id": first})
    assert answer["ok"], answer
    await two.until(lambda: two.items[first].get(field) not in (None, False), what=field)
    if value is not None:
        assert two.items[first][field] is value
    assert two.items[second].get(field) in (None, False)
    await world.counts_agree(one, two)


async def test_tabs_read_over_http_reaches_both(world):
    one, two, (first,) = await pair(world)
    await world.api.act(one.user, first, "mark-read")
    for tab in (one, two):
        await tab.until(lambda tab=tab: tab.items[first]["is_read"] and tab.count == 0)
        assert tab.items[first]["read_at"]


async def test_tabs_unread_undoes_read(world):
    one, two, (first,) = await pair(world)
    await one.ask("mark_read", {"notification_id": first})
    await two.until(lambda: two.count == 0)
    await two.ask("mark_unread", {"notification_id": first})
    await one.until(lambda: one.count == 1 and not one.items[first]["is_read"])
    await world.counts_agree(one, two)


async def test_tabs_delete_removes_on_both(world):
    one, two, (first, second) = await pair(world, 2)
    await one.ask("delete", {"notification_id": first})
    await two.until(lambda: two.removed.get(first) == "deleted")
    assert await world.api.ids(one.user) == [second]
    await world.counts_agree(one, two)


async def test_tabs_new_revision_keeps_own_state(world):
    one, two, (first,) = await pair(world)
    await one.ask("mark_read", {"notification_id": first})
    await two.until(lambda: two.items[first]["is_read"])
    body = {"title": "Changed", "message": "Other"}
    answer = await world.api.call("PUT", f"/notifications/{first}", body)
    assert answer.status in (200, 202), answer
    assert answer.body["revision"] == 2
    for tab in (one, two):
        await tab.until(lambda tab=tab: tab.items[first]["revision"] == 2)
        assert tab.items[first]["title"] == "Changed"
        assert tab.items[first]["is_read"] or tab is one
    assert (await world.api.item(one.user, first))["is_read"] is True


async def test_tab_with_cursor_has_exactly_what_it_missed(world):
    """New ones, a revision, states and removals; nothing that it holds is shown again."""
    stay, away, ids = await pair(world, 6)
    await world.counts_agree(stay, away)
    read, dismissed, deleted, revised, cancelled, untouched = ids
    await away.drop()
    shown_before = list(away.shown)
    await stay.ask("mark_read", {"notification_id": read})
    await stay.ask("dismiss", {"notification_id": dismissed})
    await stay.ask("delete", {"notification_id": deleted})
    await world.api.call("PUT", f"/notifications/{revised}", {"title": "R2", "message": "M"})
    await world.api.call("POST", f"/notifications/{cancelled}/cancel")
    new = [await world.api.submit(stay.user) for _ in range(3)]
    await stay.sees(*new)

    await away.connect()
    await world.barrier(away)
    assert away.replays[-1]["recovered"] is True
    assert away.items[read]["is_read"] is True
    assert away.items[dismissed]["is_dismissed"] is True
    assert away.removed[deleted] == "deleted"
    assert away.removed[cancelled] == "cancelled"
    assert away.items[revised]["title"] == "R2"
    shown = [i for i in away.shown[len(shown_before) :] if i in {*ids, *new}]
    assert sorted(shown) == sorted([revised, *new])
    assert untouched in away.items
    await world.counts_agree(stay, away)
    listed = set(await world.api.ids(stay.user))
    assert {i for i in away.items if not away.items[i]["is_dismissed"]} == listed


async def test_tab_without_cursor_gets_only_what_no_session_had(world):
    """What an acknowledging session has had is not pushed to a fresh tab: it lists."""
    one = await world.online()
    had = await world.api.submit(one.user)
    await one.sees(had)
    await world.counts_agree(one)

    await world.delivered(one.user, had)
    await one.close()
    await world.gone(one.user)
    missed = await world.api.submit(one.user)
    fresh = await world.online(one.user)
    await world.barrier(fresh)
    assert missed in fresh.items
    assert had not in fresh.items
    assert set(await world.api.ids(one.user)) >= {had, missed}


async def test_tabs_bad_cursor_is_said_and_does_no_harm(world):
    device = await world.online()
    sent = await world.api.submit(device.user)
    await device.sees(sent)
    stranger = await world.online()
    for cursor in ("garbage", "", stranger.cursor, "e30", "A" * 4000):
        tab = world.device(device.user)
        tab.cursor = cursor
        await tab.connect(auth={"cursor": cursor})
        if cursor:
            assert tab.replays[-1]["recovered"] is False, cursor
        await world.barrier(tab)
        await tab.close()


async def test_tabs_mark_all_read_reaches_both_with_its_watermark(world):
    one, two, ids = await pair(world, 5)
    answer = await one.ask("mark_all_read", {"before": ids[2]})
    assert answer["ok"], answer
    await two.until(lambda: [two.items[i]["is_read"] for i in ids] == [True] * 3 + [False] * 2)
    await two.until(lambda: two.count == 2)
    listed = {n["id"]: n["is_read"] for n in await world.api.inbox(one.user)}
    assert [listed[i] for i in ids] == [True, True, True, False, False]
    late = await world.api.submit(one.user)
    await two.sees(late)
    await world.counts_agree(one, two)
    assert (await world.api.counts(one.user))[0] == 3


@pytest.mark.parametrize("by", ["type", "tags"])
async def test_tabs_mark_all_read_with_filter_marks_only_those(world, by):
    user = world.user()
    one, two = await world.online(user), await world.online(user)
    yes = await world.api.submit(user, type="success", tags=["t1", "t2"])
    no = await world.api.submit(user, type="warning", tags=["t3"])
    for tab in (one, two):
        await tab.sees(yes, no)
    payload = {"notification_type": "success"} if by == "type" else {"tags": ["t1"]}
    assert (await one.ask("mark_all_read", payload))["ok"]
    await two.until(lambda: two.items[yes]["is_read"])
    assert not two.items[no]["is_read"]
    await world.counts_agree(one, two)
    assert await world.api.counts(user) == (1, 1)


async def test_counts_agree_with_a_fresh_get_after_every_step(world):
    one, two, ids = await pair(world, 4)
    steps = [
        ("mark_seen", {"notification_id": ids[0]}),
        ("mark_read", {"notification_id": ids[0]}),
        ("mark_unread", {"notification_id": ids[0]}),
        ("dismiss", {"notification_id": ids[1]}),
        ("restore", {"notification_id": ids[1]}),
        ("snooze", {"notification_id": ids[2], "for_s": 3600}),
        ("clicked", {"notification_id": ids[3], "action": "open"}),
        ("mark_all_read", {}),
        ("mark_unread", {"ids": ids[:2]}),
        ("delete", {"notification_id": ids[0]}),
    ]
    for event, payload in steps:
        answer = await one.ask(event, payload)
        assert answer["ok"], (event, answer)
        await world.counts_agree(one, two)
    assert (await world.api.counts(one.user))[0] == 1


async def test_tabs_own_session_is_not_told_what_it_did(world):
    """``notification_updated`` is for changes on *another* session; the one that acted knows."""
    one, two, (first,) = await pair(world)
    await one.ask("mark_read", {"notification_id": first})
    await two.until(lambda: two.events("notification_updated"))
    await world.barrier(one)
    assert not [u for u in one.events("notification_updated") if first in (u.get("ids") or [])]


async def test_counts_cursor_comes_with_every_count(world):
    device = await world.online()
    await world.api.submit(device.user)
    await device.until(lambda: device.count == 1)
    assert all(isinstance(c["cursor"], str) for c in device.events("notification_count"))
