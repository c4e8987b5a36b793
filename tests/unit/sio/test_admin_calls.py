"""The line ``/admin``: what its events do, who may send them, who hears figures (contract 9)."""

from typing import get_args

import pytest
from support.stores import SECOND

from notify_server.domain.audit import AuditQuery
from notify_server.domain.settings import NamespaceSettings, RateLimitSettings, Settings
from notify_server.domain.target import Audience, AudienceKind, Source
from notify_server.sio import admin_calls
from notify_server.sio.watching import Watching
from notify_server.wire.admin_events import AdminCall
from notify_server.wire.events import AdminEvent

ADMIN = Audience(AudienceKind.ROLE, "ADMIN")
BODY = {"to": "ann", "title": "t", "message": "m"}
GOOD = {
    # event -> payload, given a notification and a session of somebody's
    "send_notification": lambda n, s: BODY,
    "get_stats": lambda n, s: None,
    "get_sessions": lambda n, s: {"user": "ann"},
    "explain": lambda n, s: {"notification_id": n},
    "resend": lambda n, s: {"notification_id": n},
    "cancel": lambda n, s: {"notification_id": n},
    "disconnect_session": lambda n, s: {"sid": s},
    "watch": lambda n, s: {"on": True},
}


@pytest.fixture
async def boss(inside, device):
    return await device(inside, "boss", ["ADMIN"], line="/admin").connect()


@pytest.fixture
async def ann(inside, device):
    return await device(inside, "ann").connect()


def _watching(inside) -> Watching:
    return inside.gateway._calls.admin.watching


async def _audited(inside):
    page = await inside.line.audit.page(AuditQuery(limit=20))
    return [(entry.who, entry.action, entry.subject) for entry in page.items]


def test_table_knows_every_event():
    assert GOOD.keys() == {str(event) for event in AdminEvent}
    assert set(admin_calls._ANSWERS) == set(get_args(AdminCall))


@pytest.mark.parametrize("event", GOOD)
async def test_admin_event_is_answered_ok_to_an_operator(inside, boss, ann, event):
    answer = await boss.ask(event, GOOD[event](await inside.send("ann"), ann.socket.sid))
    assert answer["ok"], answer


@pytest.mark.parametrize("event", GOOD)
async def test_admin_event_is_refused_on_the_user_line_even_to_an_operator(
    inside, device, ann, event
):
    sent = await inside.send("ann")
    for one in (ann, await device(inside, "boss", ["ADMIN"]).connect()):
        answer = await one.ask(event, GOOD[event](sent, ann.socket.sid))
        assert answer["error"]["code"] == "UNKNOWN_EVENT"
    assert ann.open
    assert await _audited(inside) == []


@pytest.mark.parametrize("event", GOOD)
async def test_who_is_let_into_the_line_by_another_role_is_no_operator(make_inside, device, event):
    names = NamespaceSettings(lines={"/admin": ("ADMIN", "SUPPORT")})
    inside = await make_inside(Settings(namespaces=names))
    helper = await device(inside, "sue", ["SUPPORT"], line="/admin").connect()
    answer = await helper.ask(event, GOOD[event](await inside.send("ann"), helper.socket.sid))
    assert answer["error"]["code"] == "FORBIDDEN"
    assert helper.open
    assert len(_watching(inside)) == 0


async def test_role_that_was_taken_away_is_refused_at_the_next_call(make_inside, device):
    names = NamespaceSettings(lines={"/admin": ("ADMIN", "SUPPORT")})
    inside = await make_inside(Settings(namespaces=names))
    boss = await device(inside, "boss", ["ADMIN", "SUPPORT"], line="/admin").connect()
    assert (await boss.ask("watch"))["ok"]
    await inside.store.remove_member("boss", ADMIN, Source.TOKEN)
    inside.line.people._forget("boss")
    assert (await boss.ask("get_stats"))["error"]["code"] == "FORBIDDEN"
    await _watching(inside).push()
    await boss.ask("get_notifications", {})
    assert boss.events("stats") == []


# What they do


async def test_send_notification_is_stored_sent_and_replayed_by_its_key(inside, boss, ann):
    body = {**BODY, "idempotency_key": "k"}
    first, again = [await boss.ask("send_notification", body) for _ in range(2)]
    assert (first["status"], first["revision"]) == ("accepted", 1)
    assert again == {**first, "replayed": True}
    await ann.sees(first["id"])
    found = await inside.store.notifications([first["id"]])
    assert found[first["id"]].submitter == "user:boss"
    other = await boss.ask("send_notification", {**body, "title": "other"})
    assert other["error"]["code"] == "IDEMPOTENCY_MISMATCH"


