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
            binary attachments, at most 10 of them; False). Nothing is compressed, whatever
            ``http_compression`` says; handlers of one session run in order, whatever
            ``async_handlers`` says. With ``always_connect`` the client is told of its session,
            and what is sent to everybody reaches it, before its connect handler has decided; its
            events still wait for that.

    Raises:
        ValueError: For a ``client_manager``, ``json``, ``serializer`` or ``async_mode`` that is
            not the default.
    """
    return Server(**options)


def create_engine(**options: Any) -> Engine:
    """Make an Engine.IO server.

    Args:
        **options: Those of ``engineio.AsyncServer``, ``events_queued``, ``outbox_bytes`` and
            ``binary`` (take and send binary messages; False). Nothing is compressed, and handlers
            of one session run in order, whatever the options say.

    Raises:
        ValueError: For a ``json`` or ``async_mode`` that is not the default.
    """
    return Engine(**options)
