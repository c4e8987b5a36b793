"""The transport of notify-server, alone: ``ours.py PORT CONTROL_PORT``."""

import asyncio
import itertools
import sys

import control
import orjson
import uvloop
from aiohttp import web

from notify_server.sio.transport import create_server

sio = create_server(cors_allowed_origins="*")
sids = []
acks = control.Acks()
ack_ids = itertools.count(1 << 40)


@sio.event
async def connect(_sid, _environ, _auth):
    pass


@sio.event
async def disconnect(sid, _reason):
    sids.remove(sid)


def accepted(sid, _namespace):
    sids.append(sid)


def take(line, reply):
    verb, number, is_acked, payload = control.parse(line)
    data = orjson.loads(payload)
    if verb == "u":
        sio.write([sids[number]], "/", "notification", orjson.dumps(data))
        return
    if is_acked:
        acks.expect(number * len(sids), reply)
    for _ in range(number):
        ack_id = next(ack_ids) if is_acked else None
        sio.write(sids, "/", "notification", orjson.dumps(data), ack_id)


async def main(port, control_port):
    sio.set_accept_hook(accepted)
    sio.set_ack_hook(acks.came)
    app = web.Application()
    sio.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await control.serve(control_port, take)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main(int(sys.argv[1]), int(sys.argv[2])))
