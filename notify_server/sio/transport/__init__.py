"""Socket.IO and Engine.IO servers with the interface of the stock ones and none of their traps.

``notify_server.sio`` builds its events on :func:`create_server`; an ordinary python-socketio or
python-engineio application runs on them as well. What is added to the stock classes stands in
:class:`~notify_server.sio.transport.server.Server`.
"""

from typing import Any

from notify_server.sio.transport.engine import Engine
from notify_server.sio.transport.server import Server

__all__ = ["Engine", "Server", "create_engine", "create_server"]


def create_server(**options: Any) -> Server:
    """Make a Socket.IO server.

    Args:
        **options: Those of ``socketio.AsyncServer`` and ``engineio.AsyncServer``, and
            ``events_queued`` (events of one session that may wait for their handler, 128),
            ``handshake_timeout`` (seconds until a session must have been accepted, 10),
            ``refusal_delay`` (seconds, from and to, until the transport of a connect that failed
            for a passing reason is closed, (5, 10)), ``outbox_bytes`` (bytes that may wait for
            one connection before it is cut, 4 MiB) and ``binary`` (take and send packets with
            binary attachments, at most 10 of them; False).

    Raises:
        ValueError: For an option that would undo a safe default.
    """
    return Server(**options)


def create_engine(**options: Any) -> Engine:
    """Make an Engine.IO server.

    Args:
        **options: Those of ``engineio.AsyncServer``, ``events_queued``, ``outbox_bytes`` and
            ``binary`` (take and send binary messages; False).

    Raises:
        ValueError: For an option that would undo a safe default.
    """
    return Engine(**options)
