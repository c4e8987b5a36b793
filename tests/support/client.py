"""A simulated device that follows the contract, and can be told not to."""

import asyncio
import itertools

import aiohttp
from support.rawsocket import ClosedError, RawSocket


class Device:
    """One tab or phone of a user: holds items, drops doubles, keeps its cursor, acks.

    Attributes:
        items: Id → notification as the page would show it.
        acking: ``"store"`` (as the contract wants), ``"never"``, or seconds to wait before it.
        frames: ``(name, payload)`` of everything received, over all connections.
        count, unseen: The newest counts.
        shown: Ids in the order in which they were shown.
    """

    _numbers = itertools.count(1)

    def __init__(
        self,
        server,
        http,
        user,
        roles=(),
        *,
        journal=None,
        line="/",
        url=None,
        transport=None,
        **claims,
    ):
        self.server = server
        self.http = http
        self.user = user
        self.roles = tuple(roles)
        self.claims = claims
        self.line = line
        self.url = url or server.url
        self.transport = transport
        self.name = f"{user}#{next(self._numbers)}"
        self.journal = journal
        self.acking = "store"
        self.ack_promised = True
        self.items = {}
        self.removed = {}
        self.frames = []
        self.shown = []
        self.dropped = 0
        self.cursor = None
        self.count = None
        self.unseen = None
        self.more = None
        self.replays = []
        self.connections = 0
        self.token = None
        self.socket = None
        self.delayed = set()

    # --- connecting ---

    async def connect(self, *, token=None, cursor=True, wait=True, auth=None):
        """Open and CONNECT; with ``wait`` also until ``replay_done``. Raises RefusedError."""
        self.token = token or self.token or self.server.token(self.user, self.roles, **self.claims)
        body = {"token": self.token, "ack": self.ack_promised}
        if cursor and self.cursor:
            body["cursor"] = self.cursor
        self.connections += 1
        self.socket = _DeviceSocket(self, self.connections)
        replays = len(self.replays)
        await self.socket.open()
        await self.socket.connect({**body, **(auth or {})})
        if wait:
            socket = self.socket
            await self.until(
                lambda: len(self.replays) > replays or socket.closed.is_set(), what="replay_done"
            )
            if len(self.replays) == replays:
                raise ClosedError
        return self

    async def stay_connected(self, deadline=120.0):
        """Connect again and again until it works: what every stock client does."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + deadline
        while True:
            try:
                return await self.connect()
            except (OSError, ClosedError, TimeoutError, AssertionError, aiohttp.ClientError):
                if loop.time() > ends:
                    raise
                await self.drop()
                await asyncio.sleep(0.1)

    async def close(self):
        """Leave in good order."""
        if self.socket is not None:
            await self.socket.close()
        for task in self.delayed:
            task.cancel()

    async def drop(self):
        """Lose the network."""
        if self.socket is not None:
            await self.socket.drop()

    @property
    def open(self):
        return self.socket is not None and not self.socket.closed.is_set()

    async def ask(self, event, *payload, **kwargs):
        return await self.socket.ask(event, *payload, **kwargs)

    async def until(self, condition, timeout=30.0, what=""):
        try:
            return await self.socket.until(condition, timeout, what)
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}") from None

    async def sees(self, *ids, timeout=30.0):
        """Wait until all of them are held."""
        await self.until(
            lambda: all(i in self.items for i in ids), timeout, f"all of {ids} to be held"
        )

    # --- what a page reads ---

    @property
    def ids(self):
        """Ids held, newest first, as the list shows them."""
        keyed = sorted(self.items.values(), key=lambda n: (n.get("sort_at") or "", n["id"]))
        return [item["id"] for item in reversed(keyed)]

    def events(self, name):
        """Payloads of one event."""
        return [payload for event, payload in self.frames if event == name]

    def wires(self, notification_id):
        """Every ``notification`` payload of one id, the dropped ones too."""
        return [
            p for p in self.events("notification") if p["notification"]["id"] == notification_id
        ]

    # --- what the server says ---

    async def take(self, socket, ack_id, name, payload):
        """One event of the server."""
        self.frames.append((name, payload))
        if name == "notification":
            await self._notification(socket, ack_id, payload)
        elif name == "notification_count":
            self.count, self.unseen, self.more = (
                payload["count"],
                payload["unseen"],
                payload["more"],
            )
            self.cursor = payload["cursor"]
        elif name == "replay_done":
            self.cursor = payload["cursor"]
            self.replays.append(payload)
        elif name == "notification_updated":
            self._updated(payload)
        elif name == "notification_removed":
            for gone in payload["ids"]:
                self.items.pop(gone, None)
                self.removed[gone] = payload["reason"]

    async def _notification(self, socket, ack_id, payload):
        new = payload["notification"]
        held = self.items.get(new["id"])
        reminder = payload.get("reminder")
        drop = held is not None and not reminder and _has(held, new)
        self._note(socket, payload, dropped=drop)
        if drop:
            self.dropped += 1
            if "sort_at" not in held:  # known only from a fan-out of a later revision
                self.items[new["id"]] = {**held, **new}
        else:
            self.items[new["id"]] = {**(held or {}), **new}
            self.removed.pop(new["id"], None)
            self.shown.append(new["id"])
        if ack_id is not None:
            await self._ack(socket, ack_id, new)

    async def _ack(self, socket, ack_id, new):
        if self.acking == "never":
            return
        if self.acking != "store":
            task = asyncio.create_task(self._ack_later(socket, ack_id, new))
            self.delayed.add(task)
            task.add_done_callback(self.delayed.discard)
            return
        await socket.ack(ack_id)
        self._journal("acked", id=new["id"], revision=new["revision"])

    async def _ack_later(self, socket, ack_id, new):
        await asyncio.sleep(self.acking)
        if not socket.closed.is_set():
            await socket.ack(ack_id)
            self._journal("acked", id=new["id"], revision=new["revision"])

    def _updated(self, payload):
        ids = payload.get("ids") or [i for i, item in self.items.items() if _meant(item, payload)]
        for known in ids:
            if known in self.items:
                self.items[known].update(payload["changes"])

    # --- the journal ---

    def _journal(self, what, **facts):
        if self.journal is not None:
            self.journal.add(what, user=self.user, device=self.name, **facts)

    def _note(self, socket, payload, *, dropped):
        new = payload["notification"]
        facts = {
            "id": new["id"],
            "op": (new.get("data") or {}).get("op"),
            "revision": new["revision"],
            "priority": new["priority"],
            "sort_at": new.get("sort_at"),
            "reminder": payload.get("reminder"),
        }
        self._journal(
            "wire",
            connection=socket.number,
            replayed=bool(payload.get("replayed")),
            attempt=payload.get("attempt"),
            dropped=dropped,
            **facts,
        )
        if not dropped:
            self._journal("shown", **facts)

    def journal_list(self, items):
        """Tell the oracle what the user's list says."""
        for item in items:
            self._journal("listed_item", id=item["id"], op=(item.get("data") or {}).get("op"))


class _DeviceSocket(RawSocket):
    """Hands events to its device; an old one that still speaks is told apart by ``number``."""

    def __init__(self, device, number):
        super().__init__(device.url, device.http, device.line, device.transport)
        self.device = device
        self.number = number

    async def on_event(self, ack_id, name, arguments):
        await self.device.take(self, ack_id, name, arguments[0] if arguments else None)


def _has(held, new):
    """The rule of contract 9: that id, revision and ``sort_at``; or an older revision.

    A fan-out of a later revision names no ``sort_at``: then none of both can differ.
    """
    if held["revision"] != new["revision"]:
        return held["revision"] > new["revision"]
    if "sort_at" not in held or "sort_at" not in new:
        return True
    return held["sort_at"] == new["sort_at"]


def _meant(item, payload):
    """Whether an update of all means this item."""
    if not payload.get("all"):
        return False
    if payload.get("before") and item["id"] > payload["before"]:
        return False
    if payload.get("type") and item["type"] != payload["type"]:
        return False
    wanted = payload.get("tags")
    return not wanted or bool(set(wanted) & set(item["tags"]))
