"""The server alone counts: what sessions are told equals a recount, whatever happened before."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.line_rig import CALLER, DAY, EVERYONE, LineRig, S, line_of, role
from support.stores import Shop

from notify_server.domain.actions import Action, ReadAll
from notify_server.domain.errors import ConflictError, NotFoundError
from notify_server.domain.signals import CountSignal
from notify_server.domain.target import USER_LINE
from notify_server.domain.view import Counts
from notify_server.kit.clock import ManualClock
from notify_server.policy.visible import is_unread, is_unseen

_ACTIONS = [a for a in Action if a is not Action.SNOOZE]

_READ_ALLS = ["all", "type", "before"]

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from(["named", "all", "role", "expiring", "off"])),
        st.tuples(st.just("act"), st.sampled_from(_ACTIONS), st.integers(0, 30)),
        st.tuples(st.just("snooze"), st.integers(0, 30), st.integers(1, 200)),
        st.tuples(st.just("replace"), st.integers(0, 30)),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
        st.tuples(
            st.just("read_all"), st.sampled_from(["all", "type", "before"]), st.integers(0, 30)
        ),
        st.tuples(st.just("subscribe"), st.booleans()),
        st.tuples(st.just("pass"), st.sampled_from([1, 31, 90, 7200])),
        st.tuples(st.just("reconnect"), st.booleans()),
        st.tuples(st.just("ack")),
        st.tuples(st.just("discover")),
    ),
    min_size=1,
    max_size=30,
)


class _Story:
    """Does random things to one user."""

    def __init__(self, rig, session):
        self.rig = rig
        self.session = session
        self.ids = []

    async def do(self, step):
        await getattr(self, f"do_{step[0]}")(*step[1:])
        await self.rig.settle()

    def pick(self, nth):
        return self.ids[nth % len(self.ids)] if self.ids else None

    async def do_send(self, kind):
        rig = self.rig
        soon = rig.clock.now() + 60 * S
        fields = {
            "named": {},
            "all": {"to": [EVERYONE]},
            "role": {"to": [role("R")]},
            "expiring": {"to": [EVERYONE], "expires_at": soon},
            "off": {"type": "alert"},
        }[kind]
        users = [] if "to" in fields else ["ann"]
        self.ids.append(await rig.send(*users, **fields))

    async def do_act(self, action, nth):
        if self.ids:
            await self.rig.act("ann", self.pick(nth), action)

    async def do_snooze(self, nth, seconds):
        if self.ids:
            until = self.rig.clock.now() + seconds * S
            await self.rig.act("ann", self.pick(nth), "snooze", until=until)

    async def do_replace(self, nth):
        if self.ids:
            with suppress(ConflictError):  # it is cancelled or expired
                await self.rig.replace(self.pick(nth), title="new")

    async def do_cancel(self, nth):
        if self.ids:
            await self.rig.line.submissions.cancel(CALLER, self.pick(nth))

    async def do_read_all(self, kind, nth):
        which = {
            "all": ReadAll(),
            "type": ReadAll(type="alert"),
            "before": ReadAll(before=self.pick(nth)),
        }[kind]
        with suppress(NotFoundError):  # it is no longer ann's to see
            await self.rig.line.inbox.read_all("ann", USER_LINE, which)

    async def do_subscribe(self, on):
        await self.rig.line.people.subscribe("ann", {"alert": on})

    async def do_pass(self, seconds):
        await self.rig.tick(seconds * S)
        await self.rig.line.expiry.run()

    async def do_reconnect(self, acks):
        await self.rig.close(self.session)
        self.rig.clock.advance(S)
        claims = self.rig.claims("ann", ["R"])
        self.session = await self.rig.connect("ann", acks=acks, claims=claims)

    async def do_ack(self):
        await self.rig.ack(self.session)

    async def do_discover(self):
        await self.rig.line.discovery.look()


async def _recount(rig):
    """By reading the whole list, as a person could."""
    person = await rig.line.people.person("ann")
    now = rig.clock.now()
    unread = unseen = 0
    inventory = rig.line.counting._inventory
    async for entry in inventory.scan(person, USER_LINE):
        unread += is_unread(person, entry, rig.line.rules, now)
        unseen += is_unseen(person, entry, rig.line.rules, now)
    return Counts(unread, unseen)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=_STEPS)
async def test_counts_equal_a_recount_after_random_operations(tmp_path_factory, steps):
    clock = ManualClock()
    shop = Shop("sqlite", tmp_path_factory.mktemp("counts"), clock)
    rig = await LineRig(await shop.open(), clock).start()
    try:
        session = await rig.connect("ann", claims=rig.claims("ann", ["R"]))
        clock.advance(S)
        story = _Story(rig, session)
        for step in steps:
            await story.do(step)
        told = await rig.shown_counts(story.session)
        expected = await _recount(rig)
        assert told == expected
        assert await rig.line.inbox.counts("ann", USER_LINE) == expected
    finally:
        await rig.stop()
        await shop.close()


async def test_counts_are_sent_at_most_four_times_a_second_the_last_always(rig):
    session = await rig.connect("ann")
    before = len(rig.emitter.to(session.id, CountSignal))
    for _ in range(100):
        await rig.send("ann")
        rig.clock.advance(timedelta(milliseconds=10))
        rig.line.counting.flush()
    told = rig.emitter.to(session.id, CountSignal)[before:]
    assert 1 <= len(told) <= 5
    assert (await rig.shown_counts(session)).unread == 100


@pytest.mark.parametrize("more", [0, 1, 500])
async def test_counts_are_exact_to_1000_and_then_more(rig, more):
    drafts = [rig.draft("ann") for _ in range(1000 + more)]
    for start in range(0, len(drafts), 500):
        await rig.line.submissions.submit_many(CALLER, drafts[start : start + 500], None)
    assert await rig.line.inbox.counts("ann", "/") == Counts(1000, 1000, more > 0)


async def test_second_session_is_told_fresh_counts(rig):
    await rig.connect("ann")
    await rig.send("ann")
    second = await rig.connect("ann")
    assert rig.emitter.to(second.id, CountSignal)[0].counts == Counts(1, 1)


async def test_seen_is_counted_apart_from_read(rig):
    session = await rig.connect("ann")
    sent = await rig.send("ann")
    await rig.act("ann", sent, "seen")
    assert await rig.shown_counts(session) == Counts(1, 0)


async def test_counts_of_two_lines_are_apart(rig):
    user_line = await rig.connect("ann", roles=["ADMIN"])
    admin = await rig.connect("ann", roles=["ADMIN"], line="/admin")
    await rig.send(to=[line_of("/admin")], line="/admin")
    assert await rig.shown_counts(user_line) == Counts(0, 0)
    assert await rig.shown_counts(admin) == Counts(1, 1)


async def test_cursor_of_a_count_never_runs_ahead_of_the_replay(rig):
    await rig.send("ann")
    rig.clock.advance(DAY)
    session = await rig.connect("ann", wait=False)
    rig.emitter.backlogs[session.id] = (1000, 0)
    await rig.send("ann", wait=False)
    rig.clock.advance(20 * S)
    rig.line.counting.flush()
    cursors = [c.cursor.stamp for c in rig.emitter.to(session.id, CountSignal)]
    assert all(stamp <= session.opened_at for stamp in cursors)
    rig.emitter.backlogs.clear()
    await rig.settle()
