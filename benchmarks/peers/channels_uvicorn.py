"""Django Channels on uvicorn with uvloop: ``channels_uvicorn.py PORT CONTROL_PORT``."""

import asyncio
import sys

import channels_app
import uvicorn
import uvloop


async def main(port, control_port):
    config = uvicorn.Config(
        channels_app.application,
        host="127.0.0.1",
        port=port,
        backlog=4096,
        lifespan="off",
        log_level="warning",
    )
    controls = channels_app.serve_control(control_port)
    await uvicorn.Server(config).serve()
    controls.cancel()


if __name__ == "__main__":
    channels_app.make_tables()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main(int(sys.argv[1]), int(sys.argv[2])))
