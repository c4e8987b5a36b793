"""Delivery against a model of dictionaries: a Hypothesis state machine over a real server.

The model knows who belongs to what, what each person may see, and what is unread. After every step
that lets things settle, each open device holds exactly that, its count says so, and nothing was
shown twice. ``crash`` is kill -9. CI runs a small fixed sample, ``-m soak`` a long one.
"""

import asyncio
import itertools

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from support.world import World

PEOPLE = ("ann", "bob", "eve")
PRIORITIES = ("low", "normal", "high", "critical")
people = st.sampled_from(PEOPLE)
tabs = st.sampled_from([(name, number) for name in PEOPLE for number in (0, 1)])
_runs = itertools.count(1)


class Item:
    """One accepted notification: for whom by name, and for which room."""

    def __init__(self, named, room):
        self.named = set(named)
        self.room = room
        self.members = set()
        self.received = {}
        self.read = set()
        self.gone = set()
        self.revision = 1


class Delivery(RuleBasedStateMachine):
    """Three people, two tabs each, one room; ``runner`` and ``server`` come from a subclass."""

    server = None
    runner = None
    crashes = True

    def __init__(self):
        super().__init__()
        self.items = {}
        self.members = set()
        self.open = set()
        self.exempt = {}
        self.failed = False
        self.world = World(self.server)

    def do(self, step):
        """Run one step; after one that failed, teardown only tidies up."""
        try:
            return self.runner.run(step)
        except BaseException:
            self.failed = True
            raise

    @initialize()
    def people_arrive(self):
        self.do(self._arrive())

    async def _arrive(self):
        await self.world.__aenter__()
        number = next(_runs)
        self.room = f"room-{number}-{self.world.user()}"
        self.users = {name: self.world.user(name) for name in PEOPLE}
        self.devices = {
            (name, tab): self.world.device(self.users[name]) for name in PEOPLE for tab in (0, 1)
        }

    def teardown(self):
        self.do(self._leave())

    async def _leave(self):
        if self.world.http is None:
            return
        try:
            if not self.failed:
                await self._final()
        finally:
            await self.world.__aexit__()

    async def _final(self):
        """Everybody comes back once more, and every list says what the model says."""
        for tab in self.devices:
            if tab not in self.open:
                await self._connect(tab)
        for name in PEOPLE:
            listed = set(await self.world.api.ids(self.users[name]))
            assert listed == self._visible(name), f"list of {name}"
        verdict = await self.world.judge(*self.devices.values())
        assert not verdict.dup_shown, verdict
        assert not verdict.leak, verdict
        assert not verdict.reorder, verdict

    # --- what may happen ---

    @rule(to=st.sets(people, min_size=1), priority=st.sampled_from(PRIORITIES))
    def submit_to_people(self, to, priority):
        self.do(self._submit(to, None, priority))

    @rule(also=st.sets(people, max_size=1), priority=st.sampled_from(PRIORITIES))
    def submit_to_room(self, also, priority):
        self.do(self._submit(also, self.room, priority))

    @rule(tab=tabs)
    def connect(self, tab):
        if tab not in self.open:
            self.do(self._connect(tab))

    @rule(tab=tabs, politely=st.booleans())
    def disconnect(self, tab, politely):
        if tab in self.open:
            self.do(self._disconnect(tab, politely))

    @precondition(lambda self: self.items)
    @rule(name=people, data=st.data())
    def read(self, name, data):
        self._act("mark-read", "read", name, data)

    @precondition(lambda self: self.items)
    @rule(name=people, data=st.data())
    def delete(self, name, data):
        self._act(None, "gone", name, data)

    @precondition(lambda self: self.items)
    @rule(data=st.data())
    def replace(self, data):
        self.do(self._replace(data.draw(st.sampled_from(sorted(self.items)))))

    @rule(name=people)
    def join(self, name):
        if name not in self.members:
            self.do(self._member("PUT", name))
            self.members.add(name)

    @rule(name=people)
    def leave(self, name):
        if name in self.members:
            self.do(self._member("DELETE", name))
            self.members.discard(name)
            for item in self.items.values():
                item.members.discard(name)

    @precondition(lambda self: self.crashes)
    @rule()
    def crash(self):
        self.do(self._crash())

    @rule()
    def tick(self):
        self.do(self._settled())

    # --- how it happens ---

    def _visible(self, name):
        """Ids that this person may see: by name, by unbroken membership, or had already."""
        return {
            identity
            for identity, item in self.items.items()
            if name not in item.gone
            and (name in item.named or name in item.members or name in item.received)
        }

    async def _submit(self, to, room, priority):
        targets = [self.users[name] for name in sorted(to)]
        targets += [{"room": room}] if room else []
        audience = set(to) | (self.members if room else set())
        identity = await self.world.api.submit(
            targets, priority=priority, audience=[self.users[name] for name in audience]
        )
        item = self.items[identity] = Item(to, room)
        item.members = set(self.members) if room else set()
        await self._settled()

    async def _connect(self, tab):
        name = tab[0]
        if tab not in self.exempt:
            # A fresh tab has no cursor: what another session had in this revision, it must list.
            items = self.items.items()
            self.exempt[tab] = {i for i, item in items if item.received.get(name) == item.revision}
        await self.devices[tab].stay_connected()
        self.open.add(tab)
        await self._settled()

    async def _disconnect(self, tab, politely):
        self.open.discard(tab)
        device = self.devices[tab]
        await (device.close() if politely else device.drop())

    def _act(self, verb, state, name, data):
        visible = sorted(self._visible(name))
        if not visible:
            return
        identity = data.draw(st.sampled_from(visible))
        self.do(self._call(verb, name, identity))
        getattr(self.items[identity], state).add(name)
        self.items[identity].received[name] = self.items[identity].revision
        self.do(self._settled())

    async def _call(self, verb, name, identity):
        user = self.users[name]
        if verb:
            await self.world.api.act(user, identity, verb)
            return
        answer = await self.world.api.call(
            "DELETE", f"/notifications/{identity}", bearer=self.world.api.as_user(user)
        )
        assert answer.status in (200, 204), answer

    async def _replace(self, identity):
        item = self.items[identity]
        item.revision += 1
        for exempt in self.exempt.values():
            exempt.discard(identity)
        body = {"title": f"revision {item.revision}", "message": "M"}
        answer = await self.world.api.call("PUT", f"/notifications/{identity}", body)
        assert answer.status in (200, 202), answer
        assert answer.body["revision"] == item.revision
        await self._settled()

    async def _member(self, method, name):
        path = f"/admin/rooms/{self.room}/members/{self.users[name]}"
        answer = await self.world.api.call(method, path)
        assert answer.status in (200, 201, 204), answer

    async def _crash(self):
        await asyncio.to_thread(self.server.kill)
        await asyncio.to_thread(self.server.start)
        for tab in self.open:
            await self.devices[tab].stay_connected()
        await self._settled()

    # --- what must hold ---

    async def _settled(self):
        """Every open device holds exactly what its person may see, and counts it."""
        for tab in sorted(self.open):
            device, visible = self.devices[tab], self._visible(tab[0])
            unread = len([i for i in visible if tab[0] not in self.items[i].read])
            await device.until(
                lambda d=device, t=tab, u=unread: self._holds(t) and d.count == u,
                what=f"{sorted(visible)} with {unread} unread; "
                f"held {sorted(device.items)}, counted {device.count}",
            )
            await self._received(tab[0], visible)
            shown = [r for r in self.world.journal.of("shown") if r["device"] == device.name]
            assert len(shown) == len({(r["id"], r["revision"]) for r in shown}), shown

    def _holds(self, tab):
        """Whether a tab holds all that it must and nothing that it may not, in newest revisions."""
        held, visible = self.devices[tab].items, self._visible(tab[0])
        newest = all(held[i]["revision"] == self.items[i].revision for i in held if i in visible)
        return newest and visible - self.exempt[tab] <= set(held) <= visible

    async def _received(self, name, visible):
        """Wait until the acks of what an open tab holds are stored."""
        for identity in sorted(visible):
            item = self.items[identity]
            if item.received.get(name) == item.revision:
                continue

            async def delivered(identity=identity):
                page = await self.world.api.explain(identity, user=self.users[name])
                return [r["state"]["status"] for r in page["recipients"]["items"]] == ["delivered"]

            await self.world.api.until(delivered)
            item.received[name] = item.revision
