"""A bus inside one process: what one place publishes is heard by the others when a test says so."""

from notify_server.ports.bus import Bus


class Hub:
    """Where the places meet.

    Attributes:
        is_cut: What is published is lost.
    """

    def __init__(self):
        self.places = []
        self.is_cut = False

    def place(self):
        self.places.append(HubBus(self, f"node:{len(self.places)}"))
        return self.places[-1]

    async def carry(self):
        """Let everybody hear what was published, one after the other."""
        while any(place.waiting for place in self.places):
            for place in self.places:
                while place.waiting:
                    await place.listener(place.waiting.pop(0))

    async def settle(self, rigs):
        """Wait until the lines have done everything, what they heard of each other too."""
        for _ in range(2):
            for rig in rigs:
                await rig.settle()
            await self.carry()
        for rig in rigs:
            await rig.settle()


class HubBus(Bus):
    """One node's place.

    Attributes:
        waiting: Published by others, and not heard yet.
        resumed: Call it as after an outage.
        missed: Call it as when something told did not arrive.
        hears_at_once: A channel is listened to when that is asked for.
    """

    node = ""
    healthy = True
    hears_all = True
    hears_at_once = True

    def __init__(self, hub, node):
        self._hub = hub
        self.node = node
        self.channels = {"nodes", node}
        self.waiting = []

    @property
    def nodes(self):
        return len(self._hub.places)

    def listen(self, listener, resumed, missed):
        self.listener, self.resumed, self.missed = listener, resumed, missed

    def subscribe(self, channel):
        self.channels.add(channel)

    def unsubscribe(self, channel):
        self.channels.discard(channel)

    async def heard(self, channel):
        return self.hears_at_once

    def publish(self, channels, news):
        wanted = set(channels)
        for place in self._hub.places:
            if place is not self and not self._hub.is_cut and place.channels & wanted:
                place.waiting.append(news)

    async def open(self):
        pass

    async def close(self):
        pass