async def test_send_notification_is_held_to_the_rate_of_submits(make_inside, device):
    inside = await make_inside(Settings(rate_limits=RateLimitSettings(submit="1/hour")))
    boss = await device(inside, "boss", ["ADMIN"], line="/admin").connect()
    assert (await boss.ask("send_notification", BODY))["ok"]
    error = (await boss.ask("send_notification", BODY))["error"]
    assert error["code"] == "RATE_LIMITED"
    assert error["details"]["retry_after_s"] > 1


async def test_faults_are_named_by_path_and_close_nothing(boss):
    answer = await boss.ask("send_notification", {"to": [{"role": 1}], "title": "t"})
    error = answer["error"]
    assert error["code"] == "INVALID"
    assert {fault["path"] for fault in error["details"]["errors"]} == {"message", "to[0].role"}
    assert boss.open


async def test_get_sessions_and_disconnect_session_end_one(inside, boss, ann):
    (session,) = (await boss.ask("get_sessions", {"user": "ann"}))["items"]
    assert (session["sid"], session["namespace"]) == (ann.socket.sid, "/")
    assert (await boss.ask("disconnect_session", {"sid": session["sid"]}))["ok"]
    await ann.until(lambda: ann.socket.disconnected)
    gone = await boss.ask("disconnect_session", {"sid": session["sid"]})
    assert gone["error"]["code"] == "NOT_FOUND"
    assert await _audited(inside) == [("user:boss", "session.close", "user:ann")]


async def test_get_sessions_of_a_full_node_is_cut_to_one_frame(inside, boss, ann, monkeypatch):
    monkeypatch.setattr(admin_calls, "SESSIONS_SHOWN", 1)
    answer = await boss.ask("get_sessions")
    assert (len(answer["items"]), answer["has_more"]) == (1, True)
    answer = await boss.ask("get_sessions", {"user": "ann"})
    assert ([one["user"] for one in answer["items"]], answer["has_more"]) == (["ann"], False)


async def test_explain_says_what_became_of_it(inside, boss):
    sent = await inside.send("ann")
    answer = await boss.ask("explain", {"notification_id": sent, "user": "ann"})
    (recipient,) = answer["recipients"]["items"]
    assert (recipient["user"], recipient["status"]) == ("ann", "pending")
    unknown = await boss.ask("explain", {"notification_id": "nothing"})
    assert unknown["error"]["code"] == "NOT_FOUND"


async def test_resend_and_cancel_of_another_callers_are_audited(inside, boss):
    sent = await inside.send("ann")
    assert (await boss.ask("resend", {"notification_id": sent}))["id"] == sent
    cancelled = await boss.ask("cancel", {"notification_id": sent})
    assert (cancelled["id"], cancelled["stopped"]) == (sent, 1)
    assert (await boss.ask("resend", {"notification_id": sent}))["error"]["code"] == "CONFLICT"
    subject = f"notification:{sent}"
    audited = await _audited(inside)
    assert {who for who, _, _ in audited} == {"user:boss"}
    assert [(action, about) for _, action, about in audited] == [
        ("notification.cancel", subject),
        ("notification.resend", subject),
    ]


# Watching


async def test_figures_are_read_once_for_all_who_watch(inside, device, monkeypatch):
    bosses = [await device(inside, f"b{n}", ["ADMIN"], line="/admin").connect() for n in range(3)]
    for boss in bosses[:2]:
        for _ in range(2):
            assert await boss.ask("watch") == {"ok": True, "on": True}
    reads = []
    operators = _watching(inside)._operators
    monkeypatch.setattr(_watching(inside), "_operators", _Counted(operators, reads))
    await _watching(inside).push()
    for boss in bosses[:2]:
        await boss.until(lambda boss=boss: boss.events("stats"))
        assert boss.events("stats")[0]["sessions"]["by_namespace"] == {"/admin": 3}
    await bosses[2].ask("get_stats")
    assert bosses[2].events("stats") == []
    assert len(reads) == 1


async def test_watch_ends_when_asked_and_with_the_session(inside, boss, device):
    other = await device(inside, "other", ["ADMIN"], line="/admin").connect()
    for one in (boss, other):
        await one.ask("watch", {"on": True})
    assert await boss.ask("watch", {"on": False}) == {"ok": True, "on": False}
    await _watching(inside).push()
    await other.until(lambda: other.events("stats"))
    assert boss.events("stats") == []
    await other.close()
    await boss.until(lambda: True)
    sessions = (await boss.ask("get_sessions", {"user": "other"}))["items"]
    while sessions:
        sessions = (await boss.ask("get_sessions", {"user": "other"}))["items"]
    assert len(_watching(inside)) == 0


async def test_nobody_watching_costs_no_read(inside, monkeypatch):
    reads = []
    monkeypatch.setattr(_watching(inside), "_operators", _Counted(None, reads))
    inside.clock.advance(SECOND)
    await _watching(inside).push()
    assert reads == []


class _Counted:
    def __init__(self, operators, reads):
        self._operators = operators
        self._reads = reads

    async def stats(self):
        self._reads.append(1)
        return await self._operators.stats()
