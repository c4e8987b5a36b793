"""What is measured while one peer runs."""

import statistics
import time

from transport.load import Load, used, write_hellos
from transport.peers import Running, is_beyond, rss

SIZE = 423  # bytes of the Socket.IO packet of a notification
BURST = 50
_SINGLE = 1  # fan-outs under way: with two, servers would join them into one write
_AHEAD = 2  # of bursts, which are joined anyway: the server never waits for the load
_TARGETED_WINDOW = 1  # every send has a loop turn of its own, however fast the load is
SETTLE_S = 0.5
WARM_CLIENTS = 50


class Visit:
    """One peer, one number of clients, one repetition: every row that the peer has.

    Args:
        binary: The load's.
        commands: Command line per peer.
        figures: Where the results go.
    """

    def __init__(self, binary, commands, cores, folder, sizes, figures):
        self._binary = binary
        self._commands = commands
        self._cores = cores
        self._folder = folder
        self._sizes = sizes
        self._figures = figures
        self._hellos = write_hellos(folder / "hello", ['{"token":"none"}'])

    def run(self, peer, clients):
        """Start it, measure, stop it."""
        hellos = self._hellos if peer.protocol == "socketio" else None
        log = self._folder / f"{peer.name}.log"
        with (
            Running(peer, self._commands[peer.name], self._cores, log) as server,
            Load(
                self._binary,
                peer.protocol,
                peer.path,
                server.port,
                control_port=server.control_port,
                hellos=hellos,
            ) as load,
        ):
            self._connect(peer, server, load, clients)
            self._deliver(peer, server, load, clients)

    def run_targeted(self, peer, clients):
        """Sends to one client at a time, while so many are connected."""
        with (
            Running(
                peer, self._commands[peer.name], self._cores, self._folder / f"{peer.name}.log"
            ) as server,
            Load(
                self._binary,
                peer.protocol,
                peer.path,
                server.port,
                control_port=server.control_port,
                hellos=self._hellos,
            ) as load,
        ):
            load.connect(clients)
            command = f"targeted {self._sizes.targeted} {_TARGETED_WINDOW} {SIZE}"
            load.ask(command)  # warms up
            time.sleep(SETTLE_S)
            meter = server.meter()
            answer = load.ask(command)
            spent = used(meter, answer)
            _demand(peer, answer)
            cost = spent.server_s / self._sizes.targeted * 1e6
            self._figures.add("targeted", clients, peer.name, cost, spent)

    def _connect(self, peer, server, load, clients):
        warm = min(WARM_CLIENTS, clients // 2)
        load.connect(warm)
        time.sleep(SETTLE_S)
        before, meter = rss(server.pid), server.meter()
        answer = load.connect(clients - warm)
        spent = used(meter, answer)
        if "connects" in peer.rows:
            rate = (clients - warm) / answer["wall_s"]
            self._figures.add("connects", clients, peer.name, rate, spent, note_of(answer))
        if "memory" in peer.rows:
            time.sleep(self._sizes.idle_s)
            each = (rss(server.pid) - before) / (clients - warm) / 1024
            self._figures.add("memory", clients, peer.name, each)

    def _deliver(self, peer, server, load, clients):
        if is_beyond(peer, clients):
            return
        warm, seconds = self._sizes.warm_s, self._sizes.seconds
        load.ask(_broadcast(warm, 1))
        for row, burst, is_acked in (
            ("broadcast", 1, False),
            ("burst", BURST, False),
            ("acked", 1, True),
        ):
            is_too_much = row == "burst" and peer.is_slow and clients > self._sizes.slow_clients
            if row not in peer.rows or is_too_much:
                continue
            meter = server.meter()
            answer = load.ask(_broadcast(seconds, burst, is_acked=is_acked))
            spent = used(meter, answer)
            _demand(peer, answer)
            rate = answer["deliveries"] / answer["wall_s"]
            note = f"{answer['deliveries'] / max(1, answer['reads']):.1f} a read"
            self._figures.add(row, clients, peer.name, rate, spent, note)
        if "latency" in peer.rows:
            self._latency(peer, server, load, clients)

    def _latency(self, peer, server, load, clients):
        """At a load that stock is known to bear; the first peer of a run is stock."""
        stock = self._figures.get("broadcast", clients, "stock")
        if stock is None:
            return
        rate = statistics.median(stock.values) / 2 / clients
        seconds = min(self._sizes.latency_s, self._sizes.latency_broadcasts / rate)
        meter = server.meter()
        answer = load.ask(f"latency {seconds} {rate} {SIZE}")
        spent = used(meter, answer)
        _demand(peer, answer)
        self._figures.add("latency", clients, peer.name, answer["p99_ms"], spent)
        self._figures.add("latency p50", clients, peer.name, answer["p50_ms"], spent)


def note_of(answer):
    """What a reader must know of how clients connected."""
    return f"{answer['retries']} times sent away" if answer["retries"] else ""


def _broadcast(seconds, burst, *, is_acked=False):
    window = _SINGLE if burst == 1 else _AHEAD
    return f"broadcast {seconds} {burst} {int(is_acked)} {window} {SIZE}"


def _demand(peer, answer):
    """End the run if something was lost."""
    if answer["missing"] or answer["lost_connections"]:
        raise SystemExit(f"{peer.name} lost deliveries: {answer}")
