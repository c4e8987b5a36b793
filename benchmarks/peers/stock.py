"""Stock python-socketio on aiohttp with uvloop: ``stock.py PORT CONTROL_PORT``."""

import asyncio
import json
import sys

import control
import socketio
import uvloop
from aiohttp import web

sio = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")
sids = []
acks = control.Acks()


@sio.event
async def connect(sid, _environ, _auth):
    sids.append(sid)


@sio.event
async def disconnect(sid, _reason):
    sids.remove(sid)


async def take(line, reply):
    verb, number, is_acked, payload = control.parse(line)
    data = json.loads(payload)
    if verb == "u":
        await sio.emit("notification", data, to=sids[number])
        return
    if is_acked:
        acks.expect(number * len(sids), reply)
    for _ in range(number):
        await sio.emit("notification", data, callback=acks.came if is_acked else None)


async def main(port, control_port):
    app = web.Application()
    sio.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await control.serve_in_order(control_port, take)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main(int(sys.argv[1]), int(sys.argv[2])))
