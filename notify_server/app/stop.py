"""Stopping in order, within ten seconds: nothing accepted is lost, and everybody comes back.

Called by ``run`` after SIGTERM or Ctrl-C, and so by every restart of ``serve --reload``.
"""

import asyncio
from contextlib import suppress

from aiohttp import web

from notify_server.app.build import Product
from notify_server.kit.aio import pause

_STOP_S = 8.0
"""What stopping may take; what is not done by then is dropped, as at a crash."""
_FAREWELL_S = 0.3
"""What the announcement gets to reach the clients."""
_CONFIRM_S = 1.5
"""How long clients may take to acknowledge what is on its way; who has not is sent it again."""
_LEAVE_S = 1.0
"""Connections are closed one after the other within this time, so that not all return at once."""
_POLL_S = 0.02


async def stop(product: Product, runner: web.AppRunner) -> None:
    """Bring everything to an end.

    1. Drain: not ready any more, no newcomers; each session is told when to come back. Submits
       are still taken and still sent, while what is on its way is acknowledged.
    2. Close: submits are answered 503; connections are dropped without a word of the protocol,
       as only then stock clients come back by themselves.
    3. What was acknowledged is stored; then the listener and everything else ends.
    """
    product.ticker.stop()
    with suppress(TimeoutError):
        async with asyncio.timeout(_STOP_S):
            await _drain(product)
            await _close_sessions(product)
            await product.line.confirmations.flush()
            await runner.cleanup()
    await product.background.close()


async def _drain(product: Product) -> None:
    product.gateway.announce_stop()
    product.line.desk.hasten()
    await pause(_FAREWELL_S)
    with suppress(TimeoutError):
        async with asyncio.timeout(_CONFIRM_S):
            while product.line.desk.is_waiting():
                await pause(_POLL_S)


async def _close_sessions(product: Product) -> None:
    product.gateway.send_away(_LEAVE_S)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LEAVE_S):
            while len(product.line.registry):
                await pause(_POLL_S)
    await product.transport.shutdown()
