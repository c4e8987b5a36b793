"""Django Channels on daphne: ``channels_daphne.py PORT CONTROL_PORT``."""

import sys

import channels_app
from daphne.server import Server, reactor

if __name__ == "__main__":
    port, control_port = map(int, sys.argv[1:])
    channels_app.make_tables()
    kept = []
    reactor.callWhenRunning(lambda: kept.append(channels_app.serve_control(control_port)))
    endpoint = f"tcp:port={port}:interface=127.0.0.1:backlog=4096"
    Server(channels_app.application, endpoints=[endpoint], verbosity=0).run()
