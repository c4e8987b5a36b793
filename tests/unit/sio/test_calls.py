"""Every event that a client may send, on a real socket (contract 9)."""

import pytest
from support.stores import SECOND

from notify_server.sio import calls
from notify_server.sio.calls import ANSWER_BYTES
from notify_server.wire.client_events import ClientCall
from notify_server.wire.events import ClientEvent

RESERVED = {"get_preferences", "update_preferences"}

GOOD = {
    # event -> payload, given a notification of the user's own
    "get_notifications": lambda n: {"limit": 5},
    "mark_read": lambda n: {"notification_id": n},
    "mark_unread": lambda n: {"notification_id": n},
    "mark_seen": lambda n: {"ids": [n]},
    "dismiss": lambda n: {"ids": [n]},
    "restore": lambda n: {"notification_id": n},
    "pin": lambda n: {"notification_id": n},
    "unpin": lambda n: {"notification_id": n},
    "mark_all_read": lambda n: {"before": n},
    "acknowledge": lambda n: {"notification_id": n},
    "notification_ack": lambda n: {"notification_id": n, "revision": 1},
    "snooze": lambda n: {"notification_id": n, "for_s": 60},
    "clicked": lambda n: {"notification_id": n, "action": "open"},
    "subscribe": lambda n: {"types": ["info"]},
    "unsubscribe": lambda n: {"types": ["info"]},
    "join_room": lambda n: {"room": "r"},
    "leave_room": lambda n: {"room": "r"},
    "delete": lambda n: {"notification_id": n},
}


@pytest.fixture
async def ann(inside, device):
    return await device(inside, "ann", rooms=["*"]).connect()


def test_table_knows_every_event():
    assert GOOD.keys() | RESERVED | {"refresh_token"} == {str(e.value) for e in ClientEvent}


@pytest.mark.parametrize("event", GOOD)
async def test_event_is_answered_ok(inside, ann, event):
    sent = await inside.send("ann")
    answer = await ann.ask(event, GOOD[event](sent))
    assert answer["ok"], answer


@pytest.mark.parametrize("event", sorted(RESERVED))
async def test_reserved_event_is_not_available(ann, event):
    assert (await ann.ask(event, {}))["error"]["code"] == "NOT_AVAILABLE"


@pytest.mark.parametrize("event", ["nonsense", "send_notification", "get_stats"])
async def test_unknown_and_foreign_events_are_refused(ann, event):
    answer = await ann.ask(event, {})
    assert answer["ok"] is False
    assert answer["error"]["code"] in {"UNKNOWN_EVENT", "FORBIDDEN", "NOT_AVAILABLE"}
    assert answer["error"]["message"]


@pytest.mark.parametrize("event", sorted({*GOOD} - {"get_notifications", "mark_all_read"}))
@pytest.mark.parametrize("payload", [None, [], "x", 7, {"unknown": 1}])
async def test_wrong_payload_is_refused_with_paths_and_the_session_stays(ann, event, payload):
    answer = await ann.ask(event, payload)
    assert answer["ok"] is False
    assert answer["error"]["code"] in {"INVALID", "BAD_REQUEST"}
    assert (await ann.ask("get_notifications", {}))["ok"]


@pytest.mark.parametrize(
    "event",
    ["mark_read", "acknowledge", "notification_ack", "clicked", "pin", "delete"],
)
async def test_foreign_and_unknown_ids_get_the_same_answer(inside, ann, event):
    foreign = await inside.send("bob")
    answers = [
        await ann.ask(event, {"notification_id": one})
        for one in (foreign, "01990000-0000-7000-8000-000000000000")
    ]
    assert [a["error"]["code"] for a in answers] == ["NOT_FOUND"] * 2
    assert answers[0] == answers[1]
    (entry,) = await inside.store.entries("bob", [foreign])
    assert entry.receipt.version == 1


async def test_batch_says_changed_and_unknown(inside, ann):
    mine, foreign = await inside.send("ann"), await inside.send("bob")
    answer = await ann.ask("mark_read", {"ids": [foreign, mine]})
    assert answer == {"ok": True, "changed": [mine], "unknown": [foreign]}


async def test_list_is_cut_by_bytes_and_says_that_there_is_more(inside, ann):
    for _ in range(25):
        await inside.send("ann", data={"x": "y" * 30_000})
    answer = await ann.ask("get_notifications", {"limit": 100})
    sizes = [len(str(item)) for item in answer["items"]]
    assert sum(sizes) < ANSWER_BYTES * 1.1
    assert 1 < len(sizes) < 25
    assert answer["page_info"]["has_more"]


async def test_cut_list_goes_on_where_it_was_cut(inside, ann):
    sent = []
    for _ in range(40):
        inside.clock.advance(SECOND)
        sent.append(await inside.send("ann", data={"x": "y" * 30_000}))

    async def page(**place):
        answer = await ann.ask("get_notifications", {"limit": 100, **place})
        return [item["id"] for item in answer["items"]], answer["page_info"]

    found, info = await page()
    while info["has_more"]:
        more, info = await page(before=info["before"])
        found += more
    assert found == sent[::-1]
    back, info = await page(after=info["before"])
    while info["has_more"]:
        more, info = await page(after=info["after"])
        back = more + back
    assert back == sent[:0:-1]


async def test_list_of_another_line_is_asked_for_there(ann):
    answer = await ann.ask("get_notifications", {"namespace": "/admin"})
    assert answer["error"]["code"] == "FORBIDDEN"


async def test_origin_of_an_action_is_not_told_others_are(inside, ann, device):
    other = await device(inside, "ann").connect()
    sent = await inside.send("ann")
    await ann.sees(sent)
    await other.sees(sent)
    assert (await ann.ask("mark_read", {"notification_id": sent}))["ok"]
    await other.until(lambda: other.events("notification_updated"))
    assert ann.events("notification_updated") == []


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda i: i.token("bob"), "TOKEN_INVALID"),
        (lambda i: "nonsense", "TOKEN_INVALID"),
        (lambda i: i.token("ann", ttl=SECOND), "TOKEN_INVALID"),
    ],
)
async def test_refresh_needs_the_same_user_and_a_later_end(inside, ann, make, code):
    answer = await ann.ask("refresh_token", {"token": make(inside)})
    assert answer["error"]["code"] == code
    assert (await ann.ask("get_notifications", {}))["ok"]


async def test_refresh_takes_back_rooms_that_the_new_token_does_not_allow(inside, ann):
    assert (await ann.ask("join_room", {"room": "r"}))["ok"]
    inside.clock.advance(SECOND)
    token = inside.token("ann", rooms=["other"])
    assert (await ann.ask("refresh_token", {"token": token}))["ok"]
    (session,) = inside.line.registry
    assert session.rooms == {}
    assert (await ann.ask("join_room", {"room": "r"}))["error"]["code"] == "FORBIDDEN"


async def test_room_without_permission_is_forbidden(inside, device):
    plain = await device(inside, "bob").connect()
    answer = await plain.ask("join_room", {"room": "secret"})
    assert answer["error"]["code"] == "FORBIDDEN"


def test_every_kind_of_call_has_one_answer():
    assert set(calls._ANSWERS) == set(ClientCall.__args__)
