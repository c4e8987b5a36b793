"""S12, S33: somebody else's notification and one that never was get the same answer."""

import pytest

UNKNOWN = "01890000-0000-7000-8000-000000000000"
VERBS = [
    "mark-read",
    "mark-unread",
    "mark-seen",
    "acknowledge",
    "dismiss",
    "restore",
    "pin",
    "unpin",
    "clicked",
]
EVENTS = [
    "mark_read",
    "mark_unread",
    "mark_seen",
    "acknowledge",
    "dismiss",
    "restore",
    "pin",
    "unpin",
    "delete",
    "clicked",
    "notification_ack",
]


async def victim_and_thief(world):
    """The thief is online; the victim has one notification by name and one by role."""
    role = world.user("ROLE")
    victim = await world.online(roles=[role])
    thief = await world.online()
    foreign = [
        await world.api.submit(victim.user, requires_acknowledgment=True),
        await world.api.submit({"role": role}),
    ]
    await victim.sees(*foreign)
    await world.delivered(victim.user, *foreign)
    return victim, thief, foreign


def without_id(value, *ids):
    text = repr(value)
    for identity in ids:
        text = text.replace(identity, "<id>")
    return text


async def test_foreign_ids_over_http_answer_as_unknown(world):
    victim, thief, foreign = await victim_and_thief(world)
    before = await world.api.inbox(victim.user)
    token = world.api.as_user(thief.user)
    calls = [("GET", "", None), ("DELETE", "", None)]
    calls += [("POST", f"/{verb}/", None) for verb in VERBS]
    calls += [("POST", "/snooze/", {"for_s": 60})]
    for method, tail, body in calls:
        answers = [
            await world.api.call(method, f"/notifications/{i}{tail}", body, bearer=token)
            for i in (UNKNOWN, *foreign)
        ]
        assert {(a.status, a.code) for a in answers} == {(404, "NOT_FOUND")}, (method, tail)
        texts = {without_id(a.body, UNKNOWN, *foreign) for a in answers}
        assert len(texts) == 1, texts
    assert await world.api.inbox(victim.user) == before


@pytest.mark.parametrize("event", EVENTS)
async def test_foreign_ids_over_socket_answer_as_unknown(world, event):
    victim, thief, foreign = await victim_and_thief(world)
    before = await world.api.inbox(victim.user)
    extra = {"revision": 1} if event == "notification_ack" else {}
    answers = [await thief.ask(event, {"notification_id": i, **extra}) for i in (UNKNOWN, *foreign)]
    assert [a["ok"] for a in answers] == [False] * 3
    assert {a["error"]["code"] for a in answers} == {"NOT_FOUND"}
    assert len({without_id(a, UNKNOWN, *foreign) for a in answers}) == 1
    assert await world.api.inbox(victim.user) == before
    await world.counts_agree(victim, thief)


async def test_foreign_ids_in_lists_are_unknown(world):
    victim, thief, foreign = await victim_and_thief(world)
    own = await world.api.submit(thief.user)
    await thief.sees(own)
    answer = await thief.ask("mark_read", {"ids": [own, *foreign, UNKNOWN]})
    assert answer["ok"]
    assert answer["changed"] == [own]
    assert set(answer["unknown"]) == {*foreign, UNKNOWN}
    batch = await world.api.call(
        "POST",
        "/notifications/batch",
        {"ids": [own, *foreign, UNKNOWN], "action": "delete"},
        bearer=world.api.as_user(thief.user),
    )
    assert batch.status == 200
    assert batch.body["changed"] == [own]
    assert set(batch.body["unknown"]) == {*foreign, UNKNOWN}
    assert set(await world.api.ids(victim.user)) == set(foreign)


async def test_foreign_id_as_before_of_mark_all_read_marks_nothing_of_others(world):
    victim, thief, foreign = await victim_and_thief(world)
    answer = await thief.ask("mark_all_read", {"before": foreign[0]})
    unknown = await thief.ask("mark_all_read", {"before": UNKNOWN})
    assert answer["ok"] == unknown["ok"]
    assert (await world.api.counts(victim.user))[0] == 2


async def test_foreign_cursor_opens_no_foreign_list(world):
    victim, thief, foreign = await victim_and_thief(world)
    page = await world.api.call(
        "GET", "/notifications", bearer=world.api.as_user(victim.user), limit=1
    )
    cursors = page.body["page_info"]
    for name in ("before", "after"):
        answer = await world.api.call(
            "GET",
            "/notifications",
            bearer=world.api.as_user(thief.user),
            **{name: cursors[name]},
        )
        assert answer.status in (200, 422)
        assert not answer.body.get("items")
    spy = world.device(thief.user)
    spy.cursor = victim.cursor
    await spy.connect()
    assert not set(foreign) & set(spy.items)
    assert not any(i in frame for i in foreign for frame in spy.socket.frames)


async def test_foreign_notification_cannot_be_replaced_or_cancelled(world):
    """Another caller without the scope ``admin`` learns nothing and changes nothing."""
    user = world.user()
    sent = await world.api.submit(user)
    stranger = world.server.token(world.user(), [])
    body = {"title": "Mine", "message": "now"}
    for method, tail in (("PUT", ""), ("POST", "/cancel")):
        answers = [
            await world.api.call(method, f"/notifications/{i}{tail}", body, bearer=stranger)
            for i in (sent, UNKNOWN)
        ]
        assert {a.status for a in answers} <= {403, 404}
        assert answers[0].status == answers[1].status
    assert (await world.api.item(user, sent))["title"] == "Title"


async def test_operator_pages_are_closed_to_users(world):
    user = world.user()
    sent = await world.api.submit(user)
    token = world.api.as_user(user)
    session = (await world.api.sessions() or [{"sid": "x"}])[0]["sid"]
    for method, path in (
        ("GET", f"/admin/notifications/{sent}"),
        ("GET", "/admin/sessions"),
        ("GET", "/admin/notifications"),
        ("GET", "/admin/stats"),
        ("GET", f"/admin/presence?user={user}"),
        ("POST", f"/admin/notifications/{sent}/resend"),
        ("DELETE", f"/admin/sessions/{session}"),
        ("POST", f"/admin/users/{user}/revoke"),
        ("PUT", f"/admin/rooms/r/members/{user}"),
        ("DELETE", f"/admin/rooms/r/members/{user}"),
    ):
        answer = await world.api.call(method, path, bearer=token)
        assert (answer.status, answer.code) == (403, "FORBIDDEN"), path
    answer = await world.api.call("GET", "/admin/audit", bearer=token)
    assert answer.code in ("FORBIDDEN", "NOT_AVAILABLE")
